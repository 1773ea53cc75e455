"""How long an inpainting takes: by the length of the song, and by the number of regions.

python -m benchmarks.inpaint_speed
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.common import REPORT, save, table
from benchmarks.renderer_speed import five_tracks, lasting, seconds
from editing import edit
from renderer.codec.mel import SAMPLE_RATE
from renderer.dit_engine import RENDERER_WEIGHTS
from renderer.provenance import Provenance, digest
from scoretok import write
from scoretok.files import weights_digest

PICTURE = REPORT.parent / "images" / "inpaint-speed.png"
COMMAND = str(Path(sys.executable).with_name("scoretok"))


def stand_in(path: Path, sheet) -> None:
    """A file that says it is a render of the score: what an inpainting costs does not depend on its samples."""
    noise = np.random.default_rng(0).normal(0, 0.05, (SAMPLE_RATE * 60, 2))
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 2, "PCM_16") as file:
        file.comment = Provenance("dit", digest(sheet), weights=weights_digest(str(RENDERER_WEIGHTS))).comment()
        for _ in range(int(sheet.duration_s // 60) + 1):
            file.write(noise)


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    rows, curve = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for minutes, regions in ((1, 1), (3, 1), (3, 10), (10, 1), (60, 1)):
            sheet = lasting(five_tracks(), minutes)
            first = sheet.bar_count // 2
            step = max(1, (sheet.bar_count - 12) // 10)
            starts = [first] if regions == 1 else [2 + i * step for i in range(regions)]
            phrases = [f"transpose +3 in bars {start}-{start + 3} of piano" for start in starts]
            write(sheet, folder / "a.lead")
            write(edit(sheet, phrases), folder / "b.lead")
            stand_in(folder / "a.wav", sheet)
            command = [COMMAND, "inpaint", "a.wav", "--before", "a.lead", "--after", "b.lead", "-o", "b.wav", "-q"]
            taken = sorted(seconds(partial(subprocess.run, command, cwd=folder, check=True)) for _ in range(3))
            copied = seconds(partial(shutil.copyfile, folder / "a.wav", folder / "c.wav"))
            goal = {(3, 1): "5 s", (3, 10): "20 s"}.get((minutes, regions), "")
            rows.append([f"{minutes} min", regions, taken[1], copied, goal])
            print(rows[-1], flush=True)
            if regions == 1:
                curve.append((minutes, taken[1]))
    draw(curve)
    heads = ["song", "regions of four bars", "from command to file", "of this, copying the file", "goal"]
    save("inpaint_speed", [table(heads, rows, ["", "", "{:.1f} s", "{:.1f} s"])], pictures={PICTURE.name: ""})


def draw(curve: list[tuple[float, float]]) -> None:
    """Seconds that one region takes, over the minutes of the song."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot(*zip(*curve, strict=True), marker="o")
    axes.set(xlabel="minutes of the song", ylabel="seconds for one region", xscale="log", ylim=(0, None))
    axes.set_xticks([minutes for minutes, _ in curve], [str(minutes) for minutes, _ in curve])
    figure.savefig(PICTURE, dpi=90)


if __name__ == "__main__":
    main()
