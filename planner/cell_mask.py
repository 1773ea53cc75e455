"""Logit mask of a cell (one track in one bar): tokens that keep the score legal and every rule kept."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from planner.language import (
    DURATION_TICKS,
    DURATIONS,
    FIRST,
    ID,
    KIND_OF,
    REPEATS,
    SIZE,
    VELOCITY_STEP,
    Cell,
    CellNote,
    cell_tokens,
)

if TYPE_CHECKING:
    from planner.rules import Rule

POSITION, VELOCITY, PITCH, DRUM, DURATION, REPEAT = (
    FIRST[kind] for kind in ("Position", "Velocity", "Pitch", "Drum", "Duration", "Repeat")
)
VELOCITY_LEVELS = 127 // VELOCITY_STEP
PAD, REST, PART, END = (ID[name] for name in ("PAD", "Rest", "SyllablePart", "SyllableEnd"))


class CellState:
    """The notes of a cell so far, and what sounds around it.

    `sounding` tells of every pitch until which tick of the song it sounds, `to_come` are the given notes behind
    this bar, (start, end, pitch), sorted. `earlier` are the cells one, two, ... REPEATS bars before, where known.
    """

    def __init__(
        self,
        is_drums: bool,
        start_ticks: int,
        bar_ticks: int,
        sounding: Mapping[int, int],
        to_come: Sequence[tuple[int, int, int]] = (),
        rules: Sequence["Rule"] = (),
        earlier: Mapping[int, Cell] | None = None,
        is_sung: bool = False,
    ) -> None:
        self.is_drums, self.is_sung = is_drums, is_sung
        self.start_ticks, self.bar_ticks = start_ticks, bar_ticks
        self.sounding_until = {pitch: tick for pitch, tick in sounding.items() if tick > start_ticks}
        self.upcoming, self.rules, self.earlier = to_come, rules, earlier or {}
        self.next_start: dict[int, int] = {}
        for tick, _, pitch in reversed(to_come):
            self.next_start[pitch] = tick
        self.allowed = np.ones(128, bool)
        for rule in rules:
            if rule.allowed is not None:
                self.allowed &= rule.allowed
        self.hits: list[CellNote] = []
        self.onset_ticks: set[int] = set()
        self.position = self.velocity = self.duration = -1
        self.last = "start"  # the kind of the last token

    # What rules ask

    @property
    def onsets(self) -> int:
        """How many moments something begins at."""
        return len(self.onset_ticks)

    def sounding_at(self, tick: int) -> int:
        """How many notes sound at a tick of the bar."""
        return sum(until > self.start_ticks + tick for until in self.sounding_until.values())

    @cached_property
    def upcoming_polyphony(self) -> list[tuple[int, int]]:
        """Ticks of the bar at which given notes to come begin, and how many of those sound then."""
        return [
            (at - self.start_ticks, sum(start <= at < end for start, end, _ in self.upcoming))
            for at in sorted({start for start, _, _ in self.upcoming})
        ]

    def lowest_line_before(self, tick: int) -> list[int]:
        """The lowest pitch of every onset before a tick."""
        lowest: dict[int, int] = {}
        for hit in self.hits:
            lowest.setdefault(hit.position, hit.pitch)
        return [lowest[position] for position in sorted(lowest) if position < tick]

    # What may follow

    def pitches(self, tick: int) -> np.ndarray:
        """Pitches (128,) that may begin at a tick of the bar."""
        mask = self.allowed.copy()
        if self.hits and tick == self.hits[-1].position:
            mask[: self.hits[-1].pitch + 1] = False
        now = self.start_ticks + tick
        for pitch, until in self.sounding_until.items():
            if until > now:
                mask[pitch] = False
        for rule in self.rules:
            rule.pitches(self, tick, mask)
        if not self.is_drums:
            least = self._due(tick) or 1
            if least > self.longest_ticks(tick):
                mask[:] = False
            for pitch, start in self.next_start.items():
                if start - now < least:
                    mask[pitch] = False
        return mask

    def _due(self, tick: int) -> int | None:
        """How long a note has to last, where a rule says so."""
        return next((due for due in (rule.duration(self, tick) for rule in self.rules) if due is not None), None)

    def longest_ticks(self, tick: int) -> int:
        """How long a note may last by the rules."""
        return min((rule.longest_ticks(self, tick) for rule in self.rules), default=1 << 30)

    def durations(self, tick: int, pitch: int) -> np.ndarray:
        """Which of DURATIONS a note may last that begins at a tick of the bar."""
        # The note itself, which sounds already, is not in its own way.
        until = self.sounding_until.pop(pitch, None)
        longest = self.longest_ticks(tick)
        if until is not None:
            self.sounding_until[pitch] = until
        if pitch in self.next_start:
            longest = min(longest, self.next_start[pitch] - self.start_ticks - tick)
        mask = longest >= DURATION_TICKS
        due = self._due(tick)
        return mask if due is None else mask & (due == DURATION_TICKS)

    def positions(self) -> np.ndarray:
        """Ticks of the bar (bar_ticks,) at which something may begin next."""
        mask = np.ones(self.bar_ticks, bool)
        mask[: self.position + 1] = False
        for tick in {tick for rule in self.rules for tick in rule.narrow_ticks if tick < len(mask) and mask[tick]}:
            mask[tick] = self.pitches(tick).any()
        for rule in self.rules:
            rule.positions(self, mask)
        if self._some_pitch_is_always_free():
            return mask
        for tick in np.flatnonzero(mask).tolist():
            mask[tick] = self.pitches(tick).any()
        return mask

    def _some_pitch_is_always_free(self) -> bool:
        """Whether no more pitches sound than the rules leave, whatever the moment."""
        if any(rule.varies for rule in self.rules):
            return False
        return int(self.allowed.sum()) > len(self.sounding_until) + len(self.next_start)

    def may_end(self) -> bool:
        """Whether the cell may be as it is."""
        return all(rule.may_end(self) for rule in self.rules)

    def mask(self, after: int) -> np.ndarray:
        """Legal next tokens (v,); `after` is the token that would follow the cell."""
        mask = np.zeros(SIZE, bool)
        if self.last == "start":
            self._begin(mask)
        elif self.last in ("Position", "Velocity"):
            if self.last == "Position":
                mask[VELOCITY : VELOCITY + VELOCITY_LEVELS] = True
                if self.velocity > 0:
                    mask[VELOCITY + self.velocity // VELOCITY_STEP - 1] = False
            if self.velocity > 0:
                first = DRUM if self.is_drums else PITCH
                mask[first : first + 128] = self.pitches(self.position)
        elif self.last in ("Repeat", "Rest"):
            mask[after] = True
        else:
            self._after_note(mask, after)
        return mask

    def _begin(self, mask: np.ndarray) -> None:
        mask[POSITION : POSITION + self.bar_ticks] = self.positions()
        mask[REST] = self.may_end()
        for number, back in enumerate(REPEATS):
            cell = self.earlier.get(back, ())
            mask[REPEAT + number] = bool(cell) and self.allows(cell)

    def allows(self, cell: Cell) -> bool:
        """Whether the cell, still empty, may hold exactly these notes."""
        if not cell:
            return self.may_end()
        trial = CellState(
            self.is_drums,
            self.start_ticks,
            self.bar_ticks,
            self.sounding_until,
            self.upcoming,
            self.rules,
            None,
            self.is_sung,
        )
        for token in cell_tokens(cell, self.is_drums):
            if not trial.mask(REST)[token]:
                return False
            trial.advance(token)
        return bool(trial.mask(PAD)[PAD])

    def _after_note(self, mask: np.ndarray, after: int) -> None:
        hit = self.hits[-1]
        if self.last == "Pitch":
            lengths = self.durations(hit.position, hit.pitch)
            default = self.duration > 0 and lengths[bisect_left(DURATIONS, self.duration)]
            if self.duration > 0:
                lengths[bisect_left(DURATIONS, self.duration)] = False
            mask[DURATION : DURATION + len(DURATIONS)] = lengths
            if not default:
                return
        first_of_onset = not any(other.position == hit.position for other in self.hits[:-1])
        if self.is_sung and first_of_onset and self.last in ("Pitch", "Duration"):
            may_sing = {0, 1, 2}.intersection(*(rule.syllables(self) for rule in self.rules))
            mask[PART], mask[END] = 1 in may_sing, 2 in may_sing
            if 0 not in may_sing:
                return
        first = DRUM if self.is_drums else PITCH
        more = self.pitches(hit.position)
        mask[first : first + 128] = more
        if more.any():
            mask[VELOCITY : VELOCITY + VELOCITY_LEVELS] = True
            mask[VELOCITY + self.velocity // VELOCITY_STEP - 1] = False
        mask[POSITION : POSITION + self.bar_ticks] = self.positions()
        mask[after] |= self.may_end()

    # What is taken

    def advance(self, token: int) -> None:
        """Take one legal token of the cell."""
        kind = KIND_OF[token]
        value = token - FIRST[kind]
        if kind == "Position":
            self.position = value
        elif kind == "Velocity":
            self.velocity = (value + 1) * VELOCITY_STEP
        elif kind in ("Pitch", "Drum"):
            self._sound(CellNote(self.position, value, 1 if self.is_drums else max(self.duration, 1), self.velocity))
        elif kind == "Duration":
            self.duration = DURATIONS[value]
            self._sound(self.hits.pop()._replace(duration=self.duration))
        elif kind in ("SyllablePart", "SyllableEnd"):
            self.hits[-1] = self.hits[-1]._replace(syllable=2 if kind == "SyllableEnd" else 1)
        elif kind == "Repeat":
            for hit in self.earlier[REPEATS[value]]:
                self._sound(hit)
        self.last = kind

    def _sound(self, hit: CellNote) -> None:
        self.hits.append(hit)
        self.onset_ticks.add(hit.position)
        self.sounding_until[hit.pitch] = self.start_ticks + hit.position + hit.duration
