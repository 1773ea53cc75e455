"""Which sections of a song are the same, and what each is: intro, verse, chorus and so on.

Sections are one where their bars follow one another alike (average linkage). A multinomial logistic regression says
what a section may be, by whether a voice is heard, how full it is, where it stands and how often it comes; Viterbi's
algorithm chooses the labels that are likeliest one after another.

Axes: b bars, s sections, d features, k labels.
"""

from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.special import log_softmax

from mir.bar_features import BarFeatures
from scoretok.parts import SECTION_LABELS

# Set by a study that was not kept; benchmarks.section_model measures the result.
SAME_SECTION = 1.0  # standard deviations above the mean
LETTER_SHARE = 0.5  # of what all sections of a letter say together, in what one of them is
TRANSITION_WEIGHT = 0.6
EDGE_SHARE = 0.15  # of a song
LABEL_FEATURES = (
    "song is sung", "sung", "not sung", "melody", "fullness", "fullness of its letter", "melody of its letter",
    "log bars", "log bars squared", "begins at", "ends at", "first", "last", "times of its letter", "comes again",
    "share of its letter", "letter first at", "fullest letter that comes again", "first letter that comes again",
    "second letter that comes again", "a voice before", "a voice after", "first and not sung", "last and not sung",
    "begins late", "ends early",
)  # fmt: skip


@dataclass(frozen=True)
class LabelModel:
    """Weights (d, k) and biases (k,) of the regression; log-odds of labels one after another (k + 1, k + 1).

    The last row of transitions is what a song begins with, the last column what it ends with.
    """

    weights: np.ndarray
    bias: np.ndarray
    transitions: np.ndarray


def section_letters(features: BarFeatures, starts: list[int]) -> np.ndarray:
    """Letters of sections (s,) from 0 on, equal where they are alike."""
    if len(starts) == 1:
        return np.zeros(1, int)
    alike = features.standard_similarity
    stops = [*starts[1:], len(alike)]
    likeness = [
        _best_alignment(alike[starts[a] : stops[a], starts[b] : stops[b]])
        for a in range(len(starts))
        for b in range(a + 1, len(starts))
    ]
    highest = max(SAME_SECTION, *likeness)
    tree = linkage(highest - np.array(likeness), "average")
    groups = fcluster(tree, highest - SAME_SECTION, "distance").tolist()
    order = list(dict.fromkeys(groups))
    return np.array([order.index(group) for group in groups])


def _best_alignment(block: np.ndarray) -> float:
    """The mean along the best diagonal of a block, over the length of the shorter of two sections."""
    if block.shape[0] > block.shape[1]:
        block = block.T
    rows, columns = block.shape
    return max(float(np.diagonal(block, offset).mean()) for offset in range(columns - rows + 1))


def label_features(features: BarFeatures, starts: list[int], letters: np.ndarray) -> np.ndarray:
    """Features of sections (s, d) in the order of LABEL_FEATURES."""
    count = len(features)
    stops = [*starts[1:], count]
    begins, ends = np.array(starts) / count, np.array(stops) / count
    has_voice = bool(features.melody.any())
    fullness = features.scaled_texture.mean(1)
    melody = features.melody.sum(1)
    sung = _section_means(features.has_melody * float(has_voice), starts)
    fuller = _section_means((fullness - fullness.mean()) / (fullness.std() + 1e-6), starts)
    melodic = _section_means(melody / max(1e-9, float(melody.mean())), starts)
    of_letter = letters[:, None] == letters  # (s, s)
    times = of_letter.sum(1)
    letter_fuller, letter_melodic = (of_letter @ some / times for some in (fuller, melodic))
    repeated = list(dict.fromkeys(letters[times > 1].tolist()))
    fullest = max(repeated, key=lambda letter: float(letter_fuller[letters == letter][0]), default=-1)
    first, second = (repeated[at] if len(repeated) > at else -1 for at in (0, 1))
    log_bars = np.log(np.array(stops) - np.array(starts))
    at = np.arange(len(starts))
    silent = has_voice & (sung < 0.3)
    columns = [
        np.full(len(at), float(has_voice)), sung, sung < 0.3, melodic, fuller, letter_fuller, letter_melodic,
        log_bars, log_bars**2, begins, ends, at == 0, at == len(at) - 1, times, times > 1,
        of_letter @ (ends - begins), np.where(of_letter, begins, 1.0).min(1), letters == fullest, letters == first,
        letters == second, np.concatenate([[0.0], np.maximum.accumulate(sung)[:-1]]),
        np.concatenate([np.maximum.accumulate(sung[::-1])[::-1][1:], [0.0]]), (at == 0) & silent,
        (at == len(at) - 1) & silent, begins > 1 - EDGE_SHARE, ends < EDGE_SHARE,
    ]  # fmt: skip
    return np.stack([np.asarray(column, float) for column in columns], 1)


def _section_means(levels: np.ndarray, starts: list[int]) -> np.ndarray:
    return np.asarray(np.add.reduceat(levels, starts) / np.diff([*starts, len(levels)]))


def section_labels(model: LabelModel, features: BarFeatures, starts: list[int], letters: np.ndarray) -> list[str]:
    """The labels of sections that begin at bars `starts` (s,)."""
    log_chances = log_softmax(label_features(features, starts, letters) @ model.weights + model.bias, 1)  # (s, k)
    of_letter = letters[:, None] == letters
    together = of_letter @ log_chances / of_letter.sum(1, keepdims=True)
    scores = (1 - LETTER_SHARE) * log_chances + LETTER_SHARE * together
    transitions = TRANSITION_WEIGHT * model.transitions
    best = scores[0] + transitions[-1, :-1]
    came_from = []
    for row in scores[1:]:
        values = best[:, None] + transitions[:-1, :-1]
        came_from.append(values.argmax(0))
        best = values.max(0) + row
    labels = [int((best + transitions[:-1, -1]).argmax())]
    for row in came_from[::-1]:
        labels.append(int(row[labels[-1]]))
    return [SECTION_LABELS[label] for label in labels[::-1]]
