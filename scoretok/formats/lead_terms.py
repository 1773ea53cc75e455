"""The words of the .lead form: note lengths, positions in a bar, quoted text."""

import re

from scoretok.errors import ScoretokError
from scoretok.numbers import whole
from scoretok.parts import Meter

# Note lengths by name: whole, half, quarter, eighth, sixteenth, thirty-second; '.' dotted, '3' triplet.
DURATIONS = {
    "w.": 144, "w": 96, "h.": 72, "w3": 64, "h": 48, "q.": 36, "h3": 32, "q": 24, "e.": 18, "q3": 16, "e": 12,
    "s.": 9, "e3": 8, "s": 6, "s3": 4, "t": 3, "t3": 2,
}  # fmt: skip
DURATION_NAMES = {ticks: name for name, ticks in DURATIONS.items()}
_TERM = re.compile(r"(\d+)w|(\d+)t|([whqest](?:\.|3)?)")
_POSITION = re.compile(r"(\d+)(?::(\d+))?")


def duration_text(ticks: int) -> str:
    """A note length in words: 24 -> 'q', 60 -> 'h+e', 17 -> '17t'."""
    if ticks in DURATION_NAMES:
        return DURATION_NAMES[ticks]
    wholes, rest = divmod(ticks, 96)
    if wholes and not rest:
        return f"{wholes}w"
    if wholes:
        return f"{'w' if wholes == 1 else f'{wholes}w'}+{duration_text(rest)}"
    for first, name in DURATION_NAMES.items():
        if first < ticks and ticks - first in DURATION_NAMES:
            return f"{name}+{DURATION_NAMES[ticks - first]}"
    return f"{ticks}t"


def parse_duration(text: str) -> int:
    """Ticks of a note length; terms are joined by '+'. Raises ScoretokError."""
    total = 0
    for term in text.split("+"):
        match = _TERM.fullmatch(term)
        if not match:
            raise ScoretokError(f"{text!r} is not a note length; write w h q e s t, dotted (q.), triplet (e3), sums"
                                " (h+e) or ticks (17t)")  # fmt: skip
        wholes, ticks, name = match.groups()
        total += 96 * whole(wholes) if wholes else whole(ticks) if ticks else DURATIONS[name]
    return total


def position_text(ticks: int, meter: Meter) -> str:
    """A place in a bar: beat from 1, and ticks after the beat when there are any: '3', '2:12'."""
    beat, rest = divmod(ticks, meter.beat_ticks)
    return f"{beat + 1}:{rest}" if rest else str(beat + 1)


def parse_position(text: str, meter: Meter) -> int:
    """Ticks after the bar line of a place in a bar. Raises ScoretokError."""
    match = _POSITION.fullmatch(text)
    if not match or whole(match[1]) < 1:
        raise ScoretokError(f"{text!r} is not a position; write a beat (3), or a beat and ticks (2:12)")
    return (whole(match[1]) - 1) * meter.beat_ticks + whole(match[2] or "0")


def quoted(text: str) -> str:
    """Text in double quotes, with quotes and backslashes escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unquoted(text: str) -> str:
    """The text that `quoted` gave."""
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
