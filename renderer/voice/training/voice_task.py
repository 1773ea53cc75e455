"""Batches, losses and held-out figures of the voice model.

Axes: b batch, r reference tokens, t tokens, f frames, k bands, c content dims.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from renderer.voice.envelope import ENVELOPE_BANDS, FRAME_S, band_centres_hz, loudness_of
from renderer.voice.features import UNRECORDED_LOG_POWER, audibility, nominal_loudness
from renderer.voice.hub import VoiceDiTModel
from renderer.voice.training.augment import Frames, random_augmentation, speech_to_song
from renderer.voice.training.voice_clips import VoiceClip
from renderer.voice.voice_dit import (
    FRAMES_PER_TOKEN,
    TIMBRE_DIMS,
    VoiceDiT,
    stack_conditioning,
    timbre_statistics,
    tokens_of,
)

# Set by hand (model card); no run varied them by themselves, benchmarks.voice measures the weights.
WINDOW_FRAMES = round(2.6 / FRAME_S) // 2 * 2
REFERENCE_S = (1.5, 2.5, 4.0, 6.0)
NO_REFERENCE_SHARE, SINGING_SHARE, UNCHANGED_SHARE, BAND_LIMITED_SHARE = (
    0.05,
    0.3,
    0.15,
    0.35,
)  # shares of the sequences
HELD_OUT_BATCHES = 6
MIN_REFERENCE_FRAMES = 20  # of a reference; set by hand
# Set by hand, near where recordings of 8, 16 and 22.05 kHz end; no run varied them.
BAND_LIMITS_HZ = (3600.0, 7700.0, 10500.0)  # references that were recorded with less


class VoiceBatch(NamedTuple):
    """A batch: conditioning of reference and window, the reference, timbre, `target` (b, t, 2 k) and its `weight`."""

    conditioning: Tensor
    reference: Tensor
    reference_mask: Tensor
    timbre: Tensor
    target: Tensor
    weight: Tensor


class VoiceTask:
    """Batches of disguised clips; losses; held-out figures on clips as they are."""

    def __init__(
        self,
        model: VoiceDiT,
        training: Sequence[VoiceClip],
        held_out: Sequence[VoiceClip],
        batch: int = 12,
        seed: int = 0,
        plain: bool = False,
    ) -> None:
        """`model` normalises envelopes; `plain` leaves voices and songs as they are, to learn one voice."""
        self.model = model
        self.training, self.batch, self.seed, self.plain = _by_speaker(training), batch, seed, plain
        self.speakers = sorted(self.training)
        self.probabilities = _speaker_probabilities(self.training)
        self.by_utterance = _by_utterance(training)
        self.held_out = list(held_out)

    def prepare(self) -> None:
        """Set the mean and deviation of normalised envelopes from the training clips."""
        total, square, count = np.zeros(ENVELOPE_BANDS), np.zeros(ENVELOPE_BANDS), np.zeros(ENVELOPE_BANDS)
        for clips in self.training.values():
            for clip in clips:
                envelope, loud = _without_loudness(clip.frames(0))
                weight = audibility(loud)[:, None] * clip.known_bands[None]
                total += (envelope * weight).sum(0)
                square += (envelope**2 * weight).sum(0)
                count += weight.sum(0)
        mean = total / np.maximum(count, 1)
        spread = np.sqrt(np.maximum(square / np.maximum(count, 1) - mean**2, 1e-4))
        self.model.mean.copy_(torch.from_numpy(mean))
        self.model.scale.copy_(torch.from_numpy(np.where(count > 0, spread, 1.0)))

    def batches(self, first_step: int = 0, rank: int = 0) -> Iterator[VoiceBatch]:
        """Batches without end."""
        rng = np.random.default_rng([self.seed, first_step, rank])
        while True:
            seconds = float(rng.choice(REFERENCE_S))
            reference = round(seconds / FRAME_S) // FRAMES_PER_TOKEN * FRAMES_PER_TOKEN
            pairs = [self.sample_pair(rng, reference, self.plain) for _ in range(self.batch)]
            yield collate_voice(pairs, reference, self.model, rng)

    def sample_pair(self, rng: np.random.Generator, reference: int, plain: bool = False) -> tuple[Frames, Frames]:
        """Reference and window of one voice, the window's content from a parallel recording where there is one.

        Disguised, sung and dulled by chance, unless `plain`.
        """
        speaker = str(rng.choice(self.speakers, p=self.probabilities))
        clips = self.training[speaker]
        total = sum(map(len, clips))
        clip = clips[rng.choice(len(clips), p=[len(c) / total for c in clips])]
        length = min(WINDOW_FRAMES, max(FRAMES_PER_TOKEN, (len(clip) - 1) // 2 * 2))
        start = int(rng.integers(0, len(clip) - length + 1))
        parallel = self.by_utterance[clip.utterance][rng.integers(len(self.by_utterance[clip.utterance]))]
        window = clip.frames(clip.variant(rng))[start : start + length]
        if parallel is not clip and len(parallel) == len(clip):
            content = parallel.frames(parallel.variant(rng))[start : start + length].content
            window = Frames(window.envelope, window.hz, window.voicing, content, window.known_bands)
        before, behind = clip.frames(clip.variant(rng))[:start], clip.frames(clip.variant(rng))[start + length :]
        others = [other.frames(other.variant(rng)) for other in clips if other is not clip]
        prompt = _random_frames(
            [part for part in (before, behind, *others) if len(part) > MIN_REFERENCE_FRAMES], reference, rng
        )
        prompt = window[:0] if prompt is None else prompt
        if plain:
            return prompt, window
        voice = random_augmentation(rng, window.content.shape[1], 0.0 if rng.random() < UNCHANGED_SHARE else 1.0)
        if rng.random() < SINGING_SHARE:
            window = speech_to_song(window, rng)[:WINDOW_FRAMES]
        if rng.random() < BAND_LIMITED_SHARE:
            known = (band_centres_hz().numpy() <= rng.choice(BAND_LIMITS_HZ)).astype(np.float32)
            prompt = replace(prompt, known_bands=prompt.known_bands * known)
        return voice(prompt), voice(window)

    def losses(self, model: VoiceDiT, batch: VoiceBatch) -> dict[str, Tensor]:
        """Named losses of a batch, of which "loss" is minimised."""
        coarse, hidden = model.predict(batch.conditioning, batch.reference, batch.reference_mask, batch.timbre)
        return envelope_losses(model, batch.target, batch.weight, coarse, hidden)

    def evaluate(self, model: VoiceDiT) -> dict[str, float]:
        """Losses on held-out clips as they are, with content of their own variants, with the same chance each time."""
        state = torch.get_rng_state()
        torch.manual_seed(self.seed)
        sums: dict[str, float] = {}
        for batch in self.held_out_batches(model):
            for name, value in self.losses(model, batch).items():
                sums[f"held_out_{name}"] = sums.get(f"held_out_{name}", 0.0) + float(value) / HELD_OUT_BATCHES
        torch.set_rng_state(state)
        return sums

    def save(self, model: VoiceDiTModel, folder: Path) -> None:
        """Write the weights to `ema`."""
        model.save_pretrained(folder / "ema")

    def held_out_batches(self, model: VoiceDiT) -> Iterator[VoiceBatch]:
        """The same few batches of held-out clips each time, with other clips of the same voices as references.

        A voice of which only one clip is held out is looked up in what is left of it.
        """
        rng = np.random.default_rng(self.seed + 1)
        task = VoiceTask(model, self.held_out, [], 8, self.seed + 2, plain=True)
        reference = round(3.0 / FRAME_S) // FRAMES_PER_TOKEN * FRAMES_PER_TOKEN
        for _ in range(HELD_OUT_BATCHES):
            yield collate_voice([task.sample_pair(rng, reference, plain=True) for _ in range(8)], reference, model, rng)


def envelope_losses(
    model: VoiceDiT, target: Tensor, weight: Tensor, coarse: Tensor, hidden: Tensor
) -> dict[str, Tensor]:
    """Distance and change of coarse envelopes (b, t, 2 k) from the target, and flow matching; "loss" is their sum."""
    norm = weight.sum().clamp(min=1)
    distance = ((coarse - target).abs() * weight).sum() / norm
    change = (coarse - target).unflatten(-1, (FRAMES_PER_TOKEN, -1)).flatten(1, 2).diff(dim=1).abs()
    both = weight.unflatten(-1, (FRAMES_PER_TOKEN, -1)).flatten(1, 2)[:, 1:]
    smooth = (change * both).sum() / norm
    level = torch.rand(len(coarse), 1, 1, device=coarse.device) * 0.95 + 0.05
    noise = torch.randn_like(target)
    noisy = level * noise + (1 - level) * target
    velocity = model(noisy, level[:, 0, 0] * 1000, coarse.detach(), hidden)
    flow = ((velocity - (noise - target)).square() * weight).sum() / norm
    return {"loss": distance + 0.5 * smooth + 0.5 * flow, "coarse": distance, "flow": flow}


def _speaker_probabilities(voices: dict[str, list[VoiceClip]]) -> np.ndarray:
    """How often each voice, by name, is met: by the root of how long it speaks; those that say the same share that."""
    by_utterance = _by_utterance([clip for clips in voices.values() for clip in clips])
    parallel = {name: len({clip.speaker for clip in clips}) for name, clips in by_utterance.items()}
    shares = [
        (sum(map(len, voices[name])) * FRAME_S) ** 0.5 / max(parallel[clip.utterance] for clip in voices[name])
        for name in sorted(voices)
    ]
    return np.array(shares) / sum(shares)


def _by_speaker(clips: Sequence[VoiceClip]) -> dict[str, list[VoiceClip]]:
    found: dict[str, list[VoiceClip]] = {}
    for clip in clips:
        found.setdefault(clip.speaker, []).append(clip)
    return found


def _by_utterance(clips: Sequence[VoiceClip]) -> dict[str, list[VoiceClip]]:
    found: dict[str, list[VoiceClip]] = {}
    for clip in clips:
        found.setdefault(clip.utterance, []).append(clip)
    return found


def _random_frames(parts: Sequence[Frames], wanted: int, rng: np.random.Generator) -> Frames | None:
    """Up to `wanted` frames out of random parts, joined."""
    chosen: list[Frames] = []
    left = wanted
    for number in rng.permutation(len(parts)):
        part = parts[number]
        length = min(left, len(part))
        start = int(rng.integers(0, len(part) - length + 1))
        chosen.append(part[start : start + length])
        left -= length
        if left <= 0:
            break
    return concat_frames(chosen) if chosen else None


def concat_frames(parts: Sequence[Frames]) -> Frames:
    """Frames one after another."""
    known = np.min([part.known_bands for part in parts], 0)

    def column(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in parts])

    return Frames(column("envelope"), column("hz"), column("voicing"), column("content"), known)


def _without_loudness(frames: Frames) -> tuple[np.ndarray, np.ndarray]:
    """Shapes (f, k), envelopes without their loudness, and that loudness (f,) over the clip's."""
    envelope = torch.from_numpy(frames.envelope.astype(np.float32))[None]
    envelope = torch.where(torch.from_numpy(frames.known_bands)[None, None] > 0, envelope, UNRECORDED_LOG_POWER)
    loud = loudness_of(envelope)[0].numpy()
    return frames.envelope - loud[:, None], loud - nominal_loudness(loud)


def collate_voice(
    pairs: Sequence[tuple[Frames, Frames]], reference: int, model: VoiceDiT, rng: np.random.Generator
) -> VoiceBatch:
    """References of `reference` frames and windows of WINDOW frames as a batch; what is short is filled up."""
    columns: list[list[Tensor]] = [[] for _ in VoiceBatch._fields]
    mean, scale = model.mean.cpu().numpy(), model.scale.cpu().numpy()
    for prompt, window in pairs:
        keep = rng.random() >= NO_REFERENCE_SHARE and len(prompt) > MIN_REFERENCE_FRAMES
        first = _Columns.of(prompt if keep else prompt[:0], reference, mean, scale)
        second = _Columns.of(window, WINDOW_FRAMES, mean, scale)
        known = torch.from_numpy(prompt.known_bands)[None]
        timbre = timbre_statistics(first.reference, first.hz, first.voicing, first.counts, known)
        values = (
            tokens_of(torch.cat([first.conditioning, second.conditioning], 1)),
            tokens_of(first.reference),
            first.there[:, ::FRAMES_PER_TOKEN],
            timbre if keep else torch.zeros(1, TIMBRE_DIMS),
            tokens_of(second.reference),
            tokens_of(second.counts[..., None] * torch.from_numpy(window.known_bands)),
        )
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    return VoiceBatch(*(torch.cat(column) for column in columns))


class _Columns(NamedTuple):
    """Frames as the model knows them, filled up to a length: conditioning (1, f, c + 3), normalised envelopes
    (1, f, k), how much frames count (1, f), which there are (1, f), pitch in Hz and voicing (1, f)."""

    conditioning: Tensor
    reference: Tensor
    counts: Tensor
    there: Tensor
    hz: Tensor
    voicing: Tensor

    @classmethod
    def of(cls, frames: Frames, length: int, mean: np.ndarray, scale: np.ndarray) -> "_Columns":
        """The first `length` frames."""
        frames = frames[:length]
        n = len(frames)
        raw, loud = _without_loudness(frames) if n else (frames.envelope, np.zeros(0))
        norm_envelope = np.clip((raw - mean) / scale, -5, 5) * frames.known_bands

        def filled(values: np.ndarray) -> Tensor:
            short = [(0, length - n), *[(0, 0)] * (values.ndim - 1)]
            return torch.from_numpy(np.pad(values.astype(np.float32), short))[None]

        hz, voicing, loudness = filled(frames.hz), filled(frames.voicing), filled(loud)
        conditioning = stack_conditioning(filled(frames.content), hz, voicing, loudness)
        return cls(conditioning, filled(norm_envelope), filled(audibility(loud)), filled(np.ones(n)), hz, voicing)
