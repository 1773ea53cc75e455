"""Chords as people write them down, one way for edits, plans, compositions and .lead files.

    Am F C G            a chord a bar
    Am F | C | G        with bar lines, chords that stand between two share a bar; an empty bar keeps the chord before
    Am,F C              chords joined by commas share a bar
    Am@1 F@3 C          at beats (`@2:12`: twelve ticks behind beat 2); the next bar begins where beats go back

Symbols are those of lead sheets (Am7, C/E) or of Harte's syntax (A:min7, C:maj/3), spellings as in `scoretok.harmony`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scoretok.errors import ScoretokError, quoted
from scoretok.formats.lead_terms import parse_position, position_text
from scoretok.harmony import chord_to_symbol, parse_chord
from scoretok.parts import Chord, Meter

SAME = ("%", "-", "/")  # a bar or a beat that goes on as before


@dataclass(frozen=True)
class ChartChord:
    """A chord of a bar and the position it is written at ('3', '2:12'); none where it shares the bar."""

    chord: Chord
    position: str = ""


ChartBar = tuple[ChartChord, ...]


def parse_chart(text: str) -> list[ChartBar]:
    """The chords of every bar of a chart. Raises ScoretokError for what is no chord."""
    if "|" in text:
        cells = re.split(r":?\|[|:\]]*", text.strip())
        cells = cells[1:] if not cells[0].strip() else cells
        cells = cells[:-1] if len(cells) > 1 and not cells[-1].strip() else cells
        return [parse_chart_bar(cell) for cell in cells]
    bars: list[ChartBar] = []
    for word in re.split(r",?\s+", text.strip().strip(",")):
        if not word:
            continue
        found = parse_chart_bar(word)
        if bars and found and bars[-1] and _follows(bars[-1][-1], found[0]):
            bars[-1] += found
        else:
            bars.append(found)
    return bars


def parse_chart_bar(text: str) -> ChartBar:
    """The chords of one bar. Raises ScoretokError."""
    words = [word for word in re.split(r"[\s,]+", text) if word and word not in SAME]
    chords = []
    for word in words:
        symbol, at, position = word.partition("@")
        if at and not re.fullmatch(r"[0-9]{1,6}(:[0-9]{1,6})?", position):
            raise ScoretokError(f"{quoted(word)} is not a chord at a beat; write for example F@3 or F@2:12")
        chords.append(ChartChord(parse_chord(symbol), position))
    return tuple(chords)


def _follows(before: ChartChord, after: ChartChord) -> bool:
    """Whether a chord without a bar line before it stands later in the same bar."""
    if not after.position:
        return False
    first, second = (tuple(int(n[:9]) for n in (one.position or "1").split(":")) for one in (before, after))
    return second > first


def place_chords(bar: Sequence[ChartChord], meter: Meter, bar_ticks: int | None = None) -> tuple[Chord, ...]:
    """The chords of a bar at their ticks behind its line. Raises ScoretokError for positions that cannot be."""
    length = meter.bar_ticks if bar_ticks is None else bar_ticks
    if not any(one.position for one in bar):
        starts = share_bar(len(bar), length, meter.beat_ticks)
    else:
        starts = [_start(one.position or "1", meter, length) for one in bar]
    if starts != sorted(set(starts)):
        shown = " ".join(chord_to_symbol(one.chord) + f"@{one.position or 1}" for one in bar)
        raise ScoretokError(f"two chords of a bar begin at once, or not in order: {shown}")
    if starts and starts[-1] >= length:
        raise ScoretokError(f"{chord_to_symbol(bar[-1].chord)}@{bar[-1].position} lies outside its bar")
    return tuple(replace(one.chord, start_ticks=start) for one, start in zip(bar, starts, strict=True))


def _start(position: str, meter: Meter, length: int) -> int:
    """Ticks behind the bar line; a number beyond the beats of the bar counts ticks, as plans once had it."""
    if position == "0" or (":" not in position and int(position[:9]) > length // meter.beat_ticks):
        return int(position[:9])
    return parse_position(position, meter)


def share_bar(count: int, bar_ticks: int, beat_ticks: int) -> list[int]:
    """Ticks at which so many chords share a bar: on its beats, the longer shares first."""
    beats = bar_ticks // beat_ticks
    if count > beats:
        return [bar_ticks * i // count for i in range(count)]
    return [-(-i * beats // count) * beat_ticks for i in range(count)]


def print_chart_bar(chords: Sequence[Chord], meter: Meter) -> str:
    """The chords of a bar, whose `start_ticks` count from its line, as `parse_chart_bar` reads them."""
    placed = [chord.start_ticks for chord in chords]
    if placed == share_bar(len(placed), meter.bar_ticks, meter.beat_ticks):
        return " ".join(map(chord_to_symbol, chords))
    return " ".join(f"{chord_to_symbol(c)}@{position_text(c.start_ticks, meter)}" for c in chords)
