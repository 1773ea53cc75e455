"""Does what is heard keep the feel? Scores that are played with swing and by a human hand, written down again.

python -m benchmarks.transcription_feel

Every example is swung, played early and late and at different loudness by chance, sounded by the draft engine and
written down; notes that are found are compared with those that were played, once with the timing that was heard, once
on the grid.
"""

import argparse
import tempfile
import warnings
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.common import EXAMPLES, cell, save, table
from editing import edit
from mir.transcription import TranscriptionOptions, analyse_recording
from renderer.draft import DraftEngine
from renderer.engine import render
from scoretok import LeadSheet, read
from scoretok.formats.holds import without_performance

FEELS = {"swing": ["swing 64%"], "early and late": ["humanise timing 1.5 velocity 20 seed 1"], "on the grid": []}
NEAR_S = 0.1


def onsets(sheet: LeadSheet) -> dict[int, np.ndarray]:
    """Onsets in seconds and velocities (n, 2) by pitch of all tracks that are not sung."""
    found: dict[int, list[tuple[float, int]]] = {}
    for track in sheet.tracks:
        for note in track.notes if track.role not in ("vocal", "drums") else ():
            found.setdefault(note.pitch, []).append((sheet.seconds_at(note.played_start_ticks), note.velocity))
    return {pitch: np.array(rows) for pitch, rows in found.items()}


def matched(truth: LeadSheet, found: LeadSheet) -> tuple[np.ndarray, np.ndarray]:
    """Distances in seconds (n,) of notes that were found to the nearest of their pitch, and both velocities (n, 2)."""
    played, off, velocities = onsets(truth), [], []
    for pitch, rows in onsets(found).items():
        for start_s, velocity in rows:
            if pitch in played:
                away = played[pitch][:, 0] - start_s
                nearest = int(np.abs(away).argmin())
                if abs(away[nearest]) < NEAR_S:
                    off.append(away[nearest])
                    velocities.append((played[pitch][nearest, 1], velocity))
    return np.array(off), np.array(velocities)


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    warnings.simplefilter("ignore")
    paths = sorted(EXAMPLES.glob("*.lead"))[:4]
    engine, rows = DraftEngine(), []
    for name, phrases in FEELS.items():
        heard, grid, velocities = [], [], []
        for path in paths:
            played = edit(read(path), phrases) if phrases else read(path)
            with tempfile.TemporaryDirectory() as folder:
                sound = Path(folder, "draft.wav")
                soundfile.write(sound, render(played, engine, keep_stems=False).mix.T, engine.sample_rate)
                found = analyse_recording(sound, TranscriptionOptions(words="off")).sheet
            off, pairs = matched(played, found)
            heard.append(off)
            velocities.append(pairs)
            grid.append(matched(played, without_performance(found))[0])
        loud = np.concatenate(velocities)
        rows.append(
            [
                name,
                cell("{:.1f}", 1000 * np.abs(np.concatenate(heard)).mean()),
                cell("{:.1f}", 1000 * np.abs(np.concatenate(grid)).mean()),
                cell("{:.2f}", np.corrcoef(loud.T)[0, 1]),
            ]
        )
    heads = ["played", "onsets with their timing, ms off", "onsets on the grid, ms off", "velocities, correlation"]
    save("transcription_feel", [table(heads, rows)], [f"{len(paths)} examples"])


if __name__ == "__main__":
    main()
