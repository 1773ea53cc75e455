"""A cell that is to be written anew does not come out as it was."""

from collections.abc import Sequence

from planner.cells import CellState
from planner.language import Cell, Hit
from planner.rules import Rule


def tune(cell: Sequence[Hit]) -> list[tuple[int, int, int]]:
    """A cell without its loudness and words."""
    return [(hit.position, hit.pitch, hit.duration) for hit in cell]


class Novelty(Rule):
    """The notes differ from those of a cell in more than their loudness."""

    def __init__(self, cell: Cell) -> None:
        self.notes = tune(cell)

    def may_end(self, state: CellState) -> bool:
        return tune(state.hits) != self.notes
