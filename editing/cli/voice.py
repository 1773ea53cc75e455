"""scoretok voice: convert, enrol, adapt."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from editing.cli.common import (
    FiniteRange,
    RenamedOption,
    check_folder,
    collect,
    json_option,
    parse_bars,
    print_json,
    quiet_option,
    say,
    seed_option,
    silence,
    stages,
    with_options,
)
from editing.cli.reading import load
from scoretok.errors import ScoretokError, quoted
from scoretok.numbers import whole
from scoretok.sheet import LeadSheet

if TYPE_CHECKING:
    from editing.voice.conversion import ConversionRequest
    from editing.voice.known_words import KnownWords
    from renderer.voice.f0 import Melody
    from renderer.voice.pretrained import VoiceModels
    from renderer.voice.profile import VoiceProfile

EPILOG = """\b
Examples:
  scoretok voice convert take.wav --to singer.wav -o out.wav
  scoretok voice convert song.flac --to singer.wav --in-mix -o new.flac
  scoretok voice convert song.flac --to anna.voice --in-mix --score song.lead --section chorus -o new.flac
  scoretok voice convert take.wav --to singer.wav --melody song.lead --tune-strength 0.7 -o tuned.wav
  scoretok voice convert take.wav --timbre-mix a.wav:0.7,b.wav:0.3 -o between.wav
  scoretok voice enrol singer.wav --name anna --consent "Anna Lee; agreed in writing, 1 May 2026"
  scoretok voice adapt recordings/ --name anna --consent "Anna Lee; agreed in writing, 1 May 2026"

Convert only voices whose owners agree: see "Consent" in docs/voice.md.
"""
model_option = click.option("--model", metavar="DIR", help="Another voice model, of 'scoretok train voice'.")
consent_option = click.option(
    "--consent", required=True, metavar="TEXT", help="Whose voice it is, and that they agreed; kept in the file."
)


@click.group(epilog=EPILOG)
def voice() -> None:
    """Convert a voice: words, melody and timing of the source, timbre of the target."""


@dataclass(frozen=True)
class ConvertOptions:
    """What is converted, to whom, and how."""

    target: str | None
    timbre_mix: str | None
    shift: str
    keep_expression: float
    melody: str | None
    tune: float
    formant: float
    breath: float
    steps: int
    in_mix: bool
    separator: str
    score: str | None
    bars: tuple[str, ...]
    section: tuple[str, ...]
    model: str | None
    lyrics: str | None


conversion_options = with_options(
    click.option("--to", "target", metavar="FILE", help="The singer: 3 to 30 s of recording, or a .voice file."),
    click.option("--timbre-mix", metavar="A:W,B:W", help="A voice between several, with weights."),
    click.option("--shift", default="auto", show_default=True, metavar="auto|match|N",
                 help="Whole octaves to the singer's range; to the middle of it; or semitones."),
    click.option("--keep-expression", type=FiniteRange(0, 1), default=1.0, show_default=True,
                 help="How much of vibrato and slides stays."),
    click.option("--melody", metavar="SCORE", help="Tune the source to the vocal track of a score."),
    click.option("--tune-strength", "--tune", "tune", cls=RenamedOption,
                 type=FiniteRange(0, 1), default=1.0, show_default=True,
                 help="How far --melody draws the pitch."),
    click.option("--formant", type=FiniteRange(-12, 12), default=0.0, show_default=True,
                 help="Move formants, in semitones."),
    click.option("--breathiness", "--breath", "breath", cls=RenamedOption,
                 type=FiniteRange(-30, 30), default=0.0, show_default=True,
                 help="More or less breath, in decibels."),
    click.option("--steps", type=click.IntRange(0, 100), default=4, show_default=True, help="Steps of the flow."),
    click.option("--lyrics", metavar="FILE|auto|score",
                 help="The words, told to the model too: a text, those it recognises, or those of --score."),
)  # fmt: skip
region_options = with_options(
    click.option("--in-mix", is_flag=True, help="The source is a whole song: its voice is taken out and put back."),
    click.option("--separator", default="spleeter", show_default=True, metavar="NAME", help="Or a Demucs model."),
    click.option("--score", metavar="SCORE", help="What the source sings, for --bars and --section."),
    click.option("--bars", multiple=True, metavar="A-B", help="Convert only these bars."),
    click.option("--section", multiple=True, metavar="LABEL", help="Convert only these sections: chorus, 'verse 2'."),
)


@voice.command()
@click.argument("source")
@click.option("-o", "--output", required=True, metavar="FILE", help="A .wav, .flac or .ogg file.")
@conversion_options
@region_options
@model_option
@seed_option
@json_option
@quiet_option
@collect(ConvertOptions)
def convert(source: str, output: str, seed: int, as_json: bool, quiet: bool, options: ConvertOptions) -> None:
    """Convert a recording to another voice. With --in-mix, --bars or --section all else stays bit for bit."""
    silence(quiet)
    check_folder(output)
    spans_s = spans_of(options)
    request = request_of(options, seed)
    from editing.voice.convert_files import convert_voice, models_with_words
    from renderer.voice.pretrained import load_models

    words = known_words(options)
    models = models_with_words() if words else load_models(options.model)
    target = target_of(models, options.target, options.timbre_mix)
    separator = options.separator if options.in_mix else ""
    with stages(quiet) as progress:
        made = convert_voice(source, target, output, request, spans_s, separator, models, progress, words)
    shift = round(made.shift_semitones, 2)
    if as_json:
        changed = {} if made.changed_s is None else {"changed_s": made.changed_s}
        row = {"output": output, "voice": target.name, "duration_s": round(made.duration_s, 3)}
        print_json({**row, "shift_semitones": shift, **changed})
    elif not quiet:
        moved = f", moved by {shift:+g} semitones" if shift else ""
        say(f"{output}: {made.duration_s:.1f} s in the voice of {target.name}{moved}")


@voice.command()
@click.argument("recording")
@click.option("--name", required=True, metavar="NAME", help="What to call the voice.")
@consent_option
@click.option("-o", "--output", metavar="FILE", help="Default: NAME.voice.")
@model_option
@json_option
@quiet_option
def enrol(
    recording: str, name: str, consent: str, output: str | None, model: str | None, as_json: bool, quiet: bool
) -> None:
    """Keep a voice in a small file, to be used with --to."""
    silence(quiet)
    path = voice_path(name, output)
    check_consent(consent)
    from editing.voice.conversion import reference_voice
    from renderer.voice.pretrained import load_models
    from renderer.voice.profile import save_voice

    models = load_models(model)
    found = reference_voice(models, recording, name, consent)
    save_voice(found, path, models.digest)
    print_voice(path, found, {}, as_json, quiet)


@voice.command()
@click.argument("folder")
@click.option("--name", required=True, metavar="NAME", help="What to call the voice.")
@consent_option
@click.option("-o", "--output", metavar="FILE", help="Default: NAME.voice.")
@click.option(
    "--run", "run_folder", metavar="DIR", help="Where checkpoints go; an earlier run goes on. Default: NAME.run."
)
@click.option("--steps", type=click.IntRange(1), default=300, show_default=True)
@model_option
@seed_option
@json_option
@quiet_option
def adapt(
    folder: str, name: str, consent: str, output: str | None, run_folder: str | None, steps: int, model: str | None,
    seed: int, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Learn one singer from a folder with minutes of recordings; a twentieth is kept to test on."""
    silence(quiet)
    path = voice_path(name, output)
    check_consent(consent)
    from editing.voice.speaker_adaptation import adapt_voice
    from renderer.voice.pretrained import load_models
    from renderer.voice.profile import save_voice

    models = load_models(model)
    with stages(quiet) as report_stage:
        found, figures = adapt_voice(
            models, folder, Path(run_folder or f"{name}.run"), name, consent, steps, seed, report_stage
        )
    save_voice(found, path, models.digest)
    print_voice(path, found, figures, as_json, quiet)


def print_voice(path: str, found: "VoiceProfile", figures: dict[str, float], as_json: bool, quiet: bool) -> None:
    """Say what a voice file holds."""
    range_hz = [round(hz, 1) for hz in (found.low_hz, found.median_hz, found.high_hz)]
    if as_json:
        print_json(
            {"output": path, "name": found.name, "seconds": round(found.seconds, 1), "range_hz": range_hz, **figures}
        )
    elif not quiet:
        say(f"{path}: {found.name}, {found.seconds:.0f} s, {range_hz[0]:.0f} to {range_hz[2]:.0f} Hz")
        for figure, value in figures.items():
            say(f"{figure.replace('_', ' ')}: {value:.3f}")


def voice_path(name: str, output: str | None) -> str:
    """Where a voice is kept. Raises ScoretokError."""
    if not output and Path(name).name != name:
        raise ScoretokError(f"--name {quoted(name)} would be a path; name the file with -o")
    path = output or f"{name}.voice"
    if Path(path).suffix.lower() not in (".voice", ".safetensors"):
        raise ScoretokError(f"{path} does not end with .voice")
    check_folder(path)
    return path


def check_consent(text: str) -> None:
    """Raise ScoretokError for a note that says nothing."""
    if len(text.split()) < 2:
        raise ScoretokError("--consent: say whose voice it is and that they agreed, in a few words")


def request_of(options: ConvertOptions, seed: int) -> "ConversionRequest":
    """What is asked for, from the options of the command. Raises ScoretokError."""
    if (options.target is None) == (options.timbre_mix is None):
        raise ScoretokError("name the singer with --to, or several with --timbre-mix")
    from scoretok.extras import require

    for module in ("torch", "swift_f0", "faster_whisper"):
        require(module, "voice", "converting a voice")
    from editing.voice.conversion import ConversionRequest

    melody = melody_of(load(options.melody), options.melody) if options.melody else None
    return ConversionRequest(
        options.shift, options.keep_expression, melody, options.tune, options.formant, options.breath,
        options.steps, seed,
    )  # fmt: skip


def known_words(options: ConvertOptions) -> "KnownWords | None":
    """What --lyrics says of the words, None where it is not given. Raises ScoretokError."""
    if options.lyrics is None:
        return None
    if options.model:
        raise ScoretokError("--lyrics needs the singer's model, which ships; leave --model out")
    from editing.voice.known_words import KnownWords
    from scoretok.files import read_text

    if options.lyrics == "score":
        if not options.score:
            raise ScoretokError("--lyrics score needs the score that the source sings: --score song.lead")
        sheet = load(options.score)
        if not any(note.syllable for track in sheet.tracks for note in track.notes):
            raise ScoretokError(f"{options.score} has no words; give them with --lyrics FILE, or --lyrics auto")
        return KnownWords(score=sheet)
    if options.lyrics == "auto":
        return KnownWords()
    if options.bars or options.section:
        raise ScoretokError("--lyrics FILE is for whole sources; with --bars or --section take --lyrics score or auto")
    text = read_text(options.lyrics)
    if not text.strip():
        raise ScoretokError(f"{options.lyrics} holds no words")
    return KnownWords(text)


def melody_of(sheet: LeadSheet, path: str) -> "Melody":
    """The notes of the first vocal track, else of the first lead track. Raises ScoretokError."""
    import numpy as np

    from renderer.voice.f0 import Melody

    for role in ("vocal", "lead"):
        notes = [note for track in sheet.tracks if track.role == role for note in track.notes]
        if notes:
            notes.sort(key=lambda note: note.start_ticks)
            starts = np.array([sheet.seconds_at(note.start_ticks) for note in notes])
            ends = np.array([sheet.seconds_at(note.end_ticks) for note in notes])
            return Melody(starts, ends, np.array([note.pitch for note in notes], float))
    raise ScoretokError(f"{path} has no vocal or lead track to tune the source to")


def spans_of(options: ConvertOptions) -> list[tuple[float, float]] | None:
    """The seconds that --bars and --section mean, None where they are not given. Raises ScoretokError."""
    if not options.bars and not options.section:
        return None
    if not options.score:
        raise ScoretokError("--bars and --section need the score that the source sings: --score song.lead")
    from editing.where import find_section

    sheet = load(options.score)
    runs = [parse_bars(text, sheet) for text in options.bars]
    for text in options.section:
        label, _, number = text.rpartition(" ")
        runs += (
            find_section(sheet, label, whole(number))
            if label and re.fullmatch("[0-9]+", number)
            else find_section(sheet, text)
        )
    return [sheet.bar_span_s(run) for run in runs]


def target_of(models: "VoiceModels", target: str | None, mix: str | None) -> "VoiceProfile":
    """The voice of --to or --timbre-mix. Raises ScoretokError."""
    from editing.voice.conversion import reference_voice
    from renderer.voice.profile import mix_voices

    if target is not None:
        return reference_voice(models, target)
    parts = []
    for text in (mix or "").split(","):
        path, _, weight = text.rpartition(":")
        try:
            parts.append((path, float(weight)))
        except ValueError:
            parts.append((path, math.nan))
        if not 0 <= parts[-1][1] <= 1000:
            raise ScoretokError(f"--timbre-mix {text}: write for example a.wav:0.7,b.wav:0.3") from None
    return mix_voices([(reference_voice(models, path), weight) for path, weight in parts])
