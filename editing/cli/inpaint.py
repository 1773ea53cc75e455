"""scoretok inpaint: a change of the score is heard in its audio, and nothing else changes."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from editing.cli.common import (
    bar_list,
    check_folder,
    json_option,
    load,
    print_json,
    progress_bar,
    quiet_option,
    seed_option,
    silence,
)
from scoretok.difference import diff
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

if TYPE_CHECKING:
    from editing.inpaint.clock import Clock
    from editing.inpaint.inpaint import Inpainted, Span
    from editing.inpaint.recording import Recording
    from editing.inpaint.regions import Region

EPILOG = """\b
Examples:
  scoretok edit song.lead -o new.lead "transpose +5 in bars 9-12 of piano"
  scoretok inpaint song.wav --before song.lead --after new.lead -o new.wav
  scoretok inpaint song.wav --before song.lead --bars 5-8 --tracks piano --seed 2 -o take2.wav
  scoretok inpaint song.wav --before song.lead --after new.lead -o new.wav --plot what.png
"""


@click.command(epilog=EPILOG)
@click.argument("source")
@click.option("--before", required=True, metavar="SCORE", help="What the audio plays.")
@click.option("--after", metavar="SCORE", help="What it shall play (default: the same in another take).")
@click.option("-o", "--output", required=True, metavar="FILE", help="A file of the format of the source.")
@click.option("--bars", multiple=True, metavar="A-B", help="Another take of these bars; may be given several times.")
@click.option("--tracks", metavar="NAMES", help="Only these tracks, by role or id, with commas between.")
@click.option("--model", metavar="DIR", help="Another model: a folder or a hub id.")
@click.option("--steps", type=click.IntRange(0, 100), help="Steps of the model; 0 is its coarse prediction.")
@click.option("--device", metavar="NAME", help="Where the model computes: cpu, cuda.")
@click.option("--plot", metavar="FILE", help="Also draw spectrograms of before and after, the changed spans marked.")
@seed_option
@json_option
@quiet_option
def inpaint(
    source: str, before: str, after: str | None, output: str, seed: int, as_json: bool, quiet: bool, **options: Any
) -> None:
    """Change audio only where its score changed; every other sample stays as it is, bit for bit."""
    from editing.inpaint.recording import check_output_of, open_recording, write_changed

    silence(quiet)
    recording = open_recording(source)
    check_output_of(recording, output)
    check_not_input(source, output)
    check_folder(output)
    old = load(before)
    new = load(after) if after else old
    regions = find_regions(old, new, options["bars"], options["tracks"])
    made = make_anew(recording, old, new, regions, seed, options, quiet)
    write_changed(recording, output, made.samples)
    if options["plot"]:
        from editing.inpaint.picture import draw_change

        draw_change(source, output, [(span.start_s, span.stop_s) for span in made.spans], options["plot"])
    if as_json:
        print_json({"output": output, "changed": [told(span) for span in made.spans]})
    elif not quiet:
        for span in made.spans:
            click.echo(f"{span.track_id} bars {bar_list(span.bars)}: {span.start_s:.2f}-{span.stop_s:.2f} s", err=True)
        click.echo(f"{output}: all other samples are those of {source}", err=True)


def check_not_input(source: str, output: str) -> None:
    """Raise ScoretokError when the output would take the place of the input."""
    if Path(source).resolve() == Path(output).resolve():
        raise ScoretokError(f"{output} is the file to be changed; name another output")


def find_regions(before: LeadSheet, after: LeadSheet, bars: tuple[str, ...], tracks: str | None) -> "list[Region]":
    """What sounds anew: what an edit changed, or the bars and tracks that were named. Raises ScoretokError."""
    from editing.cli.common import parse_bars
    from editing.inpaint.regions import audible_regions, chosen_regions
    from editing.where import find_tracks

    chosen = [number for name in (tracks or "").split(",") if name for number in find_tracks(after, name.strip())]
    if bars or (tracks and before == after):
        if before != after:
            raise ScoretokError("--bars is for another take of the same score; leave it out, or leave out --after")
        spans = [parse_bars(text, after) for text in bars] or [range(after.bar_count)]
        return chosen_regions(after, spans, chosen or range(len(after.tracks)))
    regions = audible_regions(diff(before, after), before, after)
    if chosen:
        names = {after.track_ids[number] for number in chosen}
        regions = [region for region in regions if region.track_id in names]
    if not regions:
        raise ScoretokError(
            "no note differs between the two scores, so nothing would change; for another take name --bars, or --tracks"
        )
    return regions


def make_anew(
    recording: "Recording",
    before: LeadSheet,
    after: LeadSheet,
    regions: "list[Region]",
    seed: int,
    options: dict,
    quiet: bool,
) -> "Inpainted":
    """The samples that change, and where. Raises ScoretokError."""
    from scoretok.extras import require

    require("torch", "dit", "inpainting")
    from editing.inpaint.clock import EVEN
    from editing.inpaint.inpaint import inpaint as change
    from editing.inpaint.inpaint import plan_spans
    from editing.inpaint.separate import SeparatedStems
    from editing.inpaint.stems import OwnStems, Stems
    from renderer import load_engine
    from renderer.provenance import read_comment

    ours = read_comment(recording.comment)
    given = {key: options[key] for key in ("model", "steps", "device") if options[key] is not None}
    clock: Clock = EVEN
    stems: Stems
    if ours and ours.renders(before):
        engine: Any = load_engine("dit", **{**ours.options, **given})
        stems = OwnStems(before, engine, ours)
    else:
        clock = lay_along(recording, before, quiet)
        engine = load_engine("dit", **given)
        stems = SeparatedStems(recording, before, clock, engine)
    spans = plan_spans(before, after, regions, clock)
    with progress_bar("inpainting", len(spans), quiet) as advance:
        return change(recording, after, spans, stems, engine, clock, seed, advance)


def lay_along(recording: "Recording", before: LeadSheet, quiet: bool) -> "Clock":
    """When the score is heard in a recording, with a word on how sure that is. Raises ScoretokError."""
    from editing.inpaint.align import align

    found = align(recording, before)
    if not quiet:
        click.echo(
            f"{recording.path.name}: not a render of ours; the score lies along it,"
            f" onsets {1000 * found.error_s:.0f} ms off in the middle; its tracks are told apart by the score",
            err=True,
        )
    return found.clock


def told(span: "Span") -> dict[str, object]:
    """A span for --json."""
    return {
        "track": span.track_id,
        "bars": [bar + 1 for bar in span.bars],
        "start_s": math.floor(span.start_s * 1000) / 1000,
        "stop_s": math.ceil(span.stop_s * 1000) / 1000,
    }
