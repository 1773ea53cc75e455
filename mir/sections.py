"""The form of a recording: where sections begin, and which they are, by what repeats and what changes from bar to bar.

Axes: b bars, v features, s sections.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from scoretok.parts import Section

# Set by hand (no script counts the lengths); benchmarks.transcription_sections measures the result.
KERNEL_BARS = 4
PATH_BARS = 4  # so many bars in a row are alike where music repeats
# What a section of so many bars costs, in nats; others cost OTHER_COST.
LENGTH_COSTS = {8: 0.9, 4: 1.7, 16: 1.9, 12: 2.2, 6: 3.0, 10: 3.0, 9: 3.2, 7: 3.4, 5: 3.4, 2: 3.8, 14: 3.6, 20: 3.4}
OTHER_COST = 4.2
LONGEST_BARS = 32
NOVELTY_WEIGHT = 3.0
MIN_NOVELTY_STD = 0.15  # of novelty; what varies less is noise
SECTION_SIMILARITY = 0.72  # sections that are at least so similar are one
EDGE_SHARE = 0.15  # intros and outros end, or begin, within this share of a song


@dataclass(frozen=True)
class BarFeatures:
    """Bar features: chroma (b, 12) of all and of the melody, texture (b, v) of onset counts."""

    pitches: np.ndarray
    melody: np.ndarray
    texture: np.ndarray

    @property
    def has_melody(self) -> np.ndarray:
        """Whether a melody is heard, (b,); in a song without any it is taken to be in every bar."""
        melody_s = self.melody.sum(1)
        if not melody_s.any():
            return np.ones(len(melody_s), bool)
        return melody_s > 0.1 * float(np.median(melody_s[melody_s > 0]))


class SectionEstimate(NamedTuple):
    """A section of the score, and how sure its beginning is."""

    section: Section
    confidence: float


def similarity(features: BarFeatures) -> np.ndarray:
    """Self-similarity matrix of bars, (b, b), 0 to 1: chroma, melody and texture combined."""
    parts = []
    for rows, weight in ((features.pitches, 0.4), (features.melody, 0.3)):
        unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        both_silent = (rows.sum(1) == 0)[:, None] & (rows.sum(1) == 0)
        parts.append(weight * np.where(both_silent, 1.0, unit @ unit.T))
    spread = features.texture.std(0) + 1e-6
    scaled = features.texture / spread
    distance = np.square(scaled[:, None] - scaled).mean(2)
    return np.asarray(sum(parts) + 0.3 * np.exp(-distance))


def smooth_diagonals(alike: np.ndarray, length: int = PATH_BARS) -> np.ndarray:
    """Self-similarity matrix (b, b) smoothed along diagonals (path enhancement)."""
    count = len(alike)
    smooth = np.zeros_like(alike)
    seen = np.zeros_like(alike)
    for shift in range(-length // 2 + 1, length // 2 + 1):
        start, stop = max(0, -shift), min(count, count - shift)
        smooth[start:stop, start:stop] += alike[start + shift : stop + shift, start + shift : stop + shift]
        seen[start:stop, start:stop] += 1
    return smooth / seen


def novelty(alike: np.ndarray) -> np.ndarray:
    """Novelty curve at bar lines, (b,), 0 to 1.

    Foote's checkerboard ("Automatic audio segmentation using a measure of audio novelty", 2000), and changes of what
    a bar repeats (structure features of Serra et al., 2014).
    """
    count = len(alike)
    lags = np.stack([np.roll(row, -bar) for bar, row in enumerate(smooth_diagonals(alike))])
    checker, changes = np.zeros(count), np.zeros(count)
    for bar in range(1, count):
        reach = min(KERNEL_BARS, bar, count - bar)
        before, behind = slice(bar - reach, bar), slice(bar, bar + reach)
        inside = alike[before, before].mean() + alike[behind, behind].mean()
        share = reach / KERNEL_BARS  # few bars differ more by chance
        checker[bar] = share * max(0.0, inside / 2 - alike[before, behind].mean())
        changes[bar] = share * np.sqrt(np.square(lags[before].mean(0) - lags[behind].mean(0)).mean())
    both = checker / max(1e-9, checker.max()) + changes / max(1e-9, changes.max())
    return both / max(1e-9, both.max())


def boundaries(changes: np.ndarray) -> list[int]:
    """The bars at which sections begin: where much changes, at lengths that are usual, by dynamic programming."""
    count = len(changes)
    gain = NOVELTY_WEIGHT * (changes - changes.mean()) / max(MIN_NOVELTY_STD, changes.std())
    best, came_from = np.full(count + 1, -np.inf), np.zeros(count + 1, int)
    best[0] = 0.0
    for stop in range(1, count + 1):
        for start in range(max(0, stop - LONGEST_BARS), stop):
            cost = LENGTH_COSTS.get(stop - start, OTHER_COST)
            value = best[start] - cost + (gain[stop] if stop < count else 0.0)
            if value > best[stop]:
                best[stop], came_from[stop] = value, start
    found, stop = [], count
    while stop:
        stop = int(came_from[stop])
        found.append(stop)
    return found[::-1]


def section_letters(alike: np.ndarray, starts: list[int]) -> np.ndarray:
    """Letters of sections (s,), equal where they are alike, from the similarity (b, b) of bars."""
    stops = [*starts[1:], len(alike)]
    letters = np.full(len(starts), -1)
    for number, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        scores = []
        for other in range(number):
            length = min(stop - start, stops[other] - starts[other])
            unlike = abs((stop - start) - (stops[other] - starts[other])) / max(
                stop - start, stops[other] - starts[other]
            )
            block = alike[start : start + length, starts[other] : starts[other] + length]
            scores.append(float(np.diagonal(block).mean()) - 0.3 * unlike)
        if scores and max(scores) >= SECTION_SIMILARITY:
            letters[number] = letters[int(np.argmax(scores))]
        else:
            letters[number] = letters.max() + 1
    return letters


def find_sections(features: BarFeatures) -> list[SectionEstimate]:
    """The sections of a recording; none for less than eight bars."""
    count = len(features.pitches)
    if count < 8:
        return []
    alike = similarity(features)
    changes = novelty(alike)
    starts = boundaries(changes)
    letters = section_letters(alike, starts)
    labels = section_labels(starts, letters, features)
    return [
        SectionEstimate(Section(start, label), 1.0 if start == 0 else float(changes[start]))
        for start, label in zip(starts, labels, strict=True)
    ]


def section_labels(starts: list[int], letters: np.ndarray, features: BarFeatures) -> list[str]:
    """Section labels by rule: the densest repeated sung section is the chorus, the first other the verse."""
    count = len(features.pitches)
    stops = [*starts[1:], count]
    spans = [slice(start, stop) for start, stop in zip(starts, stops, strict=True)]
    sung = np.array([features.has_melody[span].mean() > 0.5 for span in spans])
    scaled = features.texture / (features.texture.std(0) + 1e-6)
    fullness = np.array([scaled[span].mean() for span in spans])
    repeated = [
        letter for letter in dict.fromkeys(letters) if (letters == letter).sum() > 1 and sung[letters == letter].any()
    ]
    chorus = max(repeated, key=lambda x: fullness[letters == x].mean() + 0.1 * (letters == x).sum(), default=-1)
    verse = next((letter for letter in repeated if letter != chorus), -1)
    if verse == -1 and len(repeated) == 1:
        chorus, verse = -1, repeated[0]
    labels = []
    for number, letter in enumerate(letters):
        begins, ends = starts[number] / count, stops[number] / count
        if not sung[number]:
            edge = "intro" if ends <= 2 * EDGE_SHARE and number == 0 else "outro" if begins >= 1 - EDGE_SHARE else ""
            labels.append(edge or ("intro" if not sung[:number].any() else "interlude"))
        elif letter == chorus:
            labels.append("chorus")
        elif letter == verse:
            labels.append("verse")
        elif letter in repeated:
            follows = [letters[at + 1] for at in np.flatnonzero(letters == letter) if at + 1 < len(letters)]
            labels.append("pre-chorus" if follows and follows.count(chorus) * 2 > len(follows) else "bridge")
        elif begins >= 1 - EDGE_SHARE:
            labels.append("outro")
        else:
            labels.append("bridge" if repeated and begins > 0.4 else "verse")
    return labels
