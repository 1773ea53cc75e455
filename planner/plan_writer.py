"""Writing a plan: what is given of it as it is, the rest drawn bar by bar."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from planner.chord_style import style_of_genre
from planner.language import FIRST, ID, KIND_OF, MAX_WINDOW_BARS, TOKENS
from planner.plan_mask import PlanBarState
from planner.request import FREE, NOT_SILENT, Request
from planner.section_repeats import key_changes, source_bar
from planner.sequence import given_tokens, header_tokens, plan_tokens, read_plan
from planner.song import PHRASE_BARS, PlanBar, Song, song_window
from planner.token_sampling import TokenWriter
from scoretok.theory import PITCH_CLASS_NAMES

# Set by hand; no benchmark varies them.
OVERLAP_BARS = 8  # of a plan that is longer than a window, how much of what was planned is shown again
MAX_GIVEN_SHARE = 0.6  # of the context may be taken by cells that are given


def write_plan(writer: TokenWriter, request: Request, advance: Callable[[int], None] = lambda bar: None) -> Song:
    """The song of a request with a whole plan; its cells are those that are given."""
    song = replace(request.song, plan=tuple(PlanBar() for _ in request.bars))
    done = 0
    while done < len(request.bars):
        bars = _start_window(writer, request, song, done)
        song = _plan_window(writer, request, song, bars, done, advance)
        done = bars.stop
    return song


def requested_densities(request: Request) -> list[tuple[int | None, ...]]:
    """Densities of the section that a bar lies in, for every bar (b, p).

    Those that a section begins with hold until the next one; a part that has to have onsets in every bar plays.
    """
    free: tuple[int | None, ...] = (None,) * len(request.song.parts)
    plays = [request.controls.density.get(part.name, (0, 0))[0] > 0 for part in request.song.parts]
    found, current = [], free
    for bar in request.bars:
        current = bar.densities or (current if bar.label is None else free)
        found.append(
            tuple(NOT_SILENT if level is None and must else level for level, must in zip(current, plays, strict=True))
        )
    return found


def _start_window(writer: TokenWriter, request: Request, song: Song, done: int) -> range:
    """Show the model the start of a window and what is planned of it; the bars of the window."""
    start = max(0, done - OVERLAP_BARS)
    stop = min(len(song), start + MAX_WINDOW_BARS)
    while True:
        bars = range(start, stop)
        given = frozenset((part, bar - start) for part, bar in request.given if bar in bars)
        view = song_window(song, bars, recount=False) if done else replace(song, plan=song.plan[:stop])
        ids = [*header_tokens(view), *given_tokens(view, given), ID["Plan"]]
        is_least = stop - done <= 1 and start == done
        if len(ids) <= MAX_GIVEN_SHARE * writer.model.config.max_position_embeddings or is_least:
            break
        if stop - done > 1:
            stop -= max(1, (stop - done) // 4)
        else:
            start += 1
    writer.restart()
    writer.feed(*ids)
    for bar in range(start, done):
        writer.feed(FIRST["Bar"] + bar - start, *plan_tokens(view.plan[bar - start]))
    return bars


def _plan_window(
    writer: TokenWriter, request: Request, song: Song, bars: range, done: int, advance: Callable[[int], None]
) -> Song:
    """The song with the plan of the bars of a window that have none yet."""
    plan, densities = list(song.plan), requested_densities(request)
    labels = [bar for bar in range(done) if plan[bar].label is not None]
    since = done - labels[-1] if labels else None
    meter = next((bar.meter for bar in reversed(plan[:done]) if bar.meter), song.meter)
    key = next((bar.key for bar in reversed(plan[:done]) if bar.key), song.key)
    for bar in range(done, bars.stop):
        asked = request.bars[bar]
        meter, key = asked.meter or meter, asked.key or key
        state = PlanBarState(
            song.pickup_ticks if bar == 0 and song.pickup_ticks else 96 * meter[0] // meter[1], 96 // meter[1], since,
            len(request.bars) - bar, asked.label_token(), densities[bar],
            parts_due(request, plan[:bar], len(song.parts)),
            None if asked.chords is None else plan_tokens(PlanBar(asked.chords)), request.controls.scale,
            (request.controls.chord_style or style_of_genre(song.genre), key), ends_with_tonic(request, bar, key),
            section_floors(plan[:bar], len(song.parts)) if request.develop else {},
        )  # fmt: skip
        changes = plan_tokens(PlanBar((), meter=asked.meter, key=asked.key))
        writer.feed(FIRST["Bar"] + bar - bars.start, *changes)
        after = FIRST["Bar"] + bar + 1 - bars.start if bar + 1 < bars.stop else ID["Notes"]
        repeats = request.repeat_sections and not state.ends
        if repeats:
            repeat_source_plan(state, request, plan, bar, None, densities[bar])
        while (token := writer.sample(state.mask(after))) != after:
            state.advance(token)
            if repeats and KIND_OF[token] == "Section":
                repeat_source_plan(state, request, plan, bar, TOKENS[token].partition("_")[2], densities[bar])
        writer.unfeed()  # the next bar says it
        plan[bar] = read_plan([*changes, *state.ids], len(song.parts))
        since = 1 if plan[bar].label is not None else (since or 0) + 1
        advance(bar)
    return replace(song, plan=tuple(plan))


def ends_with_tonic(request: Request, bar: int, key: str) -> bool:
    """Whether a bar is the last one and to be an ending, and the tonic is a root that is allowed."""
    scale = request.controls.scale
    is_allowed = scale is None or PITCH_CLASS_NAMES.index(key.partition(":")[0]) in scale
    return request.develop and bar + 1 == len(request.bars) and is_allowed


def section_floors(planned: Sequence[PlanBar], parts: int) -> dict[str, Sequence[int]]:
    """How densely each part plays at least in sections by their labels: a verse as the intro, a chorus as the verse."""
    levels = {bar.label: bar.densities for bar in planned if bar.densities is not None}
    nothing = (0,) * parts
    verse = levels.get("intro") or nothing
    return {"intro": nothing, "verse": verse, "chorus": levels.get("verse") or verse}


def repeat_source_plan(
    state: PlanBarState,
    request: Request,
    plan: list[PlanBar],
    bar: int,
    label: str | None,
    levels: Sequence[int | None],
) -> None:
    """Copies chords and densities of the bar that this one repeats, where the request (`levels`) leaves them open.

    `label` is the section that begins with the bar, if one does.
    """
    source, song = source_bar(plan, bar, label), replace(request.song, plan=tuple(plan))
    if source is not None:
        keys = [asked.key for asked in request.bars]
        if song.bar_ticks()[source] != state.bar_ticks or key_changes(keys, song.key, source, bar):
            source = None
    if request.bars[bar].chords is None:
        chords = None if source is None else song.chords_in(source) if label else plan[source].chords
        state.chords = None if chords is None else plan_tokens(PlanBar(chords))
    before = plan[source].densities if source is not None else None
    for part, level in enumerate(levels):
        comes_back = before is not None and level is None and (before[part] or not state.due_parts[part])
        state.densities[part] = before[part] if before is not None and comes_back else level


def parts_due(request: Request, planned: list[PlanBar], parts: int) -> list[bool]:
    """Parts (p,) that may not be silent in the next section: not yet played, if it may be the last."""
    played = [any(bar.densities and bar.densities[part] for bar in planned) for part in range(parts)]
    later = any(asked.label not in (None, FREE) for asked in request.bars[len(planned) + 1 :])
    left = len(request.bars) - len(planned)
    return [not one and not later and left < 2 * PHRASE_BARS for one in played]
