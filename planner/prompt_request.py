"""From a prompt, a plan and options to a request: the song's header, what is given of its bars, what is left open."""

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from planner.header import FASTEST, SLOWEST, OpenHeader
from planner.language import GENRES
from planner.plan_text import PlanBuilder, header_words, parse_plan
from planner.prompt import NearestFn, ParsedPrompt, parse_prompt
from planner.prompt_embedding import GENRE_DESCRIPTIONS, MOOD_DESCRIPTIONS, nearest_description
from planner.prompt_language import in_english, prompt_language
from planner.request import FREE, BarRequest
from planner.song import Song, model_key
from scoretok.chord_chart import ChartBar, parse_chart
from scoretok.errors import ScoretokError
from scoretok.harmony import parse_key
from scoretok.infer import infer_key
from scoretok.numbers import whole
from scoretok.parts import Key, Note

if TYPE_CHECKING:
    from planner.llama import PlannerModel
    from planner.token_sampling import TokenSampling

DEFAULT_BARS, DEFAULT_SECTION_BARS, DEFAULT_BPM = 16, 8, 110.0
DEFAULT_BAND = "piano bass drums"


@dataclass(frozen=True)
class PromptOptions:
    """What a person asks of a composition. Options come before what the prompt says; None is left to it.

    prompt: free text. plan: the text of a plan, with which only `genre` may be given.
    form: "intro 4, verse 8". chords: one a bar, "Am F C G", or with bar lines between.
    key: "A minor". meter: "3/4". tempo: quarter notes a minute. tracks: "vocal piano:4 bass drums".
    melody_role: who has the melody where no tracks are named; "" where one is given.
    form_of_words: labels and bars of the sections of the words, used where no form is given.
    like: a song whose genre, tempo, meter, tracks and densities are taken where nothing else is said.
    """

    prompt: str = ""
    plan: str | None = None
    plan_name: str = "the plan"
    bars: int | None = None
    form: str | None = None
    chords: str | None = None
    key: str | None = None
    meter: str | None = None
    tempo: float | None = None
    tracks: str | None = None
    genre: str | None = None
    melody_role: str = "lead"
    form_of_words: tuple[tuple[str, int], ...] = ()
    like: Song | None = None


@dataclass(frozen=True)
class PromptRequest:
    """A song without bars, what is given of its bars, what its header leaves to the model, what was understood."""

    song: Song
    bars: tuple[BarRequest, ...]
    open_header: OpenHeader
    understood: tuple[str, ...] = ()


def request_from(options: PromptOptions, nearest_word: NearestFn | None = None) -> PromptRequest:
    """What to ask of the planner. Raises ScoretokError.

    `nearest_word(kind, text)` names the "genre" or "mood" that is nearest in meaning to a text; by default by sentence
    embedding.
    """
    if options.plan is not None:
        return _request_of_plan(options, options.plan)
    prompt, said = english_prompt(options.prompt)
    found = parse_prompt(prompt, nearest_word or nearest_genre_or_mood)
    builder = PlanBuilder("the request")
    like = options.like
    builder.set_genre(check_genre(options.genre or found.genre or (like.genre if like else None)))
    builder.bpm = options.tempo or found.bpm or (like.bpm if like else DEFAULT_BPM)
    builder.set_meter(options.meter or "{}/{}".format(*(found.meter or (like.meter if like else (4, 4)))))
    key = parse_key(options.key) if options.key else found.key
    cells = None if options.chords is None else chart_of(options.chords)
    if key is None and cells is not None:
        key = key_of_chords(cells)
    builder.key = model_key(key) if key else builder.key
    usual = " ".join(f"{part.name}:{part.program}" for part in like.parts) if like else DEFAULT_BAND
    named = options.tracks or _named_tracks(found)
    builder.set_tracks(named or (usual if like else f"{options.melody_role} {usual}".strip()))
    at = 0
    for label, length in sections_of(options, found):
        builder.add_section(label, length)
        if like:
            builder.set_density(_usual_densities(like, [part.name for part in builder.parts]))
        if cells and length.isdecimal():
            count = int(length)
            builder.set_chart([cells[(at + bar) % len(cells)] for bar in range(count)])
            at += count
    open_tempo = options.tempo is None and found.bpm is None and like is None
    left = OpenHeader(open_tempo, key is None, found.bpm_range or (SLOWEST, FASTEST), found.mode)
    return PromptRequest(*builder.plan(), left, (*said, *found.lines()))


def _usual_densities(like: Song, names: list[str]) -> str:
    """How densely parts of these names play in a song on average, as a plan says it."""
    levels = [like.densities_at(bar) for bar in range(len(like))]
    means = {part.name: round(sum(row[n] for row in levels) / len(levels)) for n, part in enumerate(like.parts)}
    return ", ".join(f"{name} {level}" for name, level in means.items() if name in names)


def english_prompt(text: str) -> tuple[str, tuple[str, ...]]:
    """A prompt with the words that a rule can read in English, and a line that says so where it is not."""
    language = prompt_language(text)
    if language is None:
        return text, ()
    english, words = in_english(text, language)
    read = f"read by their dictionary: {', '.join(words)}" if words else "none of its words is in a dictionary here"
    return english, (f"language: {language}; {read}",)


def choose_header(
    model: "PlannerModel", request: PromptRequest, sampling: "TokenSampling | None" = None
) -> PromptRequest:
    """The request with what its header leaves open drawn by the model."""
    from planner.header import sample_header
    from planner.token_sampling import TokenWriter

    song = sample_header(TokenWriter(model, sampling), request.song, len(request.bars), request.open_header)
    return replace(request, song=song, open_header=OpenHeader())


def _request_of_plan(options: PromptOptions, text: str) -> PromptRequest:
    given = [name for name in ("form", "bars", "chords", "key", "meter", "tempo", "tracks") if getattr(options, name)]
    if given or options.prompt:
        name = "prompt" if options.prompt else given[0]
        raise ScoretokError(f"--{name} is said by the plan; change it there, or leave out --plan")
    song, bars = parse_plan(text, options.plan_name)
    said = header_words(text)
    if options.genre:
        song = replace(song, genre=check_genre(options.genre))
    return PromptRequest(song, bars, OpenHeader("tempo" not in said, "key" not in said))


def _named_tracks(found: ParsedPrompt) -> str:
    return " ".join(f"{role}:{program}" for role, program in found.parts)


def check_genre(name: str | None) -> str:
    """A genre that the model knows, "other" for none. Raises ScoretokError."""
    if name is not None and name not in GENRES:
        raise ScoretokError(f"the model does not know the genre {name!r}; it knows: {', '.join(GENRES)}")
    return name or "other"


def nearest_genre_or_mood(kind: str, text: str) -> str | None:
    """The genre or mood whose description is nearest to a text by sentence embedding."""
    return nearest_description(text, GENRE_DESCRIPTIONS if kind == "genre" else MOOD_DESCRIPTIONS)


def key_of_chords(chart: list[ChartBar]) -> Key:
    """The key that chords, by bars, are most likely in."""
    chords = [one.chord for bar in chart for one in bar]
    notes = [Note(0, 60 + pitch, 24, 80) for chord in chords for pitch in chord.pitch_classes]
    return infer_key(notes + [Note(0, 48 + chord.root, 24, 80) for chord in chords if chord.root is not None])


def chart_of(text: str) -> list[ChartBar]:
    """The chords of --chords. Raises ScoretokError."""
    chart = parse_chart(text)
    if not any(chart):
        raise ScoretokError('--chords names none; write one a bar, "Am F C G", or bar lines between them')
    return chart


def sections_of(options: PromptOptions, found: ParsedPrompt) -> list[tuple[str, str]]:
    """Labels and lengths: those of the form, those of the prompt as long as it says, or a free one."""
    bars = options.bars or found.bars
    if options.form is not None:
        items = [item.split() for item in options.form.split(",") if item.strip()]
        if not items:
            raise ScoretokError("--form names no section; write for example: intro 4, verse 8")
        sections = [(words[0], " ".join(words[1:])) for words in items]
        total = sum(whole(length) for _, length in sections if re.fullmatch("[0-9]+", length))
        if options.bars and total != options.bars:
            raise ScoretokError(f"--form has {total} bars and --bars {options.bars}; leave one out")
        return sections
    if options.form_of_words:
        found.evidence["form"] = "that of the words"
        if bars is None:
            return [(label, str(length)) for label, length in options.form_of_words]
        shares = tuple((label, None) for label, _ in options.form_of_words)
        return [(label, str(length)) for label, length in with_lengths(shares, bars)]
    if found.form:
        return [(label, str(length)) for label, length in with_lengths(found.form, bars)]
    return [(FREE, str(bars or DEFAULT_BARS))]


def with_lengths(sections: tuple[tuple[str, int | None], ...], bars: int | None) -> list[tuple[str, int]]:
    """Sections with lengths: those without get equal shares of the bars that are left, or eight.

    Raises ScoretokError when the bars do not suffice or, all lengths being given, are not as many.
    """
    given = sum(length or 0 for _, length in sections)
    open_sections = [number for number, (_, length) in enumerate(sections) if length is None]
    left = (bars or given + DEFAULT_SECTION_BARS * len(open_sections)) - given
    if left < len(open_sections):
        raise ScoretokError(f"{bars} bars are too few for {len(sections)} sections; ask for more bars")
    if left and not open_sections:
        raise ScoretokError(f"these sections have {given} bars, not {bars}; leave one of the two out")
    shares = dict.fromkeys(open_sections, left // max(1, len(open_sections)))
    if open_sections:
        shares[open_sections[-1]] += left % len(open_sections)
    return [(label, length or shares[number]) for number, (label, length) in enumerate(sections)]
