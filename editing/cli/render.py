"""scoretok render: a score becomes audio."""

import re
from pathlib import Path
from time import perf_counter

import click

from editing.cli.common import (
    bars_option,
    check_folder,
    json_option,
    load,
    only_bars,
    print_json,
    quiet_option,
    seed_option,
    silence,
)
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

EPILOG = """\b
Examples:
  scoretok render song.lead -o song.wav
  scoretok render song.mid -o song.flac --stems stems/
  scoretok render song.lead -o part.wav --bars 9-16
  scoretok render song.lead -o song.wav --gain vocal=+2 --pan guitar=0.5
  scoretok render song.lead -o song.wav --soundfont MuseScore_General.sf3
"""


@click.command(epilog=EPILOG)
@click.argument("source")
@click.option("-o", "--output", required=True, metavar="FILE", help="A .wav, .flac or .ogg file.")
@click.option(
    "--engine", type=click.Choice(["draft"]), default="draft", show_default=True, help="What makes the sound."
)
@click.option("--soundfont", metavar="FILE", help="Another soundfont for the draft engine (.sf2, .sf3).")
@click.option("--stems", metavar="DIR", help="Also write each track to a file in this folder.")
@click.option("--gain", multiple=True, metavar="TRACK=DB", help="Gain of a track or role in decibels.")
@click.option("--pan", multiple=True, metavar="TRACK=P", help="Place of a track or role, -1 (left) to 1 (right).")
@bars_option
@seed_option
@json_option
@quiet_option
def render(
    source: str,
    output: str,
    engine: str,
    soundfont: str | None,
    stems: str | None,
    gain: tuple[str, ...],
    pan: tuple[str, ...],
    bars: str | None,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Turn a score into audio at 44.1 kHz stereo, with a stem a track on request."""
    from renderer import load_engine
    from renderer import render as render_sheet
    from renderer.audio_files import check_audio_path, write_audio

    silence(quiet)
    check_audio_path(output)
    check_folder(output)
    sheet = only_bars(load(source), bars)
    levels = read_levels(sheet, gain, pan)
    player = load_engine(engine, soundfont=soundfont)
    folder = make_folder(stems) if stems else None
    began = perf_counter()
    with track_progress(sheet, quiet) as advance:
        result = render_sheet(sheet, player, levels, keep_stems=stems is not None, seed=seed, progress=advance)
    write_audio(result.mix, result.sample_rate, output)
    if folder:
        for name, samples in result.stems.items():
            write_audio(samples, result.sample_rate, folder / f"{name}{Path(output).suffix.lower()}")
    duration = result.mix.shape[1] / result.sample_rate
    if as_json:
        print_json({"output": output, "duration_s": duration, "stems": sorted(result.stems)})
    elif not quiet:
        click.echo(
            f"{output}: {duration:.1f} s, rendered at {duration / (perf_counter() - began):.0f} x real time", err=True
        )


def make_folder(path: str) -> Path:
    """A folder that is there. Raises ScoretokError when it cannot be made."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ScoretokError(f"the folder {path} cannot be made: {error.strerror}") from None
    return Path(path)


def read_levels(sheet: LeadSheet, gains: tuple[str, ...], pans: tuple[str, ...]):  # noqa: ANN201
    """Levels by track id from 'piano=-3' options, over the defaults of the roles. Raises ScoretokError."""
    from editing.where import find_tracks
    from renderer.mixer import Level, default_level

    changed: dict[str, Level] = {}
    for field, options, low, high in (("gain_db", gains, -60, 24), ("pan", pans, -1, 1)):
        for option in options:
            match = re.fullmatch(r"(.+)=([+-]?\d+(?:\.\d+)?)", option)
            if not match or not low <= float(match[2]) <= high:
                raise ScoretokError(f"{option!r} is not a level; write TRACK=NUMBER, from {low} to {high}")
            for number in find_tracks(sheet, match[1]):
                track_id = sheet.track_ids[number]
                level = changed.get(track_id, default_level(sheet.tracks[number].role))
                values = {"gain_db": level.gain_db, "pan": level.pan, field: float(match[2])}
                changed[track_id] = Level(**values)
    return changed


def track_progress(sheet: LeadSheet, quiet: bool):  # noqa: ANN201
    """A progress bar by track on a terminal, else nothing; gives the function to call after each track."""
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import Progress

    @contextmanager
    def shown():  # noqa: ANN202
        console = Console(stderr=True)
        with Progress(console=console, disable=quiet or not console.is_terminal, transient=True) as progress:
            task = progress.add_task("rendering", total=len(sheet.tracks))

            def advance(track_id: str) -> None:
                progress.update(task, advance=1, description=track_id)

            yield advance

    return shown()
