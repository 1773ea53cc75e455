"""Measures of songs: histograms, groove, harmony, density, likeness of sections.

Axes: p parts.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np

from planner.language import Cell, count_onsets
from planner.song import PHRASE, Song
from scoretok.parts import Chord
from scoretok.theory import PITCH_CLASS_NAMES

SLOT = 6  # ticks: sixteenths
BINS = 10


def chord_at(song: Song, bar: int, position: int) -> Chord | None:
    """The chord that sounds at a tick of a bar."""
    return next((chord for chord in reversed(song.chords_in(bar)) if chord.start_ticks <= position), None)


def pitched(song: Song) -> Iterable[tuple[int, int, Cell]]:
    """(part, bar, cell) of all cells with pitches."""
    return ((part, bar, cell) for (part, bar), cell in song.cells.items() if not song.parts[part].is_drums)


def pitch_classes(song: Song) -> Counter[int]:
    """Notes by pitch class, counted from the tonic."""
    tonic = PITCH_CLASS_NAMES.index(song.key.partition(":")[0])
    return Counter((hit.pitch - tonic) % 12 for _, _, cell in pitched(song) for hit in cell)


def durations(song: Song) -> Counter[int]:
    """Notes by duration in ticks."""
    return Counter(hit.duration for _, _, cell in pitched(song) for hit in cell)


def positions(song: Song) -> Counter[int]:
    """Onsets by sixteenth of the bar."""
    return Counter(position // SLOT for cell in song.cells.values() for position in {hit.position for hit in cell})


def drums(song: Song) -> Counter[int]:
    """Strokes by drum."""
    return Counter(hit.pitch for (part, _), cell in song.cells.items() if song.parts[part].is_drums for hit in cell)


HISTOGRAMS: dict[str, Callable[[Song], Counter[int]]] = {
    "pitch class, from the tonic": pitch_classes,
    "duration": durations,
    "onset in the bar": positions,
    "drum": drums,
}


def overlap(one: Counter[int], other: Counter[int]) -> float:
    """The share that two histograms have in common, 0 to 1."""
    a, b = max(1, one.total()), max(1, other.total())
    return sum(min(one[key] / a, other[key] / b) for key in one.keys() & other.keys())


def slots(cell: Cell) -> frozenset[int]:
    """The sixteenths that something begins in."""
    return frozenset(hit.position // SLOT for hit in cell)


def groove(song: Song) -> float:
    """Mean likeness of the rhythms of neighbouring bars of a part (Wu and Yang, "The Jazz Transformer", 2020)."""
    ticks = song.bar_ticks()
    found = []
    for (part, bar), cell in song.cells.items():
        if (part, bar + 1) in song.cells:
            differing = slots(cell) ^ slots(song.cells[part, bar + 1])
            found.append(1 - len(differing) / max(1, ticks[bar] // SLOT))
    return float(np.mean(found)) if found else np.nan


def chord_tones(song: Song) -> float:
    """Share of the notes on strong beats that belong to the chord."""
    ticks = song.bar_ticks()
    found = []
    for _, bar, cell in pitched(song):
        for hit in cell:
            chord = chord_at(song, bar, hit.position)
            if hit.position in (0, ticks[bar] // 2) and chord and chord.root is not None:
                found.append(hit.pitch % 12 in chord.pitch_classes)
    return float(np.mean(found)) if found else np.nan


def empty_share(song: Song) -> float:
    """Share of cells without notes."""
    return 1 - len(song.cells) / (len(song) * len(song.parts))


def density(song: Song, role: str) -> float:
    """Onsets a bar of the parts of a role, in bars where they play."""
    found = [
        count_onsets(cell) for (part, _), cell in song.cells.items() if song.parts[part].name.startswith(f"{role}.")
    ]
    return float(np.mean(found)) if found else np.nan


def bar_set(song: Song, bar: int) -> frozenset[tuple[int, int, int]]:
    """What begins in a bar: (part, sixteenth, pitch)."""
    return frozenset(
        (part, hit.position // SLOT, hit.pitch)
        for part in range(len(song.parts))
        for hit in song.cells.get((part, bar), ())
    )


def section_likeness(song: Song, is_same: bool) -> float:
    """Mean likeness (Jaccard) of the bars of two sections at the same place, of the same label or of different ones."""
    blocks = [(song.plan[block.start].label, block) for block in song.blocks()]
    found = []
    for number, (label, block) in enumerate(blocks):
        for other_label, other in blocks[number + 1 :]:
            if PHRASE in (label, other_label) or (label == other_label) != is_same:
                continue
            for bar, bar2 in zip(block, other, strict=False):
                one, two = bar_set(song, bar), bar_set(song, bar2)
                if one or two:
                    found.append(len(one & two) / len(one | two))
    return float(np.mean(found)) if found else np.nan


SCALARS: dict[str, Callable[[Song], float]] = {
    "groove similarity": groove,
    "chord tones on strong beats": chord_tones,
    "empty cells": empty_share,
    "likeness of sections with the same label": lambda song: section_likeness(song, True),
    "likeness of sections with other labels": lambda song: section_likeness(song, False),
    **{
        f"onsets a bar, {role}": (lambda song, role=role: density(song, role))
        for role in ("vocal", "lead", "guitar", "piano", "strings", "bass", "drums")
    },
}


def overlap_of_values(one: Sequence[float], other: Sequence[float]) -> float:
    """Overlap of two sets of values as histograms over the range of the first; what lies beyond counts at its ends."""
    a, b = (np.array([value for value in values if np.isfinite(value)], float) for values in (one, other))
    if not len(a) or not len(b):
        return float("nan")
    edges = np.linspace(a.min(), max(a.max(), a.min() + 1e-9), BINS + 1)
    a, b = (np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] for values in (a, b))
    return float(np.minimum(a / max(1, a.sum()), b / max(1, b.sum())).sum())


def note_runs(song: Song) -> list[tuple[str, np.ndarray]]:
    """The notes of every part as steps from the note before: (role, (n, 3) of ticks, semitones, drum)."""
    starts = song.bar_starts()
    found = []
    for number, part in enumerate(song.parts):
        notes = sorted(
            (starts[bar] + hit.position, hit.pitch)
            for (owner, bar), cell in song.cells.items()
            if owner == number
            for hit in cell
        )
        steps = [(b[0] - a[0], 0 if part.is_drums else b[1] - a[1], b[1] * part.is_drums) for a, b in pairwise(notes)]
        found.append((part.name.partition(".")[0], np.array(steps, np.int64).reshape(-1, 3)))
    return found
