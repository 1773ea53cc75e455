"""The events of a Standard MIDI file as they lie in its bytes (MIDI 1.0, "Standard MIDI Files 1.0", 1996)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from scoretok.errors import ScoretokError

META, SYSEX, ESCAPE = 0xFF, 0xF0, 0xF7
TEXT, TRACK_NAME, LYRIC, MARKER, END_OF_TRACK = 0x01, 0x03, 0x05, 0x06, 0x2F
NOTE_OFF, NOTE_ON, CONTROL, PROGRAM = 0x80, 0x90, 0xB0, 0xC0
_SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0, 0xF8: 0, 0xFA: 0, 0xFB: 0, 0xFC: 0, 0xFE: 0}
_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}


class MidiEvent(NamedTuple):
    """An event: ticks of the file, status byte, type of a meta event (else 0), and its data bytes."""

    tick: int
    status: int
    kind: int
    data: bytes

    @property
    def command(self) -> int:
        """The status without its channel."""
        return self.status & 0xF0 if self.status < SYSEX else self.status

    @property
    def channel(self) -> int:
        """The channel, counted from 0."""
        return self.status & 0x0F


def track_chunks(data: bytes) -> Iterator[bytes]:
    """The bodies of the track chunks of a file whose chunks have been checked."""
    at = 8 + int.from_bytes(data[4:8])
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8])
        if data[at : at + 4] == b"MTrk":
            yield data[at + 8 : at + 8 + length]
        at += 8 + length


def read_events(chunk: bytes, where: str = "the track") -> list[MidiEvent]:
    """The events of a track chunk. Raises ScoretokError, naming `where`, for what is no event or breaks off.

    What stands behind an end of track is passed over when it is neither. Running status goes on behind meta and system
    exclusive events, as many writers have it.
    """
    events: list[MidiEvent] = []
    at = status = tick = 0
    try:
        while at < len(chunk):
            delta, at = _variable(chunk, at)
            tick += delta
            event, at, status = _read_event(chunk, at, status, tick)
            if event:
                events.append(event)
    except (IndexError, ValueError) as error:
        if any(event.status == META and event.kind == END_OF_TRACK for event in events):
            return events
        reason = str(error) if isinstance(error, ValueError) else "it breaks off inside an event"
        raise ScoretokError(f"{where} cannot be read at byte {at}: {reason}") from None
    return events


def _read_event(chunk: bytes, at: int, status: int, tick: int) -> tuple[MidiEvent | None, int, int]:
    """The event at a place, the place behind it, and the running status. Raises IndexError and ValueError."""
    first = chunk[at]
    if first < 0x80:
        if not status:
            raise ValueError(f"0x{first:02x} is no event")
    else:
        at += 1
    if first in (META, SYSEX, ESCAPE):
        kind = 0
        if first == META:
            kind, at = chunk[at], at + 1
        size, at = _variable(chunk, at)
        if at + size > len(chunk):
            raise IndexError
        return MidiEvent(tick, first, kind, chunk[at : at + size]), at + size, status
    if first >= SYSEX:  # other system messages have no place in files, but stand in some
        if first not in _SYSTEM_BYTES:
            raise ValueError(f"0x{first:02x} is no event")
        return None, at + _SYSTEM_BYTES[first], status
    status = first if first >= 0x80 else status
    size = _DATA_BYTES[status & 0xF0]
    if at + size > len(chunk):
        raise IndexError
    data = chunk[at : at + size]
    if not data.isascii():  # a data byte with the bit of a status
        data = bytes(byte & 0x7F for byte in data)
    return MidiEvent(tick, status, 0, data), at + size, status


def write_chunk(events: Iterable[MidiEvent]) -> bytes:
    """A track chunk of events in order, without running status."""
    body, before = bytearray(), 0
    for event in events:
        body += _as_variable(event.tick - before)
        body.append(event.status)
        if event.status >= SYSEX:
            body += bytes([event.kind] * (event.status == META)) + _as_variable(len(event.data))
        body += event.data
        before = event.tick
    return b"MTrk" + len(body).to_bytes(4) + bytes(body)


def _variable(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length quantity and the place behind it."""
    value = 0
    for place in range(at, at + 4):
        byte = data[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    return value, at + 4


def _as_variable(number: int) -> bytes:
    if not 0 <= number < 1 << 28:
        raise ScoretokError("an event lies further away than a MIDI file can say")
    parts = [number & 0x7F]
    while number := number >> 7:
        parts.append(0x80 | number & 0x7F)
    return bytes(reversed(parts))
