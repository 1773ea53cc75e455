"""How fast the renderer is, how long it takes to load, how much memory it needs.

python -m benchmarks.renderer_speed
"""

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import torch

from benchmarks.common import cell, save, table
from renderer import render
from renderer.dit_engine import DitEngine
from renderer.draft import DraftEngine
from scoretok import LeadSheet, read, write
from scoretok.bars import rearrange_bars

SONG = "examples/when-the-saints.lead"
TRACKS = 5
LOAD = "from renderer.dit_engine import DitEngine; DitEngine()"


def seconds(work) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def five_tracks() -> LeadSheet:
    """The first tracks of an example."""
    sheet = read(SONG)
    return replace(sheet, tracks=sheet.tracks[:TRACKS])


def lasting(sheet: LeadSheet, minutes: float) -> LeadSheet:
    """A song repeated until it lasts so long."""
    times = round(minutes * 60 / sheet.duration_s + 0.5)
    return rearrange_bars(sheet, list(range(sheet.bar_count)) * times)


def peak_mb(arguments: list[str]) -> tuple[float, float]:
    """Peak memory of a command in MB, and its seconds."""
    before = perf_counter()
    process = subprocess.Popen(arguments)
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_maxrss / 1024, perf_counter() - before


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    sheet = five_tracks()
    loads = sorted(seconds(lambda: subprocess.run([sys.executable, "-c", LOAD], check=True)) for _ in range(3))
    engine, draft = DitEngine(), DraftEngine()
    rows: list[list[object]] = [["load, a fresh process to a ready engine", cell("{:.1f} s", loads[1]), "3 s"]]
    render(sheet, engine, keep_stems=False)
    for steps, goal in ((0, ""), (4, "0.5"), (8, "")):
        engine.steps = steps
        taken = seconds(lambda: render(sheet, engine, keep_stems=False))
        title = f"{len(sheet.tracks)} tracks, {steps} steps: time over duration"
        rows.append([title, cell("{:.2f}", taken / sheet.duration_s), goal])
    taken = seconds(lambda: render(sheet, draft, keep_stems=False))
    rows.append(["the same by the draft engine", cell("{:.3f}", taken / sheet.duration_s), ""])
    with tempfile.TemporaryDirectory() as folder:
        for minutes in (1, 5):
            path = Path(folder, f"{minutes}.lead")
            write(lasting(sheet, minutes), path)
            command = [str(Path(sys.executable).with_name("scoretok")), "render", str(path), "-q"]
            used_mb, taken = peak_mb([*command, "-o", str(path.with_suffix(".wav"))])
            title = f"peak memory, {minutes} min, from score to file"
            rows.append([title, cell("{:.0f} MB ({:.0f} s)", used_mb, taken), "2048 MB"])
    note: object = "No GPU was at hand."
    if torch.cuda.is_available():
        engine = DitEngine(device="cuda")
        taken = seconds(lambda: render(sheet, engine, keep_stems=False))
        note = cell("On {}: {:.1f} s a minute of music.", torch.cuda.get_device_name(), 60 * taken / sheet.duration_s)
    save("renderer_speed", [table(["what", "measured", "goal"], rows)], [note])


if __name__ == "__main__":
    main()
