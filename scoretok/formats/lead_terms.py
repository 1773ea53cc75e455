"""The words of the .lead form: note lengths, positions in a bar, timing off the grid, quoted text."""

import re

from scoretok.errors import ScoretokError
from scoretok.numbers import signed_whole, whole
from scoretok.parts import Meter
from scoretok.performance import SUBTICKS_PER_TICK, Timing, default_end

# Note lengths by name: whole, half, quarter, eighth, sixteenth, thirty-second; '.' dotted, '3' triplet.
DURATIONS = {
    "w.": 144, "w": 96, "h.": 72, "w3": 64, "h": 48, "q.": 36, "h3": 32, "q": 24, "e.": 18, "q3": 16, "e": 12,
    "s.": 9, "e3": 8, "s": 6, "s3": 4, "t": 3, "t3": 2,
}  # fmt: skip
DURATION_NAMES = {ticks: name for name, ticks in DURATIONS.items()}
_TERM = re.compile(r"(\d+)w|(\d+)t|([whqest](?:\.|3)?)")
_POSITION = re.compile(r"(\d+)(?::(\d+))?")
_FINE_POSITION = re.compile(r"([^+]+)(?:\+(\d+))?")
_TIMING = re.compile(r"~(?:([+-]\d+)(?:,([+-]\d+))?)?")


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


def fine_position_text(subticks: int, meter: Meter) -> str:
    """A place in a bar to the subtick: '2:12+40' is half a tick after '2:12'."""
    ticks, rest = divmod(subticks, SUBTICKS_PER_TICK)
    return position_text(ticks, meter) + (f"+{rest}" if rest else "")


def parse_fine_position(text: str, meter: Meter) -> int:
    """Subticks after the bar line of a place in a bar. Raises ScoretokError."""
    match = _FINE_POSITION.fullmatch(text)
    if not match:
        raise ScoretokError(f"{text!r} is not a position; write a beat (3), with ticks (2:12) and subticks (2:12+40)")
    return parse_position(match[1], meter) * SUBTICKS_PER_TICK + whole(match[2] or "0")


def timing_text(timing: Timing | None, is_drums: bool) -> str:
    """How a note lies off the grid: '~+13,-20' is 13 subticks late, with an end 20 too early; '~' is on the grid.

    The end is left out when the note moves as a whole.
    """
    if timing is None:
        return "~"
    onset, end = timing
    return f"~{onset:+d}" + ("" if end == default_end(onset, is_drums) else f",{end:+d}")


def parse_timing(text: str, is_drums: bool) -> Timing | None:
    """What `timing_text` gave. Raises ScoretokError."""
    match = _TIMING.fullmatch(text)
    if not match:
        raise ScoretokError(f"{text!r} does not say how a note is played; write ~+13 (late), ~+13,-20 (its end) or ~")
    onset, end = match.groups()
    if onset is None:
        return None
    return Timing(signed_whole(onset), signed_whole(end) if end else default_end(signed_whole(onset), is_drums))


def quoted(text: str) -> str:
    """Text in double quotes, with quotes and backslashes escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unquoted(text: str) -> str:
    """The text that `quoted` gave."""
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
