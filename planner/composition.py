"""Composing from a plan, or from a request that the model plans: at once, or bar by bar as it is written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from planner.language import SyllableKind
from planner.llama import PlannerModel
from planner.lyric_layout import LaidWords
from planner.note_writer import BarCallback, MelodyChoice, NotesTask, WrittenBar, no_callback, notes_task
from planner.plan_writer import write_plan
from planner.playability import with_playability
from planner.request import BarRequest, Controls, Request
from planner.sequence import Place
from planner.song import Song
from planner.song_to_sheet import sheet_of_song
from planner.token_sampling import TokenSampling, TokenWriter
from scoretok.sheet import LeadSheet


@dataclass(frozen=True)
class GeneratedScore:
    """A generated score, the mean log-likelihood in nats of its tokens, and why its bars of melody were kept."""

    sheet: LeadSheet
    likelihood: float
    choices: tuple[MelodyChoice, ...] = ()


def plan(
    model: PlannerModel,
    song: Song,
    bars: Sequence[BarRequest],
    controls: Controls | None = None,
    sampling: TokenSampling | None = None,
    advance: Callable[[int], None] = lambda bar: None,
    repeat_sections: bool = True,
    develop: bool = True,
) -> Song:
    """The song with a whole plan and no notes: what `compose` begins with. Raises ScoretokError as it does."""
    request = Request(song, tuple(bars), frozenset(), controls or Controls(), repeat_sections, {}, develop)
    request.check()
    return write_plan(TokenWriter(model, sampling), request, advance)


def words_of(controls: Controls) -> dict[Place, tuple[SyllableKind, ...]]:
    """The syllables that are demanded, as the model reads them."""
    return {place: sung.kinds for place, sung in controls.syllables.items() if sung.kinds}


def compose(
    model: PlannerModel,
    song: Song,
    bars: Sequence[BarRequest],
    controls: Controls | None = None,
    sampling: TokenSampling | None = None,
    advance: BarCallback = no_callback,
    words: LaidWords | None = None,
    repeat_sections: bool = True,
    develop: bool = True,
) -> GeneratedScore:
    """A new score: `song` says its parts, meter, key, tempo and genre, `bars` what of the plan is given.

    `words` are the syllables of cells for which the controls demand some. With `repeat_sections` sections that
    come again have the chords of the first of their name and its notes, but for their last bar, where nothing else is
    demanded; with `develop` they grow and end (`Request`). Raises ScoretokError when what is demanded contradicts
    itself or cannot be met.
    """
    task = _notes_task(model, song, bars, controls, sampling, words, repeat_sections, develop)
    for one in task.bars():
        advance(one.bar, one.cells)
    sheet = sheet_of_song(task.song, words.syllables if words else None)
    return GeneratedScore(sheet, task.writer.likelihood, tuple(task.choices))


def compose_bars(
    model: PlannerModel,
    song: Song,
    bars: Sequence[BarRequest],
    controls: Controls | None = None,
    sampling: TokenSampling | None = None,
    words: LaidWords | None = None,
    repeat_sections: bool = True,
    develop: bool = True,
) -> Iterator[WrittenBar]:
    """The bars of `compose` as they are written, each with the song so far: its whole plan, and the notes up to there.

    `sheet_of_song(one.song)` is the score so far. A caller that takes no more bars ends the work. Raises ScoretokError
    as `compose` does.
    """
    yield from _notes_task(model, song, bars, controls, sampling, words, repeat_sections, develop).bars()


def _notes_task(
    model: PlannerModel,
    song: Song,
    bars: Sequence[BarRequest],
    controls: Controls | None,
    sampling: TokenSampling | None,
    words: LaidWords | None,
    repeat_sections: bool,
    develop: bool,
) -> NotesTask:
    """The song with its plan, and its notes still to be written."""
    controls = with_playability(controls or Controls(), song)
    song = replace(song, words=words_of(controls))
    parallels = words.parallels if words else {}
    request = Request(song, tuple(bars), frozenset(), controls, repeat_sections, parallels, develop)
    request.check()
    writer = TokenWriter(model, sampling)
    return notes_task(writer, request, write_plan(writer, request))
