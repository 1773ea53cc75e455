"""Clips out of a folder of recordings: a folder a voice, or one voice's files.

Axes: n samples, f frames, v variants.
"""

import hashlib
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from renderer.codec.mel import HOP_SAMPLES, SAMPLE_RATE
from renderer.voice.envelope import FRAME_S
from renderer.voice.features import VoiceFeatures, estimate_bandwidth_hz, extract_features
from renderer.voice.pretrained import VoiceModels
from renderer.voice.profile import VoiceProfile, enrol_voice
from renderer.voice.training.content_augment import ConversionAugmenter, speed_perturbed_features
from renderer.voice.training.lda import ScatterMatrices
from renderer.voice.training.voice_clips import VoiceClip, save_clip
from renderer.voice.voice_dit import VoiceDiT
from scoretok.audio import SUFFIXES, open_audio
from scoretok.errors import ScoretokError, ScoretokWarning
from scoretok.nn.training import ShareProgress

# Set by hand; no run varied them.
LEVEL_RMS, SILENT_RMS = 0.06, 1e-4
PIECE_S = 20
SHORTEST_FRAMES = round(1.5 / FRAME_S)
PROJECTION_UTTERANCES = 300
MAX_AUGMENT_VOICES, VOICES_EACH = 90, 2

Item = TypeVar("Item")


@dataclass(frozen=True)
class SourceRecording:
    """A recording of a voice. Recordings of one name and length in several voices' folders say the same at once."""

    path: Path
    speaker: str
    utterance: str


def find_recordings(folder: Path) -> list[SourceRecording]:
    """The recordings of a folder, by voice. Raises ScoretokError."""
    if not folder.is_dir():
        raise ScoretokError(f"{folder} is not a folder; name one with a folder of recordings for each voice")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise ScoretokError(f"{folder} holds no recordings ({' '.join(SUFFIXES)})")
    found = []
    for path in paths:
        inside = path.relative_to(folder).parts
        speaker = inside[0] if len(inside) > 1 else folder.name
        group = inside[0].partition("~")
        utterance = f"{group[0]}/{path.stem}" if group[1] else str(path.relative_to(folder))
        found.append(SourceRecording(path, speaker, utterance))
    return found


def with_share_progress(items: Sequence[Item], advance: ShareProgress) -> Iterator[Item]:
    """Items one by one; `advance` is called after each with the share that is done."""
    for number, item in enumerate(items):
        yield item
        advance((number + 1) / len(items))


def data_digest(folder: Path, weights: str) -> str:
    """A short digest of weights and of the recordings that a folder holds, by their names and sizes."""
    lines = [weights, *(f"{one.path.relative_to(folder)} {one.path.stat().st_size}" for one in find_recordings(folder))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def analysed_pieces(source: SourceRecording, words: bool = True) -> Iterator[tuple[np.ndarray, VoiceFeatures]]:
    """A recording in pieces of 20 s at most: samples (n,) at 44.1 kHz, and what they hold, with or without `words`.

    Pieces that are too short or silent are left out; warns where nothing is left.
    """
    file = open_audio(source.path)
    samples = np.concatenate(list(file.blocks(SAMPLE_RATE)))
    count = max(1, round(len(samples) / (PIECE_S * SAMPLE_RATE)))
    heard_any = False
    for piece in np.array_split(samples, count):
        level = float(np.sqrt(np.square(piece).mean())) if len(piece) else 0.0
        if level < SILENT_RMS or len(piece) < SHORTEST_FRAMES * HOP_SAMPLES:
            continue
        heard_any = True
        levelled = (piece * (LEVEL_RMS / level)).astype(np.float32)
        features = extract_features(levelled, words=words)
        width_hz = estimate_bandwidth_hz(features.envelope, file.sample_rate)
        yield levelled, replace(features, bandwidth_hz=width_hz)
    if not heard_any:
        warnings.warn(f"{source.path} is too short or silent; it is left out", ScoretokWarning, stacklevel=2)


def conversion_augmenter(
    folder: Path, models: VoiceModels, seed: int, advance: ShareProgress = lambda share: None
) -> ConversionAugmenter:
    """Builds the conversion augmenter from some of the recordings' own voices."""
    every, rng = find_recordings(folder), np.random.default_rng(seed)
    voices: list[tuple[str, VoiceProfile]] = []
    for source in with_share_progress([every[number] for number in rng.permutation(len(every))], advance):
        if len(voices) < MAX_AUGMENT_VOICES and sum(name == source.speaker for name, _ in voices) < VOICES_EACH:
            voices += [
                (source.speaker, enrol_voice(models.dit, features))
                for _, features in islice(analysed_pieces(source), 1)
            ]
    return ConversionAugmenter(models, voices)


def content_variants(
    source: SourceRecording,
    samples: np.ndarray,
    features: VoiceFeatures,
    augmenter: ConversionAugmenter | None,
    rng: np.random.Generator,
) -> np.ndarray:
    """Content features (v, f, 512) of a piece: unchanged, speed perturbed, and voice converted."""
    copies = [features.content_features, *speed_perturbed_features(samples, len(features), rng)]
    if augmenter:
        copies += augmenter.converted_features(samples, features, source.speaker, rng)
    return np.stack(copies)


def fit_projection(
    model: VoiceDiT,
    folder: Path,
    augmenter: ConversionAugmenter | None,
    seed: int = 0,
    advance: ShareProgress = lambda share: None,
) -> None:
    """Set a model's projection from a folder's recordings, as they are and in the voices of `others`.

    Those that say the same at once are taken together. Raises ScoretokError.
    """
    scatter, rng = ScatterMatrices(), np.random.default_rng(seed)
    by_utterance: dict[str, list[SourceRecording]] = defaultdict(list)
    for source in find_recordings(folder):
        by_utterance[source.utterance].append(source)
    groups = list(by_utterance.values())[:: max(1, len(by_utterance) // PROJECTION_UTTERANCES)]
    for group in with_share_progress(groups, advance):
        for pieces in zip(*map(analysed_pieces, group), strict=False):
            frames = min(len(features) for _, features in pieces)
            loud = np.flatnonzero(pieces[0][1].weight[:frames] > 0.5)
            variants = [
                content_variants(source, samples, features, augmenter, rng)[:, loud]
                for source, (samples, features) in zip(group, pieces, strict=True)
            ]
            scatter.add(group[0].speaker if len(group) == 1 else "", np.concatenate(variants))
    if not scatter.frames:
        raise ScoretokError(f"{folder} holds no recording that is long enough")
    mean, projection = scatter.projection(model.content_dims)
    model.content_mean.copy_(torch.from_numpy(mean))
    model.projection.copy_(torch.from_numpy(projection))


def prepare_clips(
    folder: Path,
    out: Path,
    model: VoiceDiT,
    augmenter: ConversionAugmenter | None = None,
    seed: int = 0,
    advance: ShareProgress = lambda share: None,
) -> None:
    """Make clips of every recording of a folder; those that are there already stay. Raises ScoretokError.

    The recordings are listened to as they are and in the voices of `others`.
    """
    out.mkdir(parents=True, exist_ok=True)
    for number, source in enumerate(with_share_progress(find_recordings(folder), advance)):
        done = _done_mark(out, number)
        for piece, (samples, piece_features) in enumerate(() if done.is_file() else analysed_pieces(source)):
            features = content_variants(
                source, samples, piece_features, augmenter, np.random.default_rng([seed, number, piece])
            )
            contents = model.content(torch.from_numpy(features)).numpy()
            pitch, width_hz, utterance = (
                piece_features.pitch,
                piece_features.bandwidth_hz,
                f"{source.utterance}/{piece}",
            )
            clip = VoiceClip(
                source.speaker, utterance, piece_features.envelope.numpy(), pitch.hz, pitch.voicing, contents, width_hz
            )
            save_clip(clip, out / f"{number:05d}-{piece:03d}.safetensors")
        done.touch()


def is_prepared(folder: Path, out: Path) -> bool:
    """Whether every recording of a folder has its clips."""
    return all(_done_mark(out, number).is_file() for number in range(len(find_recordings(folder))))


def _done_mark(out: Path, number: int) -> Path:
    return out / f"{number:05d}.done"
