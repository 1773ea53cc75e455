"""How much of one score another one holds, by the measures of the field (mir_eval), in seconds, not ticks.

Axes: n notes.
"""

from collections.abc import Iterable

import numpy as np

from mir.grid import beat_times_s
from mir.melody import hertz
from mir.notes.targets import DRUM_CLASS_KEYS
from scoretok.extras import require
from scoretok.harmony import chord_to_harte
from scoretok.parts import Chord, Key, Track
from scoretok.sheet import LeadSheet
from scoretok.theory import QUALITY_BY_NAME, SEMITONE_DEGREES

ONSET_S = 0.05  # mir_eval's usual tolerance, as in MIREX
MELODY_ROLES = ("vocal", "lead")
MEASURED_ROLES = {
    "melody": MELODY_ROLES,
    "bass": ("bass",),
    "piano": ("piano",),
    "guitar": ("guitar",),
    "strings": ("strings",),
}
TONICS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
PURPOSE = "comparing scores"


def compare(truth: LeadSheet, found: LeadSheet) -> dict[str, float]:
    """mir_eval measures of an estimated score against a reference, 0 to 1; absent in the reference: left out.

    `beats`, `downbeats` and notes (`melody`, `bass`, ..., `pitched` of all roles, `..._with_ends`) and
    drums (`kick`, ...) are F measures; `amlt` is the share of beats at any metrical level; `key` the weighted score;
    `root`, `majmin`, `sevenths` shares of the time; `segmentation` that of chords.
    """
    return {
        **beat_measures(truth, found),
        "key": key_score(truth, found),
        **chord_measures(truth, found),
        **note_measures(truth, found),
        **drum_measures(truth, found),
    }


def beat_measures(truth: LeadSheet, found: LeadSheet) -> dict[str, float]:
    """Beats and downbeats, without the first five seconds as is usual, if there is enough behind them."""
    beat = require("mir_eval.beat", "mir", PURPOSE)
    rows = [beat_times_s(sheet) for sheet in (truth, found)]
    trim = min(truth.duration_s, found.duration_s) > 15
    (beats, downbeats), (estimated, estimated_downbeats) = (
        [beat.trim_beats(times) if trim else times for times in row] for row in rows
    )
    if len(beats) < 2 or len(estimated) < 2:
        return {"beats": 0.0, "amlt": 0.0, "downbeats": 0.0}
    return {
        "beats": beat.f_measure(beats, estimated),
        "amlt": beat.continuity(beats, estimated)[3],
        "downbeats": beat.f_measure(downbeats, estimated_downbeats),
    }


def key_score(truth: LeadSheet, found: LeadSheet) -> float:
    """1 for the right key, 0.5 for one a fifth above, 0.3 for its relative, 0.2 for its parallel one."""
    key = require("mir_eval.key", "mir", PURPOSE)
    return float(key.weighted_score(*(mir_eval_key(main_key(sheet)) for sheet in (truth, found))))


def main_key(sheet: LeadSheet) -> Key:
    """The key that lasts longest."""
    stops = [*(key.bar for key in sheet.keys[1:]), sheet.bar_count]
    return max(zip(sheet.keys, stops, strict=True), key=lambda pair: pair[1] - pair[0].bar)[0]


def mir_eval_key(key: Key) -> str:
    """A key as mir_eval reads it: 'Bb minor'; modes count as the major or minor one on their tonic."""
    return f"{TONICS[key.tonic]} {'minor' if key.is_minor else 'major'}"


def chord_measures(truth: LeadSheet, found: LeadSheet) -> dict[str, float]:
    """Weighted chord symbol recall at three depths, and how well their spans agree."""
    if not truth.chords:
        return {}
    chord = require("mir_eval.chord", "mir", PURPOSE)
    reference, estimated = (_chord_intervals(sheet, truth.duration_s) for sheet in (truth, found))
    scores = chord.evaluate(*reference, *estimated)
    names = {"root": "root", "majmin": "majmin", "sevenths": "sevenths", "segmentation": "seg"}
    return {name: float(scores[key]) for name, key in names.items()}


def _chord_intervals(sheet: LeadSheet, duration_s: float) -> tuple[np.ndarray, list[str]]:
    """Spans in seconds (n, 2) and Harte symbols, from 0 to the end."""
    starts = [sheet.seconds_at(chord.start_ticks) for chord in sheet.chords]
    symbols = [harte(chord) for chord in sheet.chords]
    if not starts or starts[0] > 0:
        starts, symbols = [0.0, *starts], ["N", *symbols]
    kept = [number for number, start in enumerate(starts) if start < duration_s]
    edges = [*(starts[number] for number in kept), duration_s]
    return np.stack([edges[:-1], edges[1:]], 1), [symbols[number] for number in kept]


def harte(chord: Chord) -> str:
    """A chord in Harte syntax as mir_eval reads it, which spells out what has no shorthand there: C:(1,3,#5,b7)."""
    qualities = require("mir_eval.chord", "mir", PURPOSE).QUALITIES
    text = chord_to_harte(chord)
    if chord.root is None or chord.quality in qualities:
        return text
    root, bass = text.partition(":")[0], text.partition("/")[2]
    degrees = ",".join(SEMITONE_DEGREES[step] for step in QUALITY_BY_NAME[chord.quality].intervals)
    return f"{root}:({degrees})" + (f"/{bass}" if bass else "")


def note_measures(truth: LeadSheet, found: LeadSheet) -> dict[str, float]:
    """F measures of notes by role and of all: onsets within 50 ms, pitches right; and with ends within a fifth."""
    measures: dict[str, float] = {}
    for name, roles in MEASURED_ROLES.items():
        if any(track.notes for track in truth.tracks if track.role in roles):
            measures[name] = note_f(truth, found, roles, None)
            measures[f"{name}_with_ends"] = note_f(truth, found, roles, 0.2)
    if measures:
        measures["pitched"] = note_f(truth, found, sum(MEASURED_ROLES.values(), ()), None)
    return measures


def note_f(truth: LeadSheet, found: LeadSheet, roles: tuple[str, ...], offset_ratio: float | None) -> float:
    """The F measure of the notes of some roles."""
    transcription = require("mir_eval.transcription", "mir", PURPOSE)
    reference, estimated = (notes_s(sheet, roles) for sheet in (truth, found))
    if not len(estimated[0]):
        return 0.0
    scores = transcription.precision_recall_f1_overlap(
        *reference, *estimated, onset_tolerance=ONSET_S, offset_ratio=offset_ratio
    )
    return float(scores[2])


def notes_s(sheet: LeadSheet, roles: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Spans in seconds (n, 2) and frequencies (n,) of the notes of some roles, what two of them play together once."""
    rows = {
        (round(sheet.seconds_at(note.start_ticks), 4), note.pitch): sheet.seconds_at(note.end_ticks)
        for track in sheet.tracks if track.role in roles for note in track.notes
    }  # fmt: skip
    return spans_and_hz((start, end, pitch) for (start, pitch), end in rows.items())


def spans_and_hz(rows: Iterable[tuple[float, float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Starts, ends and pitches as mir_eval takes them: spans (n, 2) of a hundredth of a second at least, hertz (n,)."""
    table = np.array([(start, max(end, start + 0.01), pitch) for start, end, pitch in rows], float).reshape(-1, 3)
    return table[:, :2], hertz(table[:, 2])


def drum_measures(truth: LeadSheet, found: LeadSheet) -> dict[str, float]:
    """F measures of the drums that the truth has, onsets within 50 ms."""
    onset = require("mir_eval.onset", "mir", PURPOSE)
    measures = {}
    for drum, keys in DRUM_CLASS_KEYS.items():
        reference, estimated = (_drum_onsets(sheet, keys) for sheet in (truth, found))
        if len(reference):
            measures[drum] = float(onset.f_measure(reference, estimated, ONSET_S)[0]) if len(estimated) else 0.0
    return measures


def _drum_onsets(sheet: LeadSheet, keys: tuple[int, ...]) -> np.ndarray:
    """When drums with some keys are struck, in seconds, rising."""
    drums: list[Track] = [track for track in sheet.tracks if track.is_drums]
    return np.array(
        sorted({sheet.seconds_at(note.start_ticks) for track in drums for note in track.notes if note.pitch in keys})
    )
