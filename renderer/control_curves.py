"""Curves over time that a performance gives a track: how far it is bent, and how loud it is.

Values move in steps, as the events of a synthesizer do. Axes: k steps, n times.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scoretok.parts import Track
from scoretok.performance import SUBTICKS_PER_TICK, Control, named
from scoretok.sheet import LeadSheet

# Depth in cents at a full wheel or pressure, and rate of the vibrato: the defaults of SoundFont 2.04 ("8.4 Default
# Modulators") and, set by hand, a rate between those of strings and winds.
VIBRATO_CENTS, VIBRATO_HZ = 50.0, 5.5
VIBRATO_STEP_S = 0.01
SMOOTH_S = 0.01  # how long a step of loudness takes, so that it does not click; set by hand
NEUTRAL_VOLUME, FULL = 100, 127


@dataclass(frozen=True)
class StepCurve:
    """Values (k,) that hold from times in seconds (k,) on, and `before` until the first."""

    times_s: np.ndarray
    values: np.ndarray
    before: float = 0.0

    def at(self, times_s: np.ndarray) -> np.ndarray:
        """Values at times (n,)."""
        values = np.append(self.before, self.values)
        return values[np.searchsorted(self.times_s, times_s, side="right")]

    def smooth_at(self, times_s: np.ndarray) -> np.ndarray:
        """Values at times (n,), each reached within SMOOTH_S, or before the next step."""
        reached = np.minimum(self.times_s + SMOOTH_S, np.append(self.times_s[1:], np.inf))
        knots = np.stack([self.times_s, reached], 1).ravel()
        values = np.stack([np.append(self.before, self.values[:-1]), self.values], 1).ravel()
        return np.interp(times_s, knots, values)

    def integral(self, times_s: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """The integral of `change` of the values from second 0 to times (n,)."""
        knots, rates = np.append(0.0, self.times_s), change(np.append(self.before, self.values))
        sums = np.append(0.0, np.cumsum(np.diff(knots) * rates[:-1]))
        place = np.searchsorted(self.times_s, times_s, side="right")
        return sums[place] + (times_s - knots[place]) * rates[place]

    def warped(self, to_s: Callable[[np.ndarray], np.ndarray]) -> "StepCurve":
        """The curve at other times."""
        return StepCurve(to_s(self.times_s), self.values, self.before)


def step_curve(sheet: LeadSheet, control: Control) -> StepCurve:
    """A control of a score over seconds; of points that fall together the last one holds."""
    times_s = [sheet.seconds_at(at / SUBTICKS_PER_TICK) for at, _ in control.points]
    values = [value for _, value in control.points]
    return StepCurve(np.array(times_s), np.array(values, float), float(control.neutral))


def bend_curve(sheet: LeadSheet, track: Track) -> StepCurve | None:
    """Cents by which a track is bent, its vibrato included; None where it never is."""
    bend, bend_range, wheel, pressure = (
        step_curve(sheet, named(track.controls, name)) for name in ("bend", "bend-range", "modulation", "pressure")
    )
    if not any(curve.values.any() for curve in (bend, wheel, pressure)):
        return None
    times_s = np.unique(np.concatenate([bend.times_s, bend_range.times_s, wheel.times_s, pressure.times_s]))
    depths = np.maximum(wheel.at(times_s), pressure.at(times_s))
    ends_s = np.append(times_s[1:], max(sheet.duration_s, times_s[-1]) + 1.0)
    for begin, end, depth in zip(times_s, ends_s, depths, strict=True):
        if depth:
            times_s = np.append(times_s, np.arange(begin + VIBRATO_STEP_S, end, VIBRATO_STEP_S))
    times_s = np.sort(times_s)
    cents = bend.at(times_s) / 8192 * bend_range.at(times_s)
    depths = np.maximum(wheel.at(times_s), pressure.at(times_s)) / FULL
    cents += depths * VIBRATO_CENTS * np.sin(2 * np.pi * VIBRATO_HZ * times_s)
    return StepCurve(times_s, cents)


def gain_curve(sheet: LeadSheet, track: Track) -> StepCurve | None:
    """How much louder a track is than at its usual volume and full expression; None where it never changes.

    Amplitude goes with the square of either ("General MIDI Level 1 Developer Guidelines", 1998).
    """
    volume, expression = (step_curve(sheet, named(track.controls, name)) for name in ("volume", "expression"))
    if not len(volume.times_s) and not len(expression.times_s):
        return None
    times_s = np.unique(np.concatenate([volume.times_s, expression.times_s]))
    return StepCurve(
        times_s, (volume.at(times_s) / NEUTRAL_VOLUME) ** 2 * (expression.at(times_s) / FULL) ** 2, before=1.0
    )
