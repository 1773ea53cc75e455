"""How fast the renderer is, how long it takes to load, how much memory it needs.

python -m benchmarks.renderer_speed
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import torch

from benchmarks.common import save, table
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
    sheet = five_tracks()
    loads = sorted(seconds(lambda: subprocess.run([sys.executable, "-c", LOAD], check=True)) for _ in range(3))
    engine, draft = DitEngine(), DraftEngine()
    rows: list[list[object]] = [["load, a fresh process to a ready engine", f"{loads[1]:.1f} s", "3 s"]]
    render(sheet, engine, keep_stems=False)
    for steps, goal in ((0, ""), (4, "0.5"), (8, "")):
        engine.steps = steps
        taken = seconds(lambda: render(sheet, engine, keep_stems=False))
        rows.append(
            [f"{len(sheet.tracks)} tracks, {steps} steps: time over duration", f"{taken / sheet.duration_s:.2f}", goal]
        )
    taken = seconds(lambda: render(sheet, draft, keep_stems=False))
    rows.append(["the same by the draft engine", f"{taken / sheet.duration_s:.3f}", ""])
    with tempfile.TemporaryDirectory() as folder:
        for minutes in (1, 5):
            path = Path(folder, f"{minutes}.lead")
            write(lasting(sheet, minutes), path)
            command = [str(Path(sys.executable).with_name("scoretok")), "render", str(path), "-q"]
            used_mb, taken = peak_mb([*command, "-o", str(path.with_suffix(".wav"))])
            rows.append(
                [f"peak memory, {minutes} min, from score to file", f"{used_mb:.0f} MB ({taken:.0f} s)", "2048 MB"]
            )
    lines = table(["what", "measured", "goal"], rows)
    if torch.cuda.is_available():
        engine = DitEngine(device="cuda")
        taken = seconds(lambda: render(sheet, engine, keep_stems=False))
        lines += ["", f"On {torch.cuda.get_device_name()}: {60 * taken / sheet.duration_s:.1f} s a minute of music."]
    else:
        lines += ["", "No GPU was at hand."]
    save("renderer_speed", lines)


if __name__ == "__main__":
    main()
