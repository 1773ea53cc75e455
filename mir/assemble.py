"""Assembles estimates into a score: notes on the ticks of beats, chords, keys and sections on bars.

Axes: n notes, b bars, t frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from mir.chords import sums_between
from mir.estimates import ChordEstimate, NoteEstimate, SungNote
from mir.key import KeyEstimate
from mir.notes.activations import Activations
from mir.notes.log_spectrogram import FRAMES_PER_S
from mir.notes.targets import DRUM_CLASS_KEYS, DRUM_CLASSES
from mir.rhythm_quantisation import quantise_notes
from mir.sections import BarFeatures, SectionEstimate
from scoretok.bars import slice_bars
from scoretok.harmony import try_chord
from scoretok.parts import MAX_DURATION_TICKS, Chord, Note, Syllable, Track
from scoretok.performance import MAX_SHIFT_SUBTICKS, SUBTICKS_PER_TICK, Timing, default_end
from scoretok.roles import ROLE_PROGRAMS
from scoretok.sheet import LeadSheet

# Set by hand; benchmarks.transcription_roundtrip measures how often the number of bars is right.
MAX_OVERHANG_TICKS = 24  # a last note may ring so far into a bar that is none
CLEARLY_OFF_S = (
    0.02  # of an onset; what is nearer is on the grid: a frame of the network (benchmarks.transcription_feel)
)
MONOPHONIC_ROLES = ("vocal", "bass")
DRUM_CLASS_TO_KEY = {drum: keys[-1] if drum == "kick" else keys[0] for drum, keys in DRUM_CLASS_KEYS.items()} | {
    "snare": 38
}


@dataclass(frozen=True)
class TrackEstimates:
    """Estimated notes by role, drum hits (pitch is an index into DRUM_CLASSES), and the sung melody with syllables."""

    notes: dict[str, list[NoteEstimate]]
    drum_hits: list[NoteEstimate]
    melody: list[SungNote]


def with_tracks(sheet: LeadSheet, tracks: TrackEstimates, beat_ticks: int) -> LeadSheet:
    """The score with the tracks that were heard."""
    made = []
    if tracks.melody:
        made.append(_track(sheet, "vocal", tracks.melody, beat_ticks))
    for role, notes in tracks.notes.items():
        made.append(_track(sheet, role, [(note, None) for note in notes], beat_ticks))
    drums = [
        note._replace(pitch=DRUM_CLASS_TO_KEY[DRUM_CLASSES[note.pitch]])
        for note in tracks.drum_hits
        if DRUM_CLASSES[note.pitch] in DRUM_CLASS_TO_KEY
    ]
    if drums:
        made.append(_track(sheet, "drums", [(note, None) for note in drums], beat_ticks))
    return sheet.with_tracks([track for track in made if track.notes])


def _track(sheet: LeadSheet, role: str, rows: Sequence[SungNote], beat_ticks: int) -> Track:
    """A quantised track: no pitch overlaps itself, and monophonic roles have one note at a time.

    What is heard clearly off the grid is the timing of a note.
    """
    rows = sorted(rows, key=lambda row: (row[0].start_s, row[0].pitch))
    begin = sheet.pickup_ticks % beat_ticks
    ticks = np.array([[sheet.ticks_at(note.start_s), sheet.ticks_at(note.end_s)] for note, _ in rows]).reshape(-1, 2)
    starts, lengths = quantise_notes(ticks[:, 0] - begin, ticks[:, 1] - begin, beat_ticks)
    starts = np.clip(starts + begin, 0, sheet.end_ticks - 1)
    late = _timings(sheet, rows, starts, ticks[:, 0], role == "drums")
    kept: dict[tuple[int, int], tuple[Note, float]] = {}
    for (estimate, syllable), start, length, timing in zip(rows, starts.tolist(), lengths.tolist(), late, strict=True):
        place = (start, 0 if role in MONOPHONIC_ROLES else estimate.pitch)
        known = kept.get(place)
        text = _together(known[0].syllable if known else None, syllable)
        if known and known[1] >= estimate.confidence:
            kept[place] = (known[0]._replace(syllable=text), known[1])
            continue
        longest = min(MAX_DURATION_TICKS, sheet.end_ticks - start)
        note = Note(start, estimate.pitch, max(1, min(length, longest)), estimate.velocity, text, timing)
        kept[place] = (note, estimate.confidence)
    return Track(role, tuple(_cut([note for note, _ in kept.values()], role in MONOPHONIC_ROLES)), ROLE_PROGRAMS[role])


def _timings(
    sheet: LeadSheet, rows: Sequence[SungNote], starts: np.ndarray, heard_ticks: np.ndarray, is_drums: bool
) -> list[Timing | None]:
    """How notes lie off the grid that are heard at ticks (n,); None where that is within what can be heard."""
    found: list[Timing | None] = []
    for (note, _), start, heard in zip(rows, starts.tolist(), heard_ticks.tolist(), strict=True):
        late = round((heard - start) * SUBTICKS_PER_TICK)
        is_clear = abs(note.start_s - sheet.seconds_at(start)) >= CLEARLY_OFF_S and abs(late) <= MAX_SHIFT_SUBTICKS
        found.append(Timing(late, default_end(late, is_drums)) if is_clear else None)
    return found


def _together(first: Syllable | None, second: Syllable | None) -> Syllable | None:
    """Merges two syllables into one, for a note that can hold one only."""
    if first and second:
        return Syllable(first.text + second.text, word_end=second.word_end)
    return first or second


def without_silent_end(sheet: LeadSheet) -> LeadSheet:
    """Drops trailing bars into which no note sounds for more than MAX_OVERHANG_TICKS."""
    ends = [note.end_ticks for track in sheet.tracks if track.role != "vocal" for note in track.notes]
    if not ends:
        return sheet
    last = sheet.bar_at(max(0, max(ends) - MAX_OVERHANG_TICKS))
    return slice_bars(sheet, 0, last + 1)


def _cut(notes: list[Note], one_voice: bool) -> list[Note]:
    """Notes that end where the next one of their pitch, or of one voice, begins."""
    following: dict[int, int] = {}
    cut = []
    for note in sorted(notes, reverse=True):
        voice = 0 if one_voice else note.pitch
        length = min(note.duration_ticks, following.get(voice, note.end_ticks) - note.start_ticks)
        following[voice] = note.start_ticks
        cut.append(note._replace(duration_ticks=length))
    return cut[::-1]


def with_harmony(
    sheet: LeadSheet, chords: Sequence[ChordEstimate], keys: Sequence[KeyEstimate], sections: Sequence[SectionEstimate],
    beat_ticks: int,
) -> LeadSheet:  # fmt: skip
    """The score with chords on the beats where they were heard, keys and sections at their bars."""
    found: dict[int, Chord] = {}
    begin = sheet.pickup_ticks % beat_ticks
    for chord in chords:
        parsed = try_chord(chord.symbol)
        # Chords change on beats; tempo lines may miss those by a few ticks.
        start = max(0, begin + beat_ticks * round((sheet.ticks_at(chord.start_s) - begin) / beat_ticks))
        if parsed is not None and start < sheet.end_ticks:
            found[start] = replace(parsed, start_ticks=start)
    return replace(
        sheet,
        chords=tuple(found[start] for start in sorted(found)),
        keys=tuple(key.key for key in keys) or sheet.keys,
        sections=tuple(section.section for section in sections),
    )


def bar_edges_s(sheet: LeadSheet) -> np.ndarray:
    """When bars begin, and the last one ends, (b + 1,)."""
    return np.array([sheet.seconds_at(tick) for tick in sheet.bar_starts])


def bar_chroma(bars_s: np.ndarray, activations: Activations) -> np.ndarray:
    """Chroma of every bar, (b, 12): how long each pitch class sounds."""
    return sums_between(bars_s, activations.chroma.T, FRAMES_PER_S)[1]


def bar_features(bars_s: np.ndarray, activations: Activations, tracks: TrackEstimates) -> BarFeatures:
    """Features of every bar for section finding: chroma, melody chroma, texture."""
    count = len(bars_s) - 1
    melody = [*(note for note, _ in tracks.melody), *tracks.notes.get("lead", [])]
    melody_chroma = np.zeros((count, 12))
    for note in melody:
        bar = int(np.clip(np.searchsorted(bars_s, note.start_s, "right") - 1, 0, count - 1))
        melody_chroma[bar, note.pitch % 12] += note.end_s - note.start_s
    columns = [
        np.histogram([note.start_s for note in notes], bars_s)[0]
        for notes in (
            *tracks.notes.values(),
            melody,
            *(_of(tracks.drum_hits, drum) for drum in range(len(DRUM_CLASSES))),
        )
    ]
    at = np.clip(np.round(bars_s * FRAMES_PER_S).astype(int), 0, len(activations.drum_levels))
    loudness = [activations.drum_levels[a:b].mean() if b > a else 0.0 for a, b in pairwise(at)]
    texture = np.stack([*(np.sqrt(column) for column in columns), np.array(loudness) * 20], 1)
    return BarFeatures(bar_chroma(bars_s, activations), melody_chroma, texture)


def _of(strokes: Sequence[NoteEstimate], drum: int) -> list[NoteEstimate]:
    return [stroke for stroke in strokes if stroke.pitch == drum]
