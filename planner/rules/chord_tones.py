"""What begins with a bar or with a chord belongs to the chord."""

from collections.abc import Iterable

import numpy as np

from planner.cell_mask import CellState
from planner.rules import Rule
from scoretok.parts import Chord

# Set by hand; benchmarks.planner_music measures the chord tones on strong beats.
STRUM_TICKS = 4  # a strummed chord is begun for so long


class OnChord(Rule):
    """Notes that begin with one of the chords that sound in a bar, the first of them at its bar line, are of its tones.

    Later ones are free: passing notes need not belong to a chord.
    """

    def __init__(self, chords: Iterable[Chord]) -> None:
        self.tones: dict[int, np.ndarray] = {}
        for chord in chords:
            tones = np.array([chord.root is None or pitch % 12 in chord.pitch_classes for pitch in range(128)])
            self.tones |= dict.fromkeys(range(chord.start_ticks, chord.start_ticks + STRUM_TICKS), tones)
        self.narrow_ticks = tuple(self.tones)

    def pitches(self, state: CellState, tick: int, mask: np.ndarray) -> None:
        if tick in self.tones:
            mask &= self.tones[tick]
