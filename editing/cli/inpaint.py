"""scoretok inpaint: a change of the score is heard in its audio, and nothing else changes."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from editing.cli.common import (
    bar_list,
    check_folder,
    check_picture,
    collect,
    json_option,
    parse_bars,
    parse_tracks,
    print_json,
    progress_bar,
    quiet_option,
    say,
    seed_option,
    silence,
)
from editing.cli.reading import load
from editing.cli.singer_options import SingerOptions, pronounced, singer_options, sung_tracks
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

if TYPE_CHECKING:
    from editing.inpainting.align import Alignment
    from editing.inpainting.job import InpaintJob
    from editing.inpainting.regions import Region
    from editing.inpainting.spans import InpaintSpan
    from renderer.singing.sung_engine import SungTracks

SHORTEST_S = 0.1
EPILOG = """\b
Examples:
  scoretok edit song.lead -o new.lead "transpose +5 in bars 9-12 of piano"
  scoretok inpaint song.wav --before song.lead --after new.lead -o new.wav
  scoretok inpaint song.wav --before song.lead --bars 5-8 --tracks piano --seed 2 -o take2.wav
  scoretok inpaint song.wav --before song.lead --after new.lead -o new.wav --plot what.png
  scoretok edit song.lead -o new.lead 'lyrics "the moon was low" in bars 5-8'
"""


@dataclass(frozen=True)
class InpaintOptions:
    """What is made anew, by what, and what else is written."""

    bars: tuple[str, ...]
    tracks: str | None
    continue_bars: int | None
    overwrite: bool
    stems: str | None
    model: str | None
    steps: int | None
    device: str | None
    plot: str | None
    consent: str | None


@click.command(epilog=EPILOG)
@click.argument("source")
@click.option("--before", required=True, metavar="SCORE", help="What the audio plays.")
@click.option("--after", metavar="SCORE", help="What it shall play (default: the same in another take).")
@click.option("-o", "--output", required=True, metavar="FILE", help="A file of the format of the source.")
@click.option("--bars", multiple=True, metavar="A-B", help="Another take of these bars; may be given several times.")
@click.option("--tracks", metavar="NAMES", help="Only these tracks, by role or id, with commas between.")
@click.option(
    "--continue", "continue_bars", type=click.IntRange(1), metavar="N", help="Go on for N bars, which --after has."
)
@click.option("--overwrite", is_flag=True, help="Let the output take the place of the source.")
@click.option("--stems", metavar="DIR", help="Stems of the source, as scoretok render --stems leaves them.")
@click.option("--model", metavar="DIR", help="Another model: a folder or a hub id.")
@click.option("--steps", type=click.IntRange(0, 100), help="Steps of the model; 0 is its coarse prediction.")
@click.option("--device", metavar="NAME", help="Where the model computes: cpu, cuda.")
@singer_options
@click.option("--consent", metavar="TEXT", help="Whose voice a recording holds, and that they agreed to sing anew.")
@click.option("--plot", metavar="FILE", help="Also draw spectrograms of before and after, the changed spans marked.")
@seed_option
@json_option
@quiet_option
@collect(SingerOptions, "singer")
@collect(InpaintOptions)
def inpaint(
    source: str, before: str, after: str | None, output: str, seed: int, as_json: bool, quiet: bool,
    singer: SingerOptions, options: InpaintOptions,
) -> None:  # fmt: skip
    """Change audio only where its score changed; every other sample stays as it is, bit for bit."""
    from scoretok.audio import check_output_of, open_audio, write_changed
    from scoretok.extras import require

    silence(quiet)
    recording = open_audio(source, SHORTEST_S)
    check_output_of(recording, output)
    check_not_input(source, output, options.overwrite, options.plot)
    check_folder(output)
    if options.plot:
        check_picture(options.plot)
    old = pronounced(load(before, singer.language), singer)
    new = pronounced(load(after, singer.language), singer) if after else old
    if options.continue_bars:
        check_longer(old, new, options.continue_bars)
    chosen, tracks = chosen_by_name(old, new, options.bars, options.tracks)
    require("torch", "dit", "inpainting")
    from editing.inpainting.inpaint_file import with_consent
    from editing.inpainting.job import prepare_job

    given = {key: getattr(options, key) for key in ("model", "steps", "device") if getattr(options, key) is not None}
    job = prepare_job(recording, old, new, chosen, tracks, options.stems, singers_for(old, new, singer), **given)
    check_consent(job, singer, options.consent)
    if not quiet and not recording.is_lossless:
        say(f"{source} is compressed: it is decoded once, and {output} holds all its samples as decoded")
    if not quiet and job.alignment:
        report_alignment(source, job.alignment)
    with progress_bar("inpainting", len(job.spans), quiet) as advance:
        made = job.run(seed, advance)
    write_changed(with_consent(job, options.consent), output, made.samples)
    if options.plot:
        from editing.inpainting.plot_change import draw_change

        draw_change(source, output, [(span.start_s, span.stop_s) for span in made.spans], options.plot)
    if as_json:
        print_json({"output": output, "changed": [span_to_dict(span) for span in made.spans]})
    elif not quiet:
        for span in made.spans:
            say(f"{span.track_id} bars {bar_list(span.bars)}: {span.start_s:.2f}-{span.stop_s:.2f} s")
        moves = " moved, but" if job.timeline and job.timeline.moves else ""
        say(f"{output}: all other samples are{moves} those of {source}")


def singers_for(before: LeadSheet, after: LeadSheet, singer: SingerOptions) -> "SungTracks | None":
    """Who sings the vocal tracks of both scores, if they have any. Raises ScoretokError."""
    vocals = any(track.role == "vocal" and track.notes for sheet in (before, after) for track in sheet.tracks)
    if singer.singer == "none" or not vocals:
        if singer.voice:
            raise ScoretokError("--voice says who sings, but nothing is sung here; leave it out")
        return None
    return sung_tracks(after, singer)


def check_consent(job: "InpaintJob", singer: SingerOptions, consent: str | None) -> None:
    """Raise ScoretokError where a recorded singer would sing what they never sang, and nobody says that they agreed."""
    if job.sings_in_recorded_voice and not consent:
        raise ScoretokError(
            "the recorded singer's voice would sing other words or notes: say with --consent whose voice it is and that"
            " they agreed, or let another sing with --voice"
        )


def report_alignment(source: str, alignment: "Alignment") -> None:
    """How a recording that we did not render is dealt with, and how well the score lies along it."""
    say(
        f"{source} is not a render of this score by us: the score was laid along it (onsets"
        f" {1000 * alignment.error_s:.0f} ms off, in the middle), and its tracks are told apart by the score"
    )


def check_not_input(source: str, output: str, overwrite: bool, plot: str | None) -> None:
    """Raise ScoretokError when the output would take the place of the input unasked."""
    if Path(source).resolve() != Path(output).resolve():
        return
    if not overwrite:
        raise ScoretokError(f"{output} is the file to be changed; name another output, or add --overwrite")
    if plot:
        raise ScoretokError("--plot compares two files; name another output than the source")


def check_longer(before: LeadSheet, after: LeadSheet, bars: int) -> None:
    """Raise ScoretokError unless a score goes on for some bars where another ends."""
    if after.bar_count != before.bar_count + bars:
        more = after.bar_count - before.bar_count
        raise ScoretokError(
            f"--continue {bars}: --after must be {bars} bar{'s' * (bars > 1)} longer than --before; it has {more:+d}"
        )


def chosen_by_name(
    before: LeadSheet, after: LeadSheet, bars: tuple[str, ...], names: str | None
) -> "tuple[list[Region] | None, list[str] | None]":
    """Regions of another take, where --bars or --tracks ask for one; and the tracks named. Raises ScoretokError."""
    from editing.inpainting.regions import chosen_regions

    numbers = parse_tracks(names or "", after)
    tracks = [after.track_ids[number] for number in numbers] if names else None
    if before != after:
        if bars:
            raise ScoretokError("--bars is for another take of the same score; leave it out, or leave out --after")
        return None, tracks
    if not bars and not names:
        return None, None
    spans = [parse_bars(text, after) for text in bars] or [range(after.bar_count)]
    return chosen_regions(after, spans, numbers or range(len(after.tracks))), tracks


def span_to_dict(span: "InpaintSpan") -> dict[str, object]:
    """A span for --json."""
    return {
        "track": span.track_id,
        "bars": [bar + 1 for bar in span.bars],
        "start_s": math.floor(span.start_s * 1000) / 1000,
        "stop_s": math.ceil(span.stop_s * 1000) / 1000,
    }
