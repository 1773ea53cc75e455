"""The ups and downs of a line that is to be written anew are kept."""

from itertools import pairwise

import numpy as np

from planner.cells import CellState
from planner.language import Cell
from planner.rules import Rule


class Contour(Rule):
    """The n-th onset's lowest note lies above, below or level with the one before, as it did."""

    varies = True

    def __init__(self, cell: Cell) -> None:
        lowest: dict[int, int] = {}
        for hit in cell:
            lowest.setdefault(hit.position, hit.pitch)
        line = [lowest[position] for position in sorted(lowest)]
        self.steps = [int(np.sign(b - a)) for a, b in pairwise(line)]

    def pitches(self, state: CellState, tick: int, mask: np.ndarray) -> None:
        line = state.line_before(tick)
        begun = len(line)
        if tick in state.onset_ticks or begun > len(self.steps):
            return
        if begun:
            step, last = self.steps[begun - 1], line[-1]
            mask[:last] &= step < 0
            mask[last] &= step == 0
            mask[last + 1 :] &= step > 0
        # Room is left for the rises or falls that follow one another from here on.
        allowed = np.flatnonzero(mask)
        for direction, edge in ((1, slice(-1, None, -1)), (-1, slice(None))):
            following = next(
                (i for i, step in enumerate(self.steps[begun:]) if step != direction), len(self.steps) - begun
            )
            mask[allowed[edge][:following]] = False

    def longest_ticks(self, state: CellState, tick: int) -> int:
        begun = state.onsets - (tick in state.onset_ticks)
        is_level_next = begun < len(self.steps) and self.steps[begun] == 0
        return max(1, state.bar_ticks - tick - len(self.steps) + begun) if is_level_next else 1 << 30
