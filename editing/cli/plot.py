"""scoretok plot: pictures of a score, or of audio."""

from pathlib import Path

import click

from editing.cli.common import (
    bars_option,
    check_folder,
    check_picture,
    only_bars,
    parse_bars,
    quiet_option,
    say,
    silence,
)
from editing.cli.reading import load
from scoretok.errors import ScoretokError

EPILOG = """\b
Examples:
  scoretok plot song.lead -o roll.png            a piano roll
  scoretok plot song.lead -o sheet.pdf           engraved notation, A4
  scoretok plot song.lead -o sheet.svg           engraved notation, one long page
  scoretok plot song.lead -o roll.svg --roll     a piano roll as SVG
  scoretok plot song.wav -o sound.png            a spectrogram
  scoretok plot song.wav --score song.lead -o heard.png   the score over it, to see whether it is right
"""


@click.command(epilog=EPILOG)
@click.argument("source")
@click.option("-o", "--output", required=True, metavar="FILE", help="A .png, .svg or .pdf file.")
@click.option(
    "--roll/--sheet", "roll", default=None, help="Piano roll or notation (default: roll for .png, else notation)."
)
@click.option("--exact", is_flag=True, help="Engrave freely played notes where they are, not on sixteenths.")
@click.option("--score", metavar="FILE", help="Draw this score over an audio file.")
@bars_option
@quiet_option
def plot(
    source: str, output: str, roll: bool | None, exact: bool, score: str | None, bars: str | None, quiet: bool
) -> None:
    """Draw a piano roll with chords, sections and words, engraved notation, or the spectrogram of an audio file."""
    silence(quiet)
    suffix = Path(output).suffix.lower()
    check_picture(output)
    if suffix == ".png" and roll is False:
        raise ScoretokError("notation is drawn as .svg or .pdf; name such a file")
    check_folder(output)
    from scoretok.audio import SUFFIXES

    if Path(source).suffix.lower() in SUFFIXES:
        if score:
            plot_over(source, score, output, bars)
            return
        if bars:
            raise ScoretokError("--bars needs a score; audio is drawn whole")
        from renderer.plot_spectrogram import plot_spectrograms

        plot_spectrograms([source], output)
        return
    if score:
        raise ScoretokError(f"--score draws a score over audio, and {source} is none")
    sheet = only_bars(load(source), bars)
    if roll or (roll is None and suffix == ".png"):
        from scoretok.pianoroll import plot_roll

        plot_roll(sheet, output)
    else:
        from scoretok.engrave import engrave

        pages = engrave(sheet, output, exact)
        if not quiet and suffix == ".pdf":
            say(f"{pages} page{'' if pages == 1 else 's'}")


def plot_over(source: str, score: str, output: str, bars: str | None) -> None:
    """A recording with a score over it, or some bars of both."""
    from mir.plot_transcription import plot_transcription
    from scoretok.audio import read_recording

    sheet = load(score)
    span_s = None
    if bars:
        span_s = sheet.bar_span_s(parse_bars(bars, sheet))
    plot_transcription(read_recording(source), sheet, output, span_s)
