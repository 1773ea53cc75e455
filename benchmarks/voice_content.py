"""How much of the speaker is left in the content features that the model gets.

python -m benchmarks.voice_content --voices VOICES/real_train.tar --manifest VOICES/real_manifest.jsonl

A logistic regression names the speaker from the mean of a clip's features: seven clips of each to learn from, three
to be tested on. The projection that ships has met these speakers; one that is fitted to all the others has not. The
latter is fitted to tapes of the recordings, or also to copies in voices of the others, as training does.
"""

import argparse
import io
import json
import tarfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.common import cell, save, table
from renderer.codec.mel import SAMPLE_RATE
from renderer.voice.features import VoiceFeatures, extract_features
from renderer.voice.pretrained import VoiceModels, load_models
from renderer.voice.profile import enrol_voice
from renderer.voice.training.content_augment import ConversionAugmenter, speed_perturbed_features
from renderer.voice.training.lda import ScatterMatrices
from scoretok.audio import resample

CLIPS, LEARNED, SHORTEST_S, LONGEST_S = 10, 7, 1.5, 6


@dataclass
class Said:
    """A clip: its speaker, samples (n,), their features, and content features (v, f, 512) of it and of its tapes."""

    speaker: str
    samples: np.ndarray
    features: VoiceFeatures
    variants: np.ndarray

    @property
    def loud(self) -> np.ndarray:
        """Which frames are loud enough to count, (f,)."""
        return self.features.weight > 0.5

    @property
    def mean(self) -> np.ndarray:
        """Mean features (512,) of the clip as it is."""
        return self.variants[0, self.loud].mean(0)


def said(voices: Path, manifest: Path) -> list[Said]:
    """Ten clips at most of every speaker."""
    rows = {row["file"]: row for row in map(json.loads, manifest.read_text().splitlines())}
    rng, seen, found = np.random.default_rng(0), Counter(), []
    with tarfile.open(voices) as archive:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            row = rows.get(member.name.removeprefix("./"))
            file = archive.extractfile(member) if row and row["kind"] == "speech" else None
            if not row or not file or seen[row["speaker"]] >= CLIPS or row["duration"] < SHORTEST_S:
                continue
            seen[row["speaker"]] += 1
            samples, rate = soundfile.read(io.BytesIO(file.read()), dtype="float32")
            samples = samples[: LONGEST_S * rate]
            samples = resample(samples, rate, SAMPLE_RATE) if rate != SAMPLE_RATE else samples
            clip_features = extract_features(samples)
            variants = np.stack(
                [clip_features.content_features, *speed_perturbed_features(samples, len(clip_features), rng)]
            )
            found.append(Said(row["speaker"], samples, clip_features, variants))
    return found


def named(clips: Sequence[Said], hidden: set[str], names: Sequence[str], models: VoiceModels, converted: bool) -> float:
    """How often hidden speakers are named, of those `names`, by a projection that is fitted to the others."""
    scatter, rng = ScatterMatrices(), np.random.default_rng(1)
    fitted = [clip for clip in clips if clip.speaker not in hidden]
    enrolling = fitted[::4] if converted else []
    others = ConversionAugmenter(models, [(clip.speaker, enrol_voice(models.dit, clip.features)) for clip in enrolling])
    for clip in fitted:
        copies = others.converted_features(clip.samples, clip.features, clip.speaker, rng)
        scatter.add(clip.speaker, np.concatenate([clip.variants, *(copy[None] for copy in copies)])[:, clip.loud])
    mean, projection = scatter.projection(models.dit.content_dims)
    chosen = [clip for clip in clips if clip.speaker in hidden and clip.speaker in names]
    return accuracy([clip.speaker for clip in chosen], [(clip.mean - mean) @ projection for clip in chosen])


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
    torch.set_num_threads(2)
    clips, models = said(arguments.voices, arguments.manifest), load_models()
    count = Counter(clip.speaker for clip in clips)
    names = sorted(name for name in count if count[name] >= CLIPS)
    probed = [clip for clip in clips if clip.speaker in names]
    speakers = [clip.speaker for clip in probed]
    unseen = {
        converted: np.mean([named(clips, set(names[n::2]), names, models, converted) for n in (0, 1)])
        for converted in (False, True)
    }
    shipped = [models.dit.content(torch.from_numpy(clip.mean)).numpy() for clip in probed]
    rows = [
        ["Whisper's features", accuracy(speakers, [clip.mean for clip in probed])],
        ["projected, as it ships", accuracy(speakers, shipped)],
        ["of half: projected, fitted to tapes of other speakers", unseen[False]],
        ["of half: projected, fitted to tapes and copies of other speakers", unseen[True]],
    ]
    chance = 1 / len(names)
    note = cell("{} speakers, chance {:.2f}; of half, {:.2f}. The goal: 0.20.", len(names), chance, 2 * chance)
    save("voice_content", [table(["features", "speaker named"], rows, "{:.2f}")], [note])


if __name__ == "__main__":
    main()
