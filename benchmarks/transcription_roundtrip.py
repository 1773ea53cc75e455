"""From score to sound to score: how much of what the draft engine plays is transcribed again.

python -m benchmarks.transcription_roundtrip --songs SONGS
  SONGS as benchmarks.transcription_songs makes them; only scores are read
"""

import argparse
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.common import cell, save, table
from benchmarks.transcription import ESTIMATED
from mir.compare import compare, main_key, mir_eval_key
from mir.transcription import TranscriptionOptions, analyse_recording
from scoretok import ScoretokError, read
from scoretok.describe import mean_tempo

COMMAND = str(Path(sys.executable).with_name("scoretok"))
NEAR = 0.01  # a tempo is right within so much of it
RIGHT = ("tempo", "number of bars", "meter", "key")
MEASURES = ("beats", "downbeats", "majmin", "melody", "bass", "pitched", "kick", "snare", "hat")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--songs", type=Path, required=True)
    parser.add_argument("--count", type=int, default=15)
    given = parser.parse_args()
    paths = sorted(given.songs.glob("*.lead"))
    rows = []
    for path in paths[:: max(1, len(paths) // given.count)][: given.count]:
        rows.append(transcribed_again(path))
        print(path.name, rows[-1], flush=True)
    bands = [row for row in rows if not row["estimated"]]
    goals = {"tempo": "all", "number of bars": "all", "key": "90 %"}
    cells = [
        [
            name,
            *(cell("{} of {}", sum(row[name] for row in some), len(some)) for some in (rows, bands)),
            goals.get(name, ""),
        ]
        for name in RIGHT
    ]
    cells += [[f"{name}, F or share", *(mean(name, some) for some in (rows, bands)), ""] for name in MEASURES]
    note = (
        "Songs that training left out, a minute of each, played by the draft engine (its soundfont was among those of"
        f" the training). A tempo is right within {100 * NEAR:.0f} %. Keys and bar lines of the game music are"
        " themselves estimated, so that the songs without it stand apart."
    )
    tables = [table(["", "all", "without game music", "goal"], cells, "{:.3f}")]
    save("transcription_roundtrip", tables, [note], songs={"songs": len(rows)})


def transcribed_again(path: Path) -> dict[str, float]:
    """What of a score comes back: 1 or 0 for what is right, shares for the rest; all 0 where nothing is found."""
    truth = read(path)
    row = dict.fromkeys(compare(truth, truth), 0.0) | dict.fromkeys(RIGHT, 0)
    row["estimated"] = ESTIMATED in path.name
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder, "draft.wav")
        subprocess.run([COMMAND, "render", str(path), "-o", str(sound), "--engine", "draft", "-q"], check=True)
        try:
            found = analyse_recording(sound, TranscriptionOptions(words="off")).sheet
        except ScoretokError:
            return row
    row |= compare(truth, found)
    row["tempo"] = abs(mean_tempo(found) / mean_tempo(truth) - 1) < NEAR
    row["number of bars"] = found.bar_count == truth.bar_count
    row["meter"] = replace(found.meters[0], bar=0) == replace(truth.meters[0], bar=0)
    row["key"] = mir_eval_key(main_key(found)) == mir_eval_key(main_key(truth))
    return row


def mean(name: str, rows: list[dict[str, float]]) -> float:
    """Over the songs that have it."""
    return float(np.mean([row[name] for row in rows if name in row]))


if __name__ == "__main__":
    main()
