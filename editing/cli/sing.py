"""scoretok sing: the words of a score, sung."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from editing.cli.common import (
    bars_option,
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
from scoretok.singing import AMOUNTS, with_amount

if TYPE_CHECKING:
    from renderer.singing.phrase_frames import PhraseFrames
    from renderer.singing.sung_engine import SungTracks

EPILOG = """\b
Examples:
  scoretok sing song.lead -o vocal.wav
  scoretok sing song.lead -o vocal.wav --voice low --vibrato 0.5
  scoretok sing song.lead -o duet.wav --voice vocal=high --voice vocal.2=low
  scoretok sing song.lead -o vocal.wav --voice anna.voice --pronounce live=lˈaɪv
  scoretok sing song.lead --show --bars 1-4
  scoretok sing song.lead --plot sung.png --bars 1-8

Sing only with voices whose owners agree: see "Consent" in docs/voice.md.
"""


@dataclass(frozen=True)
class SingOptions:
    """Which tracks, how they are sung, and what is shown."""

    tracks: str | None
    vibrato: float | None
    breath: float | None
    portamento: float | None
    consonants: float | None
    pitch: str | None
    steps: int | None
    show: bool
    plot: str | None


def _amount(name: str, what: str) -> Any:  # noqa: ANN401 - a decorator of click
    low, high = AMOUNTS[name]
    return click.option(f"--{name}", type=click.FloatRange(low, high), metavar="X", help=f"{what}, 1 as usual.")


@click.command(epilog=EPILOG)
@click.argument("source")
@click.option("-o", "--output", metavar="FILE", help="A .wav, .flac, .ogg or .mp3 file.")
@click.option("--tracks", metavar="NAMES", help="Only these vocal tracks, with commas between.")
@singer_options
@_amount("vibrato", "Depth of the vibrato")
@_amount("breath", "Length of the breaths")
@_amount("portamento", "Time of the glides")
@_amount("consonants", "Length of the consonants")
@click.option(
    "--pitch", metavar="CSV", help="A drawn pitch curve: lines of seconds,MIDI pitch; the rules hold elsewhere."
)
@click.option("--steps", type=click.IntRange(0, 100), help="Steps of the flow (default 4).")
@click.option("--show", is_flag=True, help="Print what is sung when: phrases, syllables, phones.")
@click.option("--plot", metavar="FILE", help="Draw pitch and phones over the notes: a .png, .svg or .pdf file.")
@bars_option
@seed_option
@json_option
@quiet_option
@collect(SingerOptions, "singer")
@collect(SingOptions)
def sing(
    source: str, output: str | None, bars: str | None, seed: int, as_json: bool, quiet: bool, singer: SingerOptions,
    options: SingOptions,
) -> None:  # fmt: skip
    """Sing the vocal tracks of a score: words where it has them, "ah" where it has none."""
    silence(quiet)
    if not (output or options.show or options.plot):
        raise ScoretokError("there is nothing to do; name an output with -o, or add --show or --plot FILE")
    if singer.singer == "none":
        raise ScoretokError("--singer none leaves nothing to sing; take model or rule")
    check_outputs(output, options.plot)
    sheet = sung_sheet(pronounced(load(source, singer.language), singer), options)
    numbers = vocal_tracks(sheet, options.tracks)
    sung = sung_tracks(sheet, singer, options.steps)
    if options.pitch:
        drawn = read_pitch_curve(options.pitch)
        sung.drawn = {sheet.track_ids[number]: drawn for number in numbers}
    chosen = parse_bars(bars, sheet) if bars else None
    phrases = {number: sung.phrases(sheet, number, seed) for number in numbers}
    span_s = (0.0, sheet.duration_s) if chosen is None else sheet.bar_span_s(chosen)
    if options.show and not as_json:
        from editing.cli.sing_table import print_phrases

        print_phrases(sheet, {number: in_span(found, span_s) for number, found in phrases.items()})
    if options.plot:
        from renderer.singing.plot_singing import plot_phrases

        plot_phrases([one for found in phrases.values() for one in in_span(found, span_s)], span_s, options.plot)
    answer: dict[str, object] = {}
    if output:
        answer |= write_song(sheet, phrases, sung, None if chosen is None else span_s, output, quiet or as_json)
    if as_json:
        shown = {
            sheet.track_ids[n]: [phrase_to_dict(one) for one in in_span(found, span_s)] for n, found in phrases.items()
        }
        print_json(answer | ({"tracks": shown} if options.show or not output else {}))


def check_outputs(output: str | None, plot: str | None) -> None:
    """Raise ScoretokError early for files that cannot be written."""
    from scoretok.audio import check_audio_path

    if output:
        check_audio_path(output)
        check_folder(output)
    if plot:
        check_picture(plot)
        check_folder(plot)


def sung_sheet(sheet: LeadSheet, options: SingOptions) -> LeadSheet:
    """The score with its vocal tracks sung as the options say."""
    for name in AMOUNTS:
        value = getattr(options, name)
        if value is not None:
            sheet = sheet.with_tracks(
                replace(track, singing=with_amount(track.singing, name, f"{value:g}"))
                if track.role == "vocal"
                else track
                for track in sheet.tracks
            )
    return sheet


def vocal_tracks(sheet: LeadSheet, names: str | None) -> list[int]:
    """The vocal tracks that are sung. Raises ScoretokError when there are none."""
    numbers = parse_tracks(names, sheet) if names else range(len(sheet.tracks))
    vocals = [n for n in numbers if sheet.tracks[n].role == "vocal" and sheet.tracks[n].notes]
    if names is None:
        vocals = [n for n in vocals if not sheet.tracks[n].muted] or vocals
    if not vocals:
        raise ScoretokError(
            "the score has no vocal track with notes; make one with: scoretok edit 'replace lead with vocal'"
        )
    return vocals


def in_span(phrases: "list[PhraseFrames]", span_s: tuple[float, float]) -> "list[PhraseFrames]":
    """The phrases that are heard in a span of seconds."""
    return [one for one in phrases if one.timed.start_s < span_s[1] and one.timed.end_s > span_s[0]]


def read_pitch_curve(path: str) -> Any:  # noqa: ANN401 - a function of numpy arrays
    """A drawn curve: MIDI pitches (f,) at times (f,), NaN where lines lie more than a fifth of a second apart. Raises
    ScoretokError."""
    longest_gap_s = 0.2
    try:
        rows = [line.split(",") for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip()]
        skip = 1 if rows and not rows[0][0].strip().lstrip("-").replace(".", "", 1).isdigit() else 0
        table = np.array([[float(value) for value in row[:2]] for row in rows[skip:]], float).reshape(-1, 2)
    except (OSError, ValueError) as error:
        raise ScoretokError(f"{path} is not a pitch curve; write lines of seconds,MIDI pitch ({error})") from None
    if len(table) < 2 or not np.isfinite(table).all() or (np.diff(table[:, 0]) <= 0).any():
        raise ScoretokError(f"{path} is not a pitch curve; write lines of rising seconds,MIDI pitch")
    if table[:, 1].min() < 12 or table[:, 1].max() > 120:
        raise ScoretokError(f"{path} holds pitches outside of 12 to 120; they are MIDI numbers, 60 is middle C")

    def drawn(times_s: np.ndarray) -> np.ndarray:
        curve = np.interp(times_s, table[:, 0], table[:, 1], np.nan, np.nan)
        number = np.clip(np.searchsorted(table[:, 0], times_s) - 1, 0, len(table) - 2)
        return np.where(np.diff(table[:, 0])[number] > longest_gap_s, np.nan, curve)

    return drawn


def write_song(
    sheet: LeadSheet, phrases: "dict[int, list[PhraseFrames]]", sung: "SungTracks",
    span_s: tuple[float, float] | None, output: str, quiet: bool,
) -> dict[str, object]:  # fmt: skip
    """Sing the phrases of tracks into one mono file; what --json says of it."""
    from renderer.codec.mel import SAMPLE_RATE
    from renderer.mixer import soft_clip
    from scoretok.audio import audio_writer

    block, began = 4 * SAMPLE_RATE, perf_counter()
    tracks = [sung.sing(found, sheet, number) for number, found in phrases.items()]
    end_s = (
        max(sheet.duration_s, *(track.end_sample / SAMPLE_RATE for track in tracks)) if span_s is None else span_s[1]
    )
    start, stop = round((span_s[0] if span_s else 0.0) * SAMPLE_RATE), round(end_s * SAMPLE_RATE)
    comment = sung_comment(sheet, list(phrases), sung)
    with (
        progress_bar("singing", -(-(stop - start) // block), quiet) as advance,
        audio_writer(output, SAMPLE_RATE, 1, comment=comment, title=sheet.title) as writer,
    ):
        for first in range(start, stop, block):
            samples = np.sum([track.span(first, min(stop, first + block)) for track in tracks], axis=0)
            writer.write(soft_clip(samples[None].astype(np.float32)))
            advance()
    duration_s = (stop - start) / SAMPLE_RATE
    if not quiet:
        say(f"{output}: {duration_s:.1f} s, sung at {duration_s / (perf_counter() - began):.1f} x real time")
    return {"output": output, "duration_s": duration_s}


def sung_comment(sheet: LeadSheet, numbers: list[int], sung: "SungTracks") -> str:
    """What the file says of itself: that it was sung by a program, in whose voices."""
    if sung.singer == "rule":
        return "sung by scoretok, by rule"
    voices = {voice.name: voice.consent for voice in (sung.voice_of(sheet, number) for number in numbers)}
    return "sung by scoretok in the voice of " + "; ".join(
        f"{name}{': ' + note if note else ''}" for name, note in voices.items()
    )


def phrase_to_dict(frames: "PhraseFrames") -> dict[str, object]:
    """A phrase for --json."""
    from renderer.singing.expression import midi_of

    return {
        "start_s": round(frames.timed.start_s, 3),
        "end_s": round(frames.timed.end_s, 3),
        "breath_s": frames.timed.breath_s,
        "words": "".join(s.text + " " * s.word_end for s in frames.phrase.syllables).strip(),
        "notes": [asdict(note) for note in frames.phrase.notes],
        "phones": [asdict(phone) for phone in frames.timed.phones],
        "pitch": [round(float(p), 3) for p in midi_of(frames.pitch.hz)],
    }
