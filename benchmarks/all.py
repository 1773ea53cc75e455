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
    "renderer": "The renderer: how it plays",
    "renderer_speed": "The renderer: speed and memory",
    "renderer_training": "The renderer: what training bought",
    "inpaint": "Inpainting: what stays, what is heard",
    "inpaint_starts": "Inpainting: what the flow starts from, and plain splices",
    "inpaint_speed": "Inpainting: speed",
    "planner_language": "The planner: length of its language",
    "planner_requests": "The planner: random requests",
    "planner_loss": "The planner: held-out loss",
    "planner_training": "The planner: what data and size buy",
    "planner_music": "The planner: musical statistics, real beside generated",
    "planner_copying": "The planner: does it copy?",
    "planner_speed": "The planner: speed and memory",
}
ARGUMENTS = {
    "roundtrip": "--pop909 PATH",
    "speed": "--pop909 PATH",
    "inference": "--pop909 PATH",
    "renderer": "--soundfont FONT --scores SCORES",
    "renderer_training": "--runs RUNS",
    "inpaint": "--soundfont FONT --scores BANDS",
    "inpaint_starts": "--soundfont FONT --scores BANDS",
    "planner_language": "--scores BANDS",
    "planner_loss": "--data SHARDS --runs RUNS",
    "planner_training": "--data SHARDS --runs RUNS",
    "planner_music": "--data SHARDS",
    "planner_copying": "--data SHARDS",
}


INTRODUCTION = """Written by
`python -m benchmarks.all --pop909 PATH --soundfont FONT --scores SCORES --bands BANDS --runs RUNS --data SHARDS`, where
PATH is a folder or zip file with the MIDI files of POP909 (music-x-lab/POP909-Dataset), FONT a soundfont that training
did not hear (here sf_GMbank.sf2 of Debian's csound-soundfont), SCORES the folder of scores behind the training pairs,
BANDS a folder of scores with several tracks (here the songs of POP909 with bands that MMA, the Musical MIDI
Accompaniment, arranged), RUNS the folder of the training runs and SHARDS that of the planner's training data. A
benchmark whose argument is not given is left out. Times are of a noisy machine; ratios, measured side by side in one
run, hold better."""


def command_of(name: str, values: dict[str, str | None]) -> list[str] | None:
    """The arguments of a benchmark, None when one that it needs is not given."""
    arguments = []
    for part in ARGUMENTS.get(name, "").split()[::2]:
        value = values["bands" if "BANDS" in ARGUMENTS[name] and part == "--scores" else part.removeprefix("--")]
        if value is None and name.startswith(("renderer", "inpaint", "planner")):
            return None
        arguments += [part, value] if value else []
    return arguments


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pop909", help="folder or zip file of POP909")
    parser.add_argument("--soundfont", help="a soundfont that training did not hear")
    parser.add_argument("--scores", help="the folder of scores behind the training pairs")
    parser.add_argument("--bands", help="a folder of scores with several tracks, to inpaint")
    parser.add_argument("--runs", help="the folder of the training runs")
    parser.add_argument("--data", help="the shards that the planner was trained with")
    parser.add_argument("--only-report", action="store_true", help="write the report from the last results")
    arguments = parser.parse_args()
    for name in [] if arguments.only_report else SECTIONS:
        given = command_of(name, vars(arguments))
        if given is not None:
            subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *given], check=True)
    lines = ["# Benchmarks", "", INTRODUCTION, ""]
    for name, title in SECTIONS.items():
        path = RESULTS / f"{name}.json"
        if path.is_file():
            found = json.loads(path.read_text())
            command = f"python -m benchmarks.{name} {ARGUMENTS.get(name, '')}".strip()
            lines += [
                f"## {title}",
                "",
                f"`{command}` on {found['hardware']}.",
                "",
                *found["lines"],
                "",
            ]
    REPORT.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
