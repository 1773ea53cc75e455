"""A cell that is to be written anew does not come out as it was."""

from collections.abc import Sequence

from planner.cell_mask import CellState
from planner.language import Cell, CellNote
from planner.rules import Rule


def note_content(cell: Sequence[CellNote]) -> list[tuple[int, int, int]]:
    """Positions, pitches and durations of a cell, without velocities and syllables."""
    return [(hit.position, hit.pitch, hit.duration) for hit in cell]


class Novelty(Rule):
    """The notes differ from those of a cell in more than their loudness."""

    def __init__(self, cell: Cell) -> None:
        self.notes = note_content(cell)

    def may_end(self, state: CellState) -> bool:
        return note_content(state.hits) != self.notes
