"""Only pitches from one to another."""

import numpy as np

from planner.cells import CellState
from planner.rules import Rule


class Span(Rule):
    """Notes lie from the lowest to the highest pitch, both included."""

    def __init__(self, lowest: int, highest: int) -> None:
        self.lowest, self.highest = lowest, highest

    def pitches(self, state: CellState, tick: int, mask: np.ndarray) -> None:
        mask[: self.lowest] = False
        mask[self.highest + 1 :] = False
