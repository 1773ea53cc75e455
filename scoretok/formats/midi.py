"""Standard MIDI files: reading any, and writing ones that read back exactly.

What we write carries markers (sections, chords in Harte syntax, modes, the end) and tracks named by
role; the marker 'scoretok' tells the reader that nothing needs to be guessed.
"""

import struct
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from symusic import core

from scoretok.errors import ScoretokError, warn
from scoretok.files import read_bytes, write_with
from scoretok.formats.midi_controls import (
    SUBTICKS_PER_QUARTER,
    grid_event,
    grid_places,
    has_controls,
    on_port,
    part_places,
    read_controls,
    with_controls,
)
from scoretok.formats.midi_events import NOTE_ON
from scoretok.formats.midi_notes import MidiPart, played_notes, strange_places
from scoretok.formats.midi_repair import DRUM_CHANNEL, MidiFile, last_tick, read_file, repair
from scoretok.formats.midi_text import Texts, lay_lyrics, read_texts
from scoretok.formats.midi_time import TimeMaps, read_time_maps
from scoretok.harmony import chord_to_harte, key_to_text, parse_key, try_chord
from scoretok.infer import infer_missing, is_off_its_grid
from scoretok.numbers import signed_whole, whole
from scoretok.parts import (
    MAX_TRACKS_PER_ROLE,
    ROLES,
    TICKS_PER_QUARTER,
    Chord,
    Section,
    Track,
    meter_lasting,
)
from scoretok.performance import SUBTICKS_PER_TICK, Control, ControlPoint
from scoretok.roles import identify, labelled, parse_section, say_roles, split_label
from scoretok.sheet import LeadSheet
from scoretok.singing import Singing, parse_singing
from scoretok.texts import clean_text

SIGNED = "scoretok"


@dataclass(frozen=True)
class ImportReport:
    """How a MIDI file fitted the grid of 24 ticks a quarter note, and whether we wrote it."""

    notes_read: int
    notes_kept: int
    mean_shift_ticks: float
    max_shift_ticks: float
    chords_inferred: bool
    key_inferred: bool
    is_ours: bool


def read(path: str | Path) -> LeadSheet:
    """Read a MIDI file. Raises ScoretokError; warns of what was dropped or guessed."""
    return read_with_report(path)[0]


def read_with_report(path: str | Path) -> tuple[LeadSheet, ImportReport]:
    """Read a MIDI file and say how far notes lay off the grid."""
    return parse(read_bytes(path), str(path))


def parse(data: bytes, path: str) -> tuple[LeadSheet, ImportReport]:
    """The score in the bytes of a MIDI file, whose path or name is for messages. Raises ScoretokError."""
    data = check_chunks(data, path)
    try:
        file = read_file(data)
        repair(file)
        score = core.ScoreTick.from_midi(file.to_bytes())
    except ScoretokError as error:
        raise ScoretokError(f"{path}: {error}") from None
    except Exception as error:
        reason = str(error).partition("\n")[0].removesuffix(": iostream error")
        raise ScoretokError(f"{path} is not a readable MIDI file: {reason}") from None
    try:
        scale = TICKS_PER_QUARTER / file.division
        return sheet_from_score(score, read_texts(file.tracks, scale), round(last_tick(file) * scale), file)
    except ScoretokError as error:
        raise ScoretokError(f"{path}: {error}") from None


def check_chunks(data: bytes, path: str) -> bytes:
    """Walk the chunks of a MIDI file and return it without a RIFF wrapper.

    Raises ScoretokError when it is no MIDI file, counts time in SMPTE frames, or is cut off.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":
        data = data[20:]
    if data[:4] != b"MThd" or len(data) < 14:
        raise ScoretokError(f"{path} is not a MIDI file: it does not begin with a MIDI header")
    header_bytes, _, track_count, division = struct.unpack(">IHHH", data[4:14])
    if division & 0x8000:
        raise ScoretokError(f"{path} counts time in SMPTE frames; export it with ticks per quarter note")
    if division == 0:
        raise ScoretokError(f"{path} has 0 ticks per quarter note; its timing cannot be known")
    at, tracks = 8 + header_bytes, 0
    while at + 8 <= len(data) and tracks < track_count:
        length = int.from_bytes(data[at + 4 : at + 8])
        tracks += data[at : at + 4] == b"MTrk"
        at += 8 + length
        if at > len(data):
            raise ScoretokError(f"{path} is cut off: track {tracks} lacks {at - len(data)} bytes")
    if tracks < track_count:
        raise ScoretokError(f"{path} is cut off: it promises {track_count} tracks and holds {tracks}")
    return data


def sheet_from_score(
    score: core.ScoreTick, texts: Texts | None = None, end_ticks: int = 1, file: MidiFile | None = None
) -> tuple[LeadSheet, ImportReport]:
    """A lead sheet from a symusic Score in ticks; `end_ticks` is where one without notes ends.

    The curves of controllers come from `file`, which the score was made of. Raises ScoretokError when it holds
    neither a note nor a chord, or too much.
    """
    texts = texts or _texts_of(score)
    signed = any(marker.text == SIGNED for marker in score.markers)
    scale = TICKS_PER_QUARTER / score.ticks_per_quarter
    parts = _parts(score, file, signed)
    end = max((part.end_ticks for part in parts), default=max(end_ticks, *(t + 1 for t, _ in texts.markers), 1))
    maps = read_time_maps(score, scale, end, signed)
    try:
        markers = _Markers(texts.markers, maps, signed)
    except ValueError as error:
        raise ScoretokError(f"a marker that scoretok wrote is damaged: {error}") from None
    if not (parts or signed or markers.chords):
        raise ScoretokError("no complete note was found (a note needs both its beginning and its end)")
    tracks = _tracks(parts, texts, markers)
    if not signed:
        say_roles(tracks)
        doubled = sum(len(part.shift_ticks) - len(part.notes) for part in parts)
        if doubled:
            warn(f"{doubled} doubled notes were merged", "merged")
    sheet = LeadSheet(
        bar_count=markers.bar_count or maps.bar_count,
        tracks=tuple(tracks),
        chords=tuple(markers.chords),
        sections=tuple(markers.sections),
        meters=maps.meters,
        tempos=maps.tempos,
        keys=tuple(markers.keys) or maps.keys,
        pickup_ticks=maps.pickup_ticks,
        title=markers.title,
    )
    key_inferred, chords_inferred = not (maps.has_key or markers.keys), not (signed or sheet.chords)
    sheet = infer_missing(sheet, key_inferred, chords_inferred)
    if not signed and is_off_its_grid(sheet):
        warn("its notes do not lie on its bars; scoretok convert --find-beats looks for better ones", "guessed")
    shifts = np.concatenate([part.shift_ticks for part in parts]) if parts else np.zeros(1)
    notes_read = sum(len(part.shift_ticks) for part in parts)
    mean_shift, max_shift = round(float(shifts.mean()), 3), round(float(shifts.max()), 3)
    return sheet, ImportReport(
        notes_read, sheet.note_count, mean_shift, max_shift, chords_inferred, key_inferred, signed
    )


def _parts(score: core.ScoreTick, file: MidiFile | None, signed: bool) -> list[MidiPart]:
    """The tracks of a score that have notes, with their controls."""
    subticks = SUBTICKS_PER_QUARTER / score.ticks_per_quarter
    grids = [grid_places(track) for track in file.tracks] if file and signed else []
    if file is None or not (any(grids) or has_controls(file.tracks)):
        return [MidiPart(track, subticks) for track in score.tracks if len(track.notes)]
    places = part_places(file.tracks)
    controls = read_controls(file.tracks, places, file.division, signed)
    return [
        MidiPart(track, subticks, grids[place.track] if grids else None, curves)
        for track, place, curves in zip(filter(core.TrackTick.note_num, score.tracks), places, controls, strict=True)
    ]


def _texts_of(score: core.ScoreTick) -> Texts:
    """The texts of a score that comes from no file."""
    scale = TICKS_PER_QUARTER / score.ticks_per_quarter
    return Texts(
        markers=[(round(marker.time * scale), marker.text) for marker in score.markers],
        lyric_tracks=[
            (track.name, [(round(lyric.time * scale), lyric.text) for lyric in track.lyrics])
            for track in score.tracks
            if len(track.lyrics)
        ],
    )


class _Markers:
    """What the markers of a file say: sections, chords, title, modes and the last bar."""

    def __init__(self, markers: list[tuple[int, str]], maps: TimeMaps, signed: bool) -> None:
        self.signed = signed
        self.title = ""
        self.bar_count = 0
        self.empty_tracks: list[tuple[int, Track]] = []
        self.singing: dict[int, Singing] = {}
        self.controls: dict[int, list[Control]] = {}  # of tracks that cannot play them: silent or without a note
        keys, sections, chords = [], {}, {}
        dropped: list[str] = []
        plain = {text: try_chord(text) for _, text in markers}
        chord_like = signed or any(chord and len(text) > 1 for text, chord in plain.items())
        for tick, text in markers:
            kind, _, value = text.partition(": ") if signed else ("", "", "")
            if signed and (text in (SIGNED, "pickup") or kind in ("title", "meter")):
                self.title = value if kind == "title" else self.title
            elif signed and text == "end":
                self.bar_count = maps.bar_near(tick)
            elif kind == "key":
                keys.append(parse_key(value, maps.bar_near(tick)))
            elif kind == "empty track":
                number, role, program, muted, name = value.split(" ", 4)
                track = Track(role, (), int(program), name.removeprefix("="), muted == "muted")
                self.empty_tracks.append((int(number), track))
            elif signed and kind == "singing":
                number, _, said = value.partition(" ")
                self.singing[int(number)] = parse_singing(said)
            elif signed and kind == "control":
                place, name, *written = value.split(" ")
                pairs = (point.partition(":") for point in written)
                points = tuple(ControlPoint(whole(at), signed_whole(said)) for at, _, said in pairs)
                self.controls.setdefault(whole(place), []).append(Control(name, points))
            elif label := parse_section(text):
                bar = maps.bar_near(tick)
                if bar < maps.bar_count:
                    sections[bar] = Section(bar, label)
            elif chord_like and (chord := plain[text]):
                chords[tick] = replace(chord, start_ticks=tick)
            elif text.strip():
                dropped.append(text.strip())
        self.keys = keys
        self.sections = list(sections.values())
        end = maps.bar_starts[-1]
        self.chords: list[Chord] = [chord for tick, chord in sorted(chords.items()) if tick < end]
        if dropped:
            names = ", ".join(repr(text) for text in dropped[:3])
            warn(f"{len(dropped)} markers name no section or chord and were dropped: {names}", "dropped")


def _tracks(parts: list[MidiPart], texts: Texts, markers: _Markers) -> list[Track]:
    lyrics = texts.lyrics_of([part.track for part in parts], [part.notes for part in parts])
    tracks = []
    counts = dict.fromkeys(ROLES, 0)
    for part, syllables in zip(parts, lyrics, strict=True):
        name = clean_text(texts.name_of(part.track))
        label = split_label(name)
        role = identify(name, part.track.program, part.track.is_drum, bool(syllables)).role
        if label and (label[0] == "drums") == part.track.is_drum and not (syllables and label[0] != "vocal"):
            role, name = label
        else:
            name = name.strip()
        notes = (
            lay_lyrics(part.notes, syllables, name or role, markers.signed)
            if syllables and role == "vocal"
            else part.notes
        )
        volumes = [control.value for control in part.track.controls if control.number == 7]
        muted = bool(volumes) and not any(volumes)
        controls = tuple(control for control in part.controls if not (muted and control.name == "volume"))
        counts[role] += 1
        tracks.append(Track(role, tuple(notes), part.track.program, name, muted, controls=controls))
    for number, track in markers.empty_tracks:
        tracks.insert(number, track)
    for number, singing in markers.singing.items():
        if number < len(tracks) and tracks[number].role == "vocal":
            tracks[number] = replace(tracks[number], singing=singing)
    for number, more in markers.controls.items():
        if number < len(tracks):
            tracks[number] = replace(tracks[number], controls=(*tracks[number].controls, *more))
    for role, count in counts.items():
        if count > MAX_TRACKS_PER_ROLE:
            raise ScoretokError(
                f"{count} of its {len(parts)} tracks play the role {role}; at most {MAX_TRACKS_PER_ROLE} fit: merge"
                " or delete some in your sequencer"
            )
    return tracks


def write(sheet: LeadSheet, path: str | Path) -> None:
    """Write a MIDI file, whole or not at all. Phonemes are not written.

    It counts 480 ticks a quarter note, or 960 or 1920 where a performance needs them.
    """
    data = to_bytes(sheet)
    write_with(lambda temporary: temporary.write_bytes(data), path)


def to_bytes(sheet: LeadSheet) -> bytes:
    """The bytes of the MIDI file of a sheet."""
    score = score_from_sheet(sheet)
    data = score.dumps_midi()
    playing = [track for track in sheet.tracks if track.notes]
    grids = [strange_places(track, played_notes(track)) if is_performed(track) else {} for track in playing]
    if not any(grids) and not any(track.controls for track in playing):
        return data
    file = read_file(data)
    written = [number for number, track in enumerate(file.tracks) if any(e.command == NOTE_ON for e in track)]
    counts = {True: 0, False: 0}
    for number, track, grid in zip(written, playing, grids, strict=True):
        port, place = divmod(counts[track.is_drums], 1 if track.is_drums else 15)
        counts[track.is_drums] += 1
        channel = DRUM_CHANNEL if track.is_drums else place + (place >= DRUM_CHANNEL)
        events = on_port(file.tracks[number], port, channel)
        controls = [control for control in track.controls if not (track.muted and control.name == "volume")]
        events = with_controls(events, controls, score.ticks_per_quarter)
        file.tracks[number] = [grid_event(grid), *events] if grid else events
    return file.to_bytes(everything=True)


def is_performed(track: Track) -> bool:
    """Whether any note of a track is played off the grid."""
    return any(note.timing is not None for note in track.notes)


def _ticks_per_quarter(sheet: LeadSheet) -> int:
    """The coarsest time of a file in which all that was played can be said."""
    finest = 0
    for track in sheet.tracks:
        for control in track.controls:
            finest |= int(np.bitwise_or.reduce([point.start_subticks for point in control.points]))
        for note in track.notes:
            if note.timing is not None:
                finest |= note.timing.onset_subticks | note.timing.end_subticks
    return SUBTICKS_PER_QUARTER // (4 if finest % 4 == 0 else 2 if finest % 2 == 0 else 1)


def score_from_sheet(sheet: LeadSheet) -> core.ScoreTick:
    """A symusic Score of the whole sheet as it is played, without controllers; 480 ticks a quarter note or more."""
    written_tpq = _ticks_per_quarter(sheet)
    scale = written_tpq // TICKS_PER_QUARTER
    score = core.ScoreTick(written_tpq)
    score.tempos = core.TempoTickList(core.TempoTick(t.start_ticks * scale, t.bpm) for t in sheet.tempos)
    starts = sheet.bar_starts
    markers = [(0, SIGNED), (0, f"title: {sheet.title}" if sheet.title else ""), (starts[-1], "end")]
    meters = [(starts[m.bar] * scale, m.numerator, m.denominator) for m in sheet.meters]
    if sheet.pickup_ticks:
        markers.append((0, "pickup"))
        first = sheet.meters[0]
        meters[0] = (0, *(meter_lasting(sheet.pickup_ticks) or (4, 4)))
        if sheet.bar_count > 1 and not any(m.bar == 1 for m in sheet.meters):
            meters.insert(1, (sheet.pickup_ticks * scale, first.numerator, first.denominator))
        markers.append((0, f"meter: {first.numerator}/{first.denominator}"))
    score.time_signatures = core.TimeSignatureTickList(core.TimeSignatureTick(*meter) for meter in meters)
    score.key_signatures = core.KeySignatureTickList(
        core.KeySignatureTick(starts[k.bar] * scale, k.fifths, int(k.is_minor)) for k in sheet.keys
    )
    markers += [(starts[k.bar], f"key: {key_to_text(k)}") for k in sheet.keys]
    markers += [(starts[section.bar], section.label) for section in sheet.sections]
    markers += [(c.start_ticks, chord_to_harte(c, sheet.key_at(sheet.bar_at(c.start_ticks)))) for c in sheet.chords]
    for number, track in enumerate(sheet.tracks):
        if track.notes:
            score.tracks.append(_track_out(track, scale))
        else:
            muted = "muted" if track.muted else "heard"
            markers.append((0, f"empty track: {number} {track.role} {track.program} {muted} ={track.name}"))
        if not track.singing.is_usual:
            markers.append((0, f"singing: {number} {track.singing.text()}"))
        for control in track.controls:
            if not track.notes or (track.muted and control.name == "volume"):
                points = " ".join(f"{at}:{value}" for at, value in control.points)
                markers.append((0, f"control: {number} {control.name} {points}"))
    if not score.tracks:  # symusic sorts its events only when it writes a track
        score.tracks.append(core.TrackTick("conductor"))
    in_order = sorted((marker for marker in markers if marker[1]), key=lambda marker: marker[0])
    score.markers = core.TextMetaTickList(core.TextMetaTick(tick * scale, text) for tick, text in in_order)
    return score


def _track_out(track: Track, scale: int) -> core.TrackTick:
    out = core.TrackTick(labelled(track.role, track.name), track.program, track.is_drums)
    if track.muted:
        out.controls.append(core.ControlChangeTick(0, 7, 0))
    rows = played_notes(track)
    onset, end = (rows[:, column] * scale // SUBTICKS_PER_TICK for column in range(2))
    times = (onset.astype(np.int32), (end - onset).astype(np.int32))
    out.notes = core.NoteTickList.from_numpy(*times, rows[:, 2].astype(np.int8), rows[:, 3].astype(np.int8))
    for note in track.notes:
        if note.syllable:
            text = note.syllable.text + ("" if note.syllable.word_end else "-")
            out.lyrics.append(core.TextMetaTick(note.start_ticks * scale, text))
    return out
