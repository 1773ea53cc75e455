"""The mixer: gain, pan and room a track, and a limiter that acts on each sample by itself.

Axes: c channels, n samples.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from scoretok.parts import Track
from scoretok.performance import SUBTICKS_PER_TICK, named
from scoretok.sheet import LeadSheet

# Set by hand; no benchmark varies the mix.
HEADROOM = 1.6  # what the sum of the stems is multiplied by: a soundfont leaves much room
KNEE = 0.7


@dataclass(frozen=True)
class Level:
    """Gain in decibels, pan from -1 (left) to 1 (right), and how much is sent to the room, from 0 to 1."""

    gain_db: float = 0.0
    pan: float = 0.0
    room: float = 0.0


# Decibels, pan and room by role; set by hand, no benchmark or listening test varied them.
ROLE_LEVELS = {
    "vocal": Level(0.0, 0.0, 0.2), "lead": Level(-1.5, 0.1, 0.18), "guitar": Level(-3.0, 0.3, 0.12),
    "piano": Level(-3.0, -0.2, 0.14), "strings": Level(-5.0, -0.35, 0.22), "bass": Level(-1.5, 0.0, 0.02),
    "drums": Level(-2.0, 0.0, 0.08),
}  # fmt: skip


def default_level(role: str) -> Level:
    """Where a role sits in the mix when nothing else is said."""
    return ROLE_LEVELS.get(role, Level())


def usual_level(track: Track) -> Level:
    """Where a track sits when nothing else is said: as its role does, but where its file put it in the stereo field.

    A pan that moves is taken where it stands at the first note.
    """
    level, pan = default_level(track.role), named(track.controls, "pan")
    if not pan.points:
        return level
    first = round(track.notes[0].played_start_ticks * SUBTICKS_PER_TICK) if track.notes else 0
    value = pan.value_at(max(first, pan.points[0].start_subticks))
    return replace(level, pan=min(max((value - pan.neutral) / (127 - pan.neutral), -1.0), 1.0))


def level_of(sheet: LeadSheet, track_id: str, levels: Mapping[str, Level]) -> Level:
    """The level of a track: what is said of it or of its role, else where it usually sits; of its role if it is new."""
    role = track_id.partition(".")[0]
    said, track = levels.get(track_id) or levels.get(role), sheet.tracks_by_id.get(track_id)
    return said or (usual_level(track) if track else default_level(role))


def place(stem: np.ndarray, level: Level) -> np.ndarray:
    """A stem of shape (c, n), mono or stereo, as stereo (2, n) at its gain and balance.

    Balance lowers the far side by an equal-power law.
    """
    gain = 10 ** (level.gain_db / 20)
    angle = (min(max(level.pan, -1.0), 1.0) + 1) * np.pi / 4
    left, right = min(np.sqrt(2) * np.cos(angle), 1.0), min(np.sqrt(2) * np.sin(angle), 1.0)
    return stem * np.array([[gain * left], [gain * right]], np.float32)


def place_in_room(dry: np.ndarray, level: Level, room: Callable[[np.ndarray], np.ndarray] | None) -> np.ndarray:
    """A stem (c, n) in its place, with what the room makes of its mono samples (n,), if it is in one: (2, n)."""
    placed = place(dry, level)
    if room:
        placed += room(dry.mean(0)) * np.float32(level.room * 10 ** (level.gain_db / 20))
    return placed


def limit(mix: np.ndarray) -> np.ndarray:
    """Keep samples of shape (c, n) within -1..1: straight up to a knee, then bent as by tanh.

    Each sample depends on itself alone, so that what an edit leaves alone stays bit-identical.
    """
    return soft_clip(mix * np.float32(HEADROOM))


def soft_clip(samples: np.ndarray) -> np.ndarray:
    """Samples (c, n), changed in place where they exceed the knee."""
    over = np.abs(samples) > KNEE
    samples[over] = np.sign(samples[over]) * (KNEE + (1 - KNEE) * np.tanh((np.abs(samples[over]) - KNEE) / (1 - KNEE)))
    return samples


def unlimit(mix: np.ndarray) -> np.ndarray:
    """The sum of stems (c, n) that `limit` made these samples of; where they were bent hard, about."""
    bent = np.clip((np.abs(mix) - KNEE) / (1 - KNEE), 0, 1 - 2.0**-15)
    straight = np.where(np.abs(mix) > KNEE, np.sign(mix) * (KNEE + (1 - KNEE) * np.arctanh(bent)), mix)
    return straight / HEADROOM
