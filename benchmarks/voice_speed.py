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
from benchmarks.ears_speed import COMMAND, peak_mb

LENGTHS_S = (10, 60, 600, 3600)
SONG = "examples/amazing-grace.lead"


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder, f"{name}.wav") for name in ("sung", "singer", "take", "out")}
        for name, options in (("sung", ["--size", "1.15"]), ("singer", ["--size", "0.85", "--octave", "-1"])):
            subprocess.run([sys.executable, "examples/sing.py", SONG, str(paths[name]), *options], check=True)
        samples, rate = soundfile.read(paths["sung"], dtype="int16")
        for seconds in LENGTHS_S:
            soundfile.write(paths["take"], np.resize(samples, seconds * rate), rate)
            command = [COMMAND, "voice", "convert", str(paths["take"]), "--to", str(paths["singer"])]
            began = perf_counter()
            subprocess.run([*command, "-o", str(paths["out"]), "--quiet"], check=True)
            took_s = perf_counter() - began
            rows.append([f"{seconds} s", f"{took_s:.1f} s", f"{took_s / seconds:.3f}", f"{peak_mb():.0f} MB"])
    lines = [
        "From command to file, loading included; a reference of 30 s at most. The goals are 0.3 and 1,500 MB.", "",
        *table(["take", "took", "of its length", "most memory"], rows),
    ]  # fmt: skip
    save("voice_speed", lines)


if __name__ == "__main__":
    main()
