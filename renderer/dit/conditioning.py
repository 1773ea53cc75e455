"""Score conditioning of the DiT: a permutation-invariant sum over the notes that sound in each latent frame.

A note speaks to every latent frame it may be heard in, through its pitch, its velocity, its age and the time since
its end; age and end are continuous, so an onset is placed far finer than the frame. Sums do not depend on the
order of notes, and whatever else conditions a frame (phonemes, a pitch curve) is one more summand.

Axes: b batch, t latent frames, p (note, frame) pairs, m notes, c channels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor, nn

from renderer.codec.mel import BANDS, FRAMES_PER_LATENT, LATENT_HZ, LATENT_SAMPLES, SAMPLE_RATE
from renderer.dit.harmonics import harmonic_frames
from renderer.note_array import DRUM_PROGRAM, PROGRAM_COUNT, NoteArray

FRAME_S = LATENT_SAMPLES / SAMPLE_RATE
EARLY_S = 0.5 * FRAME_S  # an analysis window hears a note this long before the frame that it starts in
# Set by hand; the shipped weights were trained with them, nothing else was compared.
NOTE_REACH_S = 1.5
DRUM_REACH_S = 3.0
FINE_BINS, COARSE_BINS, VELOCITY_BINS = 10, 10, 6
FEATURES = 2 * (FINE_BINS + COARSE_BINS) + VELOCITY_BINS + 1


@dataclass(frozen=True)
class NotePairs:
    """Every (note, frame) pair of a batch, each field of shape (p,); `frame` counts through the whole batch.

    `harmonics` (b t, 4 k) are the log-mel frames of the bare partials.
    """

    frame: Tensor
    pitch: Tensor
    velocity: Tensor
    age_s: Tensor
    since_end_s: Tensor
    program: Tensor
    harmonics: Tensor

    def to(self, device: torch.device | str) -> "NotePairs":
        """The same on another device."""
        return NotePairs(*(getattr(self, field.name).to(device) for field in fields(self)))


def frame_centres_s(frames: np.ndarray) -> np.ndarray:
    """Seconds of the centres of latent frames (t,): four mel frames each, the first centred on the frame's start."""
    return (frames + 0.5 - 1 / 8) / LATENT_HZ


def note_pairs(notes: NoteArray, centres_s: np.ndarray) -> tuple[np.ndarray, ...]:
    """Pairs of notes and frames centred at `centres_s` (t,), as the columns of NotePairs."""
    drums = notes.program == DRUM_PROGRAM
    age_s = centres_s[None] - notes.start_s[:, None]
    since_end_s = age_s - DRUM_REACH_S if drums else centres_s[None] - notes.end_s[:, None]
    in_reach = (age_s > -EARLY_S - FRAME_S / 2) & (since_end_s < (0 if drums else NOTE_REACH_S))
    note, frame = np.nonzero(in_reach)
    return (
        frame,
        notes.pitch[note] + (128 if drums else 0),
        notes.velocity[note].astype(np.float32),
        age_s[note, frame].astype(np.float32),
        since_end_s[note, frame].astype(np.float32),
        np.full(len(note), notes.program),
        harmonic_frames(notes, centres_s),
    )


def collate_pairs(items: Sequence[tuple[np.ndarray, ...]], frames_each: int) -> NotePairs:
    """The pairs of several sequences of `frames_each` frames as one batch."""
    columns = [np.concatenate(column) for column in zip(*items, strict=True)]
    columns[0] = np.concatenate([item[0] + i * frames_each for i, item in enumerate(items)])
    return NotePairs(*(torch.from_numpy(column) for column in columns))


def soft_one_hot(x: Tensor, low: float, high: float, bins: int) -> Tensor:
    """Soft one-hot (p, bins) of values (p,): triangles on an even grid, nothing beyond it."""
    place = (x - low) / (high - low) * (bins - 1)
    grid = torch.arange(bins, device=x.device)
    return (1 - (place[:, None] - grid).abs()).clamp(min=0)


def pair_features(pairs: NotePairs) -> Tensor:
    """Velocity, age and time since the end as soft one-hots, (p, FEATURES)."""
    fine = (-1.5 * FRAME_S, 1.5 * FRAME_S, FINE_BINS)
    age, ended = pairs.age_s, pairs.since_end_s
    return torch.cat(
        [
            soft_one_hot(age, *fine),
            soft_one_hot(torch.log(age.clamp(min=1e-3)), -3.5, 2.3, COARSE_BINS),
            soft_one_hot(ended, *fine),
            soft_one_hot(torch.log(ended.clamp(min=1e-3)), -3.5, 0.5, COARSE_BINS),
            soft_one_hot(pairs.velocity, 0, 127, VELOCITY_BINS),
            (pairs.velocity / 64 - 1)[:, None],
        ],
        1,
    )


class ScoreEncoder(nn.Module):
    """Note pairs -> one vector a frame: sums over notes that sound and that begin there, and their partials."""

    def __init__(self, dim: int, note_dim: int = 128) -> None:
        super().__init__()
        self.pitch = nn.Embedding(256, note_dim)
        self.program = nn.Embedding(PROGRAM_COUNT, note_dim)
        self.features = nn.Linear(FEATURES, note_dim)
        self.harmonics = nn.Linear(FRAMES_PER_LATENT * BANDS, dim)
        self.mix = nn.Sequential(
            nn.GELU(), nn.Linear(note_dim, 2 * note_dim), nn.GELU(), nn.Linear(2 * note_dim, 2 * dim)
        )

    def forward(self, pairs: NotePairs, batch: int, frames_each: int) -> Tensor:
        """(b, t, dim)."""
        note = self.pitch(pairs.pitch) + self.program(pairs.program) + self.features(pair_features(pairs))
        sounding, onset = self.mix(note).chunk(2, -1)
        onset = onset * (pairs.age_s < FRAME_S / 2)[:, None]
        frames = self.harmonics(pairs.harmonics / 3 + 2).to(sounding.dtype)
        return frames.index_add(0, pairs.frame, sounding + onset).unflatten(0, (batch, frames_each))
