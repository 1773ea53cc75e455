"""MIDI files put right before they are read: kits on any channel, programs that are missing, patterns, odd tempos.

What a channel plays is told by GS and XG part modes and by the banks of XG and GM2 (Roland SC-55 and Yamaha MU50
manuals; "General MIDI 2", RP-024), by program changes in other tracks, and where a file says nothing, by the names
of its tracks.
"""

import struct
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from math import floor, log2

from scoretok.errors import quoted, warn
from scoretok.formats.midi_events import (
    CONTROL,
    END_OF_TRACK,
    LYRIC,
    MARKER,
    META,
    NOTE_ON,
    PROGRAM,
    SYSEX,
    TRACK_NAME,
    MidiEvent,
    read_events,
    track_chunks,
    write_chunk,
)
from scoretok.formats.midi_open_notes import end_open_notes
from scoretok.formats.midi_text import decoded
from scoretok.parts import MAX_BPM, MAX_TRACKS_PER_ROLE, MIN_BPM
from scoretok.roles import identify, role_of_program
from scoretok.texts import clean_text

DRUM_CHANNEL = 9
SET_TEMPO, TIME_SIGNATURE = 0x51, 0x58
KEY_SIGNATURE = 0x59
# Meta events that a score is made of, and how many bytes they have (None: text).
META_BYTES = {
    TRACK_NAME: None, LYRIC: None, MARKER: None, END_OF_TRACK: 0, SET_TEMPO: 3, TIME_SIGNATURE: 4, KEY_SIGNATURE: 2,
}  # fmt: skip
DRUM_BANKS, MELODIC_BANK = (120, 126, 127), 121  # GM2 and XG
MOST_DOUBLINGS = 3  # how often notes are read as twice or half their value before bar lines give way
Track = list[MidiEvent]


@dataclass
class MidiFile:
    """Format, ticks a quarter and the events of every track."""

    kind: int
    division: int
    tracks: list[Track]

    def to_bytes(self, everything: bool = False) -> bytes:
        """The file anew, of such events alone as a score is made of: readers in C have crashed on others."""
        head = b"MThd" + struct.pack(">IHHH", 6, self.kind, len(self.tracks), self.division)
        kept = [track if everything else filter(None, map(_needed, track)) for track in self.tracks]
        return head + b"".join(map(write_chunk, kept))


def read_file(data: bytes) -> MidiFile:
    """The events of a file whose chunks have been checked. Raises ScoretokError for what is no event."""
    kind, _, division = struct.unpack(">HHH", data[8:14])
    chunks = enumerate(track_chunks(data), 1)
    return MidiFile(kind, division, [read_events(chunk, f"track {number}") for number, chunk in chunks])


def last_tick(file: MidiFile) -> int:
    """The tick of the last event of a file."""
    return max((event.tick for track in file.tracks for event in track), default=0)


def _needed(event: MidiEvent) -> MidiEvent | None:
    """An event as it is safe to read, None for one that says nothing of a score."""
    if event.status < SYSEX:
        return event
    if event.status != META or event.kind not in META_BYTES:
        return None
    size = META_BYTES[event.kind]
    if size is not None and len(event.data) < min(size, 2):
        return None
    return event if size is None else event._replace(data=(event.data + b"\x18\x08")[:size])


def repair(file: MidiFile) -> None:
    """Change a file to what is meant. Warns of each guess."""
    if file.kind == 2 and len(file.tracks) > 1:
        _join_patterns(file)
    end_open_notes(file.tracks)
    _bring_tempos_inside(file)
    _place_parts(file)
    _limit_programs(file)


def _join_patterns(file: MidiFile) -> None:
    """Format 2 holds patterns that do not belong together: play them one after the other."""
    start = 0
    for number, track in enumerate(file.tracks):
        end = max((event.tick for event in track), default=0)
        file.tracks[number] = [event._replace(tick=event.tick + start) for event in track]
        start += end
    file.kind = 1
    message = f"its {len(file.tracks)} patterns (MIDI format 2) were read one after the other"
    warn(message, "repaired")


def _bring_tempos_inside(file: MidiFile) -> None:
    """Tempos that a score cannot have: notes are written in other values, so that each sounds when it should."""
    changes = sorted(
        (event.tick, int.from_bytes(event.data))
        for track in file.tracks
        for event in track
        if _is_tempo(event) and any(event.data)
    )
    implied = bool(changes) and changes[0][0] > 0
    if implied:
        changes.insert(0, (0, 500_000))
    speeds = [60e6 / micros for _, micros in changes]
    if all(MIN_BPM <= round(bpm, 2) <= MAX_BPM for bpm in speeds):
        return
    if implied:  # 120 until the first tempo
        file.tracks[0].insert(0, MidiEvent(0, META, SET_TEMPO, (500_000).to_bytes(3)))
    most = floor(log2(MAX_BPM / max(speeds)))
    doublings = most if max(speeds) > MAX_BPM else -floor(log2(min(speeds) / MIN_BPM))
    fits = doublings <= most and min(speeds) * 2.0**doublings >= MIN_BPM
    if fits and abs(doublings) <= MOST_DOUBLINGS and _bars_fit(file, doublings):
        _change_values(file, doublings)
        how = "notes are written in other values"
    else:
        _stretch(file, changes)
        how = "bar lines fall elsewhere"
    message = f"tempos outside {MIN_BPM:g} to {MAX_BPM:g}: {how}, and every note sounds when it did"
    warn(message, "repaired")


def _bars_fit(file: MidiFile, doublings: int) -> bool:
    """Whether every meter has one that lasts as long in other values: at most four whole notes, no less than 1/32."""
    metas = (event for track in file.tracks for event in track if event.status == META and event.kind == TIME_SIGNATURE)
    meters = [(4, 2), *((event.data[0], event.data[1]) for event in metas if len(event.data) >= 2)]
    return all(n * 2.0 ** (doublings - power) <= 4 and power - doublings <= 5 for n, power in meters)


def _is_tempo(event: MidiEvent) -> bool:
    return event.status == META and event.kind == SET_TEMPO and len(event.data) == 3


def _change_values(file: MidiFile, doublings: int) -> None:
    """Read every note as twice (or, when negative, half) its value so many times, and the tempo to match."""
    factor = 2.0**doublings

    def change(event: MidiEvent) -> MidiEvent:
        moved = event._replace(tick=round(event.tick * factor) if doublings > 0 else event.tick)
        if _is_tempo(event):
            return moved._replace(data=min(round(int.from_bytes(event.data) / factor), 2**24 - 1).to_bytes(3))
        if event.status == META and event.kind == TIME_SIGNATURE and len(event.data) >= 2:
            power = event.data[1] - doublings
            numerator = event.data[0] << max(-power, 0)
            return moved._replace(data=bytes([min(numerator, 255), max(power, 0), *event.data[2:]]))
        return moved

    has_meter = any(e.status == META and e.kind == TIME_SIGNATURE and e.tick == 0 for t in file.tracks for e in t)
    if not has_meter and file.tracks:
        file.tracks[0].insert(0, MidiEvent(0, META, TIME_SIGNATURE, bytes([4, 2, 24, 8])))
    file.tracks = [[change(event) for event in track] for track in file.tracks]
    if doublings < 0:
        file.division <<= -doublings
        while file.division >= 0x8000:
            file.division >>= 1
            file.tracks = [[event._replace(tick=event.tick >> 1) for event in track] for track in file.tracks]


def _stretch(file: MidiFile, changes: list[tuple[int, int]]) -> None:
    """Make stretches of an odd tempo longer or shorter, and their tempo the nearest that a score can have."""
    ends = [tick for tick, _ in changes[1:]] + [2**62]
    lowest, highest = round(60e6 / MAX_BPM), round(60e6 / MIN_BPM)
    scales = [micros / min(max(micros, lowest), highest) for _, micros in changes]
    starts = [0.0]
    for (tick, _), end, scale in zip(changes, ends, scales, strict=True):
        starts.append(starts[-1] + (end - tick) * scale)
    ticks = [tick for tick, _ in changes]

    def moved(event: MidiEvent) -> MidiEvent:
        number = max(bisect_right(ticks, event.tick) - 1, 0)
        tick = round(starts[number] + (event.tick - changes[number][0]) * scales[number])
        if _is_tempo(event):
            return event._replace(tick=tick, data=min(max(int.from_bytes(event.data), lowest), highest).to_bytes(3))
        return event._replace(tick=tick)

    file.tracks = [[moved(event) for event in track] for track in file.tracks]


def _place_parts(file: MidiFile) -> None:
    """Put kits on the drum channel and nothing else; state programs that stand in other tracks or in names alone."""
    modes, is_gs = _part_modes(file.tracks)
    guessed: list[str] = []
    setups = [_Setup(track) for track in file.tracks]
    for number, track in enumerate(file.tracks):
        name = next((decoded(e.data) for e in track if e.status == META and e.kind == TRACK_NAME), "")
        channels = sorted(setups[number].first_notes)
        moves: dict[int, int] = {}
        for channel in channels:
            onsets = [e for e in track if e.status == NOTE_ON | channel and len(e.data) == 2]
            bank, program = _settings(setups, number, channel)
            kit = _is_kit(channel, _held(modes.get(channel, []), onsets), bank, is_gs)
            stated = any(event.status == PROGRAM | channel for event in track)
            if not kit and not program and file.kind and len(channels) == 1:
                told = identify(clean_text(name), program, False, False, [event.data[0] for event in onsets])
                kit, program = told.role == "drums", told.program if told.by_name and told.program else program
                if told.by_name and told.role != "vocal":
                    guessed.append(f"{quoted(name, 24)} is {told.role}")
            if program is not None and not stated:
                track.insert(0, MidiEvent(0, PROGRAM | channel, 0, bytes([program])))
            if kit != (channel == DRUM_CHANNEL):
                moves[channel] = DRUM_CHANNEL if kit else next(c for c in range(16) if c not in (*channels[:15], 9))
        file.tracks[number] = [_on_channel(event, moves) for event in track]
    if guessed:
        more = f" and {len(guessed) - 4} more" if len(guessed) > 4 else ""
        warn(f"tracks without a program were told by their names: {', '.join(guessed[:4])}{more}", "guessed")


def _is_kit(channel: int, mode: bool | None, bank: int | None, is_gs: bool) -> bool:
    """Whether a channel plays a kit: as a part mode says, else its bank, else on channel 10."""
    if mode is not None:
        return mode
    if bank in DRUM_BANKS and not is_gs:  # in GS these banks hold the sounds of the CM-64
        return True
    return channel == DRUM_CHANNEL and bank != MELODIC_BANK


class _Setup:
    """What a track plays on, and the events that choose sounds: banks and programs, by their places in the track."""

    def __init__(self, track: Track) -> None:
        self.first_notes: dict[int, int] = {}  # channel -> place of its first note
        self.choices: list[tuple[int, MidiEvent]] = []
        for place, event in enumerate(track):
            command = event.command
            if command == NOTE_ON:
                self.first_notes.setdefault(event.channel, place)
            elif command == PROGRAM or (command == CONTROL and event.data[:1] == b"\0" and len(event.data) > 1):
                self.choices.append((place, event))


def _settings(setups: list[_Setup], number: int, channel: int) -> tuple[int | None, int | None]:
    """Bank (MSB) and program that the first note of a channel finds, set in its track or in a silent one."""
    own = setups[number]
    before = [event for place, event in own.choices if place < own.first_notes[channel]]
    silent = [event for setup in setups if channel not in setup.first_notes for _, event in setup.choices]
    bank = program = None
    for event in (*silent, *before):
        if event.channel == channel and event.command == PROGRAM and event.data:
            program = event.data[0]
        elif event.channel == channel and event.command == CONTROL:
            bank = event.data[1]
    return bank, program


def _held(changes: list[tuple[int, bool]], onsets: list[MidiEvent]) -> bool | None:
    """The part mode that the first note of a channel finds; None when there was none."""
    first = onsets[0].tick if onsets else 0
    return next((mode for tick, mode in reversed(changes) if tick <= first), None)


def _part_modes(tracks: list[Track]) -> tuple[dict[int, list[tuple[int, bool]]], bool]:
    """Ticks at which system exclusive messages make channels kits (True) or not, and whether the file speaks GS."""
    modes: dict[int, list[tuple[int, bool]]] = {}
    is_gs = False
    for event in sorted(event for track in tracks for event in track if event.status == SYSEX):
        data = event.data
        if data[:1] == b"\x41" and data[2:4] == b"\x42\x12" and len(data) >= 8:
            is_gs = True
            if data[4] == 0x40 and data[5] & 0xF0 == 0x10 and data[6] == 0x15:
                block = data[5] & 0x0F  # block 0 is channel 10, 1 to 9 are channels 1 to 9
                channel = 9 if block == 0 else block - 1 if block < 10 else block
                modes.setdefault(channel, []).append((event.tick, data[7] > 0))
        elif data[:1] == b"\x43" and data[2:4] == b"\x4c\x08" and len(data) >= 7 and data[5] == 0x07:
            modes.setdefault(data[4] & 0x0F, []).append((event.tick, data[6] > 0))
    return modes, is_gs


def _on_channel(event: MidiEvent, moves: dict[int, int]) -> MidiEvent:
    """An event on the channel that its own is moved to, if it is."""
    if not moves or event.status >= SYSEX or event.channel not in moves:
        return event
    return event._replace(status=event.command | moves[event.channel])


def _limit_programs(file: MidiFile) -> None:
    """Where program changes would make too many tracks, each channel of a track keeps its first program."""
    if sum(event.command == PROGRAM for track in file.tracks for event in track) <= MAX_TRACKS_PER_ROLE:
        return
    parts = {(number, *part) for number, track in enumerate(file.tracks) for part in _programs_played(track)}
    roles = Counter(role_of_program(program) for _, channel, program in parts if channel != DRUM_CHANNEL)
    if max(roles.values(), default=0) <= MAX_TRACKS_PER_ROLE:
        return
    dropped = 0
    for number, track in enumerate(file.tracks):
        started: set[int] = set()
        kept = []
        for event in track:
            started |= {event.channel} if event.command == NOTE_ON else set()
            if event.command != PROGRAM or event.channel not in started:
                kept.append(event)
        dropped += len(track) - len(kept)
        file.tracks[number] = kept
    if dropped:
        message = f"{dropped} program changes were dropped: they make more tracks than a score can have"
        warn(message, "dropped")


def _programs_played(track: Track) -> set[tuple[int, int]]:
    """Channels of a track and the programs that they play on."""
    current: dict[int, int] = {}
    played = set()
    for event in track:
        if event.command == PROGRAM and event.data:
            current[event.channel] = event.data[0] & 0x7F
        elif event.command == NOTE_ON:
            played.add((event.channel, current.get(event.channel, 0)))
    return played
