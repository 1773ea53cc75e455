"""Repeats and endings of ABC: the bars of a voice in the order they sound."""

from dataclasses import replace
from fractions import Fraction

from scoretok.formats.abc_music import AbcBar
from scoretok.formats.playing_order import Marks, playing_order


def unfold(bars: list[AbcBar]) -> list[AbcBar]:
    """Play repeats twice, or as often as their endings say; then join bars that a sign had split."""
    return join_split_bars([bars[number] for number in playing_order([_marks(bar) for bar in bars])])


def _marks(bar: AbcBar) -> Marks:
    return Marks(bar.repeat_from, 2 * bar.repeat_to, bar.endings, bar.ends_part)


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
