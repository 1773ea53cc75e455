"""The last bar of a song: what begins with it is held, and nothing else begins."""

import numpy as np

from planner.cell_mask import CellState
from planner.language import DURATION_TICKS
from planner.rules import Rule
from scoretok.parts import Chord


class Ending(Rule):
    """Notes begin with the bar alone and last as long as they may in it, on tones of its chord; a bass has the root."""

    narrow_ticks = (0,)

    def __init__(self, chord: Chord | None, is_bass: bool = False) -> None:
        self.allowed = None
        if chord and chord.root is not None:
            tones = (chord.root,) if is_bass else chord.pitch_classes
            self.allowed = np.array([pitch % 12 in tones for pitch in range(128)])

    def positions(self, state: CellState, mask: np.ndarray) -> None:
        mask[1:] = False

    def duration(self, state: CellState, tick: int) -> int | None:
        return int(DURATION_TICKS[state.bar_ticks - tick >= DURATION_TICKS].max())
