"""Runs every benchmark and writes docs/benchmarks.md.

python -m benchmarks.all --pop909 PATH
"""

import argparse
import json
import subprocess
import sys

from benchmarks.common import REPORT, RESULTS

SECTIONS = {
    "roundtrip": "Round trips",
    "grammar": "The grammar",
    "speed": "Speed and size",
    "inference": "Chords and keys inferred from MIDI",
}


INTRODUCTION = """Written by `python -m benchmarks.all --pop909 PATH`, where PATH is a folder or zip file with the MIDI
files of POP909 (music-x-lab/POP909-Dataset). Times are of a noisy machine; ratios, measured side by side
in one run, hold better."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pop909", help="folder or zip file of POP909")
    parser.add_argument("--only-report", action="store_true", help="write the report from the last results")
    arguments = parser.parse_args()
    data = ["--pop909", arguments.pop909] if arguments.pop909 else []
    for name in [] if arguments.only_report else SECTIONS:
        command = [sys.executable, "-m", f"benchmarks.{name}", *(data if name != "grammar" else [])]
        subprocess.run(command, check=True)
    lines = ["# Benchmarks", "", INTRODUCTION, ""]
    for name, title in SECTIONS.items():
        path = RESULTS / f"{name}.json"
        if path.is_file():
            found = json.loads(path.read_text())
            lines += [
                f"## {title}",
                "",
                f"`python -m benchmarks.{name}{'' if name == 'grammar' else ' --pop909 PATH'}` on {found['hardware']}.",
                "",
                *found["lines"],
                "",
            ]
    REPORT.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
