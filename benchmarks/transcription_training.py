"""What training bought the transcription: losses over steps, and F measures on mixes of held-out songs and soundfonts.

python -m benchmarks.transcription_training --runs RUNS --test MIXES
python -m benchmarks.transcription_training --tune MIXES
  prints the levels at which F is highest, for mir/notes/activations.py

Mixes are those of `scoretok train mixes`; tune on mixes that were trained on.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from benchmarks.common import RESULTS, cell, save, table
from mir.notes.activations import DRUM_THRESHOLDS, ONSET_THRESHOLDS, TRANSCRIPTION_WEIGHTS
from mir.notes.log_spectrogram import FRAMES_PER_S, LOWEST_PITCH
from mir.notes.network import TranscriptionNet
from mir.notes.peak_picking import pick_peaks
from mir.notes.targets import DRUM_CLASSES, NOTE_ROLES, NoteLabels
from mir.training.mixes import EXCERPT_FRAMES, MixShards
from mir.training.train_transcriber import RECIPE, evaluate

RUN, LOG = "transcription-run", "training-transcription.jsonl"
PICTURE = Path("docs/images/transcription-training.png")
LEVELS = tuple(np.arange(0.12, 0.61, 0.03).round(2))
NEAR_S = 0.05


@dataclass
class Candidates:
    """What might be found of a role or drum in one excerpt, and what is played: moments in seconds and pitches (n,)."""

    at_s: np.ndarray
    pitch: np.ndarray
    level: np.ndarray
    true_s: np.ndarray
    true_pitch: np.ndarray

    def tally(self, least: float) -> np.ndarray:
        """How many are matched, found at this level, and true."""
        kept = self.level >= least
        matched = 0
        for pitch in np.unique(self.true_pitch):
            found = np.sort(self.at_s[kept & (self.pitch == pitch)])
            matched += matches(np.sort(self.true_s[self.true_pitch == pitch]), found)
        return np.array([matched, int(kept.sum()), len(self.true_s)])


def matches(true_s: np.ndarray, found_s: np.ndarray) -> int:
    """How many moments of two rising lists can be paired within 50 ms."""
    count, i, j = 0, 0, 0
    while i < len(true_s) and j < len(found_s):
        if abs(true_s[i] - found_s[j]) <= NEAR_S:
            count, i, j = count + 1, i + 1, j + 1
        elif true_s[i] < found_s[j]:
            i += 1
        else:
            j += 1
    return count


def candidates(model: TranscriptionNet, shards: MixShards, count: int) -> Iterator[dict[str, Candidates]]:
    """Of some excerpts, by role and drum."""
    for number in range(min(count, len(shards))):
        levels, answers = shards[number]
        with torch.inference_mode():
            notes, drums, _ = model(torch.from_numpy(levels.astype(np.float32) / 255)[None])
        onsets, strokes = torch.sigmoid(notes[0, 0::2]).numpy(), torch.sigmoid(drums[0]).numpy()
        truth = truth_of(answers)
        found = {role: pick_peaks(rows, LEVELS[0]) for role, rows in zip(NOTE_ROLES, onsets, strict=True)}
        found |= {drum: pick_peaks(row[None], LEVELS[0]) for drum, row in zip(DRUM_CLASSES, strokes, strict=True)}
        yield {
            name: Candidates(moments / FRAMES_PER_S, pitches + LOWEST_PITCH * (name in NOTE_ROLES), sure, *truth[name])
            for name, (pitches, moments, sure) in found.items()
        }


def truth_of(answers: NoteLabels) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Onsets with pitches by role, and of drums with pitch 0, once each."""
    end_s = EXCERPT_FRAMES / FRAMES_PER_S
    rows = [
        (NOTE_ROLES[role], round(float(at), 2), int(pitch))
        for at, pitch, role in zip(answers.start_s, answers.pitch, answers.role, strict=True)
    ]
    rows += [
        (DRUM_CLASSES[drum], round(float(at), 2), 0) for at, drum in zip(answers.stroke_s, answers.drum, strict=True)
    ]
    kept = sorted({row for row in rows if 0 <= row[1] < end_s})
    found = {}
    for name in (*NOTE_ROLES, *DRUM_CLASSES):
        own = [(at, pitch) for other, at, pitch in kept if other == name]
        found[name] = tuple(np.array(own, float).reshape(-1, 2).T)
    return found


def f_measure(tallies: list[np.ndarray]) -> float:
    matched, found, true = np.sum(tallies, 0)
    return float(2 * matched / max(1, found + true))


def curves(model: TranscriptionNet, shards: MixShards, count: int) -> dict[str, list[float]]:
    """F by role and drum at every one of LEVELS."""
    rows = list(candidates(model, shards, count))
    return {name: [f_measure([row[name].tally(level) for row in rows]) for level in LEVELS] for name in rows[0]}


def draw(log: list[dict]) -> None:
    """Losses of training and held-out mixes over steps."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 2.6), layout="constrained")
    parts = [name.removeprefix("held_out_") for name in log[0] if name.startswith("held_out_")]
    for axis, part in zip(figure.subplots(1, len(parts)), parts, strict=True):
        for kind in ("train", "held_out"):
            rows = [row for before, row in pairwise([{"step": 0}, *log]) if is_whole(before, row)]
            steps, losses = zip(*((row["step"], row[f"{kind}_{part}"]) for row in rows), strict=True)
            axis.plot(steps, losses, label=kind.replace("_", "-"))
        axis.set(title=part, xlabel="steps")
    figure.axes[0].legend()
    figure.savefig(PICTURE, dpi=90)


def is_whole(before: dict, row: dict) -> bool:
    """Whether the losses of a row are means over as many steps as they should be."""
    return row["step"] - before["step"] >= RECIPE.evaluate_every


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, help="folder of runs; without it the log in benchmarks/results is read")
    parser.add_argument("--test", help="held-out mixes")
    parser.add_argument("--tune", metavar="MIXES")
    parser.add_argument("--model", default=str(TRANSCRIPTION_WEIGHTS))
    parser.add_argument("--count", type=int, default=96)
    given = parser.parse_args()
    model = TranscriptionNet.load(given.model)
    if given.tune:
        for name, values in curves(model, MixShards(given.tune), given.count).items():
            print(f"{name:8} {LEVELS[int(np.argmax(values))]:.2f}  F {max(values):.3f}  ", np.round(values, 2))
        return
    kept = RESULTS / LOG
    if given.runs:
        kept.write_text(Path(given.runs, RUN, "log.jsonl").read_text())
    log = [json.loads(line) for line in kept.read_text().splitlines()]
    draw(log)
    held_out, shipped = MixShards(given.test), {**ONSET_THRESHOLDS, **DRUM_THRESHOLDS}
    rows = list(candidates(model, held_out, given.count))
    found = {name: f_measure([row[name].tally(shipped[name]) for row in rows]) for name in shipped}
    last = log[-1]
    losses = evaluate(model, held_out, given.count)
    title = cell(
        f"The last run had {last['step']} steps of {RECIPE.batch} excerpts. What ships, on {given.count}"
        f" excerpts of ten seconds, of songs and soundfonts that training left out: losses "
        + ", ".join(f"{part} {{:.3f}}" for part in losses) + "; F measures:",
        *losses.values(),
    )  # fmt: skip
    jumps = "Where held-out losses jump, the mixes to test on were made anew."
    tables = [table(list(found), [list(found.values())], ["{:.2f}"] * len(found), title)]
    save("transcription_training", tables, [jumps], {PICTURE.name: "losses over steps"})


if __name__ == "__main__":
    main()
