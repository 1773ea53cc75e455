"""How well the renderer plays: a soundfont it was not trained on, its codec, the DiT and the draft, side by side.

python -m benchmarks.renderer --soundfont sf_GMbank.sf2 --scores DIR

Needs the program fluidsynth and the packages of benchmarks/requirements.txt. DIR is the folder of scores that the
pairs were made with; those that training left out are played. Without it the examples are.
"""

import argparse
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch

from benchmarks.common import cell, save, table
from benchmarks.renderer_clips import FAMILIES, TestClip, make_clips
from benchmarks.renderer_measures import (
    distances,
    drum_f1,
    embeddings,
    frechet,
    mean_spectrum,
    note_f1,
    pitch_error_cents,
)
from renderer import render
from renderer.codec.exciter import excite
from renderer.codec.mel import LATENT_SAMPLES
from renderer.dit_engine import RENDERER_WEIGHTS, load_pipeline
from renderer.draft import DraftEngine
from renderer.mixer import Level
from renderer.note_array import notes_of
from renderer.pipeline import FlowSampling, ScoreToAudio
from renderer.plot_spectrogram import draw_spectrograms

COLUMNS = ("reference", "codec", "DiT, 3 s of reference", "DiT, no reference", "draft")
OTHER_WAYS = {
    "coarse prediction alone": FlowSampling(steps=0),
    "flow from noise, 8 steps": FlowSampling(steps=8, start_noise=1.0, temperature=1.0),
    "flow from the coarse, full temperature": FlowSampling(temperature=1.0),
}
PICTURES = Path("docs/images")
DRAWN = ("piano", "guitar", "brass", "drums")


def play(clip: TestClip, pipeline: ScoreToAudio, draft: DraftEngine, steps: int, start: float) -> dict:
    """The clip in all columns, mono samples (n,) each."""
    track = clip.sheet.tracks[0]
    notes = notes_of(clip.sheet, track)
    n = len(clip.reference) // LATENT_SAMPLES * LATENT_SAMPLES
    reference = torch.from_numpy(clip.reference[:n].copy())[None]
    with torch.no_grad():
        codec = pipeline.codec(reference, excite(notes, 0, n)[None])[0].numpy()
    sampling = FlowSampling(steps=steps, start_noise=start)
    prompt = pipeline.encode_reference(clip.prompt)
    prompted = pipeline(notes, sampling, prompt)
    unprompted = pipeline(notes, sampling)
    drafted = render(clip.sheet, draft, {track.role: Level()}, keep_stems=False).mix.mean(0)
    every = dict(zip(COLUMNS, (clip.reference[:n], codec, prompted, unprompted, drafted), strict=True))
    every |= {name: pipeline(notes, other, prompt) for name, other in OTHER_WAYS.items()}
    return {name: np.pad(audio[:n], (0, max(0, n - len(audio)))) for name, audio in every.items()}


def measure(clips: list[TestClip], pipeline: ScoreToAudio, steps: int, start: float) -> dict:
    """Every figure of every column: lists by (figure, column, family)."""
    draft = DraftEngine()
    found: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    embeddings_of: dict[str, list[np.ndarray]] = defaultdict(list)
    averages = defaultdict(list)
    for number, clip in enumerate(clips):
        sounds = play(clip, pipeline, draft, steps, start)
        notes = notes_of(clip.sheet, clip.sheet.tracks[0])
        for column, audio in sounds.items():
            figures: dict[str, float] = {}
            if clip.family == "drums":
                figures |= {f"F1 {name}": value for name, value in drum_f1(audio, notes).items()}
            else:
                figures["F1"], figures["onset ms"] = note_f1(audio, notes)
                cents = pitch_error_cents(audio, notes)
                figures |= {"cents": float(np.median(cents))} if cents else {}
            if column != "reference":
                figures |= distances(audio, sounds["reference"])
            for name, value in figures.items():
                found[name, column, clip.family].append(value)
            if column in COLUMNS:
                embeddings_of[column].append(embeddings(audio))
        own = mean_spectrum(sounds["reference"])
        for column in COLUMNS[1:4]:
            averages[column].append(float(np.abs(mean_spectrum(sounds[column]) - own).mean()))
        if clip.family in DRAWN and not any(c.family == clip.family for c in clips[:number]):
            shown = [(f"{clip.family}: {name}", sounds[name]) for name in COLUMNS]
            draw_spectrograms(shown, PICTURES / f"render-{clip.family}.png")
        print(f"{number + 1}/{len(clips)} {clip.family} {clip.program}", flush=True)
    first = np.concatenate(embeddings_of["reference"])
    spread = {column: frechet(first, np.concatenate(embeddings_of[column])) for column in COLUMNS[1:]}
    return {"figures": found, "frechet": spread, "timbre": averages}


def mean(found: dict, name: str, column: str, families: list[str] | None = None) -> float:
    """Mean of a figure over families."""
    values = [
        v for (n, c, f), vs in found.items() if n == name and c == column for v in vs if not families or f in families
    ]
    return float(np.nanmean(values)) if values else float("nan")


def report(result: dict) -> list[dict]:
    """The tables."""
    found = result["figures"]
    shares = ["family", *COLUMNS, "DiT's share of the reference"]
    rows: list[list[object]] = []
    for family in FAMILIES:
        if family == "drums":
            continue
        scores = [mean(found, "F1", column, [family]) for column in COLUMNS]
        rows.append([family, *scores, scores[2] / scores[0]])
    scores = [mean(found, "F1", column) for column in COLUMNS]
    rows.append(["all", *scores, cell("**{:.2f}**", scores[2] / scores[0])])
    title = "F1 of the notes that basic-pitch finds (onset within 50 ms, pitch), by family; goal: a share of 0.90."
    tables = [table(shares, rows, "{:.2f}", title)]
    rows = []
    for name in ("kick", "snare", "hat"):
        values = [mean(found, f"F1 {name}", column) for column in COLUMNS]
        rows.append([name, *values, values[2] / values[0]])
    title = "Drums: F1 of onsets (50 ms) found in each class's band."
    tables.append(table(["class", *shares[1:]], rows, "{:.2f}", title))
    rows = []
    for name, title in (
        ("mel_db", "log-mel distance, dB"), ("stft", "multi-resolution STFT distance"),
        ("highs_db", "energy above 8 kHz against the reference, dB"), ("cents", "pitch error, cents"),
        ("onset ms", "onset error, ms"),
    ):  # fmt: skip
        values = [mean(found, name, column) for column in COLUMNS]
        rows.append([title, *values])
    spread = result["frechet"]
    distant = [cell("{:.4f}", spread[column]) for column in COLUMNS[1:]]
    rows.append(["Fréchet distance (Resemblyzer)", "0", *distant])
    tables.append(table(["figure", *COLUMNS], rows, "{:.2f}"))
    rows = []
    for column in (COLUMNS[2], *OTHER_WAYS):
        rows.append([column, *(mean(found, name, column) for name in ("F1", "mel_db", "stft", "highs_db"))])
    heads = ["way of sampling, 3 s of reference", "note F1", "log-mel distance, dB", "STFT distance", "highs, dB"]
    return [*tables, table(heads, rows, "{:.2f}")]


def timbre_note(timbre: dict) -> dict:
    """How near a reference brings the mean spectrum to a preset."""
    codec, prompted, unprompted = (np.array(timbre[column]) for column in COLUMNS[1:4])
    return cell(
        "Timbre following: after 3 s of a preset not in the training data, the mean spectrum lies {:.1f} dB from"
        " that preset's, against {:.1f} dB for the program's usual sound; nearer in {:.0f} % of the clips"
        " (codec: {:.1f} dB).",
        prompted.mean(), unprompted.mean(), 100 * np.mean(prompted < unprompted), codec.mean(),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--soundfont", required=True)
    parser.add_argument("--scores")
    parser.add_argument("--model", default=str(RENDERER_WEIGHTS))
    parser.add_argument("--per-program", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1, help="which clips are drawn; 0 was looked at while tuning")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--start-noise", type=float, default=0.5)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    clips = make_clips(arguments.soundfont, arguments.scores, arguments.per_program, arguments.seed)
    result = measure(clips, load_pipeline(arguments.model, "cpu"), arguments.steps, arguments.start_noise)
    note = f"{len(clips)} clips of about 10 s, presets of {Path(arguments.soundfont).name}, {arguments.steps} steps."
    pictures = {f"render-{family}.png": f"{family}: spectrograms of all columns" for family in DRAWN}
    save("renderer", report(result), [note, timbre_note(result["timbre"])], pictures)


if __name__ == "__main__":
    main()
