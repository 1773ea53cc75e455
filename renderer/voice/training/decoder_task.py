"""Training the voice decoder on recordings, their envelopes and sources that follow their pitch.

Axes: b batch, n samples, f frames, 0.8 s; set by hand, k bands.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from renderer.codec.mel import HOP_SAMPLES
from renderer.training.losses import spectral_distance
from renderer.voice.envelope import SpectralEnvelope
from renderer.voice.excitation import phase_of, pulses
from renderer.voice.f0 import Pitch
from renderer.voice.hub import VoiceDecoderModel
from renderer.voice.stream import upsample_frames
from renderer.voice.vocoder import VoiceDecoder

CROP_FRAMES = 72  # frames
LEVEL_NEPERS = 0.7  # spread of loudness in training; set by hand, no run varied it


@dataclass(frozen=True)
class DecoderClip:
    """Mono samples (512 f,) at 44.1 kHz with their pitch (f,) and envelope (f, k), sound up to `bandwidth_hz`."""

    samples: np.ndarray
    pitch: Pitch
    envelope: Tensor
    bandwidth_hz: float


class DecoderBatch(NamedTuple):
    """What the decoder is given and what it shall make."""

    audio: Tensor
    envelope: Tensor
    hz: Tensor
    voicing: Tensor
    sources: Tensor
    top_hz: Tensor


class DecoderTask:
    """Batches, loss and held-out figures of the decoder."""

    def __init__(
        self, training: Sequence[DecoderClip], held_out: Sequence[DecoderClip], batch: int = 12, seed: int = 0
    ) -> None:
        self.batch, self.seed = batch, seed
        self.training = [clip for clip in training if len(clip.pitch) > CROP_FRAMES]
        lengths = np.array([len(clip.pitch) for clip in self.training], float)
        # What is recorded with all its highs is heard more often: it is what the highs are learned from.
        lengths *= [2.5 if clip.bandwidth_hz > 15000 else 1.0 for clip in self.training]
        self.chances = lengths / lengths.sum()
        kept = [clip for clip in held_out if len(clip.pitch) > CROP_FRAMES]
        rng = np.random.default_rng(seed + 1)
        self.test = self._crops([kept[rng.integers(len(kept))] for _ in range(24)], rng)

    def batches(self, first_step: int = 0, rank: int = 0) -> Iterator[DecoderBatch]:
        """Batches without end."""
        rng = np.random.default_rng([self.seed, first_step, rank])
        while True:
            numbers = rng.choice(len(self.training), self.batch, p=self.chances)
            yield self._crops([self.training[number] for number in numbers], rng)

    def _crops(self, chosen: Sequence[DecoderClip], rng: np.random.Generator) -> DecoderBatch:
        columns: list[list[Tensor]] = [[] for _ in DecoderBatch._fields]
        for clip in chosen:
            start = int(rng.integers(0, len(clip.pitch) - CROP_FRAMES + 1))
            level = float(rng.normal(0, LEVEL_NEPERS))
            audio = clip.samples[start * HOP_SAMPLES : (start + CROP_FRAMES) * HOP_SAMPLES] * np.exp(level)
            pitch = clip.pitch[start : start + CROP_FRAMES]
            hz = upsample_frames(pitch.hz)
            phase, _ = phase_of(hz, float(rng.random()))
            sources = np.stack([pulses(hz, phase), rng.standard_normal(len(hz), np.float32)])
            values = (
                audio,
                clip.envelope[start : start + CROP_FRAMES] + 2 * level,
                pitch.hz,
                pitch.voicing,
                sources,
                clip.bandwidth_hz,
            )
            for column, value in zip(columns, values, strict=True):
                column.append(torch.as_tensor(value, dtype=torch.float32))
        return DecoderBatch(*(torch.stack(column) for column in columns))

    def losses(self, model: VoiceDecoder, batch: DecoderBatch) -> dict[str, Tensor]:
        """The distance of spectra."""
        made = model(batch.envelope, batch.hz, batch.voicing, batch.sources)
        return {"loss": spectral_distance(made, batch.audio, top_hz=batch.top_hz)}

    def evaluate(self, model: VoiceDecoder) -> dict[str, float]:
        """The same on held-out crops, and how far the envelope comes out as it was asked for, in decibels."""
        made = model(*self.test[1:5])
        again = SpectralEnvelope()(made, self.test.hz * self.test.voicing)
        known = (self.test.envelope > -14).float()
        error = ((again - self.test.envelope).abs() * known).sum() / known.sum()
        figures = self.losses(model, self.test)
        return {
            "held_out_loss": float(figures["loss"].detach()),
            "held_out_envelope_db": float(error.detach()) * 10 / np.log(10),
        }

    def save(self, model: VoiceDecoderModel, folder: Path) -> None:
        """Write the weights to `ema`."""
        model.save_pretrained(folder / "ema")
