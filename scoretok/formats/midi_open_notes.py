"""Notes of a MIDI file that nothing ends, or that end with all of their channel (MIDI 1.0, channel mode messages)."""

from collections import Counter

from scoretok.errors import warn
from scoretok.formats.midi_events import CONTROL, END_OF_TRACK, META, NOTE_OFF, NOTE_ON, MidiEvent

ENDS_ALL = (120, 123, 124, 125, 126, 127)  # all sound off, all notes off, and what implies it


def end_open_notes(tracks: list[list[MidiEvent]]) -> None:
    """Give every note an end: where its channel is silenced, where its key is struck again, or with its track."""
    missing = 0
    for number, written in enumerate(tracks):
        is_silenced = any(status & 0xF0 == CONTROL for status in {event[1] for event in written if event[1] < 0xF0})
        track = tracks[number] = _silenced(written) if is_silenced else written
        open_keys = _open_keys(track)
        if open_keys:
            missing += sum(open_keys.values())
            tracks[number] = _ended(track, set(open_keys))
    if missing:
        what = "notes that nothing ends last" if missing > 1 else "note that nothing ends lasts"
        warn(f"{missing} {what} to the next of the pitch, or to the end", "repaired")


def _open_keys(track: list[MidiEvent]) -> dict[tuple[int, int], int]:
    """How many notes of each channel and pitch nothing ends."""
    sounding = [0] * 2048  # by channel and pitch
    for _, status, _, data in track:
        if 0x80 <= status < 0xA0:
            key = (status & 0x0F) << 7 | data[0]
            if status >= NOTE_ON and data[1]:
                sounding[key] += 1
            elif sounding[key]:
                sounding[key] -= 1
    return {(key >> 7, key & 0x7F): count for key, count in enumerate(sounding) if count}


def _silenced(track: list[MidiEvent]) -> list[MidiEvent]:
    """A track in which messages that end all notes of a channel are ends of notes."""
    if not any(event.command == CONTROL and event.data[0] in ENDS_ALL for event in track):
        return track
    found: list[MidiEvent] = []
    sounding: Counter[tuple[int, int]] = Counter()
    for event in track:
        if event.command == NOTE_ON and event.data[1]:
            sounding[event.channel, event.data[0]] += 1
        elif event.command in (NOTE_ON, NOTE_OFF):
            sounding[event.channel, event.data[0]] -= sounding[event.channel, event.data[0]] > 0
        elif event.command == CONTROL and event.data[0] in ENDS_ALL:
            for channel, pitch in [key for key in sounding if key[0] == event.channel]:
                found += [_end_of(event.tick, channel, pitch)] * sounding.pop((channel, pitch))
        found.append(event)
    return found


def _ended(track: list[MidiEvent], open_keys: set[tuple[int, int]]) -> list[MidiEvent]:
    """A track in which some keys end a note before they begin another, and with the track."""
    found: list[MidiEvent] = []
    begun: dict[tuple[int, int], int] = {}
    for event in track:
        key = (event.channel, event.data[0]) if event.command in (NOTE_ON, NOTE_OFF) else None
        if key in open_keys and key is not None:
            is_on = event.command == NOTE_ON and event.data[1] > 0
            if is_on and key in begun:
                found.append(_end_of(event.tick, *key))
            if not is_on and begun.pop(key, None) is None:
                continue
            if is_on:
                begun[key] = event.tick
        found.append(event)
    last = max(event.tick for event in track)
    ends = [_end_of(last, *key) for key, tick in begun.items() if tick < last]
    body = [event for event in found if not (event.status == META and event.kind == END_OF_TRACK)]
    return [*body, *ends, MidiEvent(last, META, END_OF_TRACK, b"")]


def _end_of(tick: int, channel: int, pitch: int) -> MidiEvent:
    return MidiEvent(tick, NOTE_OFF | channel, 0, bytes([pitch, 64]))
