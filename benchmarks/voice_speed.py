"""How long a conversion takes from command to file, and how much memory, by the length of the take.

python -m benchmarks.voice_speed

The singers are made by rule (examples/sing.py); the take is repeated until it is long enough.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import soundfile

from benchmarks.common import save, table
from benchmarks.transcription_speed import COMMAND, peak_mb

RUNS = ((10, "kept"), (10, "singer"), (60, "singer"), (600, "singer"), (3600, "singer"))
SONG = "examples/amazing-grace.lead"


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder, f"{name}.wav") for name in ("sung", "singer", "take", "out")}
        paths["kept"] = Path(folder, "singer.voice")
        for name, options in (("sung", ["--size", "1.15"]), ("singer", ["--size", "0.85", "--octave", "-1"])):
            subprocess.run([sys.executable, "examples/sing.py", SONG, str(paths[name]), *options], check=True)
        samples, rate = soundfile.read(paths["sung"], dtype="int16")
        noted = ["--name", "singer", "--consent", "a singer made by rule", "--quiet"]
        subprocess.run([COMMAND, "voice", "enrol", paths["singer"], *noted, "-o", paths["kept"]], check=True)
        for seconds, target in RUNS:
            soundfile.write(paths["take"], np.resize(samples, seconds * rate), rate)
            command = [COMMAND, "voice", "convert", paths["take"], "--to", paths[target], "--quiet"]
            began = perf_counter()
            subprocess.run([*command, "-o", paths["out"]], check=True)
            took_s = perf_counter() - began
            title = f"{seconds} s" + ", to a kept voice" * (target == "kept")
            rows.append([title, took_s, took_s / seconds, peak_mb()])
    note = (
        "From command to file, loading included, to a recording of 30 s, once to what `voice enrol` keeps of it."
        " Memory is the most so far. The goals are 0.3 and 1,500 MB."
    )
    heads = ["take", "took", "of its length", "most memory"]
    save("voice_speed", [table(heads, rows, ["", "{:.1f} s", "{:.3f}", "{:.0f} MB"])], [note])


if __name__ == "__main__":
    main()
