"""How long a three-minute song takes to extract, stage by stage, and how much memory.

python -m benchmarks.transcription_speed --data OPENEWLD_MMA.jsonl.gz --soundfont FONT
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
import soundfile

from benchmarks.common import cell, save, table
from benchmarks.singing import VOICES, sing
from benchmarks.transcription_singing import melody_of, songs
from benchmarks.transcription_songs import played
from mir.training.mixes import SoundfontBand
from scoretok.audio import SAMPLE_RATE

SONG_S = 180
COMMAND = str(Path(sys.executable).with_name("scoretok"))
VARIANTS = {"default": [], "--beats madmom": ["--beats", "madmom"], "--fast": ["--fast"]}
GOALS = {"default": "180 s", "--fast": "60 s"}


def make_song(path: Path, data: Path, soundfont: str) -> None:
    """Three minutes of songs one after another, sung and played."""
    band, parts = SoundfontBand([soundfont]), []
    for number, sheet in enumerate(songs(data, 8)):
        rng = np.random.default_rng(number)
        voice = sing(sheet, melody_of(sheet), VOICES[number % len(VOICES)], rng).samples
        rest = replace(sheet, tracks=tuple(track for track in sheet.tracks if track.role != "vocal"))
        mix = played(rest, band, rng)[:, : len(voice)]
        parts.append(mix + voice[: mix.shape[1]] * np.sqrt(np.mean(mix**2) / np.mean(voice**2)))
    whole = np.concatenate(parts, 1)[:, : SONG_S * SAMPLE_RATE]
    soundfile.write(path, (0.5 * whole / np.abs(whole).max()).T, SAMPLE_RATE)


def peak_mb() -> float:
    """The largest memory of any process that was started so far."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--soundfont", required=True)
    given = parser.parse_args()
    stages: dict[str, dict[str, float]] = {}
    wall, memory = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        song = Path(folder, "song.wav")
        make_song(song, given.data, given.soundfont)
        for name, options in reversed(VARIANTS.items()):  # the one that needs most memory last
            began = perf_counter()
            command = [COMMAND, "extract", str(song), "-o", str(Path(folder, "song.lead")), "--json", *options]
            output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            wall[name], memory[name] = perf_counter() - began, peak_mb()
            stages[name] = json.loads(output)["seconds"]
    names = list(stages["default"])
    rows = [[stage, *(stages[name].get(stage, 0.0) for name in VARIANTS)] for stage in names]
    rows.append(["from command to file", *(wall[name] for name in VARIANTS)])
    rows.append(["goal", *(GOALS.get(name, "") for name in VARIANTS)])
    note = cell(
        "A song of {} s with a singer, all stages on. `beats` runs beside the others, so stages add up to more"
        " than the whole. The most memory that any of these took is {:.0f} MB (goal 3,000).",
        SONG_S, max(memory.values()),
    )  # fmt: skip
    save("transcription_speed", [table(["stage", *VARIANTS], rows, "{:.1f} s")], [note])


if __name__ == "__main__":
    main()
