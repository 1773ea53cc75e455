"""Melodies that the planner writes beside real ones: overlap of what they are made of, and can a classifier tell them.

python -m benchmarks.planner_melodies --data SHARDS [--model DIR] [--songs 60]
python -m benchmarks.planner_melodies --data SHARDS [--model DIR] [--songs 60] --fit

For every held-out song with one voice the model composes 16 bars from its header (genre, tempo, meter, key, and three
of its tracks): once as a song of that voice, once with a lead instrument that plays the melody. `--fit` does so with
songs of the training split and one candidate a bar, and writes the weights of `planner.melody_score`.

The classifier is a logistic regression on means and deviations of MEASURES over the bars of a melody, ten-fold
cross-validated; it is right half the time where it cannot tell.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from benchmarks.common import cell, save, table
from benchmarks.planner_measures import SLOT, overlap
from benchmarks.planner_songs import in_two_processes
from benchmarks.unread import planner_left_out
from planner.checkpoint import PLANNER_WEIGHTS, load_model
from planner.composition import compose
from planner.examples import played_melody, with_parts
from planner.language import CellNote
from planner.melody_score import LIMIT, MEASURES, PHRASE_NOTES, WINDOW_BARS, measures, melody_bar, phrase_lengths
from planner.request import BarRequest
from planner.score_shards import ScoreShards
from planner.song import Song, song_of, song_window
from planner.token_sampling import TokenSampling
from scoretok.files import write_text
from scoretok.theory import PITCH_CLASS_NAMES

BARS, TRACKS = 16, 3
FOLDS, RIDGE = 10, 3.0
ROLES = ("vocal", "lead")


def songs_with_a_voice(data: str, count: int, is_training: bool) -> list[Song]:
    """Sixteen bars of songs with one vocal track that sings in most of them, and two more tracks."""
    shards = ScoreShards(data, "train" if is_training else None)
    found: list[Song] = []
    seen: set[str] = set()
    for number in np.random.default_rng(11).permutation(len(shards)).tolist():
        entry = shards.entries[number][1]
        if entry.song in seen or (not is_training and not planner_left_out(entry.name)):
            continue
        song = song_of(shards.sheet(number), entry.genre)
        voices = [n for n, part in enumerate(song.parts) if part.name.startswith("vocal.")]
        others = [n for n, part in enumerate(song.parts) if not part.name.startswith(("vocal.", "lead."))]
        if len(voices) != 1 or not others or len(song) < BARS + 4:
            continue
        view = song_window(with_parts(song, sorted([*voices, *others[: TRACKS - 1]])), range(4, 4 + BARS))
        voice = next(n for n, part in enumerate(view.parts) if part.name.startswith("vocal."))
        if sum((voice, bar) in view.cells for bar in range(BARS)) >= BARS * 3 // 4:
            seen.add(entry.song)
            found.append(replace(view, words={}))
        if len(found) == count:
            break
    return found


def composed(song: Song, model: object, seed: int, candidates: int) -> Song:
    """A new song with the header of another."""
    header = replace(song, plan=(), cells={}, words={})
    sampling = TokenSampling(seed=seed, candidates=candidates)
    return song_of(compose(model, header, [BarRequest()] * len(song), None, sampling).sheet, song.genre)


def pairs_of(numbers: list[int], songs: Sequence[Song], folder: str, candidates: int) -> list[tuple[Song, Song]]:
    """Real songs, as vocal and as lead melodies, and what the model makes of their headers."""
    torch.set_num_threads(1)
    model = load_model(folder)
    found = []
    for number in numbers:
        played = played_melody(songs[number], np.random.default_rng(number))
        found += [(real, composed(real, model, number, candidates)) for real in (songs[number], played)]
    return found


def melody_of(song: Song) -> int:
    """The number of its melody's part."""
    return next(n for n, part in enumerate(song.parts) if part.name.partition(".")[0] in ROLES)


def bars_of(song: Song) -> list[dict[str, float]]:
    """The measures of the bars of its melody."""
    part, found = melody_of(song), []
    for bar in range(len(song)):
        window = [melody_bar(song, part, at) for at in range(max(0, bar - WINDOW_BARS + 1), bar + 1)]
        one = measures(window, song.key_at(bar))
        found += [one] if one else []
    return found


def line_of(song: Song) -> list[tuple[int, CellNote]]:
    """Ticks and notes of its melody."""
    part, starts = melody_of(song), song.bar_starts()
    return [(starts[bar] + hit.position, hit) for bar in range(len(song)) for hit in song.cells.get((part, bar), ())]


def phrase_histogram(song: Song) -> Counter[int]:
    """Notes of its phrases, which silence parts."""
    part, starts = melody_of(song), song.bar_starts()
    cells = [song.cells.get((part, bar), ()) for bar in range(len(song))]
    return Counter(min(PHRASE_NOTES, length) for length in phrase_lengths(cells, [b - a for a, b in pairwise(starts)]))


def intervals(song: Song) -> Counter[int]:
    """Steps from note to note in semitones, at most an octave."""
    return Counter(max(-12, min(12, b.pitch - a.pitch)) for (_, a), (_, b) in pairwise(line_of(song)))


def repeated_notes(song: Song) -> Counter[int]:
    """How many notes repeat the one before, in tenths."""
    steps = intervals(song)
    return Counter([10 * steps[0] // max(1, steps.total())])


def pitch_range(song: Song) -> Counter[int]:
    """Its range in semitones, by three."""
    pitches = [hit.pitch for _, hit in line_of(song)]
    return Counter([(max(pitches) - min(pitches)) // 3] if pitches else [])


def pitch_classes(song: Song) -> Counter[int]:
    """Notes by pitch class, counted from the tonic."""
    tonic = PITCH_CLASS_NAMES.index(song.key.partition(":")[0])
    return Counter((hit.pitch - tonic) % 12 for _, hit in line_of(song))


HISTOGRAMS: dict[str, Callable[[Song], Counter[int]]] = {
    "intervals": intervals,
    "durations": lambda song: Counter(hit.duration for _, hit in line_of(song)),
    "onsets in the bar": lambda song: Counter(hit.position // SLOT for _, hit in line_of(song)),
    "pitch classes, from the tonic": pitch_classes,
    "repeated notes": repeated_notes,
    "phrase lengths": phrase_histogram,
    "range": pitch_range,
}


def pooled(songs: Sequence[Song], histogram: Callable[[Song], Counter[int]]) -> Counter[int]:
    """One histogram of several songs, every song counting the same."""
    found: Counter[int] = Counter()
    for song in songs:
        one = histogram(song)
        found.update({key: round(1e6 * count / one.total()) for key, count in one.items()})
    return found


def overlaps(real: Sequence[Song], made: Sequence[Song]) -> list[list[object]]:
    """Rows: halves of the real songs among themselves, made beside real ones, and their ratio."""
    rows: list[list[object]] = []
    for name, histogram in HISTOGRAMS.items():
        halves = []
        for seed in range(20):
            order = np.random.default_rng(seed).permutation(len(real)).tolist()
            one, other = ([real[n] for n in order[start::2]] for start in range(2))
            chosen = [made[n] for n in order[::2]]
            rest = pooled(other, histogram)
            halves.append((overlap(pooled(one, histogram), rest), overlap(pooled(chosen, histogram), rest)))
        among, beside = np.mean(halves, 0)
        rows.append([name, cell("{:.3f}", among), cell("{:.3f}", beside), cell("{:.0%}", beside / among)])
    return rows


def design(rows: np.ndarray) -> np.ndarray:
    """Standardised measures (n, m) and their squares, with a constant: (n, 2 m + 1)."""
    z = np.clip(rows, -LIMIT, LIMIT)
    return np.hstack([z, z * z, np.ones((len(z), 1))])


def regression(x: np.ndarray, is_real: np.ndarray, ridge: float = RIDGE) -> np.ndarray:
    """Weights (d,) of a logistic regression with a ridge, by Newton's method."""
    weights = np.zeros(x.shape[1])
    penalty = np.full(x.shape[1], ridge)
    penalty[-1] = 0.0
    for _ in range(50):
        chance = 1 / (1 + np.exp(-x @ weights))
        gradient = x.T @ (is_real - chance) - penalty * weights
        curvature = (x * (chance * (1 - chance))[:, None]).T @ x + np.diag(penalty + 1e-9)
        weights += np.linalg.solve(curvature, gradient)
    return weights


def classified(real: Sequence[Song], made: Sequence[Song]) -> float:
    """How often a classifier is right that has not seen a melody, nor what was made of its header."""
    songs = [(one, label) for pair in zip(real, made, strict=True) for one, label in zip(pair, (1, 0), strict=True)]
    features, labels = [], []
    for song, label in songs:
        rows = np.array([[row[name] for name in MEASURES] for row in bars_of(song)] or np.zeros((1, len(MEASURES))))
        features.append([*rows.mean(0), *rows.std(0)])
        labels.append(label)
    x, y = np.array(features), np.array(labels)
    right = 0
    for fold in range(FOLDS):
        held = np.arange(len(y)) // 2 % FOLDS == fold
        mean, scale = x[~held].mean(0), x[~held].std(0) + 1e-6
        weights = regression(np.hstack([(x[~held] - mean) / scale, np.ones((int((~held).sum()), 1))]), y[~held])
        z = np.hstack([(x[held] - mean) / scale, np.ones((int(held.sum()), 1))])
        right += int(((z @ weights > 0) == y[held]).sum())
    return right / len(y)


def concave_regression(x: np.ndarray, is_real: np.ndarray) -> np.ndarray:
    """Weights (2 m + 1,) of a design, no square's above zero: what is chosen by them never runs to an extreme."""
    count = len(MEASURES)
    is_kept = np.ones(x.shape[1], bool)
    weights = np.zeros(x.shape[1])
    while True:
        weights[is_kept] = regression(x[:, is_kept], is_real, ridge=30.0)
        weights[~is_kept] = 0.0
        rising = np.flatnonzero(weights[count : 2 * count] > 0) + count
        if not len(rising):
            return weights
        is_kept[rising] = False


def fit(pairs: Sequence[tuple[Song, Song]]) -> None:
    """Write the weights of `planner.melody_score`."""
    rows, labels = [], []
    for pair in pairs:
        for song, label in zip(pair, (1, 0), strict=True):
            found = bars_of(song)
            rows += [[row[name] for name in MEASURES] for row in found]
            labels += [label] * len(found)
    x, y = np.array(rows), np.array(labels)
    mean, scale = x[y == 1].mean(0), x[y == 1].std(0) + 1e-6
    weights = concave_regression(design((x - mean) / scale), y)
    lines: list[str] = []
    count = len(MEASURES)
    for title, values in (("MEANS", mean), ("SCALES", scale)):
        lines += [f"{title} = {{", *(f'    "{n}": {v:.4f},' for n, v in zip(MEASURES, values, strict=True)), "}"]
    terms = zip(MEASURES, weights[:count], weights[count : 2 * count], strict=True)
    lines += ["WEIGHTS = {", *(f'    "{n}": ({a:.4f}, {b:.4f}),' for n, a, b in terms), "}"]
    path = Path(__file__).parents[1] / "planner" / "melody_weights.py"
    heading = path.read_text().partition("MEANS")[0]
    write_text(heading + "\n".join(lines) + "\n", path)
    chance = design((x - mean) / scale) @ weights
    print(f"{len(y)} bars; {np.mean((chance > 0) == y):.1%} are told right")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", default=str(PLANNER_WEIGHTS))
    parser.add_argument("--songs", type=int, default=60)
    parser.add_argument("--candidates", type=int, default=TokenSampling.candidates)
    parser.add_argument("--fit", action="store_true")
    arguments = parser.parse_args()
    songs = songs_with_a_voice(arguments.data, arguments.songs, arguments.fit)
    candidates = 1 if arguments.fit else arguments.candidates
    pairs = in_two_processes(partial(pairs_of, songs=songs, folder=arguments.model, candidates=candidates), len(songs))
    if arguments.fit:
        fit(pairs)
        return
    tables, notes = [], [f"{len(songs)} songs of {BARS} bars; classifier: {', '.join(MEASURES)}."]
    rows: list[list[object]] = []
    for role in ROLES:
        chosen = [pair for pair in pairs if pair[0].parts[melody_of(pair[0])].name.startswith(role)]
        real, made = [one for one, _ in chosen], [other for _, other in chosen]
        rows += [[f"{role}: {row[0]}", *row[1:]] for row in overlaps(real, made)]
        rows.append(
            [f"{role}: told by a classifier (goal: at most 75 %)", "", cell("{:.0%}", classified(real, made)), ""]
        )
    heading = ["", "real among themselves", "made beside real", "of it (goal: 90 %)"]
    tables.append(table(heading, rows))
    save("planner_melodies", tables, notes)


if __name__ == "__main__":
    main()
