"""scoretok convert: any format to any other."""

from dataclasses import asdict
from pathlib import Path

import click

from editing.cli.common import (
    TEXT_FORMATS,
    check_output,
    json_option,
    language_option,
    print_json,
    quiet_option,
    save,
    say,
    silence,
)
from editing.cli.reading import load, noted
from scoretok.errors import ScoretokError
from scoretok.formats import MODULES
from scoretok.lyrics import with_phonemes_if_possible
from scoretok.sheet import LeadSheet

EPILOG = """\b
Examples:
  scoretok convert song.mid song.lead      read MIDI, write the text form
  scoretok convert song.lead song.musicxml for a notation program
  scoretok convert song.mxl - --to abc     print ABC
  scoretok convert song.lead song.lrc      its words with times (.srt: as subtitles)
  scoretok convert song.lead song.dawproject   for Bitwig, Studio One and Cubase
  scoretok convert song.lead song.ustx     for the singers of OpenUtau, with pitch curves
  scoretok convert heard.lead heard.jams   annotations in seconds
  scoretok show song.mid | less            (show converts as it reads)
"""


@click.command(epilog=EPILOG)
@click.argument("source")
@click.argument("target")
@click.option("--to", "text_format", type=click.Choice(TEXT_FORMATS), default="lead", help="Format when TARGET is '-'.")
@click.option("--syllables", is_flag=True, help="Into .lrc: the time of every syllable (enhanced LRC).")
@language_option
@json_option
@quiet_option
def convert(
    source: str, target: str, text_format: str, syllables: bool, language: str, as_json: bool, quiet: bool
) -> None:
    """Turn a score from any format into any other; '-' is standard input or output.

    MIDI that no one prepared is put on a grid of 24 ticks a quarter note, and its chords and key are
    inferred when it names none; what was moved, dropped or guessed is said on standard error.
    """
    silence(quiet)
    check_output(target)
    report: dict[str, object] = {}
    if MODULES.get(Path(source).suffix.lower()) == "midi":
        from scoretok.formats.midi import read_with_report

        sheet, imported = noted(source, read_with_report)
        report = asdict(imported)
        sheet = with_phonemes_if_possible(sheet, language)
    else:
        sheet = load(source, language)
    if syllables and Path(target).suffix.lower() == ".lrc":
        from scoretok.formats import lyric_files

        lyric_files.write(sheet, target, by_syllable=True)
    elif Path(target).suffix.lower() == ".ustx":
        from renderer.singing.curves import vocal_curves
        from scoretok.formats import ustx

        ustx.write(sheet, target, vocal_curves(sheet))
    elif syllables:
        raise ScoretokError(f"{target} has no times of syllables; --syllables is for .lrc files")
    else:
        save(sheet, target, text_format)
    if as_json and target != "-":
        print_json({"bars": sheet.bar_count, "notes": sheet.note_count, "duration_s": sheet.duration_s, **report})
    elif not quiet:
        say(_summary(sheet, report))


def _summary(sheet: LeadSheet, report: dict[str, object]) -> str:
    counts = ((sheet.bar_count, "bar"), (len(sheet.tracks), "track"), (sheet.note_count, "note"))
    text = ", ".join(f"{number} {what}{'' if number == 1 else 's'}" for number, what in counts)
    text += f", {sheet.duration_s:.0f} s"
    if report:
        text += (
            f"; onsets moved by {report['mean_shift_ticks']:.2f} ticks on average, {report['max_shift_ticks']:.2f} at"
            " most (24 to a quarter note)"
        )
    return text
