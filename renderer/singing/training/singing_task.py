"""Batches, losses and held-out figures of the singer's model.

Speech with known phone times is held and pitched like song on frames, and said by a voice that no step met before.

Axes: b batch, r reference tokens, t tokens, f frames, k bands, c content dims, n neighbours, d numbers, p phones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from renderer.singing.hub import SingingDiTModel
from renderer.singing.phone_features import IS_NUCLEUS, PhoneFeatures, phone_features
from renderer.singing.phone_set import CONSONANT_S, PHONES
from renderer.singing.singing_dit import SingingDiT
from renderer.singing.stretch import EVENING, evening_gain, read_at, stretched_places
from renderer.singing.training.singing_clips import SingingClip
from renderer.voice.envelope import FRAME_S, loudness_of
from renderer.voice.training.augment import Frames, random_augmentation
from renderer.voice.training.voice_task import WINDOW_FRAMES, VoiceBatch, collate_voice, envelope_losses
from renderer.voice.voice_dit import FRAMES_PER_TOKEN, PROSODY_DIMS, frames_of, tokens_of

# Set by hand; no run varied them by themselves, benchmarks.singing_words measures the weights.
REFERENCE_S = (1.5, 2.5, 4.0)
HELD_SHARE = 0.75  # of the windows are held like song, the others as they were said
HEARD_SHARE = 0.3  # of the windows are given the content that was heard, beside their phones
UNREAD_SHARE = 0.3  # of these are not given their phones: plain voice conversion
UNCHANGED_SHARE = 0.25  # of the voices are as they are
MEASURED_LOUDNESS_SHARE = 0.5  # of the windows are given the loudness that they had, not what the phones predict
NOTE_S, NOTE_SPREAD = 0.35, 0.7  # of held vowels: median length, spread of its logarithm
CONSONANT_SPREAD = 0.3
HELD_OUT_BATCHES = 6
CONTENT_WEIGHT, LOUDNESS_WEIGHT = 0.3, 0.3
CONSONANT_WEIGHT = 3.0  # of frames outside nuclei, which are few and carry the words


class SingingBatch(NamedTuple):
    """A batch: as `VoiceBatch`, with the phones of the window: neighbours (b, f, n), numbers (b, f, d); and which
    sequences are given the content that was heard (b,), what their phones add (b,), the loudness that was measured
    (b,)."""

    voice: VoiceBatch
    ids: Tensor
    numbers: Tensor
    is_heard: Tensor
    is_read: Tensor
    is_measured: Tensor


class SingingTask:
    """Batches of held and disguised clips; losses; held-out figures."""

    def __init__(
        self, model: SingingDiT, training: Sequence[SingingClip], held_out: Sequence[SingingClip], batch: int = 10,
        seed: int = 0,
    ) -> None:  # fmt: skip
        self.model, self.batch, self.seed = model, batch, seed
        self.clips = by_speaker(training)
        self.speakers = sorted(self.clips)
        seconds = np.array([sum(map(len, self.clips[name])) * FRAME_S for name in self.speakers])
        self.probabilities = seconds**0.7 / (seconds**0.7).sum()
        self.held_out = by_speaker(held_out)

    def batches(self, first_step: int = 0, rank: int = 0) -> Iterator[SingingBatch]:
        """Batches without end."""
        rng = np.random.default_rng([self.seed, first_step, rank])
        while True:
            yield self.sample_batch(self.clips, self.probabilities, self.batch, rng)

    def sample_batch(
        self, clips: dict[str, list[SingingClip]], probabilities: np.ndarray, batch: int, rng: np.random.Generator
    ) -> SingingBatch:
        """A batch of random windows, each with a reference of the same voice."""
        reference = round(float(rng.choice(REFERENCE_S)) / FRAME_S) // FRAMES_PER_TOKEN * FRAMES_PER_TOKEN
        names = sorted(clips)
        pairs, phones = [], []
        for _ in range(batch):
            own = clips[str(rng.choice(names, p=probabilities))]
            clip = own[rng.integers(len(own))]
            prompt = other_frames(own, clip, reference, rng)
            window, features = singing_window(clip, rng)
            voice = random_augmentation(rng, window.content.shape[1], float(rng.random() >= UNCHANGED_SHARE))
            pairs.append((voice(prompt), voice(window)))
            phones.append(replace(features, numbers=with_pitch(features.numbers, voice.pitch)))
        heard = rng.random(batch) < HEARD_SHARE
        read = ~heard | (rng.random(batch) >= UNREAD_SHARE)
        return SingingBatch(
            collate_voice(pairs, reference, self.model, rng),
            torch.from_numpy(np.stack([one.ids for one in phones])),
            torch.from_numpy(np.stack([one.numbers for one in phones])),
            torch.from_numpy(heard.astype(np.float32)),
            torch.from_numpy(read.astype(np.float32)),
            torch.from_numpy((rng.random(batch) < MEASURED_LOUDNESS_SHARE).astype(np.float32)),
        )

    def losses(self, model: SingingDiT, batch: SingingBatch) -> dict[str, Tensor]:
        """Named losses of a batch, of which "loss" is minimised."""
        voice = batch.voice
        encoded = model.encoder(batch.ids, batch.numbers)
        r = voice.reference.shape[1]
        told = frames_of(voice.conditioning[:, r:])
        weight = voice.weight * tokens_of(importance(batch.numbers)).repeat_interleave(voice.weight.shape[-1] // 2, -1)
        c = model.content_dims
        heard, loudness = told[..., :c], told[..., -1] * 4
        counts = weight.unflatten(-1, (FRAMES_PER_TOKEN, -1)).amax(-1).flatten(1)
        norm = counts.sum().clamp(min=1)
        content_loss = ((encoded.content - heard).square().mean(-1) * counts).sum() / norm
        loudness_loss = (encoded.loudness - loudness.clamp(min=-8)).abs().mean()
        content = torch.where(batch.is_heard[:, None, None] > 0, heard, encoded.content)
        used = torch.where(batch.is_measured[:, None] > 0, loudness, encoded.loudness.detach())
        conditioning = torch.cat([content, told[..., c : c + PROSODY_DIMS - 1], used[..., None] / 4], -1)
        tokens = torch.cat([voice.conditioning[:, :r], tokens_of(conditioning)], 1)
        added = encoded.added * batch.is_read[:, None, None]
        coarse, hidden = model.predict(tokens, voice.reference, voice.reference_mask, voice.timbre, added)
        losses = envelope_losses(model, voice.target, weight, coarse, hidden)
        losses["loss"] = losses["loss"] + CONTENT_WEIGHT * content_loss + LOUDNESS_WEIGHT * loudness_loss
        return losses | {"content": content_loss, "loudness": loudness_loss}

    def evaluate(self, model: SingingDiT) -> dict[str, float]:
        """Losses on held-out clips, with the same chance each time."""
        state = torch.get_rng_state()
        torch.manual_seed(self.seed)
        rng = np.random.default_rng(self.seed + 1)
        equal = np.full(len(self.held_out), 1 / len(self.held_out))
        sums: dict[str, float] = {}
        for _ in range(HELD_OUT_BATCHES):
            batch = self.sample_batch(self.held_out, equal, 8, rng)
            for name, value in self.losses(model, batch).items():
                sums[f"held_out_{name}"] = sums.get(f"held_out_{name}", 0.0) + float(value) / HELD_OUT_BATCHES
        torch.set_rng_state(state)
        return sums

    def save(self, model: SingingDiTModel, folder: Path) -> None:
        """Write the weights to `ema`."""
        model.save_pretrained(folder / "ema")


class EncoderTask(SingingTask):
    """The encoder alone, before the rest: it learns the content that is heard, and the loudness."""

    def losses(self, model: SingingDiT, batch: SingingBatch) -> dict[str, Tensor]:
        """The distance of predicted content and loudness."""
        encoded = model.encoder(batch.ids, batch.numbers)
        told = frames_of(batch.voice.conditioning[:, batch.voice.reference.shape[1] :])
        counts = batch.voice.weight.unflatten(-1, (FRAMES_PER_TOKEN, -1)).amax(-1).flatten(1)
        distance = (encoded.content - told[..., : model.content_dims]).square().mean(-1)
        content = (distance * counts).sum() / counts.sum().clamp(min=1)
        loudness = (encoded.loudness - (told[..., -1] * 4).clamp(min=-8)).abs().mean()
        return {"loss": content + loudness, "content": content, "loudness": loudness}


def importance(numbers: Tensor) -> Tensor:
    """How much frames (b, f, 1) with numbers (b, f, d) count: consonants more than what is held."""
    return 1 + (CONSONANT_WEIGHT - 1) * (1 - numbers[..., IS_NUCLEUS : IS_NUCLEUS + 1])


def by_speaker(clips: Sequence[SingingClip]) -> dict[str, list[SingingClip]]:
    """Clips by the name of their voice."""
    found: dict[str, list[SingingClip]] = {}
    for clip in clips:
        found.setdefault(clip.speaker, []).append(clip)
    return found


def other_frames(own: Sequence[SingingClip], clip: SingingClip, wanted: int, rng: np.random.Generator) -> Frames:
    """A stretch of another clip of the voice, or of the same where there is no other."""
    others = [other for other in own if other is not clip] or [clip]
    chosen = others[rng.integers(len(others))]
    start = int(rng.integers(0, max(1, len(chosen) - wanted)))
    return chosen.frames()[start : start + wanted]


def singing_window(clip: SingingClip, rng: np.random.Generator) -> tuple[Frames, PhoneFeatures]:
    """A window of WINDOW_FRAMES of a clip whose phones last as long as sung ones, on average; and its features."""
    spans = np.maximum.accumulate(np.maximum(clip.spans_s, 0), 0)
    sung = sung_spans(clip, rng) if rng.random() < HELD_SHARE else spans
    whole = int(np.ceil(sung[-1, 1] / FRAME_S)) + 12
    start = int(rng.integers(0, max(1, whole - WINDOW_FRAMES + 24)))
    frames = clip.frames(int(rng.integers(len(clip.contents))))
    envelope = frames.envelope.astype(np.float32)
    power = loudness_of(torch.from_numpy(envelope)[None])[0].numpy()
    moved = [tuple(span) for span in sung - start * FRAME_S]
    places = stretched_places([tuple(span) for span in spans], moved, clip.is_nucleus, power, WINDOW_FRAMES)
    read = Frames(
        read_at(envelope, places), read_at(frames.hz, places),
        (read_at(frames.voicing, places) > 0.5).astype(np.float32),
        read_at(frames.content.astype(np.float32), places), frames.known_bands,
    )  # fmt: skip
    gain = evening_gain(read_at(power, places), moved, clip.is_nucleus, EVENING * (sung is not spans))
    read = replace(read, envelope=read.envelope + gain[:, None])
    features = phone_features(clip.phone_ids, sung - start * FRAME_S, clip.phone_stress, clip.is_nucleus, read.hz)
    return read, features


def sung_spans(clip: SingingClip, rng: np.random.Generator) -> np.ndarray:
    """Begin and end (p, 2) of each phone as it might be sung."""
    lengths = clip.spans_s[:, 1] - clip.spans_s[:, 0]
    held = NOTE_S * np.exp(rng.normal(0, NOTE_SPREAD, len(lengths)))
    usual = np.array([CONSONANT_S.get(PHONES[number], 0.08) for number in clip.phone_ids])
    consonants = usual * np.exp(rng.normal(0, CONSONANT_SPREAD, len(lengths)))
    lengths = np.where(clip.is_nucleus, held, consonants)
    ends = float(clip.spans_s[0, 0]) + np.cumsum(lengths)
    return np.stack([ends - lengths, ends], 1)


def with_pitch(numbers: np.ndarray, ratio: float) -> np.ndarray:
    """Numbers (f, d) of phones at another pitch."""
    moved = numbers.copy()
    moved[:, -1] += np.log2(ratio)
    return moved
