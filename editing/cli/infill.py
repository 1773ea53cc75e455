"""scoretok infill, vary, continue, accompany, harmonise, score: the planner on scores that are there."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from editing.cli.common import (
    check_output,
    check_picture,
    collect,
    json_option,
    parse_bars,
    parse_tracks,
    print_json,
    progress_bar,
    quiet_option,
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
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

if TYPE_CHECKING:
    from planner.composition import GeneratedScore

WIDEST = 400.0  # inches of a picture
INFILL = """\b
Examples:
  scoretok infill song.lead --bars 5-8 --tracks piano -o new.lead
  scoretok infill song.lead --bars 5-8 --bars 13-16 --scale key --density piano=2-6 -o new.lead
"""
bars_option = click.option("--bars", multiple=True, metavar="A-B", help="These bars; may be given several times.")
tracks_option = click.option("--tracks", metavar="NAMES", help="Only these tracks, with commas between.")
output_option = click.option("-o", "--output", required=True, metavar="FILE", help="The score, - for standard output.")


@dataclass(frozen=True)
class ScoreFiles:
    """What every command here takes: a score, where the new ones go, and how that is reported."""

    source: str
    output: str
    seed: int
    as_json: bool
    quiet: bool


common = with_options(
    click.argument("source"), output_option, planner_options, seed_option, json_option, quiet_option,
    collect(PlannerOptions), collect(ScoreFiles, "files"),
)  # fmt: skip


def named_cells(sheet: LeadSheet, bars: Sequence[str], names: str | None) -> set[tuple[str, int]]:
    """The cells that bars and tracks name; all bars, or all tracks, where only the others are named."""
    if not bars and not names:
        raise ScoretokError("name what is to be written: --bars, --tracks or both")
    from planner.song import writable_tracks

    chosen = [sheet.track_ids[n] for n in parse_tracks(names, sheet)] if names else writable_tracks(sheet)
    wanted = {bar for text in bars for bar in parse_bars(text, sheet)} if bars else set(range(sheet.bar_count))
    return {(name, bar) for name in chosen for bar in wanted}


def load_checked(files: ScoreFiles, options: PlannerOptions) -> LeadSheet:
    """The score to work on, once the output is known to be possible."""
    silence(files.quiet)
    check_output(files.output)
    check_variants(options, files.output)
    return load(files.source)


def run_task(
    files: ScoreFiles,
    options: PlannerOptions,
    sheet: LeadSheet,
    make: Callable[..., "GeneratedScore"],
    bars: Collection[int],
    names: Sequence[str] | None = None,
) -> None:
    """Write what a task of the planner makes of a score, in as many variants as asked for; `bars` are written anew."""
    from planner.prompt_request import check_genre
    from planner.variants import variants

    controls = get_controls(options, names or sheet.track_ids, key_of_bars(options, sheet, bars))
    genre, model = check_genre(options.genre), get_model(options.model)
    with progress_bar("writing", options.variants * len(bars), files.quiet) as advance:
        task_options: dict[str, Any] = {"controls": controls, "genre": genre, "advance": lambda *_: advance()}
        sampling = get_sampling(options, files.seed)
        made = variants(lambda one: make(model, sheet, sampling=one, **task_options), options.variants, sampling, sheet)
    save_variants(made, files.output, files.as_json, files.quiet)


@click.command(epilog=INFILL)
@common
@bars_option
@tracks_option
def infill(files: ScoreFiles, options: PlannerOptions, bars: tuple[str, ...], tracks: str | None) -> None:
    """Write some bars of some tracks anew; everything else stays, to the last note."""
    from planner.tasks import infill as make

    sheet = load_checked(files, options)
    cells = named_cells(sheet, bars, tracks)
    run_task(files, options, sheet, partial(make, cells=cells), {bar for _, bar in cells})


@click.command()
@common
@bars_option
@tracks_option
@click.option("--keep", type=click.Choice(["rhythm", "contour"]), default="rhythm", show_default=True)
def vary(files: ScoreFiles, options: PlannerOptions, bars: tuple[str, ...], tracks: str | None, keep: str) -> None:
    """Write some bars of some tracks as variations, which keep their rhythm or their ups and downs."""
    from planner.tasks import vary as make

    sheet = load_checked(files, options)
    cells = named_cells(sheet, bars, tracks)
    run_task(files, options, sheet, partial(make, cells=cells, keep=keep), {bar for _, bar in cells})


@click.command("continue")
@common
@click.option("--bars", type=click.IntRange(1, 9999), default=8, show_default=True, help="How many bars more.")
def extend(files: ScoreFiles, options: PlannerOptions, bars: int) -> None:
    """Go on where a score ends, in all its tracks."""
    from planner.tasks import extend as make

    sheet = load_checked(files, options)
    run_task(files, options, sheet, partial(make, bars=bars), range(sheet.bar_count, sheet.bar_count + bars))


@click.command()
@common
@click.option("--tracks", required=True, metavar="NAMES", help='What is added: "piano bass:33 drums".')
def accompany(files: ScoreFiles, options: PlannerOptions, tracks: str) -> None:
    """Add tracks that play along with those of a score; chords too where it has none."""
    from planner.plan_text import parse_plan
    from planner.tasks import accompany as make

    sheet = load_checked(files, options)
    parts = parse_plan(f"tracks {tracks}\nfree 1", "--tracks")[0].parts
    names = [part.name for part in parts]
    run_task(files, options, sheet, partial(make, parts=parts), range(sheet.bar_count), names)


@click.command()
@common
def harmonise(files: ScoreFiles, options: PlannerOptions) -> None:
    """Choose chords for the notes of a score; the notes stay."""
    from planner.tasks import harmonise as make

    sheet = load_checked(files, options)
    run_task(files, options, sheet, make, range(sheet.bar_count))


@click.command()
@click.argument("source")
@click.option("--genre", metavar="NAME", help="In the manner of this genre.")
@click.option("--model", metavar="DIR", help="A model of scoretok train planner.")
@click.option("--plot", metavar="FILE", help="Also draw it, a square a bar and track.")
@json_option
def score(source: str, genre: str | None, model: str | None, plot: str | None, as_json: bool) -> None:
    """Say how likely the model finds every bar of every track: the surprising ones stand out."""
    from planner.prompt_request import check_genre
    from planner.tasks import score as make

    if plot:
        check_picture(plot)
    sheet = load(source)
    if not sheet.tracks:
        raise ScoretokError(f"{source} has no tracks to score")
    found = make(get_model(model), sheet, check_genre(genre))
    if plot:
        draw_score(sheet, found, plot)
    if as_json:
        rows = [{"track": name, "bar": bar + 1, "nats": round(value, 3)} for (name, bar), value in found.items()]
        print_json({"cells": rows, "total": round(sum(found.values()), 3)})
        return
    print_scores(sheet, found)


def print_scores(sheet: LeadSheet, found: dict[tuple[str, int], float]) -> None:
    """A table: a row a bar, a column a track."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console = Console(width=None if console.is_terminal else 160)
    table = Table("bar", *sheet.track_ids, header_style="bold")
    for bar in range(sheet.bar_count):
        values = [found.get((name, bar)) for name in sheet.track_ids]
        table.add_row(str(bar + 1), *("" if value is None else f"{value:.1f}" for value in values))
    totals = [sum(value for (name, _), value in found.items() if name == track) for track in sheet.track_ids]
    table.add_row("all", *(f"{total:.1f}" for total in totals))
    console.print(table)


def draw_score(sheet: LeadSheet, found: dict[tuple[str, int], float], path: str) -> None:
    """A picture: a square a bar and track, the darker the less likely."""
    import numpy as np

    from scoretok.extras import require
    from scoretok.files import write_with

    require("matplotlib", "planner", "pictures")
    from matplotlib.figure import Figure

    values = np.array([[found.get((name, bar), np.nan) for bar in range(sheet.bar_count)] for name in sheet.track_ids])
    figure = Figure(
        figsize=(min(max(5.0, 0.2 * sheet.bar_count), WIDEST), 1 + 0.4 * len(sheet.tracks)), layout="constrained"
    )
    axes = figure.subplots()
    picture = axes.imshow(
        values, aspect="auto", cmap="magma", extent=(0.5, sheet.bar_count + 0.5, len(values) - 0.5, -0.5)
    )
    axes.set_yticks(range(len(values)), sheet.track_ids)
    axes.set_xlabel("bar")
    figure.colorbar(picture, label="log-likelihood in nats")
    write_with(lambda temporary: figure.savefig(temporary, dpi=100), path)
