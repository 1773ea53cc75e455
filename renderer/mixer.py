"""The mixer: gain and pan a track, and a limiter that acts on each sample by itself."""

from dataclasses import dataclass

import numpy as np

HEADROOM = 1.6  # what the sum of the stems is multiplied by: a soundfont leaves much room
KNEE = 0.7


@dataclass(frozen=True)
class Level:
    """Gain in decibels and pan from -1 (left) to 1 (right)."""

    gain_db: float = 0.0
    pan: float = 0.0


ROLE_LEVELS = {
    "vocal": Level(0.0, 0.0), "lead": Level(-1.5, 0.1), "guitar": Level(-3.0, 0.3), "piano": Level(-3.0, -0.2),
    "strings": Level(-5.0, -0.35), "bass": Level(-1.5, 0.0), "drums": Level(-2.0, 0.0),
}  # fmt: skip


def default_level(role: str) -> Level:
    """Where a role sits in the mix when nothing else is said."""
    return ROLE_LEVELS.get(role, Level())


def place(stem: np.ndarray, level: Level) -> np.ndarray:
    """A stem of shape (2, n) at its gain and balance; balance lowers the far side by an equal-power law."""
    gain = 10 ** (level.gain_db / 20)
    angle = (min(max(level.pan, -1.0), 1.0) + 1) * np.pi / 4
    left, right = min(np.sqrt(2) * np.cos(angle), 1.0), min(np.sqrt(2) * np.sin(angle), 1.0)
    return stem * np.array([[gain * left], [gain * right]], np.float32)


def limit(mix: np.ndarray) -> np.ndarray:
    """Keep samples of shape (c, n) within -1..1: straight up to a knee, then bent as by tanh.

    Each sample depends on itself alone, so that what an edit leaves alone stays bit-identical.
    """
    loud = mix * np.float32(HEADROOM)
    over = np.abs(loud) > KNEE
    loud[over] = np.sign(loud[over]) * (KNEE + (1 - KNEE) * np.tanh((np.abs(loud[over]) - KNEE) / (1 - KNEE)))
    return loud
