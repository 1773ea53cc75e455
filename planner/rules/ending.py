"""The last bar of a song: what begins with it is held, and nothing else begins."""

import numpy as np

from planner.cell_mask import CellState
from planner.language import DURATION_TICKS
from planner.rules import Rule
from scoretok.parts import Chord

# Kicks, snares, hats and cymbals of General MIDI. A model that may write nothing but the first beat otherwise goes on
# to whatever drums are left above the last one.
LAST_DRUMS = (35, 36, 38, 40, 42, 44, 46, 49, 51, 52, 55, 57, 59)
MOST_LAST_HITS = 3


class Ending(Rule):
    """Notes begin with the bar alone and last as long as they may in it, on tones of its chord; a bass has the root.

    Of drums a few are hit.
    """

    narrow_ticks = (0,)

    def __init__(self, chord: Chord | None, is_bass: bool = False, is_drums: bool = False) -> None:
        self.allowed, self.most_hits = None, MOST_LAST_HITS if is_drums else 128
        if is_drums:
            self.allowed = np.isin(np.arange(128), LAST_DRUMS)
        elif chord and chord.root is not None:
            tones = (chord.root,) if is_bass else chord.pitch_classes
            self.allowed = np.array([pitch % 12 in tones for pitch in range(128)])

    def positions(self, state: CellState, mask: np.ndarray) -> None:
        mask[1:] = False

    def pitches(self, state: CellState, tick: int, mask: np.ndarray) -> None:
        if len(state.hits) >= self.most_hits:
            mask[:] = False

    def duration(self, state: CellState, tick: int) -> int | None:
        return int(DURATION_TICKS[state.bar_ticks - tick >= DURATION_TICKS].max())
