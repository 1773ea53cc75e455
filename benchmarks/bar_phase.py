"""Which beat begins the bars: fits what decides it on songs to tune on, measures it on songs that nothing was set on.

python -m benchmarks.bar_phase --tuning TUNING --songs SONGS [--cache DIR]     both as benchmarks.transcription_songs
  makes them; prints the weights that stand in mir/bar_phase.py

A conditional logit, fitted by the likelihood of the right places, with as much regularisation as is best in five-fold
cross-validation. Every third song is fitted on a second time, cut where a bar goes on: most recordings begin with a
bar, but not all.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.common import cell, save, table
from benchmarks.tempo_octave import PENALTIES, SKIPPED_S, Choice, chosen, cross_validated, fitted, heard
from mir.bar_phase import FEATURE_NAMES, PHASE_WEIGHTS, phase_features
from mir.beats import FRAMES_PER_S, NoBeatError, track_bars
from mir.grid import BeatGrid, beat_times_s
from mir.metrical_evidence import MetricalEvidence
from mir.notes.log_spectrogram import FRAMES_PER_S as NOTE_FRAMES_PER_S
from mir.stage_cache import StageCache
from mir.tempo_octave import choose_octave
from scoretok import read

CUT_BEATS = (17, 18, 19)  # in turn; places in the fifth bar of four
CUT_SONGS = 3  # one of so many is cut
SAME_BARS = 0.035  # of their length; others are not those that the song has
RIGHT_BEATS = 0.7  # F measure of downbeats of the best place


@dataclass(frozen=True)
class Heard:
    """What is heard of a song: its beats, what they were decoded from, and the true downbeats (b,) in seconds."""

    grid: BeatGrid
    activations: np.ndarray
    evidence: MetricalEvidence
    downbeats_s: np.ndarray

    def cut(self, beats: int) -> "Heard":
        """The same from a beat on, half a beat before which the recording begins."""
        times_s = self.grid.times_s
        start_s = float(times_s[beats - 1 : beats + 1].mean())
        later = {
            name: values[values >= start_s] - start_s
            for name, values in vars(self.evidence).items()
            if name.endswith("_s")
        }
        chroma = self.evidence.chroma[round(start_s * NOTE_FRAMES_PER_S) :]
        grid = replace(self.grid, times_s=times_s[beats:] - start_s, first_beat=int(self.grid.numbers[beats]))
        true_s = self.downbeats_s[self.downbeats_s >= start_s] - start_s
        activations = self.activations[round(start_s * FRAMES_PER_S) :]
        return Heard(grid, activations, replace(self.evidence, chroma=chroma, **later), true_s)

    def choice(self, name: str) -> Choice:
        """The places in the bar that the first beat may have, as candidates."""
        from mir_eval.beat import f_measure

        true_s = self.downbeats_s[self.downbeats_s > SKIPPED_S]
        grids = [replace(self.grid, first_beat=first) for first in range(self.grid.beats_per_bar)]
        scores = [float(f_measure(true_s, grid.downbeats_s[grid.downbeats_s > SKIPPED_S])) for grid in grids]
        bar_s = float(np.median(np.diff(self.downbeats_s)))
        length = float(np.median(np.diff(self.grid.times_s))) * self.grid.beats_per_bar
        is_known = abs(length / bar_s - 1) < SAME_BARS and max(scores) >= RIGHT_BEATS
        features = phase_features(self.grid, self.activations, self.evidence)
        return Choice(name, features, tuple(scores), int(np.argmax(scores)) if is_known else -1, self.grid.first_beat)


def songs_of(folder: Path, cache: str | None) -> list[tuple[str, Heard]]:
    """What is heard of every song of a folder in which there is a beat."""
    found = []
    for path in sorted(folder.glob("*.flac")):
        activations, evidence = heard(path, StageCache(cache, path))
        try:
            grid = choose_octave(track_bars(activations), activations, evidence)
        except NoBeatError:
            continue
        found.append((path.stem, Heard(grid, activations, evidence, beat_times_s(read(path.with_suffix(".lead")))[1])))
    return found


def cut_choices(songs: list[tuple[str, Heard]]) -> list[Choice]:
    """The candidates of songs that are cut within a bar."""
    return [song.cut(CUT_BEATS[at % len(CUT_BEATS)]).choice(name) for at, (name, song) in enumerate(songs)]


def row(name: str, songs: list[Choice], picks: list[int]) -> list[object]:
    """A line of the table: how often the place is right where the bars are, and downbeats of all songs."""
    known = [pick == song.right for song, pick in zip(songs, picks, strict=True) if song.right >= 0]
    downbeats = np.mean([song.f_measures[pick] for song, pick in zip(songs, picks, strict=True)])
    return [name, len(songs), len(known), np.mean(known), downbeats]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tuning", type=Path, required=True)
    parser.add_argument("--songs", type=Path, required=True)
    parser.add_argument("--cache")
    given = parser.parse_args()
    tuning, songs = (songs_of(folder, given.cache) for folder in (given.tuning, given.songs))
    choices = [song.choice(name) for name, song in tuning] + cut_choices(tuning[::CUT_SONGS])
    trials = {penalty: cross_validated(choices, penalty) for penalty in PENALTIES}
    penalty = max(trials, key=lambda one: row("", choices, trials[one])[3])
    weights = fitted(choices, penalty)
    print(dict(zip(FEATURE_NAMES, weights.round(3).tolist(), strict=True)))
    lines = [
        row("to tune on, one in four of them cut, as tracked", choices, [song.tracked for song in choices]),
        row("to tune on, chosen by weights of other songs", choices, trials[penalty]),
    ]
    for kind, others in (
        ("not tuned on", [song.choice(name) for name, song in songs]),
        ("not tuned on, cut", cut_choices(songs)),
    ):
        lines += [
            row(f"{kind}, as tracked", others, [song.tracked for song in others]),
            row(f"{kind}, chosen", others, [chosen(song, np.array(PHASE_WEIGHTS)) for song in others]),
            row(f"{kind}, the best place", others, [int(np.argmax(song.f_measures)) for song in others]),
        ]
    note = cell("Places are counted where beats and bars are as long as those of the song. The penalty is {}.", penalty)
    heads = ["songs", "how many", "with right bars", "place right", "downbeats F"]
    save("bar_phase", [table(heads, lines, ["", "", "", "{:.3f}", "{:.3f}"])], [note])


if __name__ == "__main__":
    main()
