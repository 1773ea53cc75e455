"""scoretok render: a score becomes audio."""

import re
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

import click

from editing.cli.common import (
    FiniteRange,
    bars_option,
    check_folder,
    collect,
    json_option,
    parse_bars,
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
    from renderer.engine import Engine, MixEngine
    from renderer.mixer import Level

EPILOG = """\b
Examples:
  scoretok render song.lead -o song.wav
  scoretok render song.mid -o song.flac --stems stems/
  scoretok render song.lead -o song.wav --voice vocal=low --voice vocal.2=anna.voice
  scoretok render song.lead -o part.wav --bars 9-16
  scoretok render song.lead -o song.wav --reference piano=my_piano.wav
  scoretok render song.lead -o song.wav --gain vocal=+2 --pan guitar=0.5
  scoretok render song.lead -o quick.wav --engine draft
  scoretok render song.lead -o song.mp3
  scoretok render song.lead -o song.dawproject     notes and stems for Bitwig, Studio One and Cubase
"""


@dataclass(frozen=True)
class RenderOptions:
    """What makes the sound, and how it is mixed; texts are TRACK=VALUE."""

    engine: str
    model: str | None
    steps: int | None
    reference: tuple[str, ...]
    device: str | None
    soundfont: str | None
    stems: str | None
    gain: tuple[str, ...]
    pan: tuple[str, ...]
    room: tuple[str, ...]
    loudness: float | None


@click.command(epilog=EPILOG)
@click.argument("source")
@click.option("-o", "--output", required=True, metavar="FILE", help="A .wav, .flac, .ogg, .mp3 or .dawproject file.")
@click.option(
    "--engine",
    type=click.Choice(["dit", "draft", "ace-step"]),
    default="dit",
    show_default=True,
    help="What makes the sound: the model that ships, a soundfont, or ACE-Step 1.5 (needs --model and a GPU).",
)
@click.option("--model", metavar="DIR", help="Another model: a folder or a hub id.")
@click.option("--steps", type=click.IntRange(0, 100), help="Steps of the dit engine; 0 is its coarse prediction.")
@click.option(
    "--reference", multiple=True, metavar="TRACK=FILE", help="A few seconds of audio whose timbre a track takes."
)
@singer_options
@click.option("--device", metavar="NAME", help="Where the dit engine computes: cpu, cuda.")
@click.option("--soundfont", metavar="FILE", help="Another soundfont for the draft engine (.sf2, .sf3).")
@click.option("--stems", metavar="DIR", help="Also write each track to a file in this folder.")
@click.option("--gain", multiple=True, metavar="TRACK=DB", help="Gain of a track or role in decibels.")
@click.option("--pan", multiple=True, metavar="TRACK=P", help="Place of a track or role, -1 (left) to 1 (right).")
@click.option("--room", multiple=True, metavar="TRACK=R", help="How much of a track or role the room echoes, 0 to 1.")
@click.option(
    "--loudness",
    type=FiniteRange(-40, -5),
    metavar="LUFS",
    help="Bring the whole file to a loudness, -14 say. Then an edit may change the level everywhere.",
)
@bars_option
@seed_option
@json_option
@quiet_option
@collect(SingerOptions, "singer")
@collect(RenderOptions)
def render(
    source: str, output: str, bars: str | None, seed: int, as_json: bool, quiet: bool, singer: SingerOptions,
    options: RenderOptions,
) -> None:  # fmt: skip
    """Turn a score into audio at 44.1 kHz stereo, with a stem a track on request; vocal tracks are sung."""
    from scoretok.audio import check_audio_path

    silence(quiet)
    for_daw = Path(output).suffix.lower() == ".dawproject"
    if not for_daw:
        check_audio_path(output)
    check_folder(output)
    sheet = pronounced(load(source, singer.language), singer)
    if for_daw and (bars or options.stems or options.loudness):
        raise ScoretokError(
            "a .dawproject holds the whole song and its stems; leave --bars, --stems and --loudness out"
        )
    levels = read_levels(sheet, options.gain, options.pan, options.room)
    engine = with_singers(engine_for(sheet, options), sheet, singer, options)
    folder = make_folder(options.stems) if options.stems else None
    span = bar_span(sheet, bars, engine.sample_rate)
    began = perf_counter()
    if for_daw:
        write_project(sheet, engine, levels, seed, output, quiet)
        return
    comment = "" if bars or options.loudness else provenance_of(sheet, levels, seed, options, engine)
    length, names = write_render(sheet, engine, levels, seed, span, Path(output), folder, comment, quiet)
    if options.loudness is not None:
        from renderer.loudness import set_loudness

        set_loudness(output, options.loudness)
    duration_s = length / engine.sample_rate
    if as_json:
        print_json({"output": output, "duration_s": duration_s, "stems": sorted(names) if folder else []})
    elif not quiet:
        speed = duration_s / (perf_counter() - began)
        say(f"{output}: {duration_s:.1f} s, rendered at {speed:.1f} x real time")


ENGINE_OPTIONS = {
    "dit": {"model", "steps", "reference", "device"},
    "draft": {"soundfont"},
    "ace-step": {"model", "steps", "device"},
}


def engine_for(sheet: LeadSheet, options: RenderOptions) -> "Engine | MixEngine":
    """The engine that the options ask for. Raises ScoretokError for options that it does not know."""
    from renderer import load_engine

    name = options.engine
    given = {
        key: getattr(options, key)
        for keys in ENGINE_OPTIONS.values()
        for key in keys
        if getattr(options, key) not in (None, ())
    }
    for key in sorted(given.keys() - ENGINE_OPTIONS[name]):
        knowing = " and ".join(engine for engine, keys in ENGINE_OPTIONS.items() if key in keys)
        raise ScoretokError(f"--{key} is for the engine {knowing}; leave it out, or choose the engine with --engine")
    for key in ("stems", "gain", "pan", "room") if name == "ace-step" else ():
        if getattr(options, key):
            raise ScoretokError(f"the ace-step engine makes the mix at once; there is no --{key}")
    if "reference" in given:
        given["references"] = read_references(sheet, given.pop("reference"))
    return load_engine(name, **given)


def with_singers(
    engine: "Engine | MixEngine", sheet: LeadSheet, singer: SingerOptions, options: RenderOptions
) -> "Engine | MixEngine":
    """The engine with vocal tracks sung, where the score has some that sound. Raises ScoretokError."""
    from renderer.engine import MixEngine

    vocals = any(track.role == "vocal" and track.notes and not track.muted for track in sheet.tracks)
    if singer.voice and (singer.singer == "none" or not vocals or isinstance(engine, MixEngine)):
        raise ScoretokError("--voice says who sings, but nothing is sung here; leave it out")
    if singer.singer == "none" or not vocals or isinstance(engine, MixEngine):
        return engine
    from renderer.singing.sung_engine import SungEngine

    if any(text.rpartition("=")[0] in ("", "vocal") or "vocal" in text for text in options.reference):
        raise ScoretokError("vocal tracks are sung: give their timbre with --voice, or add --singer none")
    return SungEngine(engine, sung_tracks(sheet, singer))


def provenance_of(
    sheet: LeadSheet, levels: "dict[str, Level]", seed: int, options: RenderOptions, engine: "Engine | MixEngine"
) -> str:
    """What the file says about itself, so that scoretok inpaint can make its stems again."""
    from renderer.dit_engine import RENDERER_WEIGHTS
    from renderer.provenance import Provenance, digest
    from renderer.singing.sung_engine import SungEngine
    from scoretok.files import weights_digest

    keys = ("model", "steps", "soundfont")
    kept = {key: getattr(options, key) for key in keys if getattr(options, key) is not None}
    if options.reference:
        return ""
    weights = weights_digest(options.model or str(RENDERER_WEIGHTS)) if options.engine == "dit" else ""
    singing = engine.sung.provenance(sheet) if isinstance(engine, SungEngine) else {}
    return Provenance(options.engine, digest(sheet), seed, kept, levels, weights, singing).comment()


def read_references(sheet: LeadSheet, options: tuple[str, ...]) -> dict[str, str]:
    """Audio files by track id from 'piano=clip.wav'; without a track the file is for all. Raises ScoretokError."""
    from editing.where import find_tracks

    chosen: dict[str, str] = {}
    for option in options:
        name, _, path = option.rpartition("=")
        numbers = find_tracks(sheet, name) if name else range(len(sheet.tracks))
        chosen |= {sheet.track_ids[number]: path for number in numbers}
    return chosen


def bar_span(sheet: LeadSheet, bars: str | None, sample_rate: int) -> tuple[int, int | None]:
    """First sample and the one behind the last of --bars; all of the song without it."""
    if bars is None:
        return 0, None
    start, stop = (round(second * sample_rate) for second in sheet.bar_span_s(parse_bars(bars, sheet)))
    return start, stop


def write_render(
    sheet: LeadSheet,
    engine: "Engine | MixEngine",
    levels: "dict[str, Level]",
    seed: int,
    span: tuple[int, int | None],
    output: Path,
    folder: Path | None,
    comment: str,
    quiet: bool,
) -> tuple[int, list[str]]:
    """Render into files block by block: samples written, and the tracks that sounded."""
    from renderer.engine import count_blocks, render_blocks, trim_silent_blocks
    from scoretok.audio import audio_writer

    blocks = render_blocks(sheet, engine, levels, seed, *span)
    least = round(sheet.duration_s * engine.sample_rate) if span[1] is None else span[1] - span[0]
    writers = {}
    with ExitStack() as files, progress_bar("rendering", count_blocks(sheet, engine, *span), quiet) as advance:
        mix = files.enter_context(audio_writer(output, engine.sample_rate, comment=comment, title=sheet.title))
        for block in trim_silent_blocks(blocks, least):
            mix.write(block.mix)
            for name, stem in block.stems.items():
                if folder and name not in writers:
                    path = folder / f"{name}{output.suffix.lower()}"
                    writers[name] = files.enter_context(audio_writer(path, engine.sample_rate))
                if folder:
                    writers[name].write(stem)
            advance()
    return mix.n_samples, list(writers)


def write_project(
    sheet: LeadSheet, engine: "Engine | MixEngine", levels: "dict[str, Level]", seed: int, output: str, quiet: bool
) -> None:
    """Render into a .dawproject: the notes of every track, and its sound."""
    from scoretok.formats import dawproject

    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _, names = write_render(sheet, engine, levels, seed, (0, None), folder / "mix.wav", folder, "", quiet)
        dawproject.write(sheet, output, {name: folder / f"{name}.wav" for name in names})
    if not quiet:
        say(f"{output}: {len(sheet.tracks)} tracks of notes, {len(names)} of sound")


def make_folder(path: str) -> Path:
    """A folder that is there. Raises ScoretokError when it cannot be made."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ScoretokError(f"the folder {path} cannot be made: {error.strerror}") from None
    return Path(path)


def read_levels(
    sheet: LeadSheet, gains: tuple[str, ...], pans: tuple[str, ...], rooms: tuple[str, ...]
) -> "dict[str, Level]":
    """Levels by track id from 'piano=-3' options, over the defaults of the roles. Raises ScoretokError."""
    from dataclasses import replace

    from editing.where import find_tracks
    from renderer.mixer import Level, usual_level

    changed: dict[str, Level] = {}
    for field, options, low, high in (("gain_db", gains, -60, 24), ("pan", pans, -1, 1), ("room", rooms, 0, 1)):
        for option in options:
            match = re.fullmatch(r"(.+)=([+-]?\d+(?:\.\d+)?)", option)
            if not match or not low <= float(match[2]) <= high:
                raise ScoretokError(f"{option!r} is not a level; write TRACK=NUMBER, from {low} to {high}")
            for number in find_tracks(sheet, match[1]):
                track_id = sheet.track_ids[number]
                level = changed.get(track_id, usual_level(sheet.tracks[number]))
                changed[track_id] = replace(level, **{field: float(match[2])})
    return changed
