"""scoretok song: from a prompt and words to a finished song, all parts kept beside it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from editing.cli.common import (
    check_folder,
    collect,
    json_option,
    print_json,
    progress_bar,
    quiet_option,
    say,
    seed_option,
    silence,
)
from editing.cli.compose import RequestOptions, prepare_song, request_options
from editing.cli.planning import PlannerOptions, get_sampling, planner_options
from editing.cli.render import RenderOptions as Rendering
from editing.cli.render import engine_for, make_folder, provenance_of, with_singers, write_render
from editing.cli.singer_options import SingerOptions, pronounced, singer_options
from scoretok.errors import ScoretokError
from scoretok.files import write_text
from scoretok.formats import write
from scoretok.lyrics import with_phonemes_if_possible

if TYPE_CHECKING:
    from scoretok.sheet import LeadSheet

EPILOG = """\b
Examples:
  scoretok song --prompt "slow folk ballad in G, piano and bass" --lyrics words.txt -o song.wav
  scoretok song --prompt "upbeat pop, verse and chorus" --lyrics words.txt --voice low -o song.flac
"""
AS_USUAL = Rendering("dit", None, None, (), None, None, None, (), (), (), None)


@click.command(epilog=EPILOG)
@request_options
@click.option("--lyrics", metavar="FILE", help="Words to be sung, a line a phrase; one note a syllable.")
@click.option("-o", "--output", required=True, metavar="FILE", help="The song: a .wav, .flac, .ogg or .mp3 file.")
@singer_options
@planner_options
@seed_option
@json_option
@quiet_option
@collect(SingerOptions, "singer")
@collect(PlannerOptions, "planning")
def song(
    output: str, seed: int, as_json: bool, quiet: bool, planning: PlannerOptions, singer: SingerOptions,
    lyrics: str | None, **request: object,
) -> None:  # fmt: skip
    """Plan, compose, sing and mix a song. Its plan, score and stems are kept beside it."""
    from scoretok.audio import check_audio_path

    silence(quiet)
    check_audio_path(output)
    check_folder(output)
    if planning.variants > 1:
        raise ScoretokError("a song is one; leave out --variants, and take another --seed for another song")
    path = Path(output)
    asked = RequestOptions(lyrics=lyrics, language=singer.language, **request)  # type: ignore[arg-type]
    sheet, plan_text = composed(planning, asked, seed, quiet or as_json)
    sheet = pronounced(sheet, singer)
    kept = {"plan": path.with_suffix(".plan.txt"), "score": path.with_suffix(".lead")}
    write_text(plan_text, kept["plan"])
    write(sheet, kept["score"])
    stems = make_folder(str(path.with_name(f"{path.stem}-stems")))
    engine = with_singers(engine_for(sheet, AS_USUAL), sheet, singer, AS_USUAL)
    comment = provenance_of(sheet, {}, seed, AS_USUAL, engine)
    length, names = write_render(sheet, engine, {}, seed, (0, None), path, stems, comment, quiet or as_json)
    duration_s = length / engine.sample_rate
    if as_json:
        made = {name: str(one) for name, one in kept.items()}
        print_json({"output": output, "duration_s": duration_s, **made, "stems": sorted(names)})
    elif not quiet:
        say(f"{output}: {duration_s:.1f} s; kept beside it: {kept['score']}, {kept['plan']}, {stems}/")


def composed(planning: PlannerOptions, request: RequestOptions, seed: int, quiet: bool) -> "tuple[LeadSheet, str]":
    """A score that is composed as asked, and its plan as a text. Raises ScoretokError."""
    from planner.composition import compose
    from planner.composition import plan as make_plan
    from planner.plan_text import print_plan
    from planner.request import given_plan

    model, asked, controls, words = prepare_song(planning, request, seed, quiet)
    sampling = get_sampling(planning, seed)
    repeats = request.repeat_sections
    with progress_bar("planning", len(asked.bars), quiet) as advance:
        planned = make_plan(
            model, asked.song, asked.bars, controls, sampling, lambda _: advance(), repeats, request.develop
        )
    whole = given_plan(planned)
    with progress_bar("composing", len(whole), quiet) as advance:
        made = compose(
            model, asked.song, whole, controls, sampling, lambda *_: advance(), words, repeats, request.develop
        )
    return with_phonemes_if_possible(made.sheet, request.language), print_plan(planned, whole)
