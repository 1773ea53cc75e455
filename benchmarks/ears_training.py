"""What training bought the ears: losses over steps, and F measures on mixes of held-out songs and soundfonts.

python -m benchmarks.ears_training --runs RUNS --test MIXES
python -m benchmarks.ears_training --tune MIXES     prints the levels at which F is highest, for mir/notes/hear.py

Mixes are those of `scoretok train mixes`; tune on mixes that were trained on.
"""

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from benchmarks.common import RESULTS, save, table
from mir.notes.hear import DRUM_LEVELS, ONSET_LEVELS, WEIGHTS
from mir.notes.model import Ears
from mir.notes.pick import pick_notes, pick_strokes
from mir.notes.spectrogram import FRAMES_PER_S
from mir.notes.targets import DRUMS, ROLES, Answers
from mir.training.mixes import EXCERPT_FRAMES, Shards

os.environ.setdefault("MPLBACKEND", "Agg")
RUN, LOG = "ears-run", "training-ears.jsonl"
PICTURE = Path("docs/images/ears-training.png")
LEVELS = tuple(np.arange(0.1, 0.61, 0.03).round(2))
NEAR_S = 0.05


def answered(model: Ears, shards: Shards, count: int) -> Iterator[tuple[np.ndarray, np.ndarray, Answers]]:
    """Certainties of notes (2 * r, p, t) and drums (d, t), and what is played, of some excerpts."""
    for number in range(min(count, len(shards))):
        levels, answers = shards[number]
        with torch.inference_mode():
            notes, drums, _ = model(torch.from_numpy(levels.astype(np.float32) / 255)[None])
        yield torch.sigmoid(notes[0]).numpy(), torch.sigmoid(drums[0]).numpy(), answers


def tally(truth: list[tuple[float, int]], found: list[tuple[float, int]]) -> np.ndarray:
    """How many moments with their pitches are matched, found and true."""
    from mir_eval.transcription import match_note_onsets, match_notes

    if not truth or not found:
        return np.array([0, len(found), len(truth)])
    rows = [
        (np.array([(at, at + 0.1) for at, _ in some]), np.array([p for _, p in some], float)) for some in (truth, found)
    ]
    if len({pitch for _, pitch in truth + found}) == 1:
        matches = match_note_onsets(rows[0][0], rows[1][0], NEAR_S)
    else:
        hertz = [440 * 2 ** ((pitch - 69) / 12) for _, pitch in rows]
        matches = match_notes(rows[0][0], hertz[0], rows[1][0], hertz[1], NEAR_S, offset_ratio=None)
    return np.array([len(matches), len(found), len(truth)])


def truth_of(answers: Answers) -> dict[str, list[tuple[float, int]]]:
    """Onsets with pitches by role, and of drums, once each."""
    end_s = EXCERPT_FRAMES / FRAMES_PER_S
    inside = (answers.start_s >= 0) & (answers.start_s < end_s)
    notes = zip(answers.start_s[inside], answers.pitch[inside], answers.role[inside], strict=True)
    rows: dict[str, dict[tuple[float, int], None]] = {name: {} for name in (*ROLES, *DRUMS)}
    for start, pitch, role in notes:
        rows[ROLES[role]][round(float(start), 2), int(pitch)] = None
    for at, drum in zip(answers.stroke_s, answers.drum, strict=True):
        if 0 <= at < end_s:
            rows[DRUMS[drum]][round(float(at), 2), 0] = None
    return {name: list(row) for name, row in rows.items()}


def f_measures(model: Ears, shards: Shards, count: int, levels: dict[str, float]) -> dict[str, float]:
    """F by role and drum, picked at some levels."""
    sums = {name: np.zeros(3) for name in levels}
    for notes, drums, answers in answered(model, shards, count):
        truth = truth_of(answers)
        strokes = pick_strokes(drums, {name: levels[name] for name in DRUMS})
        for number, role in enumerate(ROLES):
            picked = pick_notes(notes[2 * number], notes[2 * number + 1], levels[role])
            sums[role] += tally(truth[role], [(note.start_s, note.pitch) for note in picked])
        for drum, hits in strokes.items():
            sums[drum] += tally(truth[drum], [(at, 0) for at, _ in hits])
    return {name: 2 * matched / max(1, found + true) for name, (matched, found, true) in sums.items()}


def tuned(model: Ears, shards: Shards, count: int) -> dict[str, float]:
    """The level at which F is highest, by role and drum."""
    names = (*ROLES, *DRUMS)
    curves = [f_measures(model, shards, count, dict.fromkeys(names, level)) for level in LEVELS]
    return {name: max(zip(LEVELS, curves, strict=True), key=lambda pair: pair[1][name])[0] for name in names}


def draw(log: list[dict]) -> None:
    """Losses of training and held-out mixes over steps."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 2.6), layout="constrained")
    for axis, part in zip(figure.subplots(1, 4), log[0]["held_out"], strict=True):
        for kind in ("train", "held_out"):
            rows = [row for row in log if row["step"] % row["recipe"]["evaluate_every"] == 0]
            axis.plot([row["step"] for row in rows], [row[kind][part] for row in rows], label=kind.replace("_", "-"))
        axis.set(title=part, xlabel="steps")
    figure.axes[0].legend()
    figure.savefig(PICTURE, dpi=90)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, help="folder of runs; without it the log in benchmarks/results is read")
    parser.add_argument("--test", help="held-out mixes")
    parser.add_argument("--tune", metavar="MIXES")
    parser.add_argument("--model", default=str(WEIGHTS))
    parser.add_argument("--count", type=int, default=96)
    given = parser.parse_args()
    model = Ears.load(given.model)
    if given.tune:
        print(tuned(model, Shards(given.tune), given.count))
        return
    kept = RESULTS / LOG
    if given.runs:
        kept.write_text(Path(given.runs, RUN, "log.jsonl").read_text())
    log = [json.loads(line) for line in kept.read_text().splitlines()]
    draw(log)
    found = f_measures(model, Shards(given.test), given.count, {**ONSET_LEVELS, **DRUM_LEVELS})
    last = log[-1]
    losses = ", ".join(f"{part} {value:.3f}" for part, value in last["held_out"].items())
    lines = [
        f"{last['step']} steps of {last['recipe']['batch']} excerpts. Held-out losses at the end: {losses}. F measures"
        f" on {given.count} excerpts of ten seconds, of songs and soundfonts that training left out:",
        "",
        *table(list(found), [[f"{value:.2f}" for value in found.values()]]),
        "",
        "![losses over steps](images/ears-training.png)",
    ]
    save("ears_training", lines)


if __name__ == "__main__":
    main()
