"""How much of who speaks is left in what the model is told of the words.

python -m benchmarks.voice_content --voices VOICES/real_train.tar --manifest VOICES/real_manifest.jsonl

A logistic regression names the speaker from the mean of a clip's features: seven clips of each to learn from, three
to be tested on. The projection that ships has met these speakers; "fitted to others" has not.
"""

import argparse
import io
import json
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import soundfile
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.common import save, table
from editing.voice.models import load_models
from editing.voice.singer import audible, hear, usual_loudness
from editing.voice.training.prepare import told_by_others
from editing.voice.training.projection import Scatter
from renderer.audio_files import resample
from renderer.codec.mel import SAMPLE_RATE

CLIPS, LEARNED, LONGEST_S = 10, 7, 6


def told(voices: Path, manifest: Path) -> list[tuple[str, np.ndarray]]:
    """Speakers of ten clips or more, each clip with the features (v, f, 512) of its audible frames."""
    rows = {row["file"]: row for row in map(json.loads, manifest.read_text().splitlines())}
    count = Counter(row["speaker"] for row in rows.values() if row["split"] == "train" and row["kind"] == "speech")
    rng, seen, found = np.random.default_rng(0), Counter(), []
    with tarfile.open(voices) as archive:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            row = rows.get(member.name.removeprefix("./"))
            file = archive.extractfile(member) if row else None
            if not row or not file or count[row["speaker"]] < CLIPS or seen[row["speaker"]] >= CLIPS:
                continue
            seen[row["speaker"]] += 1
            samples, rate = soundfile.read(io.BytesIO(file.read()), dtype="float32")
            samples = samples[: LONGEST_S * rate]
            samples = resample(samples, rate, SAMPLE_RATE) if rate != SAMPLE_RATE else samples
            heard = hear(samples)
            power = heard.log_power.numpy()
            loud = audible(power - usual_loudness(power)) > 0.5
            variants = [heard.features, *told_by_others(samples, len(heard), rng)]
            found.append((row["speaker"], np.stack(variants)[:, loud]))
    return found


def accuracy(speakers: list[str], means: list[np.ndarray]) -> float:
    """How often the speaker of a clip is named."""
    seen, learned, tested = Counter(), [], []
    for number, speaker in enumerate(speakers):
        (learned if seen[speaker] < LEARNED else tested).append(number)
        seen[speaker] += 1
    x, y = np.array(means), np.array(speakers)
    judge = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500)).fit(x[learned], y[learned])
    return float(judge.score(x[tested], y[tested]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voices", required=True, type=Path)
    parser.add_argument("--manifest", required=True, type=Path)
    arguments = parser.parse_args()
    clips = told(arguments.voices, arguments.manifest)
    speakers = [speaker for speaker, _ in clips]
    names = sorted(set(speakers))
    dit = load_models().dit
    halves = []
    for half in (set(names[::2]), set(names[1::2])):
        scatter = Scatter()
        for speaker, variants in clips:
            if speaker not in half:
                scatter.add(speaker, variants)
        mean, projection = scatter.projection(dit.content_dims)
        chosen = [(speaker, variants[0].mean(0)) for speaker, variants in clips if speaker in half]
        halves.append(
            accuracy([name for name, _ in chosen], [(features - mean) @ projection for _, features in chosen])
        )
    plain = [variants[0].mean(0) for _, variants in clips]
    rows = [
        ["Whisper's features", f"{accuracy(speakers, plain):.2f}"],
        [
            "projected, as it ships",
            f"{accuracy(speakers, [dit.content(torch.from_numpy(x)).numpy() for x in plain]):.2f}",
        ],
        ["projected, fitted to the other half of the speakers", f"{np.mean(halves):.2f}"],
    ]
    lines = [
        f"{len(names)} speakers, chance {1 / len(names):.2f}; of half, {2 / len(names):.2f}. The goal: 0.20.", "",
        *table(["features", "speaker named"], rows),
    ]  # fmt: skip
    save("voice_content", lines)


if __name__ == "__main__":
    main()
