"""Words that are given: one note a syllable."""

from collections.abc import Sequence

import numpy as np

from planner.cell_mask import CellState
from planner.rules import Rule, leave_room


class Syllables(Rule):
    """A cell sings these syllables, each on one note that ends in its bar; 1 a syllable, 2 one that ends its word."""

    def __init__(self, syllables: Sequence[int]) -> None:
        self.syllables = tuple(syllables)

    def positions(self, state: CellState, mask: np.ndarray) -> None:
        mask[: max(0, max(state.sounding_until.values(), default=0) - state.start_ticks)] = False
        leave_room(mask, len(self.syllables) - state.onsets)

    def pitches(self, state: CellState, tick: int, mask: np.ndarray) -> None:
        if tick in state.onset_ticks or state.sounding_at(tick):
            mask[:] = False

    def longest_ticks(self, state: CellState, tick: int) -> int:
        # One tick a syllable is left for those that are still to come.
        missing = len(self.syllables) - state.onsets - (tick not in state.onset_ticks)
        return max(1, state.bar_ticks - max(0, missing) - tick)

    def syllable(self, state: CellState) -> int | None:
        return self.syllables[state.onsets - 1]

    def may_end(self, state: CellState) -> bool:
        return state.onsets == len(self.syllables)
