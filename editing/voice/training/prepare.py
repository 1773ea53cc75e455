"""Clips out of a folder of recordings: a folder a voice, or one voice's files.

Axes: n samples, f frames, v variants.
"""

import hashlib
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from editing.voice.envelope import FRAME_S
from editing.voice.model import VoiceDiT
from editing.voice.models import VoiceModels
from editing.voice.singer import Heard, bandwidth_of, hear
from editing.voice.training.clips import Clip, save_clip
from editing.voice.training.others import Strangers, told_by_tapes
from editing.voice.training.projection import Scatter
from editing.voice.voices import Voice, enrolled
from renderer.codec.mel import HOP_SAMPLES, SAMPLE_RATE
from scoretok.audio import SUFFIXES, open_audio
from scoretok.errors import ScoretokError, ScoretokWarning

LEVEL_RMS, SILENT_RMS = 0.06, 1e-4
PIECE_S = 20
SHORTEST_FRAMES = round(1.5 / FRAME_S)
PROJECTION_TAKES = 300
MOST_VOICES, VOICES_EACH = 90, 2

Advance = Callable[[float], None]
Item = TypeVar("Item")


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


def followed(items: Sequence[Item], advance: Advance) -> Iterator[Item]:
    """Items one by one; `advance` is told after each how far through them it is."""
    for number, item in enumerate(items):
        yield item
        advance((number + 1) / len(items))


def fingerprint(folder: Path, weights: str) -> str:
    """A short digest of weights and of the recordings that a folder holds, by their names and sizes."""
    told = [weights, *(f"{one.path.relative_to(folder)} {one.path.stat().st_size}" for one in sources(folder))]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:12]


def listened(source: Source, words: bool = True) -> Iterator[tuple[np.ndarray, Heard]]:
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
        heard = hear(levelled, words=words)
        width_hz = bandwidth_of(heard.envelope, file.sample_rate)
        yield levelled, replace(heard, bandwidth_hz=width_hz)
    if not heard_any:
        warnings.warn(f"{source.path} is too short or silent; it is left out", ScoretokWarning, stacklevel=2)


def strangers(folder: Path, models: VoiceModels, seed: int, advance: Advance = lambda share: None) -> Strangers:
    """Voices to convert recordings to before they are listened to again: some of the recordings' own."""
    every, rng = sources(folder), np.random.default_rng(seed)
    voices: list[tuple[str, Voice]] = []
    for source in followed([every[number] for number in rng.permutation(len(every))], advance):
        if len(voices) < MOST_VOICES and sum(name == source.speaker for name, _ in voices) < VOICES_EACH:
            voices += [(source.speaker, enrolled(models.dit, heard)) for _, heard in islice(listened(source), 1)]
    return Strangers(models, voices)


def told(
    source: Source, samples: np.ndarray, heard: Heard, others: Strangers | None, rng: np.random.Generator
) -> np.ndarray:
    """Features (v, f, 512) of a piece as it is, on other tapes and in other voices."""
    copies = [heard.features, *told_by_tapes(samples, len(heard), rng)]
    if others:
        copies += others.tell(samples, heard, source.speaker, rng)
    return np.stack(copies)


def fit_projection(
    model: VoiceDiT, folder: Path, others: Strangers | None, seed: int = 0, advance: Advance = lambda share: None
) -> None:
    """Set a model's projection from a folder's recordings, as they are and in the voices of `others`.

    Those that say the same at once are taken together. Raises ScoretokError.
    """
    scatter, rng = Scatter(), np.random.default_rng(seed)
    takes: dict[str, list[Source]] = defaultdict(list)
    for source in sources(folder):
        takes[source.take].append(source)
    groups = list(takes.values())[:: max(1, len(takes) // PROJECTION_TAKES)]
    for group in followed(groups, advance):
        for pieces in zip(*map(listened, group), strict=False):
            frames = min(len(heard) for _, heard in pieces)
            loud = np.flatnonzero(pieces[0][1].weight[:frames] > 0.5)
            variants = [
                told(source, samples, heard, others, rng)[:, loud]
                for source, (samples, heard) in zip(group, pieces, strict=True)
            ]
            scatter.add(group[0].speaker if len(group) == 1 else "", np.concatenate(variants))
    if not scatter.frames:
        raise ScoretokError(f"{folder} holds no recording that is long enough")
    mean, projection = scatter.projection(model.content_dims)
    model.content_mean.copy_(torch.from_numpy(mean))
    model.projection.copy_(torch.from_numpy(projection))


def prepare(
    folder: Path,
    out: Path,
    model: VoiceDiT,
    others: Strangers | None = None,
    seed: int = 0,
    advance: Advance = lambda share: None,
) -> None:
    """Make clips of every recording of a folder; those that are there already stay. Raises ScoretokError.

    The recordings are listened to as they are and in the voices of `others`.
    """
    out.mkdir(parents=True, exist_ok=True)
    for number, source in enumerate(followed(sources(folder), advance)):
        done = _done_mark(out, number)
        for piece, (samples, heard) in enumerate(() if done.is_file() else listened(source)):
            features = told(source, samples, heard, others, np.random.default_rng([seed, number, piece]))
            contents = model.content(torch.from_numpy(features)).numpy()
            pitch, width_hz, take = heard.pitch, heard.bandwidth_hz, f"{source.take}/{piece}"
            clip = Clip(source.speaker, take, heard.envelope.numpy(), pitch.hz, pitch.voicing, contents, width_hz)
            save_clip(clip, out / f"{number:05d}-{piece:03d}.safetensors")
        done.touch()


def is_prepared(folder: Path, out: Path) -> bool:
    """Whether every recording of a folder has its clips."""
    return all(_done_mark(out, number).is_file() for number in range(len(sources(folder))))


def _done_mark(out: Path, number: int) -> Path:
    return out / f"{number:05d}.done"
