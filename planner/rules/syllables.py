"""Words that are given: a note for every syllable, and further notes where one is sung on several (a melisma)."""

from typing import NamedTuple

import numpy as np

from planner.cell_mask import CellState
from planner.language import SyllableKind, metrical_weight
from planner.prosody import STRONG, WEAK
from planner.rules import Rule

LINE_END_TICKS = 24  # from the last syllable of a line to what follows, at least: it is held, or a rest follows
ON_BEAT = 2  # metrical weight of a beat
SHORTEST_TICKS = 6  # of a syllable, where the words of a bar leave room
MOST_MELISMA_NOTES = 3  # of a cell; 98 of 100 bars of the training data with words have no more


class SungCell(NamedTuple):
    """What a cell sings: its syllables, the last `upbeat` of which lead to the next bar; how far the last one may ring
    into that; how many notes at most have no syllable of their own; whether their beats and lengths are free."""

    kinds: tuple[SyllableKind, ...] = ()
    upbeat: int = 0
    ring_ticks: int = 0
    melisma: int = MOST_MELISMA_NOTES
    is_free: bool = False


class Syllables(Rule):
    """A cell sings these syllables, each from a note of its own on. The last syllable of a line comes early enough to
    be held, and those of an upbeat come in the second half of the bar. Where there is a choice, a stressed syllable is
    not on a weaker beat than an unstressed neighbour."""

    def __init__(self, sung: SungCell, beat_ticks: int = 24) -> None:
        self.kinds, self.upbeat, self.ring_ticks, self.melisma, self.is_free = sung
        self.beat_ticks = beat_ticks

    @staticmethod
    def begun(state: CellState) -> int:
        """How many syllables have begun."""
        return sum(hit.syllable > 0 for hit in state.hits)

    def _missing_ticks(self, state: CellState, begun: int) -> int:
        """How many ticks at the end of the bar the syllables from this one on need."""
        return sum(self._least_ticks(state, kind) for kind in self.kinds[begun:])

    def _least_ticks(self, state: CellState, kind: SyllableKind) -> int:
        """From a syllable to the next one, at least."""
        if self.is_free:
            return 1
        if kind.ends_line:
            return min(LINE_END_TICKS, state.bar_ticks // 4)
        return max(1, min(SHORTEST_TICKS, state.bar_ticks * 3 // (4 * len(self.kinds))))

    def positions(self, state: CellState, mask: np.ndarray) -> None:
        mask[: max(0, max(state.sounding_until.values(), default=0) - state.start_ticks)] = False
        begun = self.begun(state)
        missing = len(self.kinds) - begun
        if begun:
            last = max(hit.position for hit in state.hits if hit.syllable)
            mask[: last + self._least_ticks(state, self.kinds[begun - 1])] = False
        if 0 < missing <= self.upbeat:
            mask[: len(mask) // 2] = False
        if missing > 0:
            mask[len(mask) - self._missing_ticks(state, begun) + 1 :] = False
            if not self.is_free:
                self._keep_stress(state, begun, mask)
        elif not self._may_go_on(state, begun):
            mask[:] = False

    def _keep_stress(self, state: CellState, begun: int, mask: np.ndarray) -> None:
        """Forbid moments at which the next syllable would have the wrong beat beside the one before it."""
        stress = self.kinds[begun].stress
        weights = np.array([metrical_weight(tick, state.bar_ticks, self.beat_ticks) for tick in range(len(mask))])
        right = np.ones(len(mask), bool)
        if begun == 0 and stress == STRONG:
            right = weights >= ON_BEAT
        elif begun == 0:
            leads = stress == WEAK and [kind.stress for kind in self.kinds[1:2]] == [STRONG]
            right = weights < weights[0] if leads else right
        else:
            last = max(hit.position for hit in state.hits if hit.syllable)
            before = metrical_weight(last, state.bar_ticks, self.beat_ticks)
            if {stress, self.kinds[begun - 1].stress} == {WEAK, STRONG} and not self.kinds[begun - 1].ends_line:
                right = weights > before if stress == STRONG else weights < before
        if (mask & right).any():
            mask &= right

    def _may_go_on(self, state: CellState, begun: int) -> bool:
        """Whether the syllable that was begun last may be sung on one more note."""
        return begun > 0 and state.onsets - begun < self.melisma and self._may_be_melisma(begun)

    def _may_be_melisma(self, begun: int) -> bool:
        """Whether the syllable before the next one may be sung on several notes: the last one of a line is held."""
        return begun > 0 and (self.is_free or not self.kinds[begun - 1].ends_line)

    def pitches(self, state: CellState, tick: int, mask: np.ndarray) -> None:
        if tick in state.onset_ticks or state.sounding_at(tick):
            mask[:] = False

    def longest_ticks(self, state: CellState, tick: int) -> int:
        begun = self.begun(state) + 1
        if begun > len(self.kinds):
            return max(1, state.bar_ticks + self.ring_ticks - tick)
        missing = self._missing_ticks(state, begun)
        return max(1, state.bar_ticks - missing - tick + (0 if missing else self.ring_ticks))

    def syllables(self, state: CellState) -> tuple[int, ...]:
        begun = self.begun(state)
        due = (1 + self.kinds[begun].ends_word,) if begun < len(self.kinds) else ()
        goes_on = state.onsets - begun <= self.melisma and self._may_be_melisma(begun)
        return (*due, 0) if goes_on else due

    def may_end(self, state: CellState) -> bool:
        return self.begun(state) == len(self.kinds)
