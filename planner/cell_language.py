"""The language that the model writes, with its masks as one state: header, plan, notes (see `planner.sequence`).

The masks of plan and cells are those that decoding uses (`plan_mask`, `cell_mask`), without the rules of a request.
What is given is read from a score and never generated, so there is no Given here.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from planner.cell_mask import CellState
from planner.language import (
    FIRST,
    ID,
    KEYS,
    KIND_OF,
    KINDS,
    METERS,
    REPEATS,
    SIZE,
    TOKENS,
)
from planner.note_writer import NoteIndex
from planner.plan_mask import PlanBarState
from planner.sequence import lead_in, places_to_write, read_header, read_plan, read_sequence, sequence
from planner.song import PlanBar, Song, song_of
from planner.song_to_sheet import sheet_of_song
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

HEADER = ("BOS", "Genre", "Tempo", "Meter", "Key", "Bars")


class SequenceState:
    """A sequence so far."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.forced: list[int] = []  # tokens that must follow next
        self.song: Song | None = None  # once the header is complete
        self.plan_bar: PlanBarState | None = None
        self.bar = 0  # that is planned
        self.plan_changes: list[int] = []  # its meter and key
        self.since: int | None = None  # bars since a section or phrase began
        self.places: list[tuple[int, int]] = []  # cells that are still to be written, the current one first
        self.cell: CellState | None = None
        self.after_cell: list[int] = []  # the tokens that follow it
        self.notes: NoteIndex | None = None  # of the cells that are written
        self.is_complete = False


class CellLanguage:
    """Cells of tracks and bars behind a plan (a `scoretok.token_language.TokenLanguage`)."""

    tokens = TOKENS

    def encode(self, sheet: LeadSheet) -> list[int]:
        """The tokens of a score of at most 64 bars, all to be written, its words unknown. Raises ScoretokError."""
        return sequence(replace(song_of(sheet), words={}))

    def decode(self, ids: Sequence[int]) -> LeadSheet:
        """The score of a whole sequence. Raises ScoretokError."""
        return sheet_of_song(read_sequence(ids)[0])

    def start(self) -> SequenceState:
        """The state before the first token."""
        return SequenceState()

    def mask(self, state: SequenceState) -> np.ndarray:
        """Legal next tokens (v,): fewer than people write, since sections last four bars or more and parts do play."""
        mask = np.zeros(SIZE, bool)
        if state.is_complete:
            return mask
        if state.forced:
            mask[state.forced[0]] = True
        elif state.plan_bar is not None:
            mask = state.plan_bar.mask(_after_plan_bar(state))
            if not state.plan_bar.ids:
                _allow_changes(state, mask)
        elif state.cell is not None:
            mask = state.cell.mask(state.after_cell[0])
        else:
            _mask_header(state, mask)
        return mask

    def advance(self, state: SequenceState, token: int) -> None:
        """Take one token. Raises ScoretokError for one that may not follow."""
        if not self.mask(state)[token]:
            raise ScoretokError(f"{TOKENS[token]} cannot stand here, behind {len(state.ids)} tokens")
        state.ids.append(token)
        if state.forced:
            state.forced.pop(0)
            if not state.forced and state.song is not None and state.plan_bar is None:
                _begin_cell(state)
        elif state.plan_bar is not None:
            _take_plan(state, token)
        elif state.cell is not None:
            _take_cell(state, token)
        elif token == ID["Plan"]:
            bars = state.ids[5] - FIRST["Bars"] + 1
            state.song = replace(read_header(state.ids[:-1]), plan=(PlanBar(),) * bars)
            state.forced = [FIRST["Bar"]]
            _begin_plan_bar(state, 0)


def _mask_header(state: SequenceState, mask: np.ndarray) -> None:
    done = len(state.ids)
    if done < len(HEADER):
        kind = HEADER[done]
        mask[FIRST[kind] : FIRST[kind] + len(KINDS[kind])] = True
        return
    if KIND_OF[state.ids[-1]] == "Track":
        mask[FIRST["Program"] : FIRST["Program"] + 128] = True
        return
    tracks = [token for token in state.ids if KIND_OF[token] == "Track"]
    mask[FIRST["Track"] : FIRST["Track"] + len(KINDS["Track"])] = True
    mask[tracks] = False
    mask[ID["Plan"]] = bool(tracks)


def _begin_plan_bar(state: SequenceState, bar: int) -> None:
    song = state.song
    assert song is not None
    numerator, denominator = song.meter_at(bar)
    state.bar, state.plan_changes = bar, []
    state.plan_bar = PlanBarState(
        96 * numerator // denominator, 96 // denominator, state.since, len(song) - bar,
        densities=[None] * len(song.parts), must_play=[False] * len(song.parts),
    )  # fmt: skip


def _allow_changes(state: SequenceState, mask: np.ndarray) -> None:
    """A meter, then a key, may begin a bar behind the first."""
    last = KIND_OF[state.ids[-1]]
    if state.bar and last == "Bar":
        mask[FIRST["Meter"] : FIRST["Meter"] + len(METERS)] = True
    if state.bar and last in ("Bar", "Meter"):
        mask[FIRST["Key"] : FIRST["Key"] + len(KEYS)] = True


def _after_plan_bar(state: SequenceState) -> int:
    assert state.song is not None
    following = state.bar + 1
    return FIRST["Bar"] + following if following < len(state.song) else ID["Notes"]


def _take_plan(state: SequenceState, token: int) -> None:
    song, plan_bar = state.song, state.plan_bar
    assert song is not None and plan_bar is not None  # noqa: PT018
    kind = KIND_OF[token]
    if kind in ("Meter", "Key"):
        state.plan_changes.append(token)
        if kind == "Meter":
            numerator, denominator = METERS[token - FIRST["Meter"]]
            plan_bar.bar_ticks, plan_bar.beat_ticks = 96 * numerator // denominator, 96 // denominator
        return
    if kind not in ("Bar", "Notes"):
        plan_bar.advance(token)
        return
    bar = state.bar
    plan = read_plan([*state.plan_changes, *plan_bar.ids], len(song.parts))
    state.song = song = replace(song, plan=(*song.plan[:bar], plan, *song.plan[bar + 1 :]))
    state.since = 1 if plan.label is not None else (state.since or 0) + 1
    if kind == "Bar":
        _begin_plan_bar(state, bar + 1)
        return
    state.plan_bar = None
    state.places = list(places_to_write(song, frozenset()))
    state.forced, state.notes = _before_cell(song, state.places, None), NoteIndex(song)


def _before_cell(song: Song, places: Sequence[tuple[int, int]], before: int | None) -> list[int]:
    """The tokens before the first of the places, behind a cell of the bar `before`; the end where there is none."""
    return lead_in(song, *places[0], before) if places else [ID["EOS"]]


def _begin_cell(state: SequenceState) -> None:
    song = state.song
    assert song is not None
    if not state.places:
        state.is_complete = True
        return
    part, bar = state.places[0]
    notes = state.notes
    assert notes is not None
    state.after_cell = _before_cell(song, state.places[1:], bar)
    earlier = {back: song.cells.get((part, bar - back), ()) for back in REPEATS if bar >= back}
    state.cell = CellState(
        song.parts[part].is_drums, notes.starts[bar], notes.starts[bar + 1] - notes.starts[bar],
        notes.sounding(part, bar), notes.upcoming(part, bar), (), earlier,
    )  # fmt: skip


def _take_cell(state: SequenceState, token: int) -> None:
    cell, song, notes = state.cell, state.song, state.notes
    assert cell is not None and song is not None and notes is not None  # noqa: PT018
    if token != state.after_cell[0]:
        cell.advance(token)
        return
    place = state.places.pop(0)
    if cell.hits:
        notes.add(*place, tuple(cell.hits))
        state.song = replace(song, cells={**song.cells, place: tuple(cell.hits)})
    state.cell, state.forced = None, state.after_cell[1:]
    if not state.forced:
        _begin_cell(state)
