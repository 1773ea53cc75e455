"""Clips out of a folder of recordings: a folder a voice, or one voice's files.

Axes: n samples, f frames, v variants.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from editing.voice.content import RATE, STEP_S, features, frame_times_s
from editing.voice.envelope import FRAME_S
from editing.voice.model import VoiceDiT
from editing.voice.singer import Heard, audible, bandwidth_of, hear, usual_loudness
from editing.voice.take import blocks_of, rate_of
from editing.voice.training.clips import Clip, save_clip
from editing.voice.training.projection import Scatter
from mir.audio import SUFFIXES
from renderer.audio_files import resample
from renderer.codec.mel import HOP_SAMPLES, SAMPLE_RATE
from scoretok.errors import ScoretokError, ScoretokWarning

VARIANTS = 4
RESAMPLED = 1.25
LEVEL_RMS, SILENT_RMS = 0.06, 1e-4
PIECE_S = 20
SHORTEST_FRAMES = round(1.5 / FRAME_S)
PROJECTION_CLIPS = 300


@dataclass(frozen=True)
class Source:
    """A recording of a voice. Recordings of one name and length in several voices' folders say the same at once."""

    path: Path
    speaker: str
    take: str


def sources(folder: Path) -> list[Source]:
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
        take = f"{group[0]}/{path.stem}" if group[1] else str(path.relative_to(folder))
        found.append(Source(path, speaker, take))
    return found


def listened(source: Source) -> Iterator[tuple[np.ndarray, Heard]]:
    """A recording in pieces of 20 s at most: samples (n,) at 44.1 kHz, and what they hold.

    Pieces that are too short or silent are left out; warns where nothing is left.
    """
    samples = np.concatenate(list(blocks_of(source.path)))
    count = max(1, round(len(samples) / (PIECE_S * SAMPLE_RATE)))
    heard_any = False
    for piece in np.array_split(samples, count):
        level = float(np.sqrt(np.square(piece).mean())) if len(piece) else 0.0
        if level < SILENT_RMS or len(piece) < SHORTEST_FRAMES * HOP_SAMPLES:
            continue
        heard_any = True
        levelled = (piece * (LEVEL_RMS / level)).astype(np.float32)
        heard = hear(levelled)
        width_hz = bandwidth_of(heard.envelope, rate_of(source.path))
        yield levelled, replace(heard, bandwidth_hz=width_hz)
    if not heard_any:
        warnings.warn(f"{source.path} is too short or silent; it is left out", ScoretokWarning, stacklevel=2)


def told_by_others(samples: np.ndarray, frames: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Features (f, 512) of changed copies: faster or slower tapes, by another grid of windows."""
    at_16k = resample(samples, SAMPLE_RATE, RATE)
    times_s = frame_times_s(frames)
    for _ in range(VARIANTS):
        ratio = float(np.exp(rng.uniform(-1, 1) * np.log(RESAMPLED)))
        copy = resample(at_16k, RATE, round(RATE * ratio))
        yield features(copy, times_s * len(copy) / len(at_16k), float(rng.uniform(-STEP_S, 0)))


def fit_projection(model: VoiceDiT, folder: Path, seed: int = 0, advance: Callable[[], None] = lambda: None) -> None:
    """Set a model's projection from a folder's recordings."""
    rng = np.random.default_rng(seed)
    every, scatter = sources(folder), Scatter()
    for source in every[:: max(1, len(every) // PROJECTION_CLIPS)]:
        for samples, heard in listened(source):
            power = heard.log_power.numpy()
            loud = audible(power - usual_loudness(power)) > 0.5
            variants = [heard.features, *told_by_others(samples, len(heard), rng)]
            scatter.add(source.speaker, np.stack(variants)[:, loud])
        advance()
    if not scatter.frames:
        raise ScoretokError(f"{folder} holds no recording that is long enough")
    mean, projection = scatter.projection(model.content_dims)
    model.content_mean.copy_(torch.from_numpy(mean))
    model.projection.copy_(torch.from_numpy(projection))


def prepare(
    folder: Path, out: Path, model: VoiceDiT, seed: int = 0, advance: Callable[[], None] = lambda: None
) -> None:
    """Make a clip of every recording of a folder; those that are there already stay. Raises ScoretokError."""
    out.mkdir(parents=True, exist_ok=True)
    for number, source in enumerate(sources(folder)):
        done = out / f"{number:05d}.done"
        for piece, (samples, heard) in enumerate(() if done.is_file() else listened(source)):
            told = [heard.features, *told_by_others(samples, len(heard), np.random.default_rng([seed, number, piece]))]
            contents = np.stack([model.content(torch.from_numpy(one)).numpy() for one in told])
            pitch, width_hz, take = heard.pitch, heard.bandwidth_hz, f"{source.take}/{piece}"
            clip = Clip(source.speaker, take, heard.envelope.numpy(), pitch.hz, pitch.voicing, contents, width_hz)
            save_clip(clip, out / f"{number:05d}-{piece:03d}.safetensors")
        done.touch()
        advance()
