"""A melody that somebody hums, whistles or plays alone becomes a score of one track, on a grid found from itself.

Axes: n notes, c candidates.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mir.assemble import TrackEstimates, with_tracks
from mir.beats import constant_tempo_beats
from mir.estimates import NoteEstimate, SungNote
from mir.grid import BeatGrid, empty_score
from mir.key import key_log_likelihood_of_notes, key_of
from mir.melody import melody_notes, pitch_curve
from scoretok.audio import Recording
from scoretok.errors import ScoretokError
from scoretok.harmony import parse_key
from scoretok.parts import Key
from scoretok.sheet import LeadSheet

# Set by hand; no benchmark hums, tests/test_mir_hum.py alone holds them.
TEMPOS_BPM = np.exp(np.linspace(np.log(55), np.log(190), 260))
PRIOR_BPM, SPREAD_OCTAVES = 105.0, 0.6
SPREAD_S = 0.035  # how unevenly people hum
# Where in a beat a note may begin, in 24ths, and how much less likely that is at first, in nats.
ONSET_POSITIONS = {0: 0.0, 12: 0.7, 6: 1.8, 18: 1.5, 8: 2.4, 16: 2.4}
MAX_ONSET_ERROR_S = 0.12  # a note that is farther from any place counts as if it were no farther


def transcribe_hum(
    recording: Recording, tempo_bpm: float | None = None, meter: tuple[int, int] = (4, 4), key: str | None = None
) -> LeadSheet:
    """The score of a bare melody: its first note begins a bar. Raises ScoretokError when no pitch is heard."""
    notes = melody_notes(pitch_curve(recording))
    if not notes:
        raise ScoretokError(f"{recording.path} has no note that can be heard; hum or whistle nearer to the microphone")
    grid = grid_of(notes, recording.duration_s, tempo_bpm, meter)
    sheet = empty_score(grid, recording.duration_s, meter)
    rows: list[SungNote] = [(note, None) for note in notes]
    sheet = with_tracks(sheet, TrackEstimates({}, [], rows), grid.beat_ticks)
    return replace(sheet, keys=(parse_key(key) if key else melody_key(sheet, notes),))


def grid_of(
    notes: Sequence[NoteEstimate], duration_s: float, tempo_bpm: float | None = None, meter: tuple[int, int] = (4, 4)
) -> BeatGrid:
    """Even beats for notes: the tempo and phase at which their onsets are where onsets usually are."""
    onsets = np.array([note.start_s for note in notes])
    tempos = np.array([tempo_bpm]) if tempo_bpm else TEMPOS_BPM
    best = (np.inf, 120.0, float(onsets[0]))
    for bpm in tempos:
        octaves = np.log2(bpm / PRIOR_BPM)
        prior = 0.0 if tempo_bpm else (octaves / SPREAD_OCTAVES) ** 2 / 2 * np.sqrt(len(onsets))
        period_s = 60 / bpm
        firsts = onsets[0] + np.arange(-6, 7) * SPREAD_S / 6  # (c,)
        cost = prior + onset_cost(onsets[None] - firsts[:, None], period_s)
        at = int(cost.argmin())
        if cost[at] < best[0]:
            best = (float(cost[at]), float(bpm), float(firsts[at]))
    _, bpm, first_s = best
    return constant_tempo_beats(duration_s, bpm if tempo_bpm else round(bpm, 1), max(0.0, first_s), meter)


def onset_cost(times_s: np.ndarray, period_s: float) -> np.ndarray:
    """Negative log likelihood (c,) in nats of onsets (c, n) on a beat grid of some period that begins at 0."""
    phase_s = np.mod(times_s, period_s)
    costs = []
    for place, prior in ONSET_POSITIONS.items():
        away_s = np.abs(phase_s - place / 24 * period_s)
        away_s = np.minimum(np.minimum(away_s, period_s - away_s), MAX_ONSET_ERROR_S)
        costs.append(prior + (away_s / SPREAD_S) ** 2 / 2)
    return np.min(costs, axis=0).sum(1)


def melody_key(sheet: LeadSheet, notes: Sequence[NoteEstimate]) -> Key:
    """The key of a melody; its last note is its tonic more often than not."""
    pitches = np.bincount([note.pitch % 12 for note in notes], [note.end_s - note.start_s for note in notes], 12)
    evidence = (sheet.bar_count + 1) * key_log_likelihood_of_notes(pitches[None])[0]
    evidence[[notes[-1].pitch % 12, notes[-1].pitch % 12 + 12]] += 1.5
    return key_of(0, int(evidence.argmax()))
