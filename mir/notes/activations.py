"""Inference of the transcription network over a whole recording: activations, notes and drum hits.

Axes: r roles, p pitches, d drums, w windows, f spectrogram bins, t frames.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mir.estimates import NoteEstimate
from mir.notes.log_spectrogram import (
    BINS_PER_SEMITONE,
    FLOOR_DB,
    FRAMES_PER_S,
    LOWEST_PITCH,
    RATE,
    log_spectrogram,
    normalised,
)
from mir.notes.peak_picking import pick_drum_hits, pick_notes
from mir.notes.targets import DRUM_CLASSES, NOTE_ROLES
from scoretok.audio import Recording
from scoretok.extras import require

TRANSCRIPTION_WEIGHTS = Path(__file__).parent / "weights"
BLOCK_FRAMES, MARGIN_FRAMES = 1024, 256
# How sure an onset must be: highest F on training mixes, benchmarks.transcription_training --tune.
ONSET_THRESHOLDS = {"lead": 0.37, "piano": 0.39, "guitar": 0.29, "strings": 0.17, "bass": 0.44}
ANY_ROLE_THRESHOLD = 0.42  # by any role; set by hand, --tune does not vary it
# The same for drum hits, by the same --tune.
DRUM_THRESHOLDS = {
    "kick": 0.48, "snare": 0.48, "hat": 0.38, "openhat": 0.38, "tom": 0.36, "crash": 0.25, "ride": 0.26, "other": 0.44,
}  # fmt: skip
LOUDEST, SOFTEST, RANGE_DB = 112, 40, 24.0  # velocities, and their range; set by hand, as in mir/melody.py
# Set by hand; no benchmark counts velocities.
ATTACK_FRAMES = 4  # a note is as loud as it gets within these


@dataclass(frozen=True)
class Activations:
    """Network activations: `onsets`, `frames` (r, p, t), `drums` (d, t), `beats` (2, t): beats, downbeats.

    `pitch_levels` (p, t) and `drum_levels` (t,) say how loud pitches and strokes are, 0 at -80 dB and 1 at full scale;
    `tuning` is how far the recording is from A4 = 440 Hz, in semitones.
    """

    onsets: np.ndarray
    frames: np.ndarray
    drums: np.ndarray
    beats: np.ndarray
    pitch_levels: np.ndarray
    drum_levels: np.ndarray
    tuning: float

    @cached_property
    def notes(self) -> dict[str, list[NoteEstimate]]:
        """Notes by role."""
        return {role: self.notes_of_role(role, ONSET_THRESHOLDS[role]) for role in NOTE_ROLES}

    def notes_of_role(self, role: str, threshold: float) -> list[NoteEstimate]:
        """Notes of a role whose onset activation reaches `threshold`, with velocities from the spectrogram."""
        number = NOTE_ROLES.index(role)
        return self._with_levels(pick_notes(self.onsets[number], self.frames[number], threshold))

    def notes_of_any_role(self, threshold: float = ANY_ROLE_THRESHOLD) -> list[NoteEstimate]:
        """Notes of all roles merged: activations are combined by noisy-or."""
        onsets, sounding = (1 - np.prod(1 - rows, 0) for rows in (self.onsets, self.frames))
        return self._with_levels(pick_notes(onsets, sounding, threshold))

    def _with_levels(self, notes: list[NoteEstimate]) -> list[NoteEstimate]:
        return with_velocities(notes, lambda note, at: self.pitch_levels[note.pitch - LOWEST_PITCH, at])

    @cached_property
    def drum_hits(self) -> list[NoteEstimate]:
        """Drum hits; `pitch` is an index into DRUM_CLASSES."""
        found = [
            NoteEstimate(at_s, at_s + 0.1, DRUM_CLASSES.index(drum), confidence=sure)
            for drum, hits in pick_drum_hits(self.drums, DRUM_THRESHOLDS).items()
            for at_s, sure in hits
        ]
        return with_velocities(sorted(found), lambda note, at: self.drum_levels[at])

    @cached_property
    def chroma(self) -> np.ndarray:
        """How much of every pitch class sounds, (12, t)."""
        sounding = self.frames.max(0)
        return np.stack([sounding[(pc - LOWEST_PITCH) % 12 :: 12].sum(0) for pc in range(12)])

    @property
    def clipped_chroma(self) -> np.ndarray:
        """Chroma clipped to 0 .. 1, (12, t)."""
        return np.minimum(1.0, self.chroma)


def predict_activations(
    recording: Recording,
    weights: str | Path = TRANSCRIPTION_WEIGHTS,
    advance: Callable[[float], None] = lambda share: None,
) -> Activations:
    """Runs the network over a recording, block by block. Raises ScoretokError when its weights or torch are missing."""
    torch = require("torch", "mir", "hearing notes")
    from mir.notes.network import TranscriptionNet  # torch is an extra

    model = TranscriptionNet.load(weights)
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
    spectrogram = levels.numpy()
    pitched = spectrogram[1, 1::BINS_PER_SEMITONE][: notes.shape[1]]
    return Activations(
        notes[0::2], notes[1::2], drums, pulse, pitched, spectrogram[2].mean(0), tuning_of_spectrogram(spectrogram[0])
    )


def tuning_of_spectrogram(levels: np.ndarray) -> float:
    """How far pitches lie from A4 = 440 Hz, -0.5 to 0.5 semitones, from the levels (f, t) of thirds of semitones."""
    weights = (10 ** ((levels - 1) * -FLOOR_DB / 20)).sum(1)
    turns = (np.arange(len(weights)) - 1) / BINS_PER_SEMITONE
    return float(np.angle((weights * np.exp(2j * np.pi * turns)).sum()) / (2 * np.pi))


def with_velocities(
    notes: list[NoteEstimate], level_at: Callable[[NoteEstimate, slice], np.ndarray]
) -> list[NoteEstimate]:
    """Velocities from the levels (t,) at note onsets: 112 at the 95th percentile, 40 at 24 dB below it."""
    if not notes:
        return []
    frames = [max(0, round(note.start_s * FRAMES_PER_S)) for note in notes]
    levels = np.array(
        [level_at(note, slice(at, at + ATTACK_FRAMES)).max(initial=0.0) for note, at in zip(notes, frames, strict=True)]
    )
    below_db = (np.percentile(levels, 95) - levels) * -FLOOR_DB
    velocities = np.clip(LOUDEST - below_db / RANGE_DB * (LOUDEST - SOFTEST), SOFTEST, LOUDEST).round().astype(int)
    return [note._replace(velocity=int(velocity)) for note, velocity in zip(notes, velocities, strict=True)]
