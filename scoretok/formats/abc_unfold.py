"""Repeats and endings of ABC: the bars of a voice in the order they sound."""

import re
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from scoretok.formats.abc_music import AbcBar
from scoretok.formats.playing_order import Marks, playing_order

MAX_PARTS = 999


def part_order(text: str) -> str:
    """The parts that a P: field of the header plays: 'AABC' for 'A2BC', 'ABABC' for '(AB)2.C'; '' if it is none."""
    order = re.sub(r"[.\s]", "", text)
    while re.search(r"\W|\d", order) and len(order) <= MAX_PARTS:
        order, count = re.subn(
            r"(?:([A-Za-z])|\(([A-Za-z]*)\))(\d{1,2})(?!\d)|\(([A-Za-z]*)\)",
            lambda match: (match[1] or match[2] or "") * int(match[3]) if match[3] else match[4],
            order,
        )
        if not count:
            return ""
    return order if len(order) <= MAX_PARTS and order.isalpha() else ""


def part_labels(bars: list[AbcBar]) -> dict[int, str]:
    """The letter of the part that a bar begins, by the number of the bar."""
    return {i: text for i, bar in enumerate(bars) for text in bar.sections if len(text) == 1 and text.isalpha()}


def in_parts(bars: list[AbcBar], labels: dict[int, str], order: str) -> list[list[AbcBar]]:
    """What stands before the first part, then the parts in their order; `labels` names the part a bar begins."""
    bounds = [*sorted(labels), max(len(bars), *labels)]
    parts: dict[str, list[AbcBar]] = {}
    for start, stop in pairwise(bounds):
        parts.setdefault(labels[start], bars[start:stop])
    return [bars[: bounds[0]], *(parts[letter] for letter in order)]


def unfold(parts: Iterable[list[AbcBar]]) -> list[AbcBar]:
    """Play the parts one after the other, their repeats unfolded; then join bars that a sign had split."""
    return join_split_bars([bars[at] for bars in parts for at in playing_order([_marks(bar) for bar in bars])])


def _marks(bar: AbcBar) -> Marks:
    return Marks(bar.repeat_from, bar.repeat_times, bar.endings, bar.ends_part, **bar.signs)  # type: ignore[arg-type]


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
