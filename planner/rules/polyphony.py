"""At most so many notes at once."""

import numpy as np

from planner.cell_mask import CellState
from planner.rules import Rule

FOREVER = 1 << 30


class Polyphony(Rule):
    """At most `most` notes of the track sound at any moment, also across bar lines and into cells that are given.

    Where `least` onsets a bar are demanded too, one voice is kept free for them.
    """

    def __init__(self, most: int, least: int = 0) -> None:
        self.most, self.least = most, least

    def positions(self, state: CellState, mask: np.ndarray) -> None:
        ends = np.array([until - state.start_ticks for until in state.sounding_until.values()])
        mask[(ends > np.arange(len(mask))[:, None]).sum(1) >= self.most] = False
        missing = self.least - state.onsets - 1
        if missing > 0:
            mask[len(mask) - missing :] = False

    def pitches(self, state: CellState, tick: int, mask: np.ndarray) -> None:
        if state.sounding_at(tick) >= self.most:
            mask[:] = False

    def longest_ticks(self, state: CellState, tick: int) -> int:
        # The room that given notes to come leave is for notes that ring on.
        now = state.sounding_at(tick)
        limit = min((at - tick for at, count in state.upcoming_polyphony if count + now >= self.most), default=FOREVER)
        missing = self.least - state.onsets - (tick not in state.onset_ticks)
        if missing > 0 and now + 1 >= self.most:
            limit = min(limit, state.bar_ticks - missing - tick)
        elif self.least and state.sounding_at(state.bar_ticks) + 1 >= self.most:
            limit = min(limit, state.bar_ticks - tick)
        return limit
