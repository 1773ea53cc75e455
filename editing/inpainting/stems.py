"""Stem sources: how one track of a mix is obtained, and how a change of it is applied to the mix.

Axes: c channels, n samples at 44.1 kHz.
"""

from typing import Protocol

import numpy as np
from torch import Tensor

from editing.inpainting.regions import audible_notes
from editing.inpainting.splice import Change
from renderer.dit_engine import DitEngine
from renderer.mixer import level_of, limit, place, place_in_room, unlimit
from renderer.pipeline import TrackRenderer
from renderer.provenance import Provenance
from renderer.reverb import Reverb
from scoretok.sheet import LeadSheet


class TrackAudio(Protocol):
    """Tracks, heard one by one, as the model takes and gives them."""

    def read(self, track_id: str, start: int, stop: int) -> np.ndarray:
        """A track before the edit from sample `start` to `stop`, (c, n)."""
        ...

    def to_model(self, track_id: str, stem: np.ndarray) -> np.ndarray:
        """What was heard (c, n) as the model takes it: mono (n,), at the level it works at."""
        ...

    def from_model(self, track_id: str, made: np.ndarray) -> np.ndarray:
        """What the model made (n,) as it would be heard, (c, n)."""
        ...

    def reference(self, track_id: str, stem: np.ndarray) -> tuple[Tensor, Tensor] | None:
        """The timbre of a track, of which (n,) is heard without the span, as the model takes it; None for its own."""
        ...


class Stems(TrackAudio, Protocol):
    """The tracks of a recording."""

    def measure_level(self, track_id: str, stem: np.ndarray) -> np.ndarray:
        """Take the level of a track from what is heard of it (c, n); the same samples."""
        ...

    def into_mix(self, track_id: str, change: Change) -> Change:
        """A change of what is heard as a change of the mix before its limiter."""
        ...

    def add(self, mix: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Samples of the mix (c, n) with a change of it."""
        ...


class RenderedStems:
    """Stems of a file that this package rendered, made again from the score, the seed and the levels."""

    def __init__(self, before: LeadSheet, engine: DitEngine, provenance: Provenance) -> None:
        self.before, self.engine, self.provenance = before, engine, provenance
        self.renderers: dict[str, TrackRenderer] = {}

    def read(self, track_id: str, start: int, stop: int) -> np.ndarray:
        """The dry track as it was rendered, (1, n)."""
        if track_id not in self.renderers:
            if not audible_notes(self.before, track_id):
                return np.zeros((1, stop - start), np.float32)
            number = self.before.track_ids.index(track_id)
            self.renderers[track_id] = self.engine.track(self.before, number, self.provenance.seed)
        return self.renderers[track_id].span(start, stop)[None]

    def measure_level(self, track_id: str, stem: np.ndarray) -> np.ndarray:
        """The same: the level is known."""
        return stem

    def to_model(self, track_id: str, stem: np.ndarray) -> np.ndarray:
        """The same."""
        return stem[0]

    def from_model(self, track_id: str, made: np.ndarray) -> np.ndarray:
        """The same."""
        return made[None]

    def reference(self, track_id: str, stem: np.ndarray) -> None:
        """What the file was rendered with."""
        return

    def into_mix(self, track_id: str, change: Change) -> Change:
        """In its place in stereo, with its echoes."""
        level = level_of(self.before, track_id, self.provenance.levels)
        if not level.room:
            return Change(change.start, place(change.samples, level))
        room = Reverb(self.engine.sample_rate)
        dry = np.pad(change.samples.astype(np.float32), ((0, 0), (0, room.reach_samples)))
        return Change(change.start, place_in_room(dry, level, room))

    def add(self, mix: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Through the limiter, backwards and forwards."""
        return limit(unlimit(mix) + change)
