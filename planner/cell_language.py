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
    GENRES,
    ID,
    KEYS,
    KIND_OF,
    METERS,
    REPEATS,
    SIZE,
    TEMPO_STEPS,
    TOKENS,
    bpm_of_step,
)
from planner.note_writer import NoteIndex
from planner.plan_mask import PlanBarState
from planner.sequence import bar_tokens, places_to_write, read_plan, read_sequence, sequence, track_token
from planner.song import Part, PlanBar, Song, song_of
from planner.song_to_sheet import sheet_of_song
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

HEADER = ("BOS", "Genre", "Tempo", "Meter", "Key", "Bars")
MOST_TRACKS = FIRST["Program"] - FIRST["Track"]


class SequenceState:
    """A sequence so far."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.forced: list[int] = []  # tokens that must follow next
        self.song: Song | None = None  # once the header is complete
        self.plan_bar: PlanBarState | None = None
        self.plan_changes: list[int] = []  # meter and key of the bar that is planned
        self.since: int | None = None  # bars since a section or phrase began
        self.places: list[tuple[int, int]] = []  # cells that are still to be written, the current one first
        self.cell: CellState | None = None
        self.is_complete = False


class CellLanguage:
    """Cells of tracks and bars behind a plan (a `scoretok.token_language.TokenLanguage`)."""

    tokens = TOKENS

    def encode(self, sheet: LeadSheet) -> list[int]:
        """The tokens of a score of at most 64 bars, all of it to be written. Raises ScoretokError."""
        return sequence(song_of(sheet))

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
            after = _after_cell(state)[0]
            if state.cell.last in ("Repeat", "Rest"):
                mask[after] = True
            else:
                mask = state.cell.mask(after)
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
            state.song = _song_of_header(state.ids)
            state.forced = [FIRST["Bar"]]
            _begin_plan_bar(state, 0)


def _mask_header(state: SequenceState, mask: np.ndarray) -> None:
    done = len(state.ids)
    if done < len(HEADER):
        kind = HEADER[done]
        size = {"BOS": 1, "Genre": len(GENRES), "Tempo": TEMPO_STEPS, "Meter": len(METERS), "Key": len(KEYS)}
        mask[FIRST[kind] : FIRST[kind] + size.get(kind, FIRST["Track"] - FIRST["Bars"])] = True
        return
    if KIND_OF[state.ids[-1]] == "Track":
        mask[FIRST["Program"] : FIRST["Program"] + 128] = True
        return
    tracks = [token for token in state.ids if KIND_OF[token] == "Track"]
    mask[FIRST["Track"] : FIRST["Track"] + MOST_TRACKS] = True
    mask[tracks] = False
    mask[ID["Plan"]] = bool(tracks)


def _song_of_header(ids: list[int]) -> Song:
    parts = tuple(
        Part(TOKENS[track].partition("_")[2], program - FIRST["Program"])
        for track, program in zip(ids[6:-1:2], ids[7:-1:2], strict=True)
    )
    bars = ids[5] - FIRST["Bars"] + 1
    return Song(
        parts, (PlanBar(),) * bars, {}, METERS[ids[3] - FIRST["Meter"]], TOKENS[ids[4]].partition("_")[2],
        bpm_of_step(ids[2] - FIRST["Tempo"]), TOKENS[ids[1]].partition("_")[2],
    )  # fmt: skip


def _bar_of(state: SequenceState) -> int:
    """The bar that is planned or written."""
    return next(token for token in reversed(state.ids + state.forced) if KIND_OF[token] == "Bar") - FIRST["Bar"]


def _meter_at(song: Song, bar: int) -> tuple[int, int]:
    return next((plan.meter for plan in reversed(song.plan[: bar + 1]) if plan.meter), song.meter)


def _begin_plan_bar(state: SequenceState, bar: int) -> None:
    song = state.song
    assert song is not None
    numerator, denominator = _meter_at(song, bar)
    state.plan_changes = []
    state.plan_bar = PlanBarState(
        96 * numerator // denominator, 96 // denominator, state.since, len(song) - bar,
        densities=[None] * len(song.parts), must_play=[False] * len(song.parts),
    )  # fmt: skip


def _allow_changes(state: SequenceState, mask: np.ndarray) -> None:
    """A meter, then a key, may begin a bar behind the first."""
    last = KIND_OF[state.ids[-1]]
    if _bar_of(state) and last == "Bar":
        mask[FIRST["Meter"] : FIRST["Meter"] + len(METERS)] = True
    if _bar_of(state) and last in ("Bar", "Meter"):
        mask[FIRST["Key"] : FIRST["Key"] + len(KEYS)] = True


def _after_plan_bar(state: SequenceState) -> int:
    assert state.song is not None
    following = _bar_of(state) + 1
    return FIRST["Bar"] + following if following < len(state.song) else ID["Notes"]


def _take_plan(state: SequenceState, token: int) -> None:
    song, plan_bar = state.song, state.plan_bar
    assert song is not None and plan_bar is not None  # noqa: PT018
    kind = KIND_OF[token]
    if kind in ("Meter", "Key"):
        state.plan_changes.append(token)
        numerator, denominator = METERS[token - FIRST["Meter"]] if kind == "Meter" else _meter_at(song, 0)
        if kind == "Meter":
            plan_bar.bar_ticks, plan_bar.beat_ticks = 96 * numerator // denominator, 96 // denominator
        return
    if kind not in ("Bar", "Notes"):
        plan_bar.advance(token)
        return
    bar = len(song) - 1 if kind == "Notes" else token - FIRST["Bar"] - 1
    plan = read_plan([*state.plan_changes, *plan_bar.ids], len(song.parts))
    state.song = song = replace(song, plan=(*song.plan[:bar], plan, *song.plan[bar + 1 :]))
    state.since = 1 if plan.label is not None else (state.since or 0) + 1
    if kind == "Bar":
        _begin_plan_bar(state, bar + 1)
        return
    state.plan_bar = None
    state.places = list(places_to_write(song, frozenset()))
    state.forced = _lead_in(state, None)
    state.is_complete = False


def _lead_in(state: SequenceState, bar: int | None) -> list[int]:
    """What stands before the next cell: its bar and chords where they are new, and its track; or the end."""
    if not state.places:
        return [ID["EOS"]]
    assert state.song is not None
    part, here = state.places[0]
    return [*([] if here == bar else bar_tokens(state.song, here)), track_token(state.song.parts[part])]


def _after_cell(state: SequenceState) -> list[int]:
    """What follows the cell that is written."""
    bar = state.places[0][1]
    rest = SequenceState()
    rest.song, rest.places = state.song, state.places[1:]
    return _lead_in(rest, bar)


def _begin_cell(state: SequenceState) -> None:
    song = state.song
    assert song is not None
    if not state.places:
        state.is_complete = True
        return
    part, bar = state.places[0]
    book = NoteIndex(song)
    earlier = {back: song.cells.get((part, bar - back), ()) for back in REPEATS if bar >= back}
    state.cell = CellState(
        song.parts[part].is_drums, book.starts[bar], book.starts[bar + 1] - book.starts[bar],
        book.sounding(part, bar), book.upcoming(part, bar), (), earlier,
    )  # fmt: skip


def _take_cell(state: SequenceState, token: int) -> None:
    cell, song = state.cell, state.song
    assert cell is not None and song is not None  # noqa: PT018
    following = _after_cell(state)
    if token != following[0]:
        cell.advance(token)
        return
    place = state.places.pop(0)
    if cell.hits:
        state.song = replace(song, cells={**song.cells, place: tuple(cell.hits)})
    state.cell, state.forced = None, following[1:]
    if not state.forced:
        _begin_cell(state)
