"""What a request demands of a cell, one small file a rule. A rule only ever forbids; it is asked at every step."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from planner.cell_mask import CellState


def leave_room(mask: np.ndarray, missing: int) -> None:
    """Forbid onsets (ticks of the bar,) behind which fewer are left than have to follow; all when none is missing."""
    allowed = np.flatnonzero(mask)
    if missing <= 0:
        mask[:] = False
    elif missing > 1:
        mask[allowed[max(0, len(allowed) - missing + 1) :]] = False


class Rule:
    """Forbids nothing; rules override what they care about. Masks are 1 where something is allowed.

    `allowed` are the pitches (128,) that it allows at any moment, None for all; `varies` says whether `pitches` may
    forbid all of them at a moment that `positions` allows, `narrow_ticks` are moments of the bar where it may anyway.
    """

    allowed: np.ndarray | None = None
    varies = False
    narrow_ticks: Collection[int] = ()

    def positions(self, state: "CellState", mask: np.ndarray) -> None:
        """Forbid onsets: `mask` (ticks of the bar,) holds those behind the last one."""

    def pitches(self, state: "CellState", tick: int, mask: np.ndarray) -> None:
        """Forbid pitches (128,) of a note that begins `tick` ticks after the bar line."""

    def longest_ticks(self, state: "CellState", tick: int) -> int:
        """How long a note that begins at a tick of the bar may last."""
        return 1 << 30

    def duration(self, state: "CellState", tick: int) -> int | None:
        """How long a note that begins at a tick of the bar has to last, None where it is free."""
        return None

    def syllables(self, state: "CellState") -> Collection[int]:
        """What may be sung on the note just written: 0 what was sung before, 1 a syllable, 2 one that ends its word."""
        return (0, 1, 2)

    def may_end(self, state: "CellState") -> bool:
        """Whether the cell may be as it is."""
        return True
