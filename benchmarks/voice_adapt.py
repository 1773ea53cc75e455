"""What adapting to a minute of a speaker buys, for voices that nobody trained on.

python -m benchmarks.voice_adapt --voices VOICES/real_heldout.tar --manifest VOICES/real_manifest.jsonl

Of the held-out speakers who speak long enough, the first part is given to `voice enrol` (30 s of it) and to `voice
adapt` (all of it); takes of the others are converted to both and compared with the rest.
"""

import argparse
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import soundfile
import torch

from benchmarks.common import cell, save, table
from benchmarks.voice import Singer, means, nearness, shift_of, shown, singers, words_lost
from benchmarks.voice_measures import embedding
from editing.voice.conversion import LONGEST_REFERENCE_S, ConversionRequest, convert_samples
from editing.voice.speaker_adaptation import adapt_voice
from renderer.codec.mel import SAMPLE_RATE
from renderer.voice.features import extract_features
from renderer.voice.pretrained import VoiceModels, load_models
from renderer.voice.profile import VoiceProfile, enrol_voice

LONGEST_KEPT_S, SHORTEST_S, PIECE_S = 15.0, 50.0, 8.0


def in_parts(target: Singer) -> tuple[np.ndarray, np.ndarray]:
    """What is learned from, and what is kept to compare with."""
    samples = np.concatenate([target.take, target.reference, target.others])
    kept = round(LONGEST_KEPT_S * SAMPLE_RATE)
    return samples[:-kept], samples[-kept:]


def measured(models: VoiceModels, voice: VoiceProfile, takes: list[Singer], like: np.ndarray) -> dict[str, float]:
    """Mean figures of takes converted to a voice."""
    rows = []
    for take in takes:
        made = convert_samples(models, take.take, voice, ConversionRequest(shift=shift_of(take)))
        rows.append({**nearness(embedding(made), take, like), **words_lost(take, made)})
    return means(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voices", required=True, type=Path)
    parser.add_argument("--manifest", required=True, type=Path)
    parser.add_argument("--steps", type=int, default=300)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    models, every = load_models(), singers(arguments.voices, arguments.manifest)
    names, rows = ["to the target", "preferred", "character error"], []
    for target in every:
        learned, kept = in_parts(target)
        if len(learned) < SHORTEST_S * SAMPLE_RATE:
            continue
        like, takes = embedding(kept), [take for take in every if take.name != target.name]
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "data"
            data.mkdir()
            for number, piece in enumerate(np.array_split(learned, round(len(learned) / (PIECE_S * SAMPLE_RATE)))):
                soundfile.write(data / f"{number:03d}.wav", piece, SAMPLE_RATE)
            began = perf_counter()
            voice, figures = adapt_voice(models, data, Path(folder) / "run", target.name, "held out", arguments.steps)
        took_s = perf_counter() - began
        first = extract_features(learned[: LONGEST_REFERENCE_S * SAMPLE_RATE], target.bandwidth_hz)
        voices = {
            f"enrolled, {LONGEST_REFERENCE_S} s": enrol_voice(models.dit, first),
            f"adapted, {len(learned) / SAMPLE_RATE:.0f} s": voice,
        }
        for way, one in voices.items():
            rows.append(shown(f"{target.name}, {way}", measured(models, one, takes, like), names))
        rows.append([f"{target.name}, seconds of adapting", cell("{:.0f}", took_s), "", ""])
        for figure, value in figures.items():
            rows.append([f"{target.name}, {figure.replace('_', ' ')}", value, "", ""])
    note = (
        f"{arguments.steps} steps; {len(every) - 1} takes of other held-out voices each, compared with"
        f" {LONGEST_KEPT_S:g} s of the target."
    )
    save("voice_adapt", [table(["", *names], rows, "{:.2f}")], [note])


if __name__ == "__main__":
    main()
