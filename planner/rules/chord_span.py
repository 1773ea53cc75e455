"""How far the notes of a chord lie apart."""

import numpy as np

from planner.cell_mask import CellState
from planner.rules import Rule


class ChordSpan(Rule):
    """Notes that begin at the same moment lie within `most` semitones."""

    def __init__(self, most: int) -> None:
        self.most = most

    def pitches(self, state: CellState, tick: int, mask: np.ndarray) -> None:
        lowest = next((hit.pitch for hit in state.hits if hit.position == tick), None)  # a chord is written upwards
        if lowest is not None:
            mask[lowest + self.most + 1 :] = False
