"""A cell that is to be written anew does not come out as it was."""

from planner.cells import CellState
from planner.language import Cell
from planner.rules import Rule


class Novelty(Rule):
    """The notes differ from those of a cell in more than their loudness."""

    def __init__(self, cell: Cell) -> None:
        self.notes = [(hit.position, hit.pitch, hit.duration) for hit in cell]

    def may_end(self, state: CellState) -> bool:
        return [(hit.position, hit.pitch, hit.duration) for hit in state.hits] != self.notes
