"""Hearing a whole recording with the network: what every frame is, and from that notes, strokes and pulse.

Axes: r roles, p pitches, d drums, w windows, f spectrogram bins, t frames.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mir.notes.pick import pick_notes, pick_strokes
from mir.notes.spectrogram import (
    BINS_PER_SEMITONE,
    FLOOR_DB,
    FRAMES_PER_S,
    LOWEST_PITCH,
    RATE,
    log_spectrogram,
    normalised,
)
from mir.notes.targets import DRUMS, ROLES
from mir.results import HeardNote
from scoretok.audio import Recording
from scoretok.extras import require

WEIGHTS = Path(__file__).parent / "weights"
BLOCK_FRAMES, MARGIN_FRAMES = 1024, 256
# How certain an onset must be: where F measures on mixes for training are highest.
ONSET_LEVELS = {"lead": 0.37, "piano": 0.39, "guitar": 0.29, "strings": 0.17, "bass": 0.44}
ANY_LEVEL = 0.42
DRUM_LEVELS = {
    "kick": 0.48, "snare": 0.48, "hat": 0.38, "openhat": 0.38, "tom": 0.36, "crash": 0.25, "ride": 0.26, "other": 0.44,
}  # fmt: skip
LOUDEST, SOFTEST, RANGE_DB = 112, 40, 24.0
ATTACK_FRAMES = 4  # a note is as loud as it gets within these


@dataclass(frozen=True)
class Heard:
    """Certainties over frames: `onsets`, `sounding` (r, p, t), `drums` (d, t), `pulse` (2, t): beats, downbeats.

    `levels` (p, t) and `short_levels` (t,) say how loud pitches and strokes are, 0 at -80 dB and 1 at full scale;
    `tuning` is how far the recording is from A4 = 440 Hz, in semitones.
    """

    onsets: np.ndarray
    sounding: np.ndarray
    drums: np.ndarray
    pulse: np.ndarray
    levels: np.ndarray
    short_levels: np.ndarray
    tuning: float

    @cached_property
    def notes(self) -> dict[str, list[HeardNote]]:
        """Notes by role."""
        return {role: self.notes_of(role, ONSET_LEVELS[role]) for role in ROLES}

    def notes_of(self, role: str, least: float) -> list[HeardNote]:
        """The notes of a role whose onsets are so certain, with velocities by how loud their pitch is."""
        number = ROLES.index(role)
        return self._loud(pick_notes(self.onsets[number], self.sounding[number], least))

    def notes_of_all(self, least: float = ANY_LEVEL) -> list[HeardNote]:
        """The notes that any role plays, as if there were one."""
        onsets, sounding = (1 - np.prod(1 - rows, 0) for rows in (self.onsets, self.sounding))
        return self._loud(pick_notes(onsets, sounding, least))

    def _loud(self, notes: list[HeardNote]) -> list[HeardNote]:
        return with_velocities(notes, lambda note, at: self.levels[note.pitch - LOWEST_PITCH, at])

    @cached_property
    def strokes(self) -> list[HeardNote]:
        """Strokes of the drums, each with its number in DRUMS as pitch."""
        found = [
            HeardNote(at_s, at_s + 0.1, DRUMS.index(drum), confidence=sure)
            for drum, hits in pick_strokes(self.drums, DRUM_LEVELS).items()
            for at_s, sure in hits
        ]
        return with_velocities(sorted(found), lambda note, at: self.short_levels[at])

    @cached_property
    def pitch_classes(self) -> np.ndarray:
        """How much of every pitch class sounds, (12, t)."""
        sounding = self.sounding.max(0)
        return np.stack([sounding[(pc - LOWEST_PITCH) % 12 :: 12].sum(0) for pc in range(12)])

    @property
    def sounding_classes(self) -> np.ndarray:
        """Whether a pitch class sounds, (12, t), 0 to 1."""
        return np.minimum(1.0, self.pitch_classes)


def hear(
    recording: Recording, weights: str | Path = WEIGHTS, advance: Callable[[float], None] = lambda share: None
) -> Heard:
    """What the network hears in a recording. Raises ScoretokError when its weights or torch are missing."""
    torch = require("torch", "mir", "hearing notes")
    from mir.notes.model import Ears  # torch is an extra

    model = Ears.load(weights)
    levels = log_spectrogram(normalised(recording.mono_at(RATE)))  # (w, f, t)
    total = levels.shape[2]
    parts: list[tuple[np.ndarray, ...]] = []
    with torch.inference_mode():
        for start in range(0, total, BLOCK_FRAMES):
            first, stop = max(0, start - MARGIN_FRAMES), min(total, start + BLOCK_FRAMES + MARGIN_FRAMES)
            kept = slice(start - first, min(total, start + BLOCK_FRAMES) - first)
            outputs = model(levels[None, :, :, first:stop])
            parts.append(tuple(torch.sigmoid(output[0])[..., kept].numpy() for output in outputs))
            advance(min(1.0, (start + BLOCK_FRAMES) / total))
    notes, drums, pulse = (np.concatenate(column, -1) for column in zip(*parts, strict=True))
    heard = levels.numpy()
    pitched = heard[1, 1::BINS_PER_SEMITONE][: notes.shape[1]]
    return Heard(notes[0::2], notes[1::2], drums, pulse, pitched, heard[2].mean(0), tuning_of(heard[0]))


def tuning_of(levels: np.ndarray) -> float:
    """How far pitches lie from A4 = 440 Hz, -0.5 to 0.5 semitones, from the levels (f, t) of thirds of semitones."""
    weights = (10 ** ((levels - 1) * -FLOOR_DB / 20)).sum(1)
    turns = (np.arange(len(weights)) - 1) / BINS_PER_SEMITONE
    return float(np.angle((weights * np.exp(2j * np.pi * turns)).sum()) / (2 * np.pi))


def with_velocities(notes: list[HeardNote], level_at: Callable[[HeardNote, slice], np.ndarray]) -> list[HeardNote]:
    """Notes as loud as the levels (t,) at their onsets: those near the loudest one have 112, 24 dB below it 40."""
    if not notes:
        return []
    frames = [max(0, round(note.start_s * FRAMES_PER_S)) for note in notes]
    levels = np.array(
        [level_at(note, slice(at, at + ATTACK_FRAMES)).max(initial=0.0) for note, at in zip(notes, frames, strict=True)]
    )
    below_db = (np.percentile(levels, 95) - levels) * -FLOOR_DB
    velocities = np.clip(LOUDEST - below_db / RANGE_DB * (LOUDEST - SOFTEST), SOFTEST, LOUDEST).round().astype(int)
    return [note._replace(velocity=int(velocity)) for note, velocity in zip(notes, velocities, strict=True)]
