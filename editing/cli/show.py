"""scoretok show: a score in the terminal."""

import click

from editing.cli.common import as_text, bars_option, json_option, only_bars, parse_bars, print_json
from editing.cli.reading import load
from scoretok.describe import say_unplayable, unplayable_parts
from scoretok.errors import warn
from scoretok.formats.lead import short_id
from scoretok.harmony import chord_to_symbol
from scoretok.roles import DRUM_NAMES
from scoretok.sheet import LeadSheet
from scoretok.theory import pitch_name

EPILOG = """\b
Examples:
  scoretok show song.lead                  the whole score
  scoretok show song.mid --bars 5-8        four bars
  scoretok show song.lead --tokens         the tokens a model reads
  scoretok show song.lead --json           the score as JSON
"""
ROLE_STYLES = {
    "vocal": "bold red", "lead": "yellow", "guitar": "green", "piano": "blue", "strings": "magenta", "bass": "cyan",
    "drums": "white",
}  # fmt: skip


@click.command(epilog=EPILOG)
@click.argument("source")
@bars_option
@click.option("--tokens", is_flag=True, help="Print the tokens, a line a bar.")
@json_option
def show(source: str, bars: str | None, tokens: bool, as_json: bool) -> None:
    """Print a score as a table: a row a bar, with its section, chords, words and notes."""
    sheet = load(source)
    if tokens:
        _print_tokens(only_bars(sheet, bars), as_json)
    elif as_json:
        click.echo(as_text(only_bars(sheet, bars), "json"), nl=False)
    else:
        _print_table(sheet, parse_bars(bars, sheet) if bars else range(sheet.bar_count))


def _print_tokens(sheet: LeadSheet, as_json: bool) -> None:
    from scoretok.encode import encode
    from scoretok.vocabulary import TOKENS

    ids = encode(sheet)
    if as_json:
        print_json({"ids": ids, "tokens": [TOKENS[i] for i in ids]})
        return
    line: list[str] = []
    for token in (TOKENS[i] for i in ids):
        if token in ("Bar_None", "EOS_None") and line:
            click.echo(" ".join(line))
            line = []
        line.append(token.removesuffix("_None"))
    click.echo(" ".join(line))


def _print_table(sheet: LeadSheet, bars: range) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    width = None if console.is_terminal else 160
    console = Console(width=width)
    seconds = round(sheet.duration_s)
    length = f"{sheet.bar_count} bars, {seconds // 60}:{seconds % 60:02d}, {sheet.note_count} notes"
    title = f"{sheet.title or 'Untitled'}: {length}"
    table = Table(title=Text(title), title_justify="left", show_lines=False, header_style="bold")
    for heading in ("bar", "section", "changes", "chords"):
        table.add_column(heading, style="dim" if heading == "changes" else "", no_wrap=heading == "bar")
    for track_id, track in sheet.tracks_by_id.items():
        heading = short_id(track_id) + (f"\n{track.name}" if track.name else "") + ("\n(muted)" if track.muted else "")
        table.add_column(Text(heading), style=ROLE_STYLES[track.role], max_width=44, overflow="ellipsis")
    for bar in bars:
        cells = [_cell(sheet, number, bar) for number in range(len(sheet.tracks))]
        table.add_row(*(Text(text) for text in (str(bar + 1), *_headings(sheet, bar), *cells)))
    console.print(table)
    for track_id, track in sheet.tracks_by_id.items():
        if row := unplayable_parts(track):
            warn(say_unplayable(track_id, row))


def _headings(sheet: LeadSheet, bar: int) -> tuple[str, str, str]:
    """The section that begins, what changes, and the chords of a bar."""
    start, stop = sheet.bar_starts[bar], sheet.bar_starts[bar + 1]
    section, meter, key = sheet.section_at(bar), sheet.meter_at(bar), sheet.key_at(bar)
    changes = []
    if meter.bar == bar:
        changes.append(f"{meter.numerator}/{meter.denominator}")
    if key.bar == bar:
        changes.append(f"{key.tonic_name} {key.mode}")
    changes += [f"♩={tempo.bpm:g}" for tempo in sheet.tempos if start <= tempo.start_ticks < stop]
    chords = [chord_to_symbol(chord, key) for chord in sheet.chords if start <= chord.start_ticks < stop]
    return (section.label if section and section.bar == bar else "", " ".join(changes), " ".join(chords))


def _cell(sheet: LeadSheet, number: int, bar: int) -> str:
    """The notes of a bar by onset, words in quotes: 'C4+E4 G4"la"'."""
    track, key = sheet.tracks[number], sheet.key_at(bar)
    onsets: dict[int, str] = {}
    for note in sheet.notes_in(number, bar):
        name = (
            DRUM_NAMES.get(note.pitch, str(note.pitch))
            if track.is_drums
            else pitch_name(note.pitch, key.fifths, key.is_minor)
        )
        said = onsets.get(note.start_ticks)
        text = f"{said}+{name}" if said else name
        if note.syllable:
            text += f" “{note.syllable.text}{'' if note.syllable.word_end else '-'}”"
        onsets[note.start_ticks] = text
    return "  ".join(onsets.values())
