"""Repeats and endings of ABC: the bars of a voice in the order they sound."""

from dataclasses import dataclass, replace
from fractions import Fraction

from scoretok.formats.abc_music import AbcBar


@dataclass(frozen=True)
class _Ending:
    """Bars start to stop (excluded), for some passes; whether a repeat sign follows."""

    start: int
    stop: int
    passes: frozenset[int]
    repeats: bool


def unfold(bars: list[AbcBar]) -> list[AbcBar]:
    """Play repeats twice, or as often as their endings say; then join bars that a sign had split."""
    order: list[AbcBar] = []
    begin = at = 0
    while at < len(bars):
        if bars[at].repeat_from:
            begin = at
        if bars[at].endings:
            endings = _endings(bars, at)
            order += _passes(bars, bars[begin:at], endings)
            begin = at = endings[-1].stop
            continue
        order.append(bars[at])
        at += 1
        if bars[at - 1].repeat_to:
            order += bars[begin:at]
            begin = at
    return join_split_bars(order)


def _endings(bars: list[AbcBar], at: int) -> list[_Ending]:
    """The endings that follow each other from a bar on."""
    endings: list[_Ending] = []
    while at < len(bars) and bars[at].endings and not (endings and bars[at].repeat_from):
        stop = at + 1
        while stop < len(bars) and not (bars[stop - 1].repeat_to or bars[stop - 1].ends_part):
            if bars[stop].endings or bars[stop].repeat_from:
                break
            stop += 1
        more = stop < len(bars) and bool(bars[stop].endings)
        repeats = bars[stop - 1].repeat_to or more
        if not repeats and not bars[stop - 1].ends_part:
            stop = at + 1  # the last ending simply goes on
        endings.append(_Ending(at, stop, bars[at].endings, repeats))
        at = stop
    return endings


def _passes(bars: list[AbcBar], common: list[AbcBar], endings: list[_Ending]) -> list[AbcBar]:
    """What sounds after the first time through `common`: ending, common, ending, ..."""
    order: list[AbcBar] = []
    number = 1
    while True:
        ending = next((ending for ending in endings if number in ending.passes), None)
        if ending is None:
            return order if number > 1 else [*order, *bars[endings[0].start : endings[-1].stop]]
        order += bars[ending.start : ending.stop]
        number += 1
        if not ending.repeats:
            return order
        if not any(number in other.passes for other in endings):
            return order + common * (len(endings) == 1)  # a lone first ending: the second time goes on behind it
        order += common


def join_split_bars(bars: list[AbcBar]) -> list[AbcBar]:
    """Join two neighbours that fill one bar between them (a repeat sign inside a bar)."""
    joined: list[AbcBar] = []
    for bar in bars:
        before = joined[-1] if len(joined) > 1 else None
        full = Fraction(4 * bar.meter[0], bar.meter[1])
        if before and before.length < full and bar.length < full and before.length + bar.length == full:
            joined[-1] = _joined(before, bar, full)
        else:
            joined.append(bar)
    return joined


def _joined(first: AbcBar, second: AbcBar, length: Fraction) -> AbcBar:
    shift = first.length

    def later(entries: list[tuple[Fraction, str]]) -> list[tuple[Fraction, str]]:
        return [(at + shift, text) for at, text in entries]

    return replace(
        first,
        sounds=first.sounds + [replace(sound, start=sound.start + shift) for sound in second.sounds],
        chords=first.chords + later(second.chords),
        tempos=first.tempos + later(second.tempos),
        sections=first.sections + second.sections,
        length=length,
    )
