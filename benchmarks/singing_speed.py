"""How long singing takes: to load the singer, from command to file by the length of the song, and to change a line.

python -m benchmarks.singing_speed

The words of examples/amazing-grace.lead are sung, repeated for the longer songs.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.common import save, table
from benchmarks.transcription_speed import COMMAND, peak_mb
from scoretok import read

SONG = "examples/amazing-grace.lead"
LOAD = (
    "from renderer.singing.phoneme_singer import load_singer; from renderer.singing.voices import shipped_voice;"
    " shipped_voice('middle', load_singer().dit)"
)
LOADS, REPEATS = 5, (2, 8)  # times the song is sung
CHANGE = 'lyrics "how bright the lights" in bars 3-5'


def seconds_of(command: list) -> float:
    """How long a command takes."""
    began = perf_counter()
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - began


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    torch_s = min(seconds_of([sys.executable, "-c", "import torch"]) for _ in range(LOADS))
    load_s = min(seconds_of([sys.executable, "-c", LOAD]) for _ in range(LOADS))
    rows: list[list] = [
        ["import torch", None, torch_s, None, None],
        ["import the singer, load its weights and a voice", None, load_s, None, None],
    ]
    with tempfile.TemporaryDirectory() as folder:
        song, new, render, out = (Path(folder, name) for name in ("song.lead", "new.lead", "song.wav", "out.wav"))
        for repeats in REPEATS:
            bars = f"repeat x{repeats} in bars 2-{read(SONG).bar_count}"
            subprocess.run([COMMAND, "edit", SONG, "-o", song, "--quiet", bars], check=True)
            length_s = read(song).duration_s
            took_s = seconds_of([COMMAND, "sing", song, "-o", out, "--quiet"])
            rows.append([f"sing, {length_s:.0f} s", length_s, took_s, took_s / length_s, peak_mb()])
        subprocess.run([COMMAND, "edit", SONG, "-o", new, "--quiet", CHANGE], check=True)
        seconds_of([COMMAND, "render", SONG, "-o", render, "--quiet"])
        length_s = read(SONG).duration_s
        took_s = seconds_of([COMMAND, "inpaint", render, "--before", SONG, "--after", new, "-o", out, "--quiet"])
        rows.append([f"change a line in the mix of {length_s:.0f} s", length_s, took_s, took_s / length_s, peak_mb()])
    note = (
        "The best of five loads, each in a process of its own; the others from command to file, once, loading and the"
        " pronunciation of new words included. Memory is the most so far. The goals are 2 s to load and 0.3 of the"
        " song's length on two cores."
    )
    heads = ["what", "song", "took", "of its length", "most memory"]
    save("singing_speed", [table(heads, rows, ["", "{:.0f} s", "{:.1f} s", "{:.2f}", "{:.0f} MB"])], [note])


if __name__ == "__main__":
    main()
