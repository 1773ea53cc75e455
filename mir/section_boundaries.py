"""The bars at which sections begin: what changes there and what repeats from there, at lengths that are usual.

A logistic regression says how much a bar line looks like a boundary: by checkerboards on self-similarity matrices
(Foote, "Automatic audio segmentation using a measure of audio novelty", 2000), by a change of what bars repeat
(structure features of Serra et al., "Unsupervised music structure annotation by time series structure features and
segment similarity", 2014), by beginnings and ends of repetitions, fills, and changes of melody and density. Dynamic
programming chooses the boundaries that are likeliest together with the lengths between them and with how alike the bars
within sections are (correlation block matching of Marmoret et al., "Barwise music structure analysis with the
correlation block-matching segmentation algorithm", 2023).

Axes: b bars, d features.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mir.bar_features import BarFeatures

KERNELS_BARS = (2, 4, 8)
PATH_BARS = 4  # so many bars in a row are alike where music repeats
FILL_BARS = 4
MIN_SPREAD = 0.01  # of a feature in a song; what varies less is noise
SHORTEST_BARS = 4  # but for a first and a last section
LONGEST_BARS = 40
BOUNDARY_FEATURES = (
    *(f"{kind} differ, {size} bars" for kind in ("pitches", "melody", "texture") for size in KERNELS_BARS),
    "repeats other bars", "repetition begins", "repetition ends", "melody repetition begins", "melody repetition ends",
    "pitches repetition begins", "pitches repetition ends", "melody changes", "melody changes by", "melody of the bar",
    "melody of the bar before", "density changes", "density changes by", "density of the bar",
    "density of the bar before", "fill", "within 2 bars of the start", "within 4", "within 3 of the end", "within 5",
)  # fmt: skip
# Set by a study that was not kept; benchmarks.section_model measures the result.
LENGTH_WEIGHT = 0.5
BLOCK_WEIGHT = 0.4
OFFSET = -2.0  # of the logit of a boundary


@dataclass(frozen=True)
class BoundaryModel:
    """Weights (d,) and bias of the logistic regression, and log-probabilities of lengths, by bars from 0 on."""

    weights: np.ndarray
    bias: float
    log_lengths: np.ndarray

    def logits(self, features: BarFeatures) -> np.ndarray:
        """Log-odds (b,) that a section begins at a bar."""
        return np.asarray(boundary_features(features) @ self.weights + self.bias)


def boundary_features(features: BarFeatures) -> np.ndarray:
    """Features of bar lines (b, d) in the order of BOUNDARY_FEATURES; those of music as z-scores in the song."""
    count = len(features)
    alike = features.similarities
    columns = [_checkerboard(alike[name], size) for name in ("pitches", "melody", "texture") for size in KERNELS_BARS]
    columns.append(_lag_changes(features.similarity))
    for matrix in (features.similarity, alike["melody"], alike["pitches"]):
        columns += _repetition_edges(matrix)
    columns += _level_changes(features.melody.sum(1)) + _level_changes(features.texture.sum(1))
    columns.append(_fills(alike["texture"]))
    found = np.stack(columns, 1)
    scaled = (found - found[1:].mean(0)) / np.maximum(found[1:].std(0), MIN_SPREAD)
    at = np.arange(count)
    edges = np.stack([at < 2, at < 4, count - at < 3, count - at < 5], 1)
    return np.concatenate([scaled, edges], 1)


def boundaries(model: BoundaryModel, features: BarFeatures, logits: np.ndarray) -> list[int]:
    """The bars at which sections begin, the first of them 0, by what `model` gives as logits (b,)."""
    count = len(features)
    blocks = BLOCK_WEIGHT * _block_scores(features.similarity)
    best, came_from = np.full(count + 1, -np.inf), np.zeros(count + 1, int)
    best[0] = 0.0
    for stop in range(1, count + 1):
        first = max(0, stop - LONGEST_BARS)
        starts = np.arange(first, stop)
        values = best[first:stop] + LENGTH_WEIGHT * model.log_lengths[stop - starts] + blocks[starts, stop]
        if stop < count:
            values[(stop - starts < SHORTEST_BARS) & (starts > 0)] = -np.inf
        choice = int(values.argmax())
        best[stop] = values[choice] + (logits[stop] - OFFSET if stop < count else 0.0)
        came_from[stop] = starts[choice]
    found, stop = [], count
    while stop:
        stop = int(came_from[stop])
        found.append(stop)
    return found[::-1]


def _checkerboard(alike: np.ndarray, size: int) -> np.ndarray:
    """Foote's novelty (b,) of a matrix (b, b): how unlike bars before and after a bar line are."""
    count, sums = len(alike), _summed(alike)
    at = np.arange(1, count)
    reach = np.minimum(np.minimum(at, count - at), size)

    def mean(row: np.ndarray, column: np.ndarray) -> np.ndarray:
        a, b, c, d = row, row + reach, column, column + reach
        return np.asarray((sums[b, d] - sums[a, d] - sums[b, c] + sums[a, c]) / reach**2)

    before = at - reach
    change = (mean(before, before) + mean(at, at)) / 2 - mean(before, at)
    return np.concatenate([[0.0], reach / size * change])  # few bars differ more by chance


def _lag_changes(alike: np.ndarray) -> np.ndarray:
    """How much what bars repeat, by lag, changes at bar lines, (b,)."""
    count = len(alike)
    lags = np.stack([np.roll(row, -bar) for bar, row in enumerate(alike)])
    changes = np.zeros(count)
    for bar in range(1, count):
        reach = min(PATH_BARS, bar, count - bar)
        difference = lags[bar - reach : bar].mean(0) - lags[bar : bar + reach].mean(0)
        changes[bar] = reach / PATH_BARS * np.sqrt(np.square(difference).mean())
    return changes


def _repetition_edges(alike: np.ndarray) -> list[np.ndarray]:
    """How clearly a repetition of bars elsewhere begins and ends at bar lines, two of (b,)."""
    count = len(alike)
    ahead = _diagonal_means(alike, range(PATH_BARS))
    before = _diagonal_means(alike, range(-PATH_BARS, 0))
    is_far = np.abs(np.subtract.outer(np.arange(count), np.arange(count))) >= PATH_BARS
    edges = [np.where(is_far, change, -1.0).max(1) for change in (ahead - before, before - ahead)]
    for edge in edges:
        edge[0] = 0.0
    return edges


def _diagonal_means(alike: np.ndarray, shifts: Iterable[int]) -> np.ndarray:
    """Means of a matrix (b, b) along its diagonals, of what lies so many bars on; 0 where none does."""
    count = len(alike)
    total, seen = np.zeros_like(alike), np.zeros_like(alike)
    for shift in shifts:
        start, stop = max(0, -shift), min(count, count - shift)
        if start < stop:
            total[start:stop, start:stop] += alike[start + shift : stop + shift, start + shift : stop + shift]
            seen[start:stop, start:stop] += 1
    return total / np.maximum(seen, 1)


def _level_changes(levels: np.ndarray) -> list[np.ndarray]:
    """How a level (b,) changes at bar lines, by how much, and what the bars after and before do beside their past."""
    level = levels / max(1e-9, float(levels.max()))
    sums = np.concatenate([[0.0], level.cumsum()])
    at = np.arange(len(level))

    def mean(first: int, last: int) -> np.ndarray:
        start, stop = np.clip(at + first, 0, len(level)), np.clip(at + last, 0, len(level))
        return np.asarray((sums[stop] - sums[start]) / np.maximum(stop - start, 1))

    past = mean(-PATH_BARS, 0)
    change = mean(0, PATH_BARS) - past
    return [change, np.abs(change), level - past, mean(-1, 0) - mean(-PATH_BARS - 1, -1)]


def _fills(alike: np.ndarray) -> np.ndarray:
    """How unlike the bars before it the last bar before a bar line is, (b,)."""
    found = np.zeros(len(alike))
    for bar in range(2, len(alike)):
        found[bar] = 1 - alike[bar - 1, max(0, bar - 1 - FILL_BARS) : bar - 1].mean()
    return found


def _block_scores(alike: np.ndarray) -> np.ndarray:
    """How alike bars from one line to another are, (b + 1, b + 1), in standard deviations times bars."""
    count = len(alike)
    others = ~np.eye(count, dtype=bool)
    scaled = (alike - alike[others].mean()) / max(1e-9, alike.std())
    sums = _summed(np.where(others, scaled, 0.0))
    total = np.diagonal(sums)[None] - sums - sums.T + np.diagonal(sums)[:, None]
    length = np.subtract.outer(np.arange(count + 1), np.arange(count + 1)).T
    return np.asarray(total / np.maximum(length, 1))


def _summed(matrix: np.ndarray) -> np.ndarray:
    """Summed-area table with a first row and column of zeros."""
    return np.pad(matrix.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
