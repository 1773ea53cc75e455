"""How many notes of a track begin at once."""

import numpy as np

from planner.cell_mask import CellState
from planner.rules import Rule


class ChordSize(Rule):
    """No more than `most` notes begin at the same moment."""

    def __init__(self, most: int) -> None:
        self.most = most

    def pitches(self, state: CellState, tick: int, mask: np.ndarray) -> None:
        if sum(hit.position == tick for hit in state.hits) >= self.most:
            mask[:] = False
