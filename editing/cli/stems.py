"""scoretok stems: a recording is told apart into the tracks of its score."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from editing.cli.common import check_folder, json_option, print_json, quiet_option, save, say, silence, stages
from editing.cli.reading import load
from editing.cli.render import make_folder
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

if TYPE_CHECKING:
    from editing.inpainting.split_recording import SplitRecording
    from mir.transcription import StageProgress
    from scoretok.audio import AudioFile

SHORTEST_S = 1.0
EPILOG = """\b
Examples:
  scoretok stems song.wav --score song.lead -o stems/       a file a track, and rest.wav
  scoretok stems song.wav -o stems/                         writes the score down first
  scoretok stems song.wav --score song.lead --mute vocal -o karaoke.wav
  scoretok stems song.wav --score song.lead --mute piano,bass -o minus.flac

All files of a folder add up to the recording.
"""


@click.command(epilog=EPILOG)
@click.argument("source")
@click.option("--score", metavar="SCORE", help="What the recording plays (default: what extract hears).")
@click.option("-o", "--output", required=True, metavar="DIR", help="A folder; with --mute an audio file.")
@click.option("--mute", metavar="NAMES", help="Write the recording without these tracks, by role or id.")
@click.option("--separator", default="spleeter", show_default=True, metavar="NAME", help="Or a Demucs model or folder.")
@json_option
@quiet_option
def stems(
    source: str, score: str | None, output: str, mute: str | None, separator: str, as_json: bool, quiet: bool
) -> None:
    """Tell a recording apart: the voice by a separator, the other tracks by the score."""
    from scoretok.audio import check_audio_path, open_audio
    from scoretok.extras import require

    silence(quiet)
    recording = open_audio(source, SHORTEST_S)
    if mute:
        check_audio_path(output)
        check_folder(output)
        if Path(output).resolve() == Path(source).resolve():
            raise ScoretokError(f"{output} is the recording; name another output")
    elif Path(output).is_file():
        raise ScoretokError(f"{output} is a file; name a folder for the stems, or --mute what it shall be without")
    require("torch", "dit", "telling tracks apart")
    from editing.inpainting.split_recording import split_recording
    from renderer.dit_engine import DitEngine

    with stages(quiet) as report:
        sheet = load(score) if score else heard_score(source, report)
        muted = muted_ids(sheet, mute)
        split = split_recording(
            recording, sheet, DitEngine(), separator, lambda share: report("telling tracks apart", share)
        )
    if mute:
        written = write_without(split, muted, recording, output)
    else:
        folder = make_folder(output)
        if not score:
            save(sheet, str(folder / f"{Path(source).stem}.lead"))
        written = write_stems(split, recording, folder)
    shares = loudness_shares(split)
    if as_json:
        print_json({"output": output, "written": written, "share_of_energy": shares})
    elif not quiet:
        loud = ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items())
        say(f"{output}: {', '.join(written)}; of the energy {loud}")


def heard_score(source: str, report: "StageProgress") -> LeadSheet:
    """The score that is heard in a recording."""
    from mir.transcription import TranscriptionOptions, transcribe

    return transcribe(source, TranscriptionOptions(words="off"), report)


def muted_ids(sheet: LeadSheet, names: str | None) -> set[str]:
    """The stems to leave out, by names with commas between. Raises ScoretokError."""
    from editing.inpainting.split_recording import VOICE
    from editing.where import find_tracks

    muted = set()
    for name in (names or "").split(","):
        for number in find_tracks(sheet, name.strip()) if name.strip() else []:
            track = sheet.tracks[number]
            muted.add(VOICE if track.role == "vocal" else sheet.track_ids[number])
    if names is not None and not muted:
        raise ScoretokError("--mute names no track; write for example --mute vocal")
    return muted


def write_stems(split: "SplitRecording", recording: "AudioFile", folder: Path) -> list[str]:
    """A WAV of 32-bit floats a stem. Returns their names."""
    from scoretok.audio import audio_writer

    names = [f"{name}.wav" for name in split.stems]
    with ExitStack() as files:
        for name, stem in zip(names, split.stems.values(), strict=True):
            writer = files.enter_context(
                audio_writer(folder / name, recording.sample_rate, recording.channels, is_float=True)
            )
            writer.write(stem)
    return names


def write_without(split: "SplitRecording", muted: set[str], recording: "AudioFile", output: str) -> list[str]:
    """The recording without some stems, in one file. Returns its name."""
    from scoretok.audio import write_audio

    write_audio(split.without(muted), recording.sample_rate, output)
    return [Path(output).name]


def loudness_shares(split: "SplitRecording") -> dict[str, float]:
    """Which share of the energy of all stems each has."""
    energies = {name: float((stem**2).sum()) for name, stem in split.stems.items()}
    total = max(1e-12, sum(energies.values()))
    return {name: round(energy / total, 4) for name, energy in energies.items()}
