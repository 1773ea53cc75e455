"""scoretok plan and compose: from a prompt, a plan or options to a plan, or to a whole score."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from editing.cli.audition import print_choices, write_audition
from editing.cli.common import (
    FiniteRange,
    RenamedOption,
    check_output,
    collect,
    json_option,
    language_option,
    print_json,
    progress_bar,
    quiet_option,
    say,
    seed_option,
    silence,
    with_options,
)
from editing.cli.planning import (
    PlannerOptions,
    check_variants,
    get_controls,
    get_model,
    get_sampling,
    key_of_bars,
    planner_options,
    save_variants,
)
from editing.cli.reading import load
from editing.phrases import edit
from scoretok.errors import ScoretokError
from scoretok.files import read_text, write_text
from scoretok.lyrics import with_phonemes_if_possible

if TYPE_CHECKING:
    from planner.composition import GeneratedScore
    from planner.language import Cell
    from planner.llama import PlannerModel
    from planner.lyric_layout import LaidWords
    from planner.lyric_text import LyricSection
    from planner.note_writer import BarCallback
    from planner.prompt_request import PromptRequest
    from planner.request import Controls
    from planner.song import Song
    from planner.token_sampling import TokenSampling
    from scoretok.sheet import LeadSheet

    Words = tuple[LyricSection, ...]
    Make = Callable[[TokenSampling, BarCallback], GeneratedScore]

HUMAN_TICKS, HUMAN_VELOCITY = 0.6, 8  # of --humanise: up to 12 ms at 120; set by hand
COMPOSE = """\b
Examples:
  scoretok compose --prompt "slow waltz in D minor for piano and cello" -o song.lead
  scoretok compose --chords "Am F C G" --bars 16 --tracks "piano bass drums" -o song.lead
  scoretok compose --plan plan.txt --density bass=1-4 --seed 3 -o song.lead
"""
PLAN = """\b
Examples:
  scoretok plan --prompt "upbeat funk in E, verse and chorus" -o plan.txt
  scoretok compose --plan plan.txt -o song.lead
"""
request_options = with_options(
    click.option("--prompt", metavar="TEXT", help="In words; what was understood is printed."),
    click.option("--plan", "plan_file", metavar="FILE", help="A plan as scoretok plan writes it."),
    click.option("--bars", type=click.IntRange(1, 9999), help="How many bars (default: 16, or by --form)."),
    click.option("--form", metavar="TEXT", help='Sections and their bars: "intro 4, verse 8, chorus 8".'),
    click.option("--chords", metavar="TEXT", help='Chords, again and again: "Am F C G", "Am F | C", "Am@1 F@3".'),
    click.option("--key", metavar="KEY", help='"A minor".'),
    click.option("--meter", metavar="N/D", help="3/4."),
    click.option("--tempo", type=FiniteRange(20, 400), help="Quarter notes a minute."),
    click.option("--like", metavar="FILE", help="A score: its genre, tempo, meter, tracks, densities, where not said."),
    click.option("--tracks", metavar="NAMES", help='"vocal piano:4 bass drums": roles, with General MIDI programs.'),
    click.option(
        "--repeat-sections/--no-repeat-sections",
        "--reprise/--no-reprise",
        "repeat_sections",
        cls=RenamedOption,
        default=True,
        help="Play sections that come again as they were.",
    ),
    click.option(
        "--develop/--no-develop",
        default=True,
        help="Let sections grow from intro to chorus, drums fill their last bar, and the last bar end.",
    ),
)


@dataclass(frozen=True)
class RequestOptions:
    """What is asked of a composition; None where it is not."""

    prompt: str | None
    plan_file: str | None
    bars: int | None
    form: str | None
    chords: str | None
    key: str | None
    meter: str | None
    tempo: float | None
    like: str | None
    tracks: str | None
    repeat_sections: bool
    develop: bool
    lyrics: str | None = None
    melody: str | None = None
    language: str = "en"


@click.command(epilog=COMPOSE)
@request_options
@click.option("--lyrics", metavar="FILE", help="Words to be sung, a line a phrase; one note a syllable.")
@click.option("--melody", metavar="FILE", help="A score that stays; --tracks, or those of --prompt, play along.")
@click.option("--audition", metavar="DIR", help="Also write a draft of each variant there, to listen to.")
@click.option("--explain", is_flag=True, help="Print why each bar of melody was kept.")
@click.option("--humanise", "humanised", is_flag=True, help="Play what is made a little early and late, soft and loud.")
@language_option
@click.option("-o", "--output", required=True, metavar="FILE", help="The score, - for standard output.")
@click.option("--stream", is_flag=True, help="Print every bar as a line of JSON as soon as it is made.")
@planner_options
@seed_option
@json_option
@quiet_option
@collect(PlannerOptions, "planning")
@collect(RequestOptions, "request")
def compose(
    output: str, audition: str | None, explain: bool, humanised: bool, seed: int, stream: bool, as_json: bool,
    quiet: bool, planning: PlannerOptions, request: RequestOptions,
) -> None:  # fmt: skip
    """Compose a score; what is asked for is kept, what is not the model chooses."""
    from planner.variants import variants

    silence(quiet)
    check_output(output)
    if stream and (planning.variants > 1 or output == "-"):
        raise ScoretokError("--stream tells of one score as it is made; leave out --variants, and name a file for it")
    check_variants(planning, output)
    prepare = from_melody if request.melody else from_request
    make, bars, before = prepare(planning, request, seed, quiet or as_json)
    with progress_bar("composing", planning.variants * bars, quiet) as advance:

        def report_bar(bar: int, cells: "Mapping[str, Cell]") -> None:
            advance()
            if stream:
                print_json({"bar": bar + 1, "notes": cells})

        sampling = get_sampling(planning, seed)
        made = variants(lambda one: make(one, report_bar), planning.variants, sampling, before)
    if humanised:
        made = [replace(one, sheet=with_human_hand(one.sheet, before, seed)) for one in made]
    save_variants(made, output, as_json, quiet)
    if explain:
        print_choices(made[0].choices)
    if audition:
        write_audition([one.sheet for one in made], audition, seed, quiet or as_json)


def with_human_hand(sheet: "LeadSheet", before: "LeadSheet | None", seed: int) -> "LeadSheet":
    """The score with its new tracks played a little early and late, soft and loud."""
    new = [name for name in sheet.track_ids if before is None or name not in before.track_ids]
    phrase = f"humanise timing {HUMAN_TICKS} velocity {HUMAN_VELOCITY} seed {seed} of {', '.join(new)}"
    return edit(sheet, [phrase]) if new else sheet


@click.command(epilog=PLAN)
@request_options
@click.option("-o", "--output", default="-", metavar="FILE", help="The plan, a text to read and change.")
@planner_options
@seed_option
@quiet_option
@collect(PlannerOptions, "planning")
@collect(RequestOptions, "request")
def plan(output: str, seed: int, quiet: bool, planning: PlannerOptions, request: RequestOptions) -> None:
    """Write a plan only: form, chords, which tracks play how densely."""
    from planner.composition import plan as make
    from planner.plan_text import print_plan
    from planner.request import given_plan

    silence(quiet)
    model, asked, controls = prepare_request(planning, request, seed, quiet)
    with progress_bar("planning", len(asked.bars), quiet) as advance:
        sampling = get_sampling(planning, seed)
        repeats = request.repeat_sections
        made = make(model, asked.song, asked.bars, controls, sampling, lambda _: advance(), repeats, request.develop)
    text = print_plan(made, given_plan(made))
    if output == "-":
        click.echo(text, nl=False)
    else:
        write_text(text, output)


def read_request(
    planning: "PlannerOptions", options: RequestOptions, quiet: bool, words: "Words" = ()
) -> "PromptRequest":
    """What a plan, a prompt, words and options ask for; prints what was understood. Raises ScoretokError."""
    from planner.lyric_layout import form_of_lyrics
    from planner.prompt_request import PromptOptions, request_from

    names = ("bars", "form", "chords", "key", "meter", "tempo", "tracks")
    asked = PromptOptions(
        options.prompt or "",
        read_text(options.plan_file) if options.plan_file else None,
        Path(options.plan_file or "the plan").name,
        **{name: getattr(options, name) for name in names},
        genre=planning.genre,
        melody_role="" if options.melody else "vocal" if options.lyrics else "lead",
        form_of_words=form_of_lyrics(words),
        like=song_like(planning, options.like) if options.like else None,
    )
    found = request_from(asked)
    if options.lyrics and not (options.plan_file or options.tracks):
        found = with_vocal(found)
    if not quiet:
        for line in found.understood:
            say(f"understood {line}")
    return found


def song_like(planning: "PlannerOptions", path: str) -> "Song":
    """The song of a score that others are to be like, with its genre as far as the model can tell."""
    from planner.song import song_of
    from planner.tasks import guess_genre

    song = song_of(load(path))
    if not song.parts:
        raise ScoretokError(f"{path} has no track that the planner could write another like")
    return replace(song, genre=planning.genre or guess_genre(get_model(planning.model), song))


def with_vocal(request: "PromptRequest") -> "PromptRequest":
    """The request with a vocal track, which words need, where the prompt names none."""
    from planner.song import Part
    from scoretok.roles import ROLE_PROGRAMS

    if any(part.name.startswith("vocal.") for part in request.song.parts):
        return request
    parts = (Part("vocal.1", ROLE_PROGRAMS["vocal"]), *request.song.parts)
    understood = (*request.understood, "the words need a vocal track: one was added")
    return replace(request, song=replace(request.song, parts=parts), understood=understood)


def prepare_request(
    planning: PlannerOptions, options: RequestOptions, seed: int, quiet: bool, words: "Words" = ()
) -> "tuple[PlannerModel, PromptRequest, Controls]":
    """The model, and what is asked of it once its own choices for the header are made. Raises ScoretokError."""
    from planner.prompt_request import choose_header
    from scoretok.harmony import parse_key

    asked = read_request(planning, options, quiet, words)
    model = get_model(planning.model)
    asked = choose_header(model, asked, get_sampling(planning, seed))
    names = [part.name for part in asked.song.parts]
    return model, asked, get_controls(planning, names, parse_key(options.key or asked.song.key))


def prepare_song(
    planning: PlannerOptions, options: RequestOptions, seed: int, quiet: bool
) -> "tuple[PlannerModel, PromptRequest, Controls, LaidWords | None]":
    """As `prepare_request`, with the words of --lyrics laid on the bars; None without. Raises ScoretokError."""
    from planner.lyric_layout import with_words
    from planner.lyric_text import read_lyrics

    sections = read_lyrics(read_text(options.lyrics), options.language) if options.lyrics else ()
    model, asked, controls = prepare_request(planning, options, seed, quiet, sections)
    if not sections:
        return model, asked, controls, None
    bars, controls, words = with_words(asked.song, asked.bars, controls, sections)
    return model, replace(asked, bars=bars), controls, words


def from_request(planning: PlannerOptions, options: RequestOptions, seed: int, quiet: bool) -> "tuple[Make, int, None]":
    """What composes as options ask, and how many bars. Raises ScoretokError."""
    from planner.composition import compose as make

    model, asked, controls, words = prepare_song(planning, options, seed, quiet)

    def composed(sampling: "TokenSampling", on_bar: "BarCallback") -> "GeneratedScore":
        made = make(
            model, asked.song, asked.bars, controls, sampling, on_bar, words, options.repeat_sections, options.develop
        )
        return replace(made, sheet=with_phonemes_if_possible(made.sheet, options.language)) if words else made

    return composed, len(asked.bars), None


def from_melody(
    planning: PlannerOptions, options: RequestOptions, seed: int, quiet: bool
) -> "tuple[Make, int, LeadSheet]":
    """What adds tracks to a score, how many bars it has, and the score. Raises ScoretokError."""
    from planner.tasks import accompany

    names = ("plan_file", "form", "bars", "chords", "key", "meter", "tempo", "lyrics")
    said = [name for name in names if getattr(options, name)]
    if said:
        raise ScoretokError(f"--{said[0].removesuffix('_file')} is said by the score of --melody; leave one out")
    sheet = load(str(options.melody))
    song = read_request(planning, options, quiet).song
    key = key_of_bars(planning, sheet, range(sheet.bar_count))
    controls = get_controls(planning, [part.name for part in song.parts], key)
    model = get_model(planning.model)

    def composed(sampling: "TokenSampling", on_bar: "BarCallback") -> "GeneratedScore":
        return accompany(model, sheet, song.parts, controls, sampling, song.genre, on_bar)

    return composed, sheet.bar_count, sheet
