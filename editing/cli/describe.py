"""scoretok describe: a score or a recording in words."""

from pathlib import Path
from typing import Any

import click

from editing.cli.common import check_folder, check_picture, json_option, print_json, quiet_option, silence, stages
from editing.cli.reading import load
from scoretok.describe import describe as facts_of
from scoretok.describe import in_prose

EPILOG = """\b
Examples:
  scoretok describe song.lead
  scoretok describe song.wav --json
  scoretok describe song.wav -o song.png         also a picture: waveform, notes, chords, drums
"""


@click.command(epilog=EPILOG)
@click.argument("source")
@click.option("-o", "--picture", metavar="FILE", help="Draw a .png, .svg or .pdf.")
@click.option("--fast", is_flag=True, help="Of a recording: one chord network, not five, and no words.")
@click.option("--permissive", is_flag=True, help="Of a recording: without models that forbid commercial use.")
@json_option
@quiet_option
def describe(source: str, picture: str | None, fast: bool, permissive: bool, as_json: bool, quiet: bool) -> None:
    """Say what a score or a recording is: key, tempo, form, chords by section, who plays how much."""
    from scoretok.audio import SUFFIXES

    silence(quiet)
    if picture:
        check_picture(picture)
        check_folder(picture)
    if Path(source).suffix.lower() in SUFFIXES:
        facts = recording_facts(source, picture, fast, permissive, quiet)
    else:
        sheet = load(source)
        facts = facts_of(sheet)
        if picture:
            from scoretok.pianoroll import plot_roll

            plot_roll(sheet, picture)
    if as_json:
        print_json(facts)
    else:
        click.echo(in_prose(facts))


def recording_facts(source: str, picture: str | None, fast: bool, permissive: bool, quiet: bool) -> dict[str, Any]:
    """The facts about the score of a recording, and how loud it is."""
    from mir.transcription import TranscriptionOptions, analyse_recording

    with stages(quiet) as report:
        found = analyse_recording(source, TranscriptionOptions(fast=fast, permissive=permissive), report)
    if picture:
        from mir.plot_transcription import plot_transcription

        plot_transcription(found.recording, found.sheet, picture)
    return {**facts_of(found.sheet), "language": found.words.language, **found.recording.loudness}
