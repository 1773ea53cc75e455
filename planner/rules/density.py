"""At least and at most so many onsets in a cell."""

import numpy as np

from planner.cells import CellState
from planner.rules import Rule


class Density(Rule):
    """Between `least` and `most` moments at which something begins."""

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most

    def positions(self, state: CellState, mask: np.ndarray) -> None:
        if state.onsets >= self.most:
            mask[:] = False
        missing = self.least - state.onsets
        if missing > 1:
            allowed = np.flatnonzero(mask)
            mask[allowed[max(0, len(allowed) - missing + 1) :]] = False

    def may_end(self, state: CellState) -> bool:
        return state.onsets >= self.least
