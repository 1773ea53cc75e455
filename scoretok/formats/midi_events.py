"""The events of a Standard MIDI file as they lie in its bytes (MIDI 1.0, "Standard MIDI Files 1.0", 1996)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from scoretok.errors import ScoretokError

META, SYSEX, ESCAPE = 0xFF, 0xF0, 0xF7
TEXT, TRACK_NAME, LYRIC, MARKER, END_OF_TRACK = 0x01, 0x03, 0x05, 0x06, 0x2F
CONTROL, PROGRAM = 0xB0, 0xC0
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


def read_events(chunk: bytes) -> list[MidiEvent]:
    """The events of a track chunk, up to its end or to what is no event. Raises nothing."""
    events: list[MidiEvent] = []
    at = tick = status = 0
    end = len(chunk)
    try:
        while at < end:
            delta, at = _variable(chunk, at)
            tick += delta
            first = chunk[at]
            if first >= 0x80:
                at += 1
                status = first if first < SYSEX else status
            elif not status:
                break
            if first < SYSEX:
                size = _DATA_BYTES[status & 0xF0]
                events.append(MidiEvent(tick, status, 0, chunk[at : at + size]))
                at += size
                continue
            kind = 0
            if first == META:
                kind, at = chunk[at], at + 1
            elif first not in (SYSEX, ESCAPE):
                break
            size, at = _variable(chunk, at)
            events.append(MidiEvent(tick, first, kind, chunk[at : at + size]))
            at += size
    except IndexError:
        pass
    return events


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
