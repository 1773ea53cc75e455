"""Training the codec's decoder on clips and their exciters.

Axes: b batch, n samples.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from renderer.codec.exciter import excite
from renderer.codec.mel import HOP_SAMPLES, LogMel
from renderer.codec.score_codec import PcaEncoder, ScoreCodec
from renderer.hub import ScoreCodecModel
from renderer.training.clips import CLIP_SAMPLES, ScoreClip, read_pair_shard
from renderer.training.losses import mel_distance, spectral_distance

CROP_SAMPLES = 32768  # 0.74 s; set by hand, no run varied it


class CodecTask:
    """Batches, loss and held-out figures of the codec."""

    def __init__(
        self, training: Sequence[ScoreClip], held_out: Sequence[ScoreClip], batch: int = 12, seed: int = 0
    ) -> None:
        self.training, self.batch, self.seed = training, batch, seed
        self.mel = LogMel()
        self.test = self._crops(held_out, np.random.default_rng(seed + 1), 32)

    def prepare(self, codec: ScoreCodec) -> None:
        """Fit closed-form latents to the training clips."""
        if isinstance(codec.latent, PcaEncoder):
            chosen = self.training[:: max(1, len(self.training) // 600)]
            codec.latent.pca.fit(torch.from_numpy(np.stack([clip.mel for clip in chosen]).astype(np.float32)))

    def batches(self, first_step: int = 0, rank: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Audio (b, n) and exciter (b, 4, n), without end."""
        rng = np.random.default_rng([self.seed, first_step, rank])
        while True:
            yield self._crops(self.training, rng, self.batch)

    def _crops(self, clips: Sequence[ScoreClip], rng: np.random.Generator, count: int) -> tuple[Tensor, Tensor]:
        audio, excitation = [], []
        for _ in range(count):
            clip = clips[int(rng.integers(len(clips)))]
            start = int(rng.integers(0, (CLIP_SAMPLES - CROP_SAMPLES) // HOP_SAMPLES)) * HOP_SAMPLES
            crop = clip.audio[start : start + CROP_SAMPLES].astype(np.float32) / 32767
            audio.append(torch.from_numpy(crop * np.float32(10 ** (rng.uniform(-6, 3) / 20))))
            excitation.append(excite(clip.notes, start, CROP_SAMPLES, int(rng.integers(1 << 30))))
        return torch.stack(audio), torch.stack(excitation)

    def losses(self, codec: ScoreCodec, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """Spectral and mel distance of what comes back to what went in."""
        audio, excitation = batch
        made = codec(audio, excitation).float()
        spectral, mel = spectral_distance(made, audio), mel_distance(made, audio, self.mel)
        return {"loss": spectral + mel, "spectral": spectral, "mel": mel}

    def evaluate(self, codec: ScoreCodec) -> dict[str, float]:
        """The same on held-out clips."""
        losses = self.losses(codec, self.test)
        return {f"held_out_{name}": float(value) for name, value in losses.items() if name != "loss"}

    def save(self, codec: ScoreCodecModel, folder: Path) -> None:
        """Write the weights to `ema`."""
        codec.save_pretrained(folder / "ema")


def load_clips(folder: Path, with_audio: bool = True) -> list[ScoreClip]:
    """The clips of the shards of a folder, in order of name."""
    return [clip for path in sorted(folder.glob("*.safetensors")) for clip in read_pair_shard(path, with_audio)]
