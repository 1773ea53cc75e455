"""The onsets and lengths of a cell that is to be written anew are kept."""

import numpy as np

from planner.cell_mask import CellState
from planner.language import Cell
from planner.rules import Rule


class Rhythm(Rule):
    """Something begins when it did, and lasts as long as it did; of notes that began together the longest counts."""

    varies = True

    def __init__(self, cell: Cell) -> None:
        self.lengths: dict[int, int] = {}
        for hit in cell:
            self.lengths[hit.position] = max(hit.duration, self.lengths.get(hit.position, 0))
        self.onsets = sorted(self.lengths)

    def positions(self, state: CellState, mask: np.ndarray) -> None:
        due = self.onsets[state.onsets] if state.onsets < len(self.onsets) else None
        allowed = due is not None and due < len(mask) and mask[due]
        mask[:] = False
        if allowed:
            mask[due] = True

    def duration(self, state: CellState, tick: int) -> int | None:
        return self.lengths.get(tick)

    def may_end(self, state: CellState) -> bool:
        return state.onsets == len(self.onsets)
