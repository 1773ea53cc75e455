"""What a composer asks for, as functions from scores to scores: infill, vary, continue, accompany, harmonise, score.

Everything that is not asked for stays as it is, to the last token.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import torch

from planner.composition import GeneratedScore, words_of
from planner.language import GENRES, KIND_OF, MAX_WINDOW_BARS, count_onsets, density_level
from planner.llama import PlannerModel
from planner.note_writer import BarCallback, no_callback, write_notes
from planner.plan_writer import write_plan
from planner.playability import with_playability
from planner.request import NOT_SILENT, BarRequest, Controls, Request, given_plan
from planner.rules.syllables import MOST_MELISMA_NOTES, SungCell
from planner.sequence import Place, known_tokens, places_to_write, sequence
from planner.song import Part, Song, song_of, song_window
from planner.song_to_sheet import given_note_spans, new_track, replace_cells, sheet_of_song, without_repeated_chords
from planner.token_sampling import TokenSampling, TokenWriter
from scoretok.bars import rearrange_bars
from scoretok.errors import ScoretokError, warn
from scoretok.sheet import LeadSheet

# Set by hand; no benchmark varies it.
GENRE_BARS, GENRE_TOKENS = 8, 600  # of a song whose genre is guessed, from the first bar with notes on
AROUND_BARS = 24  # how much of a long song is looked at on either side of what is written


def infill(
    model: PlannerModel,
    sheet: LeadSheet,
    cells: Collection[tuple[str, int]],
    controls: Controls | None = None,
    sampling: TokenSampling | None = None,
    genre: str = "other",
    is_new: bool = True,
    advance: BarCallback = no_callback,
) -> GeneratedScore:
    """A score with some cells, (track id, bar), written anew; with `is_new` none comes out as it was.

    Raises ScoretokError for tracks and bars that are not there, and when demands cannot be met.
    """
    song = song_of(sheet, genre)
    names = [part.name for part in song.parts]
    for name, bar in sorted(cells):
        if name not in names:
            raise ScoretokError(
                f"there is no track {name} that can be written; there are: {', '.join(names) or 'none'}"
            )
        if not 0 <= bar < sheet.bar_count:
            raise ScoretokError(f"there is no bar {bar + 1}; the score has {sheet.bar_count}")
    if not cells:
        raise ScoretokError("no cell is to be written; name bars and tracks")
    places = sorted({(names.index(name), bar) for name, bar in cells}, key=lambda place: (place[1], place[0]))
    writer = TokenWriter(model, sampling)
    controls = with_playability(with_own_words(controls or Controls(), song, places), song)
    for group in window_groups(places):
        sheet = _infill_group(writer, sheet, song, group, controls, is_new, advance)
        song = song_of(sheet, genre)
    return GeneratedScore(sheet, writer.likelihood)


def with_own_words(controls: Controls, song: Song, places: Collection[Place]) -> Controls:
    """Controls by which cells are sung with the words that they have, but where onsets are counted by a demand."""
    kept = {place: kinds for place, kinds in song.words.items() if place in places}
    lost = [place for place in kept if song.parts[place[0]].name in controls.density]
    if lost:
        warn(f"the words of bar {lost[0][1] + 1} are left out: its onsets are asked for otherwise", "dropped")
    own = {
        place: SungCell(kinds, melisma=max(MOST_MELISMA_NOTES, count_onsets(song.cells.get(place, ()))), is_free=True)
        for place, kinds in kept.items()
        if place not in lost
    }
    return replace(controls, syllables={**own, **controls.syllables})


def window_groups(places: Sequence[Place]) -> list[list[Place]]:
    """Places by bar in runs that fit into a window with some bars around them."""
    found: list[list[Place]] = []
    for place in places:
        if found and place[1] - found[-1][0][1] < MAX_WINDOW_BARS // 2:
            found[-1].append(place)
        else:
            found.append([place])
    return found


def _infill_group(
    writer: TokenWriter,
    sheet: LeadSheet,
    song: Song,
    places: Sequence[Place],
    controls: Controls,
    is_new: bool,
    advance: BarCallback,
) -> LeadSheet:
    """A score with places of one window written anew."""
    first, last = places[0][1], places[-1][1]
    start = max(0, first - AROUND_BARS)
    bars = range(start, min(len(song), start + MAX_WINDOW_BARS, last + 1 + AROUND_BARS))
    here = {(part, bar - start) for part, bar in places}
    view = song_window(song, bars)
    kept = {place: cell for place, cell in view.cells.items() if place not in here}
    words = {(part, bar - start): kinds for (part, bar), kinds in words_of(controls).items()}
    if is_new:
        novelty = {place: view.cells[place] for place in here if place in view.cells}
        controls = replace(
            controls, novelty={**controls.novelty, **{(p, b + start): c for (p, b), c in novelty.items()}}
        )
    controls = controls.shifted_by(start).restricted_to(here)
    request = Request(replace(view, cells=kept, words=words), requested_plan(view, here), view.places - here, controls)
    request.check()
    return _write(writer, request, sheet, song, start, list(places), advance)[1]


def _write(
    writer: TokenWriter,
    request: Request,
    sheet: LeadSheet,
    song: Song,
    start: int,
    places: list[Place],
    advance: BarCallback,
) -> tuple[Song, LeadSheet]:
    """What a request for the bars of a score from `start` on gives, and the score with these places as it has them."""
    whole = write_plan(writer, request)
    shift = sheet.bar_starts[start]
    spans = {
        part: [(begin - shift, end - shift, pitch) for begin, end, pitch in rows]
        for part, rows in given_note_spans(sheet, song, places).items()
    }
    made = write_notes(writer, request, whole, spans, lambda bar, cells: advance(bar + start, cells))
    moved = replace(song, cells={(part, bar + start): cell for (part, bar), cell in made.cells.items()})
    return made, replace_cells(sheet, moved, places)


def requested_plan(view: Song, here: Collection[Place]) -> tuple[BarRequest, ...]:
    """Requested plan for infilling: densities from the cells that stay, else free but not silent."""
    asked = list(given_plan(view))
    for block in view.blocks():
        densities = list(asked[block.start].densities)
        for part in range(len(view.parts)):
            cut = [bar for bar in block if (part, bar) in here]
            if not cut:
                continue
            left = [view.cells.get((part, bar), ()) for bar in block if bar not in cut]
            densities[part] = density_level(sum(map(count_onsets, left)) / max(1, len(left))) or NOT_SILENT
        asked[block.start] = replace(asked[block.start], densities=tuple(densities))
    return tuple(asked)


def vary(
    model: PlannerModel,
    sheet: LeadSheet,
    cells: Collection[tuple[str, int]],
    keep: str = "rhythm",
    controls: Controls | None = None,
    sampling: TokenSampling | None = None,
    genre: str = "other",
    advance: BarCallback = no_callback,
) -> GeneratedScore:
    """A variation of some cells that keeps their "rhythm" or their "contour"; empty cells stay empty.

    Raises ScoretokError as `infill` does.
    """
    song = song_of(sheet, genre)
    numbers = {part.name: number for number, part in enumerate(song.parts)}
    old = {(numbers[name], bar): song.cells.get((numbers[name], bar), ()) for name, bar in cells if name in numbers}
    full = {place: cell for place, cell in old.items() if cell}
    if old and not full:
        raise ScoretokError("these cells hold no notes to vary; infill them instead")
    base = controls or Controls()
    demands = replace(base, rhythm=full) if keep == "rhythm" else replace(base, contour=full)
    kept = [(name, bar) for name, bar in cells if name not in numbers or (numbers[name], bar) in full]
    return infill(model, sheet, kept, demands, sampling, genre, True, advance)


def extend(
    model: PlannerModel,
    sheet: LeadSheet,
    bars: int,
    controls: Controls | None = None,
    sampling: TokenSampling | None = None,
    genre: str = "other",
    advance: BarCallback = no_callback,
) -> GeneratedScore:
    """A score that goes on for some bars, plan and notes. Raises ScoretokError."""
    if bars < 1:
        raise ScoretokError(f"a score goes on for at least one bar, not {bars}")
    writer = TokenWriter(model, sampling)
    while bars:
        step = min(bars, MAX_WINDOW_BARS // 2)
        sheet = _extend_window(writer, sheet, step, controls or Controls(), genre, advance)
        bars -= step
    return GeneratedScore(sheet, writer.likelihood)


def _extend_window(
    writer: TokenWriter, sheet: LeadSheet, bars: int, controls: Controls, genre: str, advance: BarCallback
) -> LeadSheet:
    """A score with so many bars more as fit into a window with some bars before."""
    longer = rearrange_bars(sheet, [*range(sheet.bar_count), *[None] * bars]).with_tracks(sheet.tracks)
    song = song_of(longer, genre)
    start = max(0, sheet.bar_count - MAX_WINDOW_BARS // 2)
    known = range(start, sheet.bar_count)
    view = song_window(song, range(start, sheet.bar_count + bars))
    # Densities of the bars that are there, not of the empty ones behind them too.
    asked = given_plan(song_window(song_of(sheet, genre), known)) + (BarRequest(),) * bars
    given = frozenset(place for place in view.places if place[1] < len(known))
    request = Request(view, asked, given, with_playability(controls, song).shifted_by(start))
    request.check()
    behind = [(part, bar) for part in range(len(song.parts)) for bar in range(sheet.bar_count, longer.bar_count)]
    made, after = _write(writer, request, longer, song, start, behind, advance)
    return with_plan(after, made, start, range(len(known), len(view)))


def with_plan(sheet: LeadSheet, made: Song, start: int, bars: range) -> LeadSheet:
    """A score with chords and sections of some bars of a song that begins at bar `start` of it."""
    chords, sections = list(sheet.chords), list(sheet.sections)
    plan_sheet = sheet_of_song(replace(made, cells={}))
    shift = sheet.bar_starts[start]
    for bar in bars:
        low, high = sheet.bar_starts[start + bar], sheet.bar_starts[start + bar + 1]
        chords = [chord for chord in chords if not low <= chord.start_ticks < high]
        chords += [
            replace(chord, start_ticks=chord.start_ticks + shift)
            for chord in plan_sheet.chords
            if low <= chord.start_ticks + shift < high
        ]
        sections += [replace(s, bar=s.bar + start) for s in plan_sheet.sections if s.bar == bar]
    chords.sort(key=lambda chord: chord.start_ticks)
    return replace(sheet, chords=without_repeated_chords(chords), sections=tuple({s.bar: s for s in sections}.values()))


def accompany(
    model: PlannerModel,
    sheet: LeadSheet,
    parts: Sequence[Part],
    controls: Controls | None = None,
    sampling: TokenSampling | None = None,
    genre: str = "other",
    advance: BarCallback = no_callback,
) -> GeneratedScore:
    """A score with more tracks, which play along with those that it has; chords too where it has none.

    The controls name the new tracks as `parts` do, whatever ids they get beside those that are there.
    """
    if not parts:
        raise ScoretokError("no track is to be added; name some")
    if not sheet.chords:
        sheet = harmonise(model, sheet, None, sampling, genre).sheet
    before = set(sheet.track_ids)
    grown = sheet.with_tracks([*sheet.tracks, *(new_track(part) for part in parts)])
    added = [name for name in grown.track_ids if name not in before]
    cells = [(name, bar) for name in added for bar in range(sheet.bar_count)]
    left = list(added)
    names = {}
    for part in parts:
        names[part.name] = next(name for name in left if name.partition(".")[0] == part.name.partition(".")[0])
        left.remove(names[part.name])
    controls = (controls or Controls()).renamed(names)
    return infill(model, grown, cells, controls, sampling, genre, False, advance)


def harmonise(
    model: PlannerModel,
    sheet: LeadSheet,
    controls: Controls | None = None,
    sampling: TokenSampling | None = None,
    genre: str = "other",
    advance: BarCallback = no_callback,
) -> GeneratedScore:
    """A score with chords that the model chooses for its notes; the notes stay. Raises ScoretokError."""
    song = song_of(sheet, genre)
    asked = tuple(replace(bar, chords=None) for bar in given_plan(song))
    writer = TokenWriter(model, sampling)
    made = write_plan(writer, Request(song, asked, song.places, controls or Controls()), lambda bar: advance(bar, {}))
    bare = replace(sheet, chords=())
    after = with_plan(bare, made, 0, range(len(song)))
    return GeneratedScore(replace(after, sections=sheet.sections), writer.likelihood)


@torch.inference_mode()
def score(model: PlannerModel, sheet: LeadSheet, genre: str = "other") -> dict[tuple[str, int], float]:
    """Log-likelihood in nats of cells, by (track id, bar), in the context of what comes before.

    Cells of tracks that are silent for a whole section are not listed.
    """
    song = song_of(sheet, genre)
    found: dict[tuple[str, int], float] = {}
    step = MAX_WINDOW_BARS // 2
    for start in range(0, len(song), step):
        found |= _score_window(model, song, start, min(len(song), start + step))
    return found


def _score_window(model: PlannerModel, song: Song, start: int, stop: int) -> dict[tuple[str, int], float]:
    """The same for some bars, in halves where they do not fit into the context."""
    view = song_window(song, range(start, stop))
    ids = sequence(view)
    if len(ids) > model.config.max_position_embeddings:
        if stop - start == 1:
            raise ScoretokError(f"bar {start + 1} does not fit into the context of the model")
        middle = (start + stop) // 2
        return _score_window(model, song, start, middle) | _score_window(model, song, middle, stop)
    logits = model(torch.tensor([ids]))[0, :-1].log_softmax(-1)
    chosen = logits.gather(-1, torch.tensor(ids[1:])[:, None])[:, 0].tolist()
    at = len(known_tokens(view, ()))
    found: dict[tuple[str, int], float] = {}
    places = iter(places_to_write(view, ()))
    part, bar = -1, -1
    for token, likelihood in zip(ids[at:], chosen[at - 1 :], strict=True):
        if KIND_OF[token] == "Track":
            part, bar = next(places)
        elif KIND_OF[token] in ("Bar", "EOS"):
            part = -1
        elif part >= 0:
            name = (song.parts[part].name, start + bar)
            found[name] = found.get(name, 0.0) + likelihood
    return found


@torch.inference_mode()
def guess_genre(model: PlannerModel, song: Song) -> str:
    """The likeliest of GENRES for the beginning of a song; "other" is not among the answers."""
    first = min((bar for _, bar in song.cells), default=0)
    for bars in range(min(GENRE_BARS, len(song) - first), 0, -1):
        view = song_window(song, range(first, first + bars))
        if len(sequence(view)) <= GENRE_TOKENS:
            break
    names = [genre for genre in GENRES if genre != "other"]
    ids = torch.tensor([sequence(replace(view, genre=genre)) for genre in names])[:, :GENRE_TOKENS]  # (genres, t)
    chances = torch.stack([_log_likelihood(model, row) for row in ids])
    return names[int(chances.argmax())]


def _log_likelihood(model: PlannerModel, ids: torch.Tensor) -> torch.Tensor:
    """Of the tokens behind the genre, (t,) -> ()."""
    return -torch.nn.functional.cross_entropy(model(ids[None, :-1])[0, 1:], ids[2:], reduction="sum")
