"""Writing the notes of a song: cell after cell, in windows that fit into the context of the model."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from planner.cell_mask import CellState
from planner.language import DURATIONS, ID, MAX_WINDOW_BARS, REPEATS, Cell, SyllableKind, cell_tokens
from planner.melody_score import WINDOW_BARS, melody_bar, score_candidate
from planner.request import Request
from planner.rules import Rule
from planner.rules.ending import Ending
from planner.rules.novelty import Novelty
from planner.rules.rhythm import Rhythm
from planner.rules.syllables import SungCell
from planner.section_repeats import repeat_sources
from planner.sequence import Place, known_tokens, lead_in, places_to_write
from planner.song import PHRASE, Song, song_window
from planner.token_sampling import ContextFullError, Mark, TokenWriter
from planner.word_fitting import fit_words
from scoretok.errors import ScoretokError

# Set by hand; benchmarks.planner_requests counts the requests for which no notes were found.
CELL_ATTEMPTS = 20
RHYTHM_ATTEMPTS = 3  # of these, with the rhythm of the line that a sung one is like
FORM_ATTEMPTS = 10  # of these, with what a bar is for in its form, which no demand is
BEFORE_BARS, AFTER_BARS = 16, 8  # how much around what is written is shown at most
ROOM_SHARES = (0.3, 0.6, 0.85)  # of the context kept free for what is written; more where a bar did not fit
MELODY_TRACKS = ("vocal.", "lead.")
ROOM_TOKENS = 320  # a bar is begun when so many tokens still fit
NoteSpan = tuple[int, int, int]  # start, end, pitch
BarCallback = Callable[
    [int, Mapping[str, Cell]], None
]  # called for each bar with the cells that were written, by part name


def no_callback(bar: int, cells: Mapping[str, Cell]) -> None:
    """What happens after a bar when nobody looks."""


@dataclass(frozen=True)
class Candidate:
    """Notes that were drawn for a cell, their tokens, and what speaks for them."""

    cell: Cell
    ids: list[int]
    log_likelihood: float
    drawn: int
    terms: Mapping[str, float]

    @property
    def score(self) -> float:
        """The sum of what speaks for it."""
        return sum(self.terms.values())


@dataclass(frozen=True)
class MelodyChoice:
    """Why a bar of melody was kept: what spoke for it, and the scores of all candidates."""

    track: str
    bar: int
    terms: Mapping[str, float]
    scores: tuple[float, ...]


class WrittenBar(NamedTuple):
    """A bar that is written: its number, its new cells by the name of their part, and the song so far."""

    bar: int
    cells: Mapping[str, Cell]
    song: Song


class NoteIndex:
    """Which notes sound when: (start, end, pitch) in ticks of the song, by part."""

    def __init__(self, song: Song, given: Mapping[int, Iterable[NoteSpan]] | None = None) -> None:
        self.starts = song.bar_starts()
        self.spans: dict[int, list[NoteSpan]] = {part: [] for part in range(len(song.parts))}
        if given is not None:
            for part, spans in given.items():
                self.spans[part] += spans
        else:
            for (part, bar), cell in song.cells.items():
                self.add(part, bar, cell)

    def add(self, part: int, bar: int, cell: Cell) -> None:
        """Take in a cell."""
        start = self.starts[bar]
        self.spans[part] += [(start + hit.position, start + hit.position + hit.duration, hit.pitch) for hit in cell]

    def remove(self, part: int, bar: int) -> None:
        """Take the notes that begin in a bar out again."""
        span = range(self.starts[bar], self.starts[bar + 1])
        self.spans[part] = [note for note in self.spans[part] if note[0] not in span]

    def sounding(self, part: int, bar: int) -> dict[int, int]:
        """Until when every pitch sounds that sounds as a bar begins."""
        start = self.starts[bar]
        return {pitch: end for begin, end, pitch in self.spans[part] if begin < start < end}

    def upcoming(self, part: int, bar: int) -> list[NoteSpan]:
        """The notes that begin behind a bar while one of it may still sound, sorted."""
        stop = self.starts[bar + 1]
        return sorted(span for span in self.spans[part] if stop <= span[0] < stop + DURATIONS[-1])


@dataclass
class NotesTask:
    """The cells of a song that are to be written, and those that are written already."""

    writer: TokenWriter
    request: Request
    song: Song
    book: NoteIndex
    written: set[Place] = field(default_factory=set)
    view: Song | None = None  # the bars of the window; its plan is looked at
    choices: list[MelodyChoice] = field(default_factory=list)
    repeat_sources: Mapping[int, int] = field(default_factory=dict)  # bars that come back, and from which one

    def bars(self) -> Iterator["WrittenBar"]:
        """Write every cell, bar by bar. Raises ScoretokError when what is demanded cannot be met."""
        places = list(places_to_write(self.song, self.request.given))
        at = tries = 0
        while at < len(places):
            reached = yield from self._window(places, at, ROOM_SHARES[tries])
            tries = tries + 1 if reached == at else 0
            if tries == len(ROOM_SHARES):
                raise ContextFullError(f"bar {places[at][1] + 1} does not fit into the context; write fewer tracks")
            at = reached

    def _window(self, places: list[Place], at: int, room_share: float) -> Generator["WrittenBar", None, int]:
        """Write as many bars as fit into one context; the number of the next place."""
        bars, known = self._fit_context(places[at][1], places, room_share)
        self.view = song_window(self.song, bars, recount=False)
        limit = self.writer.model.config.max_position_embeddings
        self.writer.restart()
        self.writer.feed(*known)
        self.writer.feed(*self._lead_in_tokens(places, at, bars, None))
        begun = at
        while at < len(places):
            part, bar = places[at]
            following = self._lead_in_tokens(places, at + 1, bars, bar)
            new_bar = at + 1 < len(places) and places[at + 1][1] != bar
            if new_bar and self.writer.length + ROOM_TOKENS > limit:
                following = [ID["EOS"]]
            try:
                self._cell(part, bar, bars, following[0])
            except ContextFullError:
                self._discard(places[begun:at])
                return begun
            at += 1
            begun = at if new_bar else begun
            if new_bar or at == len(places):
                yield WrittenBar(bar, self._written_in(bar), self.song)
            if following == [ID["EOS"]]:
                break
            self.writer.feed(*following[1:])
        return at

    def _discard(self, places: Sequence[Place]) -> None:
        """Forget cells of a bar that did not fit."""
        self.written -= set(places)
        self.song = replace(self.song, cells={k: cell for k, cell in self.song.cells.items() if k not in places})
        for part, bar in places:
            self.book.remove(part, bar)

    def _fit_context(self, bar: int, places: list[Place], room_share: float) -> tuple[range, list[int]]:
        """Bars around one whose known tokens leave room to write, and these tokens. Raises ScoretokError."""
        context = self.writer.model.config.max_position_embeddings
        last = max(b for _, b in places if b < bar + MAX_WINDOW_BARS - BEFORE_BARS)
        start, stop = max(0, bar - BEFORE_BARS), min(len(self.song), last + 1 + AFTER_BARS)
        stop = min(stop, start + MAX_WINDOW_BARS)
        while True:
            bars = range(start, stop)
            view = song_window(self.song, bars, recount=False)
            known = known_tokens(view, {(part, b - start) for part, b in self._known_places(bars)})
            if len(known) <= context * (1 - room_share):
                return bars, known
            if stop - bar > bar - start and stop > bar + 1:
                stop -= max(1, (stop - bar - 1) // 4)
            elif start < bar:
                start += max(1, (bar - start) // 4)
            else:
                raise ScoretokError(f"bar {bar + 1} is too full for the model; write fewer tracks at a time")

    def _known_places(self, bars: range) -> set[Place]:
        """Cells of some bars that are given or written."""
        return {(part, bar) for part in range(len(self.song.parts)) for bar in bars if self._is_known((part, bar))}

    def _is_known(self, place: Place) -> bool:
        """Whether a cell is given or written."""
        return place in self.request.given or place in self.written

    def _written_in(self, bar: int) -> dict[str, Cell]:
        """The cells of a bar that were written, by part name."""
        return {
            part.name: self.song.cells.get((number, bar), ())
            for number, part in enumerate(self.song.parts)
            if (number, bar) in self.written
        }

    def _lead_in_tokens(self, places: list[Place], at: int, bars: range, bar: int | None) -> list[int]:
        """The tokens before the notes of a place; EOS where the window holds none."""
        if at >= len(places) or places[at][1] not in bars:
            return [ID["EOS"]]
        assert self.view is not None
        part, here = places[at]
        return lead_in(self.view, part, here - bars.start, None if bar is None else bar - bars.start)

    def _cell(self, part: int, bar: int, bars: range, after: int) -> None:
        """Write one cell and the token behind it."""
        if self._try_repeat(part, bar, bars, after):
            return
        like = self._parallel_cell(part, bar)
        if like and self._is_as_planned(part, bar) and self._write_known(part, bar, bars, after, like):
            return
        mark = self.writer.mark()
        is_lead = self.song.parts[part].name.startswith(MELODY_TRACKS)
        is_melody = is_lead and self.writer.sampling.temperature > 0
        wanted = self.writer.sampling.candidates if is_melody else 1
        found: list[Candidate] = []
        for attempt in range(CELL_ATTEMPTS):
            if attempt == FORM_ATTEMPTS and found:
                break
            rhythm = [Rhythm(like)] if like and attempt < RHYTHM_ATTEMPTS else []
            self.writer.rewind(mark)
            state = self._state(part, bar, bars, rhythm, in_form=attempt < FORM_ATTEMPTS)
            ids = self._draw(state, after, is_sharp=not is_lead)
            if ids is not None:
                found.append(self._candidate(part, bar, tuple(state.hits), ids, mark, is_melody))
            if len(found) == wanted:
                break
        if not found:
            raise ScoretokError(
                f"no notes were found for {self.song.parts[part].name} in bar {bar + 1} that meet all demands;"
                " relax one"
            )
        best = max(found, key=lambda one: one.score)
        self._store(part, bar, best.cell)
        if is_melody:
            self.writer.take(mark, best.ids, best.log_likelihood, best.drawn)
            scores = tuple(one.score for one in found)
            self.choices.append(MelodyChoice(self.song.parts[part].name, bar, best.terms, scores))

    def _candidate(self, part: int, bar: int, cell: Cell, ids: list[int], mark: Mark, is_melody: bool) -> "Candidate":
        """What was drawn for a cell since a mark, and what speaks for it."""
        log_likelihood, drawn = self.writer.log_likelihood - mark.log_likelihood, self.writer.drawn - mark.drawn
        terms: dict[str, float] = {}
        if is_melody:
            song = replace(self.song, cells={**self.song.cells, (part, bar): cell})
            window = [melody_bar(song, part, at) for at in range(max(0, bar - WINDOW_BARS + 1), bar + 1)]
            terms = score_candidate(window, song.key_at(bar), log_likelihood / max(1, drawn), self._kinds((part, bar)))
        return Candidate(cell, ids, log_likelihood, drawn, terms)

    def _try_repeat(self, part: int, bar: int, bars: range, after: int) -> bool:
        """Write a cell as that of the bar it comes back from; False where there is none or it may not be like that."""
        source = self.repeat_sources.get(bar)
        if source is None or not self._is_known((part, source)):
            return False
        if self.song.densities_at(source)[part] != self.song.densities_at(bar)[part]:
            return False
        cell, kinds = self.song.cells.get((part, source), ()), self._kinds((part, bar))
        if cell and kinds:
            cell = fit_words(cell, kinds) or cell
        return self._write_known(part, bar, bars, after, cell)

    def _parallel_cell(self, part: int, bar: int) -> Cell | None:
        """The melody of the bar whose line this one is like, fitted to its words; None where there is none."""
        source = self.request.parallels.get((part, bar))
        if source is None or not self._is_known(source):
            return None
        return fit_words(self.song.cells.get(source, ()), self._kinds((part, bar)))

    def _kinds(self, place: Place) -> tuple[SyllableKind, ...]:
        """The syllables that a cell is to sing."""
        return self.request.controls.syllables.get(place, SungCell()).kinds

    def _is_as_planned(self, part: int, bar: int) -> bool:
        """Whether a bar has the chords of the one whose line it is like, and does not end a section."""
        source, ends = self.request.parallels[part, bar][1], bar + 1 == len(self.song)
        ends = ends or self.song.plan[bar + 1].label not in (None, PHRASE)
        return not ends and self.song.chords_in(bar) == self.song.chords_in(source)

    def _write_known(self, part: int, bar: int, bars: range, after: int, cell: Cell) -> bool:
        """Write a cell with these notes; False where the rules forbid them."""
        state = self._state(part, bar, bars)
        if not state.allows(cell):
            return False
        back = next((back for back, earlier in state.earlier.items() if cell and earlier == cell), None)
        ids = [ID[f"Repeat_{back}"]] if back else cell_tokens(cell, state.is_drums)
        if self.writer.length + len(ids) >= self.writer.model.config.max_position_embeddings:
            raise ContextFullError(f"bar {bar + 1} does not fit into the context of the model; write fewer tracks")
        self.writer.feed(*ids, after)
        self._store(part, bar, cell)
        return True

    def _store(self, part: int, bar: int, cell: Cell) -> None:
        """Take in a cell that was written."""
        if cell:
            self.song = replace(self.song, cells={**self.song.cells, (part, bar): cell})
        self.book.add(part, bar, cell)
        self.written.add((part, bar))

    def _draw(self, state: CellState, after: int, is_sharp: bool) -> list[int] | None:
        """Draw the tokens of a cell, and the one behind it; None where it came to no end."""
        ids: list[int] = []
        while True:
            mask = state.mask(after)
            if not mask.any():
                return None
            ids.append(self.writer.sample(mask, is_sharp))
            if ids[-1] == after:
                return ids
            state.advance(ids[-1])

    def _form_rules(self, part: int, bar: int) -> list[Rule]:
        """What a bar is for in its form: drums fill the last one of a section, and the last one of all is held."""
        song, controls = self.song, self.request.controls
        name = song.parts[part].name
        if not self.request.develop or (part, bar) in controls.syllables or controls.density.get(name, (0, 0))[0] > 1:
            return []
        if bar + 1 == len(song):
            if (part, bar) in controls.rhythm or (part, bar) in controls.contour:
                return []
            return [Ending(next(iter(song.chords_in(bar)), None), name.startswith("bass."), song.parts[part].is_drums)]
        before = song.cells.get((part, bar - 1), ())
        is_last = song.plan[bar + 1].label not in (None, PHRASE) and song.plan[bar].label is None
        return [Novelty(before)] if song.parts[part].is_drums and before and is_last else []

    def _state(self, part: int, bar: int, bars: range, more: Sequence[Rule] = (), in_form: bool = True) -> CellState:
        song = self.song
        before = [back for back in REPEATS if bar - back >= bars.start and self._is_known((part, bar - back))]
        earlier = {back: song.cells.get((part, bar - back), ()) for back in before}
        return CellState(
            song.parts[part].is_drums,
            self.book.starts[bar],
            self.book.starts[bar + 1] - self.book.starts[bar],
            self.book.sounding(part, bar),
            self.book.upcoming(part, bar),
            [*more, *self.request.controls.rules(song, (part, bar)), *(self._form_rules(part, bar) if in_form else ())],
            earlier,
            (part, bar) in self.request.controls.syllables,
        )


def notes_task(
    writer: TokenWriter, request: Request, song: Song, given_notes: Mapping[int, Iterable[NoteSpan]] | None = None
) -> NotesTask:
    """The cells of a planned song that are still to be written; `given_notes` as in `write_notes`."""
    returning = repeat_sources(song) if request.repeat_sections else {}
    return NotesTask(writer, request, song, NoteIndex(song, given_notes), repeat_sources=returning)


def write_notes(
    writer: TokenWriter,
    request: Request,
    song: Song,
    given_notes: Mapping[int, Iterable[NoteSpan]] | None = None,
    advance: BarCallback = no_callback,
) -> Song:
    """The song with all cells that are not given. Raises ScoretokError when what is demanded cannot be met.

    `given_notes` are the exact spans of given notes, by part, where the cells hold them rounded.
    """
    task = notes_task(writer, request, song, given_notes)
    for one in task.bars():
        advance(one.bar, one.cells)
    return task.song
