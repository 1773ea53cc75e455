"""A place to breathe for who blows or sings."""

from collections.abc import Mapping, Sequence

import numpy as np

from planner.cell_mask import CellState
from planner.language import Cell
from planner.rules import Rule

BREATH_TICKS = 12  # of silence, at least


class Breath(Rule):
    """Nothing sounds in the last ticks before a bar line: `due_ticks` behind the one that this bar begins with."""

    def __init__(self, due_ticks: int) -> None:
        self.due_ticks = due_ticks

    def positions(self, state: CellState, mask: np.ndarray) -> None:
        mask[max(1, self.due_ticks - BREATH_TICKS) :] = False

    def longest_ticks(self, state: CellState, tick: int) -> int:
        return max(1, self.due_ticks - BREATH_TICKS - tick)


def breath_due(played_ticks: int, longest_ticks: float, bar_ticks: Sequence[int]) -> int:
    """At which of the next bar lines, in ticks from here, a part has to have breathed that has played for so long: the
    last one in time, but no earlier than the end of this bar; `bar_ticks` are the lengths of the bars from here on."""
    due = bar_ticks[0]
    for length in bar_ticks[1:]:
        if played_ticks + due + length > longest_ticks:
            break
        due += length
    return due


def ticks_without_breath(cells: Mapping[int, Cell], starts: Sequence[int], bar: int) -> int:
    """How long a part has played without a breath when a bar begins; `cells` are those of the part by bar."""
    begun = starts[bar]
    for earlier in range(bar - 1, -1, -1):
        for hit in reversed(cells.get(earlier, ())):
            end = starts[earlier] + hit.position + hit.duration
            if begun - end >= BREATH_TICKS:
                return starts[bar] - begun
            begun = min(begun, starts[earlier] + hit.position)
        if begun - starts[earlier] >= BREATH_TICKS and not cells.get(earlier):
            return starts[bar] - begun
    return starts[bar] - begun
