"""Clips out of a folder of recordings: a folder a voice, or one voice's files.

Axes: n samples, f frames, v variants.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from editing.voice.content import RATE, STEP_S, features, frame_times_s
from editing.voice.convert import LONGEST_REFERENCE_S, first_seconds
from editing.voice.envelope import FRAME_S
from editing.voice.model import VoiceDiT
from editing.voice.singer import Heard, audible, bandwidth_of, hear, usual_loudness
from editing.voice.take import blocks_of, rate_of
from editing.voice.training.clips import Clip, save_clip
from editing.voice.training.projection import Scatter
from mir.audio import SUFFIXES
from renderer.audio_files import resample
from renderer.codec.mel import SAMPLE_RATE
from scoretok.errors import ScoretokError, ScoretokWarning

VARIANTS = 4
RESAMPLED = 1.25
LEVEL_RMS = 0.06
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


def listened(source: Source) -> tuple[np.ndarray, Heard] | None:
    """Samples (n,) at 44.1 kHz and what they hold; None, with a warning, where there is not enough to learn from."""
    samples = first_seconds(blocks_of(source.path), LONGEST_REFERENCE_S)
    level = float(np.sqrt(np.square(samples).mean())) if len(samples) else 0.0
    if level < 1e-4 or len(samples) < SHORTEST_FRAMES * SAMPLE_RATE * FRAME_S:
        warnings.warn(f"{source.path} is too short or silent; it is left out", ScoretokWarning, stacklevel=2)
        return None
    samples = (samples * (LEVEL_RMS / level)).astype(np.float32)
    heard = hear(samples)
    return samples, Heard(
        heard.envelope, heard.pitch, heard.features, bandwidth_of(heard.envelope, rate_of(source.path))
    )


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
        found = listened(source)
        advance()
        if found is None:
            continue
        samples, heard = found
        power = heard.log_power.numpy()
        loud = audible(power - usual_loudness(power)) > 0.5
        variants = [heard.features, *told_by_others(samples, len(heard), rng)]
        scatter.add(source.speaker, np.stack(variants)[:, loud])
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
        path = out / f"{number:05d}.safetensors"
        found = None if path.is_file() else listened(source)
        if found is not None:
            samples, heard = found
            told = [heard.features, *told_by_others(samples, len(heard), np.random.default_rng([seed, number]))]
            contents = np.stack([model.content(torch.from_numpy(one)).numpy() for one in told])
            pitch, width = heard.pitch, heard.bandwidth_hz
            clip = Clip(source.speaker, source.take, heard.envelope.numpy(), pitch.hz, pitch.voicing, contents, width)
            save_clip(clip, path)
        advance()
