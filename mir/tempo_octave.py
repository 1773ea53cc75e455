"""Which of several tempos, each about twice as fast as another, counts the beats as a player would.

A bar model follows a pulse but not its level: slow songs are tracked at twice their tempo. What the recording says
decides here: how many onsets, strokes and bass notes there are a beat, where in the beat and the bar they fall, and how
fast beats usually are, by the weights of a conditional logit.

Axes: c candidates, d features, b beats, n moments.
"""

from contextlib import suppress

import numpy as np

from mir.beats import METERS, NoBeatError, best_bars
from mir.grid import BeatGrid
from mir.metrical_evidence import (
    PARTS_OF_BEAT,
    MetricalEvidence,
    beat_chroma,
    beat_places,
    choice_chances,
    harmony_changes,
    smoothed_share,
)

OCTAVES, SPREAD = (0.5, 2 / 3, 1.0, 1.5, 2.0), 1.12  # candidates, and how far they may be from that tempo
SLOWEST_BPM, FASTEST_BPM = 38.0, 250.0
SAME_TEMPO = 0.1  # of an octave
FEATURE_NAMES = (
    "log period", "log period squared", "activation on beats", "activation between beats", "log-likelihood",
    "onsets a beat", "kicks a beat", "snares a beat", "hats a beat", "bass notes a beat",
    "onsets on beats", "onsets on halves", "onsets on quarters", "kicks on beats", "snares on beats",
    "snares on even beats", "kicks on odd beats", "bass on odd beats", "harmony changes on beats",
    "harmony changes on odd beats", "harmony changes at bars", "as by the second tracker",
)  # fmt: skip
OCTAVE_WEIGHTS = (  # fitted by benchmarks.tempo_octave
    0.144, -1.03, 2.41, 0.12, 3.65, -0.0583, -0.131, -0.532, -0.116, -0.221, 0.154, 3.97, 1.43, 0.34, 0.509, 1.09,
    0.122, 0.455, 2.14, 3.1, 0.628, 0.892,
)  # fmt: skip


def octave_features(
    grid: BeatGrid, log_likelihood: float, activations: np.ndarray, evidence: MetricalEvidence
) -> np.ndarray:
    """Features (d,) of a candidate, in the order of FEATURE_NAMES.

    `activations` (t, 2) are those at 100 Hz that its beats were decoded from, at a mean `log_likelihood` a frame.
    """
    beats = grid.times_s
    period = float(np.median(np.diff(beats)))
    heard = activations.sum(1)
    at = np.clip(np.round(100 * beats).astype(int), 0, len(heard) - 1)
    between = np.clip(np.round(50 * (beats[1:] + beats[:-1])).astype(int), 0, len(heard) - 1)
    log_period = np.log(period / 0.5)
    moments = [evidence.onsets_s, evidence.kick_s, evidence.snare_s, evidence.hat_s, evidence.bass_s]
    rates = [np.log1p(len(some) / len(beats)) for some in moments]
    places = [beat_places(some, beats) for some in moments]
    onsets, kicks, snares, _, bass = places
    changes = harmony_changes(beat_chroma(beats, evidence.chroma))
    odd, bar = grid.numbers % 2 == 0, grid.numbers == 0  # beats 1 and 3 of four
    return np.array([
        log_period, log_period**2, heard[at].mean(), heard[between].mean(), log_likelihood,
        *rates,
        smoothed_share(onsets, onsets[:, 0]), smoothed_share(onsets, onsets[:, PARTS_OF_BEAT // 2]),
        smoothed_share(onsets, onsets[:, [PARTS_OF_BEAT // 4, 3 * PARTS_OF_BEAT // 4]]),
        smoothed_share(kicks, kicks[:, 0]), smoothed_share(snares, snares[:, 0]),
        smoothed_share(snares, snares[~odd, 0]), smoothed_share(kicks, kicks[odd, 0]),
        smoothed_share(bass, bass[odd, 0]),
        changes.mean(), changes[odd].mean() if odd.any() else 0.0, changes[bar].mean() if bar.any() else 0.0,
        abs(np.log2(60 / period / evidence.second_bpm)) < SAME_TEMPO if evidence.second_bpm else 0.0,
    ])  # fmt: skip


def octave_candidates(
    grid: BeatGrid, activations: np.ndarray, meter: tuple[int, int] | None = None
) -> list[tuple[BeatGrid, float]]:
    """The grid at each of OCTAVES times its tempo, where a score may be so fast, with log-likelihoods a frame."""
    found = []
    for factor in OCTAVES:
        bpm = factor * grid.bpm
        if not SLOWEST_BPM <= bpm <= FASTEST_BPM:
            continue
        with suppress(NoBeatError):
            found.append(_near(grid, bpm, activations, meter))
    return found


def choose_octave(
    grid: BeatGrid,
    activations: np.ndarray,
    evidence: MetricalEvidence,
    meter: tuple[int, int] | None = None,
    octave: str = "",
) -> BeatGrid:
    """The grid at the tempo that is likeliest the one a player would count, or half or double that one.

    `activations` (t, 2) at 100 Hz are those that the grid was decoded from.
    """
    candidates = octave_candidates(grid, activations, meter)
    if not candidates:
        return grid
    features = [octave_features(*candidate, activations, evidence) for candidate in candidates]
    chosen = candidates[int(choice_chances(features, np.array(OCTAVE_WEIGHTS)).argmax())][0]
    if not octave:
        return chosen
    return _near(chosen, {"half": 0.5, "double": 2.0}[octave] * chosen.bpm, activations, meter)[0]


def _near(grid: BeatGrid, bpm: float, activations: np.ndarray, meter: tuple[int, int] | None) -> tuple[BeatGrid, float]:
    """The likeliest beats and bars near a tempo."""
    sizes = (grid.beats_per_bar,) if meter else METERS
    return best_bars(activations, sizes, (bpm / SPREAD, bpm * SPREAD), grid.beat_ticks)
