"""Words that are given: one note a syllable."""

from collections.abc import Sequence

import numpy as np

from planner.cell_mask import CellState
from planner.rules import Rule, leave_room

LINE_END = 3  # a syllable that ends its word and its line
LINE_END_TICKS = 24  # what is left of the bar from its onset on, at least: it is held, or followed by a rest


class Syllables(Rule):
    """A cell sings these syllables, each on one note that ends in its bar; 1 a syllable, 2 one that ends its word, 3
    one that ends its line too, and comes early enough to be held."""

    def __init__(self, syllables: Sequence[int]) -> None:
        self.syllables = tuple(syllables)

    def _stop(self, state: CellState) -> int:
        """The tick before which the last syllable begins."""
        ends_line = self.syllables[-1:] == (LINE_END,)
        return state.bar_ticks - ends_line * min(LINE_END_TICKS - 1, state.bar_ticks // 4)

    def positions(self, state: CellState, mask: np.ndarray) -> None:
        mask[: max(0, max(state.sounding_until.values(), default=0) - state.start_ticks)] = False
        mask[self._stop(state) :] = False
        leave_room(mask, len(self.syllables) - state.onsets)

    def pitches(self, state: CellState, tick: int, mask: np.ndarray) -> None:
        if tick in state.onset_ticks or state.sounding_at(tick):
            mask[:] = False

    def longest_ticks(self, state: CellState, tick: int) -> int:
        # One tick a syllable is left for those that are still to come.
        missing = len(self.syllables) - state.onsets - (tick not in state.onset_ticks)
        stop = self._stop(state) if missing > 0 else state.bar_ticks
        return max(1, stop - max(0, missing) - tick)

    def syllable(self, state: CellState) -> int | None:
        return min(2, self.syllables[state.onsets - 1])

    def may_end(self, state: CellState) -> bool:
        return state.onsets == len(self.syllables)
