"""The ups and downs of a line that is to be written anew are kept."""

from itertools import pairwise

import numpy as np

from planner.cell_mask import CellState
from planner.language import Cell
from planner.rules import Rule, leave_room


class Contour(Rule):
    """The n-th onset's lowest note lies above, below or level with the one before, as it did."""

    varies = True

    def __init__(self, cell: Cell) -> None:
        lowest: dict[int, int] = {}
        for hit in cell:
            lowest.setdefault(hit.position, hit.pitch)
        line = [lowest[position] for position in sorted(lowest)]
        self.onsets = len(line)
        self.steps = [int(np.sign(b - a)) for a, b in pairwise(line)]

    def positions(self, state: CellState, mask: np.ndarray) -> None:
        leave_room(mask, self.onsets - state.onsets)

    def pitches(self, state: CellState, tick: int, mask: np.ndarray) -> None:
        line = state.lowest_line_before(tick)
        begun = len(line)
        if tick in state.onset_ticks or begun >= self.onsets:
            return
        allowed = np.flatnonzero(mask)
        if begun:
            step, last = self.steps[begun - 1], line[-1]
            mask[:last] &= step < 0
            mask[last] &= step == 0
            mask[last + 1 :] &= step > 0
        # Room is left for the rises or falls that come before the line turns.
        mask[allowed[::-1][: self._following(begun, 1)]] = False
        mask[allowed[: self._following(begun, -1)]] = False

    def _following(self, begun: int, direction: int) -> int:
        """How many rises (1) or falls (-1) come from the `begun`-th step on before one the other way."""
        turn = next((i for i, step in enumerate(self.steps) if i >= begun and step == -direction), len(self.steps))
        return self.steps[begun:turn].count(direction)

    def longest_ticks(self, state: CellState, tick: int) -> int:
        begun = state.onsets - (tick in state.onset_ticks)
        is_level_next = begun < len(self.steps) and self.steps[begun] == 0
        return max(1, state.bar_ticks - tick - len(self.steps) + begun) if is_level_next else 1 << 30

    def may_end(self, state: CellState) -> bool:
        return state.onsets == self.onsets
