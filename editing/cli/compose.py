"""scoretok plan and compose: from a prompt, a plan or options to a plan, or to a whole score."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from editing.cli.common import (
    check_output,
    json_option,
    language_option,
    load,
    print_json,
    progress_bar,
    quiet_option,
    seed_option,
    silence,
    with_options,
)
from editing.cli.planning import (
    check_variants,
    get_controls,
    get_genre,
    get_model,
    get_sampling,
    key_of_bars,
    planner_options,
    save_variants,
)
from scoretok.errors import ScoretokError
from scoretok.files import read_text, write_text
from scoretok.lyrics import with_phonemes_if_possible

if TYPE_CHECKING:
    from collections.abc import Callable

    from planner.header import OpenHeader
    from planner.language import Cell
    from planner.llama import PlannerModel
    from planner.note_writer import BarCallback
    from planner.request import BarRequest, Controls
    from planner.song import Song
    from planner.tasks import GeneratedScore
    from planner.token_sampling import TokenSampling
    from scoretok.parts import Key
    from scoretok.sheet import LeadSheet

    Make = Callable[[TokenSampling, BarCallback], GeneratedScore]

BARS = 16
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
    click.option("--chords", metavar="TEXT", help='One chord a bar, again and again: "Am F C G".'),
    click.option("--key", metavar="KEY", help='"A minor".'),
    click.option("--meter", metavar="N/D", help="3/4."),
    click.option("--tempo", type=click.FloatRange(20, 400), help="Quarter notes a minute."),
    click.option("--tracks", metavar="NAMES", help='"vocal piano:4 bass drums": roles, with General MIDI programs.'),
    click.option("--reprise/--no-reprise", default=True, help="Play sections that come again as they were (default)."),
)


@click.command(epilog=COMPOSE)
@request_options
@click.option("--lyrics", metavar="FILE", help="Words to be sung, a line a phrase; one note a syllable.")
@click.option("--melody", metavar="FILE", help="A score that stays; --tracks, or those of --prompt, play along.")
@language_option
@click.option("-o", "--output", required=True, metavar="FILE", help="The score, - for standard output.")
@click.option("--stream", is_flag=True, help="Print every bar as a line of JSON as soon as it is made.")
@planner_options
@seed_option
@json_option
@quiet_option
def compose(output: str, seed: int, stream: bool, as_json: bool, quiet: bool, **options: Any) -> None:
    """Compose a score; what is asked for is kept, what is not the model chooses."""
    from planner.variants import variants

    silence(quiet)
    check_output(output)
    if stream and (options["variants"] > 1 or output == "-"):
        raise ScoretokError("--stream tells of one score as it is made; leave out --variants, and name a file for it")
    check_variants(options, output)
    prepare = from_melody if options["melody"] else from_request
    make, bars, before = prepare(options, seed, quiet or as_json)
    with progress_bar("composing", options["variants"] * bars, quiet) as advance:

        def report_bar(bar: int, cells: "Mapping[str, Cell]") -> None:
            advance()
            if stream:
                print_json({"bar": bar + 1, "notes": cells})

        made = variants(
            lambda sampling: make(sampling, report_bar), options["variants"], get_sampling(options, seed), before
        )
    save_variants(made, output, as_json, quiet)


def prepare_request(
    options: dict[str, Any], seed: int, quiet: bool
) -> "tuple[PlannerModel, Song, tuple[BarRequest, ...], Controls]":
    """The model, and what options ask of it once its own choices for the header are made. Raises ScoretokError."""
    from planner.header import sample_header
    from planner.token_sampling import TokenWriter

    song, bars, left = read_request(options, quiet)
    model = get_model(options["model"])
    song = sample_header(TokenWriter(model, get_sampling(options, seed)), song, len(bars), left)
    return model, song, bars, get_controls(options, [part.name for part in song.parts], key_asked(options, song))


def from_request(options: dict[str, Any], seed: int, quiet: bool) -> "tuple[Make, int, None]":
    """What composes as options ask, and how many bars. Raises ScoretokError."""
    from planner.lyric_layout import read_lines, with_words
    from planner.tasks import compose as make

    model, song, bars, controls = prepare_request(options, seed, quiet)
    words = None
    if options["lyrics"]:
        lines = read_lines(read_text(options["lyrics"]), options["language"])
        bars, controls, words = with_words(song, bars, controls, lines)

    def composed(sampling: "TokenSampling", on_bar: "BarCallback") -> "GeneratedScore":
        made = make(model, song, bars, controls, sampling, on_bar, words, options["reprise"])
        return replace(made, sheet=with_phonemes_if_possible(made.sheet, options["language"])) if words else made

    return composed, len(bars), None


def from_melody(options: dict[str, Any], seed: int, quiet: bool) -> "tuple[Make, int, LeadSheet]":
    """What adds tracks to a score, how many bars it has, and the score. Raises ScoretokError."""
    from planner.tasks import accompany

    said = [one for one in ("plan_file", "form", "bars", "chords", "key", "meter", "tempo", "lyrics") if options[one]]
    if said:
        raise ScoretokError(f"--{said[0].removesuffix('_file')} is said by the score of --melody; leave one out")
    sheet = load(options["melody"])
    song, _, _ = read_request(options, quiet)
    controls = get_controls(
        options, [part.name for part in song.parts], key_of_bars(options, sheet, range(sheet.bar_count))
    )
    model = get_model(options["model"])

    def composed(sampling: "TokenSampling", on_bar: "BarCallback") -> "GeneratedScore":
        return accompany(model, sheet, song.parts, controls, sampling, song.genre, on_bar)

    return composed, sheet.bar_count, sheet


@click.command(epilog=PLAN)
@request_options
@click.option("-o", "--output", default="-", metavar="FILE", help="The plan, a text to read and change.")
@planner_options
@seed_option
@quiet_option
def plan(output: str, seed: int, quiet: bool, **options: Any) -> None:
    """Write a plan only: form, chords, which tracks play how densely."""
    from planner.plan_text import print_plan
    from planner.request import given_plan
    from planner.tasks import plan as make

    silence(quiet)
    model, song, bars, controls = prepare_request(options, seed, quiet)
    with progress_bar("planning", len(bars), quiet) as advance:
        sampling = get_sampling(options, seed)
        made = make(model, song, bars, controls, sampling, lambda _: advance(), options["reprise"])
    text = print_plan(made, given_plan(made))
    if output == "-":
        click.echo(text, nl=False)
    else:
        write_text(text, output)


def read_request(options: dict[str, Any], quiet: bool) -> "tuple[Song, tuple[BarRequest, ...], OpenHeader]":
    """The song and its bars that a plan, a prompt and options ask for, and what they leave open of its header.

    Options come before what a prompt says. Raises ScoretokError.
    """
    from planner.header import FASTEST, SLOWEST, OpenHeader
    from planner.plan_text import header_words, parse_plan
    from planner.prompt import parse_prompt

    if options["plan_file"]:
        name = options["plan_file"]
        given = [one for one in ("prompt", "form", "bars", "chords", "key", "meter", "tempo", "tracks") if options[one]]
        if given:
            raise ScoretokError(f"--{given[0]} is said by the plan; change it there, or leave out --plan")
        text = read_text(name)
        song, bars = parse_plan(text, Path(name).name)
        said = header_words(text)
        if options["genre"]:
            song = replace(song, genre=get_genre(options["genre"]))
        return song, bars, OpenHeader("tempo" not in said, "key" not in said)
    found = parse_prompt(options["prompt"] or "", nearest_genre_or_mood)
    if not quiet:
        for line in found.lines():
            click.echo(f"understood {line}", err=True)
    named = " ".join(f"{role}:{program}" for role, program in found.parts)
    tracks = options["tracks"] or named or default_tracks(options)
    bpm, key, chords = options["tempo"] or found.bpm, options["key"] or found.key, options["chords"]
    key = key or (key_of_chords(chords) if chords is not None else None)
    meter = options["meter"] or "{}/{}".format(*(found.meter or (4, 4)))
    lines = [f"genre {get_genre(options['genre'] or found.genre)}", f"tempo {bpm or 110:g}", f"meter {meter}"]
    lines += [f"key {key if isinstance(key, str) else key_text(key)}", f"tracks {tracks}"]
    at, cells = 0, bars_of_chords(chords) if chords is not None else []
    for section in form_lines(options, found.form, options["bars"] or found.bars):
        lines.append(section)
        count = section.split()[-1]
        if cells and count.isdecimal():
            lines.append("  chords " + " | ".join(cells[(at + bar) % len(cells)] for bar in range(int(count))))
            at += int(count)
    left = OpenHeader(bpm is None, key is None, found.bpm_range or (SLOWEST, FASTEST), found.mode)
    return *parse_plan("\n".join(lines), "the request"), left


def key_asked(options: dict[str, Any], song: "Song") -> "Key":
    """The key of --key, with its mode, or else that of the song."""
    from scoretok.harmony import parse_key

    return parse_key(options["key"] or song.key)


def default_tracks(options: dict[str, Any]) -> str:
    """Who plays when nobody is named: a band, and who has the melody where none is given."""
    first = "" if options.get("melody") else "vocal " if options.get("lyrics") else "lead "
    return f"{first}piano bass drums"


def nearest_genre_or_mood(kind: str, text: str) -> str | None:
    """The genre or mood whose description is nearest to a text."""
    from planner.prompt_embedding import GENRE_DESCRIPTIONS, MOOD_DESCRIPTIONS, nearest_description

    return nearest_description(text, GENRE_DESCRIPTIONS if kind == "genre" else MOOD_DESCRIPTIONS)


def key_text(key: "Key | None") -> str:
    """A key as a plan says it; C major when none was named."""
    from scoretok.harmony import key_to_text

    return key_to_text(key) if key else "C:maj"


def key_of_chords(text: str) -> "Key":
    """The key that chords are most likely in. Raises ScoretokError for one that is none."""
    from scoretok.harmony import parse_chord
    from scoretok.infer import infer_key
    from scoretok.parts import Note

    chords = [parse_chord(symbol.partition("@")[0]) for cell in bars_of_chords(text) for symbol in cell.split()]
    notes = [Note(0, 60 + pitch, 24, 80) for chord in chords for pitch in chord.pitch_classes]
    return infer_key(notes + [Note(0, 48 + chord.root, 24, 80) for chord in chords if chord.root is not None])


def bars_of_chords(text: str) -> list[str]:
    """The chords of every bar: one a bar, or with bar lines as many as stand between two. Raises ScoretokError."""
    cells = text.strip().strip("|").split("|") if "|" in text else text.split()
    if not any(cell.strip() for cell in cells):
        raise ScoretokError('--chords names none; write one a bar, "Am F C G", or bar lines between them')
    return [cell.strip() for cell in cells]


def form_lines(options: dict[str, Any], prompt_form: tuple[tuple[str, int | None], ...], bars: int | None) -> list[str]:
    """The sections of a plan: those of --form, those of a prompt as long as it says, or a free one."""
    if options["form"]:
        sections = [" ".join(item.split()) for item in options["form"].split(",") if item.strip()]
        if not sections:
            raise ScoretokError("--form names no section; write for example: intro 4, verse 8")
        total = sum(int(section.split()[-1]) for section in sections if section.split()[-1].isdecimal())
        if options["bars"] and total != options["bars"]:
            raise ScoretokError(f"--form has {total} bars and --bars {options['bars']}; leave one out")
        return sections
    if prompt_form:
        return [f"{label} {length}" for label, length in with_lengths(prompt_form, bars)]
    return [f"free {bars or BARS}"]


def with_lengths(sections: tuple[tuple[str, int | None], ...], bars: int | None) -> list[tuple[str, int]]:
    """Sections whose lengths are told or not as sections with lengths: equal shares of the bars that are left, or 8.

    Raises ScoretokError when the bars do not suffice or, all lengths being told, are not as many.
    """
    given_bars = sum(length or 0 for _, length in sections)
    open_sections = [number for number, (_, length) in enumerate(sections) if length is None]
    left = (bars or given_bars + 8 * len(open_sections)) - given_bars
    if left < len(open_sections):
        raise ScoretokError(f"{bars} bars are too few for {len(sections)} sections; ask for more bars")
    if left and not open_sections:
        raise ScoretokError(f"these sections have {given_bars} bars, not {bars}; leave one of the two out")
    shares = dict.fromkeys(open_sections, left // max(1, len(open_sections)))
    if open_sections:
        shares[open_sections[-1]] += left % len(open_sections)
    return [(label, length or shares[number]) for number, (label, length) in enumerate(sections)]
