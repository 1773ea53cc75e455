"""scoretok convert: any format to any other."""

import warnings
from dataclasses import asdict
from pathlib import Path

import click

from editing.cli.common import (
    TEXT_FORMATS,
    FiniteRange,
    check_output,
    json_option,
    language_option,
    print_json,
    quiet_option,
    save,
    say,
    silence,
)
from editing.cli.extract import read_meter
from editing.cli.reading import load, noted
from scoretok.errors import ScoretokError, ScoretokWarning, warn
from scoretok.formats import MODULES
from scoretok.formats.holds import without_performance
from scoretok.infer import is_off_its_grid
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
  scoretok convert played.mid played.lead --find-beats     a performance without a click
  scoretok convert played.mid written.lead --plain         its notes on the grid, without pedals
  scoretok show song.mid | less            (show converts as it reads)
"""


@click.command(epilog=EPILOG)
@click.argument("source")
@click.argument("target")
@click.option("--to", "text_format", type=click.Choice(TEXT_FORMATS), default="lead", help="Format when TARGET is '-'.")
@click.option("--syllables", is_flag=True, help="Into .lrc: the time of every syllable (enhanced LRC).")
@click.option("--plain", is_flag=True, help="Leave the performance out: timing, pedals, bends and controllers.")
@click.option(
    "--find-beats/--keep-beats",
    "finds_beats",
    default=None,
    help="Find beats, bars and tempo from the notes; by itself where a MIDI file was recorded without a click.",
)
@click.option("--meter", metavar="3/4", help="With --find-beats: the meter, where it is known.")
@click.option("--tempo", "bpm", type=FiniteRange(10, 480), help="With --find-beats: about how many beats a minute.")
@language_option
@json_option
@quiet_option
def convert(
    source: str,
    target: str,
    text_format: str,
    syllables: bool,
    plain: bool,
    finds_beats: bool | None,
    meter: str | None,
    bpm: float | None,
    language: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Turn a score from any format into any other; '-' is standard input or output.

    Notes of MIDI files lie on a grid of 24 ticks a quarter note, and how they were played stays beside it, to a 1920th
    of a quarter. Chords and key are inferred when the file names none; what was dropped or guessed is said on standard
    error.
    """
    silence(quiet)
    check_output(target)
    report: dict[str, object] = {}
    may_guess = False
    if MODULES.get(Path(source).suffix.lower()) == "midi":
        from scoretok.formats.midi import read_with_report

        sheet, imported = noted(source, read_with_report)
        report, may_guess = asdict(imported), not imported.is_ours
        sheet = with_phonemes_if_possible(sheet, language)
    else:
        sheet = load(source, language)
    sheet = _on_beats(sheet, finds_beats, may_guess, meter, bpm)
    if plain:
        sheet = without_performance(sheet)
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


def _on_beats(
    sheet: LeadSheet, finds_beats: bool | None, may_guess: bool, meter: str | None, bpm: float | None
) -> LeadSheet:
    """The score on beats that its notes tell, where that is asked for or needed."""
    if (meter or bpm) and not finds_beats:
        raise ScoretokError("--meter and --tempo belong to --find-beats")
    if finds_beats is False or (finds_beats is None and not may_guess):
        return sheet
    if finds_beats is None and not is_off_its_grid(sheet):
        return sheet
    from mir.performance_beats import find_beats

    try:
        with warnings.catch_warnings():  # what is guessed anew was said to be guessed
            warnings.simplefilter("ignore", ScoretokWarning)
            found = find_beats(sheet, read_meter(meter) if meter else None, bpm)
    except ScoretokError as error:
        if finds_beats:
            raise
        warn(f"no beats were found ({error}); name them with --tempo", "guessed")
        return sheet
    swing = f", swing {found.swing:.0%}" if found.swing > 0.5 else ""
    size, pace = found.grid.meter, f"about {found.grid.bpm:.0f} beats a minute"
    message = (
        f"beats and bars were found from the notes: {size.numerator}/{size.denominator}, {pace}{swing};"
        " --keep-beats leaves the file's own"
    )
    warn(message, "guessed")
    return found.sheet


def _summary(sheet: LeadSheet, report: dict[str, object]) -> str:
    counts = ((sheet.bar_count, "bar"), (len(sheet.tracks), "track"), (sheet.note_count, "note"))
    text = ", ".join(f"{number} {what}{'' if number == 1 else 's'}" for number, what in counts)
    text += f", {sheet.duration_s:.0f} s"
    if report:
        text += (
            f"; onsets lie {report['mean_shift_ticks']:.2f} ticks off the grid on average,"
            f" {report['max_shift_ticks']:.2f} at most (24 to a quarter note)"
        )
    return text
