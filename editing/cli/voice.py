"""scoretok voice: convert, enrol, adapt."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from editing.cli.common import (
    check_folder,
    json_option,
    load,
    parse_bars,
    print_json,
    quiet_option,
    seed_option,
    silence,
    stages,
    with_options,
)
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

if TYPE_CHECKING:
    import numpy as np

    from editing.voice.conversion import ConversionRequest
    from renderer.voice.f0 import Melody
    from renderer.voice.pretrained import VoiceModels
    from renderer.voice.profile import VoiceProfile

EPILOG = """\b
Examples:
  scoretok voice convert take.wav --to singer.wav -o out.wav
  scoretok voice convert song.flac --to singer.wav --in-mix -o new.flac
  scoretok voice convert song.flac --to anna.voice --in-mix --score song.lead --section chorus -o new.flac
  scoretok voice convert take.wav --to singer.wav --melody song.lead --tune 0.7 -o tuned.wav
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
    """Convert a voice: words, melody and timing of a take, timbre of another singer."""


conversion_options = with_options(
    click.option("--to", "target", metavar="FILE", help="The singer: 3 to 30 s of recording, or a .voice file."),
    click.option("--timbre-mix", metavar="A:W,B:W", help="A voice between several, with weights."),
    click.option("--shift", default="auto", show_default=True, metavar="auto|match|N",
                 help="Whole octaves to the singer's range; to the middle of it; or semitones."),
    click.option("--keep-expression", type=click.FloatRange(0, 1), default=1.0, show_default=True,
                 help="How much of vibrato and slides stays."),
    click.option("--melody", metavar="SCORE", help="Tune the take to the vocal track of a score."),
    click.option("--tune", type=click.FloatRange(0, 1), default=1.0, show_default=True,
                 help="How far --melody draws the pitch."),
    click.option("--formant", type=click.FloatRange(-12, 12), default=0.0, show_default=True,
                 help="Move formants, in semitones."),
    click.option("--breath", type=click.FloatRange(-30, 30), default=0.0, show_default=True,
                 help="More or less breath, in decibels."),
    click.option("--steps", type=click.IntRange(0, 100), default=4, show_default=True, help="Steps of the flow."),
)  # fmt: skip
region_options = with_options(
    click.option("--in-mix", is_flag=True, help="The take is a whole song: its voice is taken out and put back."),
    click.option("--separator", default="spleeter", show_default=True, metavar="NAME", help="Or a Demucs model."),
    click.option("--score", metavar="SCORE", help="What the take sings, for --bars and --section."),
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
def convert(source: str, output: str, seed: int, as_json: bool, quiet: bool, **choices: Any) -> None:
    """Sing a take in another voice. With --in-mix, --bars or --section all else stays bit for bit."""
    silence(quiet)
    check_folder(output)
    if Path(source).resolve() == Path(output).resolve():
        raise ScoretokError(f"{output} is the take itself; name another output")
    spans_s = spans_of(choices)
    request = request_of(choices, seed)
    from renderer.voice.pretrained import load_models

    models = load_models(choices["model"])
    target = target_of(models, choices["target"], choices["timbre_mix"])
    run = convert_spans_of_file if choices["in_mix"] or spans_s is not None else convert_file
    figures = run(models, source, output, target, request, spans_s, choices, quiet)
    if as_json:
        print_json({"output": output, "voice": target.name, **figures})
    elif not quiet:
        moved = f", moved by {figures['shift_semitones']:+g} semitones" if figures["shift_semitones"] else ""
        click.echo(f"{output}: {figures['duration_s']:.1f} s in the voice of {target.name}{moved}", err=True)


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
        click.echo(f"{path}: {found.name}, {found.seconds:.0f} s, {range_hz[0]:.0f} to {range_hz[2]:.0f} Hz", err=True)
        for figure, value in figures.items():
            click.echo(f"{figure.replace('_', ' ')}: {value:.3f}", err=True)


def voice_path(name: str, output: str | None) -> str:
    """Where a voice is kept. Raises ScoretokError."""
    path = output or f"{name}.voice"
    if Path(path).suffix.lower() not in (".voice", ".safetensors"):
        raise ScoretokError(f"{path} does not end with .voice")
    check_folder(path)
    return path


def check_consent(text: str) -> None:
    """Raise ScoretokError for a note that says nothing."""
    if len(text.split()) < 2:
        raise ScoretokError("--consent: say whose voice it is and that they agreed, in a few words")


def request_of(choices: dict[str, Any], seed: int) -> "ConversionRequest":
    """What is asked for, from the options of the command. Raises ScoretokError."""
    if (choices["target"] is None) == (choices["timbre_mix"] is None):
        raise ScoretokError("name the singer with --to, or several with --timbre-mix")
    from scoretok.extras import require

    for module in ("torch", "swift_f0", "faster_whisper"):
        require(module, "voice", "converting a voice")
    from editing.voice.conversion import ConversionRequest

    melody = melody_of(load(choices["melody"]), choices["melody"]) if choices["melody"] else None
    return ConversionRequest(
        choices["shift"], choices["keep_expression"], melody, choices["tune"], choices["formant"], choices["breath"],
        choices["steps"], seed,
    )  # fmt: skip


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
    raise ScoretokError(f"{path} has no vocal or lead track to tune the take to")


def spans_of(choices: dict[str, Any]) -> list[tuple[float, float]] | None:
    """The seconds that --bars and --section mean, None where they are not given. Raises ScoretokError."""
    if not choices["bars"] and not choices["section"]:
        return None
    if not choices["score"]:
        raise ScoretokError("--bars and --section need the score that the take sings: --score song.lead")
    from editing.where import find_section

    sheet = load(choices["score"])
    runs = [parse_bars(text, sheet) for text in choices["bars"]]
    for text in choices["section"]:
        label, _, number = text.rpartition(" ")
        runs += find_section(sheet, label, int(number)) if label and number.isdigit() else find_section(sheet, text)
    return [
        (sheet.seconds_at(sheet.bar_starts[run.start]), sheet.seconds_at(sheet.bar_starts[run.stop])) for run in runs
    ]


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
            raise ScoretokError(f"--timbre-mix {text}: write for example a.wav:0.7,b.wav:0.3") from None
    return mix_voices([(reference_voice(models, path), weight) for path, weight in parts])


def convert_file(
    models: "VoiceModels", source: str, output: str, target: "VoiceProfile", request: "ConversionRequest",
    _spans_s: list[tuple[float, float]] | None, _choices: dict[str, Any], quiet: bool,
) -> dict[str, Any]:  # fmt: skip
    """A take alone, of any length: looked over once, then converted block by block."""
    from editing.voice.conversion import convert_blocks
    from editing.voice.conversion_comment import conversion_comment
    from editing.voice.source import analyse_source
    from renderer.codec.mel import SAMPLE_RATE
    from scoretok.audio import audio_writer, check_audio_path, open_audio

    check_audio_path(output)
    file = open_audio(source)
    with share_progress("analysing", quiet) as advance:
        blocks = with_progress(file.blocks(SAMPLE_RATE), round(file.duration_s * SAMPLE_RATE), advance)
        analysis = analyse_source(blocks, source, file.sample_rate)
    shift = request.semitones(analysis.median_hz, target)
    with (
        share_progress("converting", quiet) as advance,
        audio_writer(output, SAMPLE_RATE, 1, conversion_comment(target, shift)) as writer,
    ):
        for block in convert_blocks(models, target, request.parameters(analysis, target), file.blocks(SAMPLE_RATE)):
            writer.write(block[None].clip(-1, 1))
            advance(writer.n_samples / max(1, analysis.n_samples))
    return {"duration_s": round(analysis.n_samples / SAMPLE_RATE, 3), "shift_semitones": round(shift, 2)}


def convert_spans_of_file(
    models: "VoiceModels", source: str, output: str, target: "VoiceProfile", request: "ConversionRequest",
    spans_s: list[tuple[float, float]] | None, choices: dict[str, Any], quiet: bool,
) -> dict[str, Any]:  # fmt: skip
    """A song or some bars: all other samples stay."""
    from dataclasses import replace

    from editing.voice.conversion_comment import conversion_comment
    from editing.voice.in_mix import convert_spans
    from scoretok.audio import check_output_of, open_audio, write_changed
    from scoretok.audio.comments import append_comment
    from scoretok.files import whole_file

    recording = open_audio(source)
    check_output_of(recording, output)
    separator = choices["separator"] if choices["in_mix"] else ""
    with share_progress("converting", quiet) as advance:
        spans, analysis = convert_spans(models, recording, target, request, spans_s, separator, advance)
    shift = request.semitones(analysis.median_hz, target)
    comment = conversion_comment(target, shift, recording.comment)
    with whole_file(output) as temporary:
        write_changed(replace(recording, comment=comment), temporary, spans)
        if temporary.suffix.lower() == ".wav":
            append_comment(temporary, comment)
    changed = [
        [start / recording.sample_rate, (start + part.shape[1]) / recording.sample_rate] for start, part in spans
    ]
    return {
        "duration_s": round(recording.duration_s, 3), "shift_semitones": round(shift, 2), "changed_s": changed,
    }  # fmt: skip


def with_progress(
    blocks: "Iterable[np.ndarray]", n_samples: int, advance: Callable[[float], None]
) -> "Iterator[np.ndarray]":
    """Blocks (n,) of so many samples, and how far they are told to `advance`."""
    seen = 0
    for block in blocks:
        yield block
        seen += len(block)
        advance(min(1.0, seen / max(1, n_samples)))


@contextmanager
def share_progress(what: str, quiet: bool) -> Iterator[Callable[[float], None]]:
    """A progress bar on a terminal, else nothing; gives the function that is told how far it is, 0 to 1."""

    with stages(quiet) as report:
        yield lambda share: report(what, share)
