"""The octave of the tempo: fits what decides it on songs to tune on, and measures it on songs that nothing was set on.

python -m benchmarks.tempo_octave --tuning TUNING --songs SONGS [--cache DIR]     both as benchmarks.transcription_songs
  makes them; prints the weights that stand in mir/tempo_octave.py

The weights are fitted by the likelihood of the right candidates, with as much regularisation as is best in five-fold
cross-validation.
"""

import argparse
import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from benchmarks.common import cell, save, table
from mir.beats import NoBeatError, beatnet_activations, mean_activations, network_activations, track_bars
from mir.grid import beat_times_s
from mir.metrical_evidence import MetricalEvidence, choice_chances, pulse_bpm
from mir.notes.activations import predict_activations
from mir.stage_cache import StageCache
from mir.tempo_octave import FEATURE_NAMES, OCTAVE_WEIGHTS, octave_candidates, octave_features
from mir.transcription import BeatActivations
from scoretok import read
from scoretok.audio import read_recording

TOLERANCE = 0.04  # of a tempo that is right
PENALTIES = (1.0, 3.0, 10.0, 30.0, 100.0)
FOLDS = 5
SKIPPED_S = 5.0  # of each song, as is usual


@dataclass(frozen=True)
class Choice:
    """The candidates of a song: their features (c, d), beats F, which is right and which was tracked, -1 for none."""

    name: str
    features: np.ndarray
    f_measures: tuple[float, ...]
    right: int
    tracked: int


def heard(path: Path, cache: StageCache) -> tuple[np.ndarray, MetricalEvidence]:
    """The activations of beats (t, 2) of a recording, and what else it says about its tempo; cached."""
    recording = functools.cache(lambda: read_recording(path))
    notes = functools.cache(lambda: predict_activations(recording()))

    def both() -> BeatActivations:
        own = network_activations(notes().beats)
        return BeatActivations(mean_activations(beatnet_activations(recording()), own))

    activations = cache.get(BeatActivations, "octave-beats", [], both).activations

    def evidence() -> MetricalEvidence:
        return MetricalEvidence.of(notes(), pulse_bpm(notes()))

    return activations, cache.get(MetricalEvidence, "octave-evidence", [], evidence)


def choices(folder: Path, cache: str | None) -> list[Choice]:
    """The candidates of every song of a folder in which a beat is heard."""
    from mir_eval.beat import f_measure

    found = []
    for path in sorted(folder.glob("*.flac")):
        activations, evidence = heard(path, StageCache(cache, path))
        truth = beat_times_s(read(path.with_suffix(".lead")))[0]
        true_bpm = 60 / np.median(np.diff(truth))
        try:
            grid = track_bars(activations)
        except NoBeatError:
            continue
        candidates = octave_candidates(grid, activations)
        rates = np.array([candidate.bpm for candidate, _ in candidates])
        scores = [
            float(f_measure(truth[truth > SKIPPED_S], candidate.times_s[candidate.times_s > SKIPPED_S]))
            for candidate, _ in candidates
        ]
        features = np.array([octave_features(*candidate, activations, evidence) for candidate in candidates])
        right, tracked = (_nearest(rates, bpm) for bpm in (true_bpm, grid.bpm))
        found.append(Choice(path.stem, features, tuple(scores), right, tracked))
    return found


def _nearest(rates: np.ndarray, bpm: float) -> int:
    at = int(np.abs(np.log(rates / bpm)).argmin())
    return at if abs(rates[at] / bpm - 1) <= TOLERANCE else -1


def fitted(songs: list[Choice], penalty: float) -> np.ndarray:
    """The weights (d,) under which the right candidates are likeliest, less their penalty."""
    known = [song for song in songs if song.right >= 0]
    rows = np.concatenate([song.features for song in known])
    spread = rows.std(0) + 1e-9
    scaled = [song.features / spread for song in known]

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = penalty * float(weights @ weights), 2 * penalty * weights
        for song, features in zip(known, scaled, strict=True):
            chances = choice_chances(list(features), weights)
            total -= float(np.log(max(chances[song.right], 1e-12)))
            slope = slope + chances @ features - features[song.right]
        return total, slope

    return np.asarray(minimize(loss, np.zeros(len(spread)), jac=True, method="L-BFGS-B").x / spread)


def chosen(song: Choice, weights: np.ndarray) -> int:
    """The candidate that weights choose."""
    return int(choice_chances(list(song.features), weights).argmax())


def cross_validated(songs: list[Choice], penalty: float) -> list[int]:
    """The candidate chosen of every song by weights that were fitted on others."""
    found = [0] * len(songs)
    for fold in range(FOLDS):
        weights = fitted([song for at, song in enumerate(songs) if at % FOLDS != fold], penalty)
        for at in range(fold, len(songs), FOLDS):
            found[at] = chosen(songs[at], weights)
    return found


def row(name: str, songs: list[Choice], picks: list[int]) -> list[object]:
    """A line of the table: how many tempos are right, and the beats."""
    right = np.mean([pick == song.right for song, pick in zip(songs, picks, strict=True)])
    beats = np.mean([song.f_measures[pick] if pick >= 0 else 0 for song, pick in zip(songs, picks, strict=True)])
    return [name, len(songs), right, beats]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tuning", type=Path, required=True)
    parser.add_argument("--songs", type=Path, required=True)
    parser.add_argument("--cache")
    given = parser.parse_args()
    tuning, songs = (choices(folder, given.cache) for folder in (given.tuning, given.songs))
    trials = {penalty: cross_validated(tuning, penalty) for penalty in PENALTIES}
    penalty = max(trials, key=lambda one: row("", tuning, trials[one])[2])
    weights = fitted(tuning, penalty)
    print(dict(zip(FEATURE_NAMES, weights.round(3).tolist(), strict=True)))
    shipped = np.array(OCTAVE_WEIGHTS)
    lines = [
        row("to tune on, as tracked", tuning, [song.tracked for song in tuning]),
        row("to tune on, chosen by weights of other songs", tuning, trials[penalty]),
        row("not tuned on, as tracked", songs, [song.tracked for song in songs]),
        row("not tuned on, chosen", songs, [chosen(song, shipped) for song in songs]),
        row("not tuned on, the best candidate", songs, [int(np.argmax(song.f_measures)) for song in songs]),
    ]
    note = cell("A tempo is right within {:.0f} %. The penalty is {}.", 100 * TOLERANCE, penalty)
    save(
        "tempo_octave",
        [table(["songs", "how many", "tempo right", "beats F"], lines, ["", "", "{:.3f}", "{:.3f}"])],
        [note],
    )


if __name__ == "__main__":
    main()
