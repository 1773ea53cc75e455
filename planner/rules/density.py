"""At least and at most so many onsets in a cell."""

import numpy as np

from planner.cell_mask import CellState
from planner.rules import Rule, leave_room


class Density(Rule):
    """Between `least` and `most` moments at which something begins."""

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most

    def positions(self, state: CellState, mask: np.ndarray) -> None:
        if state.onsets >= self.most:
            mask[:] = False
        leave_room(mask, max(1, self.least - state.onsets))

    def may_end(self, state: CellState) -> bool:
        return state.onsets >= self.least
