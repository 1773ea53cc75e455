"""The grid of beats and bars that a recording is written on: repaired, steady where the music is, and as a tempo map.

Axes: b beats.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from scoretok.errors import ScoretokError
from scoretok.parts import MAX_BPM, MIN_BPM, TICKS_PER_QUARTER, Meter, Tempo, meter_lasting
from scoretok.sheet import LeadSheet

# By hand, but for the ticks; benchmarks.transcription_roundtrip measures tempos and numbers of bars.
TOLERANCE_S = 0.03  # a beat may lie so far from a steady tempo that it counts as played on it
EVEN_S = 0.002  # beats that are so even are not played, but counted
COMPOUND_TICKS = 36  # of a dotted quarter
LEAST_TICKS = 3  # the shortest pickup bar, a 32nd
EARLIEST_S = 0.02  # a downbeat before this is at the very start
LEAST_PERIODS = 0.75  # what lies before the first beat is a beat of its own from so much of one on


@dataclass(frozen=True)
class BeatGrid:
    """Beats of a recording: when they are, `times_s` (b,), rising, and which of its bar the first one is, from 0.

    Every bar has `beats_per_bar` beats of `beat_ticks`: 24 for quarters, 36 for dotted quarters. `confidence` is how
    sure the tracker was, 0 to 1. Raises ScoretokError for fewer than two beats, or beats that do not rise.
    """

    times_s: np.ndarray
    first_beat: int = 0
    beats_per_bar: int = 4
    beat_ticks: int = TICKS_PER_QUARTER
    confidence: float = 1.0

    def __post_init__(self) -> None:
        if len(self.times_s) < 2 or not (np.diff(self.times_s) > 0).all():
            raise ScoretokError("a grid needs two beats or more, one behind the other")
        if not 0 <= self.first_beat < self.beats_per_bar:
            raise ScoretokError(f"beat {self.first_beat + 1} is not one of a bar of {self.beats_per_bar}")

    @property
    def meter(self) -> Meter:
        """The meter of its bars; dotted beats make a compound one."""
        if self.beat_ticks == COMPOUND_TICKS:
            return Meter(0, 3 * self.beats_per_bar, 8)
        return Meter(0, self.beats_per_bar, 4 * TICKS_PER_QUARTER // self.beat_ticks)

    @property
    def bpm(self) -> float:
        """Median tempo in beats a minute."""
        return 60 / float(np.median(np.diff(self.times_s)))

    @property
    def numbers(self) -> np.ndarray:
        """Which of its bar every beat is, (b,), from 0."""
        return (np.arange(len(self.times_s)) + self.first_beat) % self.beats_per_bar

    @property
    def downbeats_s(self) -> np.ndarray:
        """When bars begin."""
        return self.times_s[self.numbers == 0]

    def halved(self, keep_odd: bool = False) -> "BeatGrid":
        """Every second beat, those with `keep_odd` that the others leave; beats count as before, so bars double."""
        start = int(keep_odd)
        return replace(self, times_s=self.times_s[start::2], first_beat=(self.first_beat + start) // 2)

    def phased(self, downbeat_s: float) -> "BeatGrid":
        """The same with the beat that is nearest to a moment as the first of its bar."""
        nearest = int(np.argmin(np.abs(self.times_s - downbeat_s)))
        return replace(self, first_beat=-nearest % self.beats_per_bar)


def beats_of_meter(numerator: int, denominator: int) -> tuple[int, int]:
    """Beats in a bar and ticks of a beat: 4/4 has four of 24, 6/8 two of 36, 7/8 seven of 12.

    A 2/2 has four, too: nobody hears whether a bar is written so or as 4/4.
    """
    if denominator == 8 and numerator % 3 == 0:
        return numerator // 3, COMPOUND_TICKS
    if denominator < 4:
        return numerator * 4 // denominator, TICKS_PER_QUARTER
    return numerator, 4 * TICKS_PER_QUARTER // denominator


def repair_beats(times_s: Sequence[float] | np.ndarray) -> np.ndarray:
    """Beats (b,) without those that were found twice, and with those that were missed.

    Of two beats that are nearer than 0.6 of the period around them one goes; a gap of several periods is divided.
    """
    kept = [float(time) for time in np.sort(times_s)]
    at = 1
    while at < len(kept):
        period = local_period(kept, at)
        gap = kept[at] - kept[at - 1]
        if gap < 0.6 * period:
            around = [kept[other] for other in (at - 2, at + 1) if 0 <= other < len(kept)]
            first, second = (
                sum(_misfit(abs(time - other), period) for other in around) for time in kept[at - 1 : at + 1]
            )
            del kept[at if first <= second else at - 1]
            at = max(1, at - 1)
            continue
        missing = max(0, round(gap / period) - 1)
        kept[at:at] = [kept[at - 1] + gap * (i + 1) / (missing + 1) for i in range(missing)]
        at += 1 + missing
    return np.array(kept)


def local_period(times_s: Sequence[float], at: int, reach: int = 8) -> float:
    """The median gap of the beats around the gap before beat `at`, which itself does not count."""
    start = max(0, min(at - 1 - reach, len(times_s) - 2 * reach - 2))  # as many at the edges as in the middle
    gaps = np.diff(times_s[start : start + 2 * reach + 2])
    others = np.delete(gaps, at - 1 - start)
    return float(np.median(others if len(others) else gaps))


def _misfit(gap_s: float, period_s: float) -> float:
    """How far a gap is from whole periods, in periods."""
    return abs(gap_s / period_s - max(1, round(gap_s / period_s)))


def tempo_lines(
    ticks: np.ndarray, times_s: np.ndarray, is_bar: np.ndarray, tolerance_s: float = TOLERANCE_S
) -> tuple[Tempo, ...]:
    """The fewest tempos, one after another, that reach every beat within a tolerance.

    `ticks` and `times_s` (b,) say where beats are in the score and in the recording, `is_bar` (b,) which begin a bar:
    there the tempo changes, where it can. A line is drawn on as long as one slope passes by all its beats (the cone of
    Williams, "An efficient algorithm for the piecewise linear approximation of planar curves", 1978).
    Raises ScoretokError when the beats are slower or faster than a score may be.
    """
    tempos: list[Tempo] = []
    start, now_s = 0, float(times_s[0])
    while start < len(ticks) - 1:
        stop, low, high = start, 0.0, np.inf  # seconds a tick
        bounds = []
        for at in range(start + 1, len(ticks)):
            length = ticks[at] - ticks[start]
            low = max(low, (times_s[at] - tolerance_s - now_s) / length)
            high = min(high, (times_s[at] + tolerance_s - now_s) / length)
            bounds.append((low, high))
            if low > high or _bpm_between(low, high) is None:
                break
            stop = at
        if start == stop:  # hundredths of a beat a minute miss a cone as narrow as this
            stop = start + 1
        elif stop < len(ticks) - 1:
            bars = np.flatnonzero(is_bar[start + 1 : stop + 1])
            stop = start + 1 + int(bars[-1]) if len(bars) else stop
        slope = (times_s[stop] - now_s) / (ticks[stop] - ticks[start])
        low, high = bounds[stop - start - 1]
        bpm = _bpm_between(low, high, slope) or 60 / TICKS_PER_QUARTER / max(slope, 1e-9)
        if not MIN_BPM <= bpm <= MAX_BPM:
            raise ScoretokError(
                f"the beats at {times_s[start]:.1f} s are at {bpm:.0f} quarter notes a minute, which no score can say;"
                " name a tempo"
            )
        tempos.append(Tempo(int(ticks[start]), bpm))
        now_s += (ticks[stop] - ticks[start]) * 60 / TICKS_PER_QUARTER / tempos[-1].bpm
        start = stop
    return tuple(tempos)


def _bpm_between(low: float, high: float, wanted: float | None = None) -> float | None:
    """A tempo in hundredths whose seconds a tick lie between two bounds, near what is wanted; None if there is none."""
    slowest, fastest = (60 / TICKS_PER_QUARTER / max(bound, 1e-9) for bound in (high, low))
    bpm = 60 / TICKS_PER_QUARTER / wanted if wanted and wanted > 0 else (slowest + min(fastest, 2 * MAX_BPM)) / 2
    for candidate in (round(bpm, 2), np.ceil(100 * slowest) / 100, np.floor(100 * fastest) / 100):
        if slowest <= candidate <= fastest:
            return float(candidate)
    return None


def _from_the_start(grid: BeatGrid, duration_s: float) -> tuple[np.ndarray, int, int]:
    """Beats from the start of a recording to its end, how many were put before the first, or the ticks of a pickup."""
    times_s = grid.times_s[grid.times_s <= max(duration_s, grid.times_s[1])]
    periods = float(times_s[0] / (times_s[1] - times_s[0]))
    ahead = round(periods) if periods >= LEAST_PERIODS else 0
    if ahead:
        return np.concatenate([times_s[0] * np.arange(ahead) / ahead, times_s]), ahead, 0
    if times_s[0] > EARLIEST_S:
        return times_s, 0, max(LEAST_TICKS, LEAST_TICKS * round(periods * grid.beat_ticks / LEAST_TICKS))
    return np.concatenate([[0.0], times_s[1:]]), 0, 0


def _writable(whole_ticks: int, ticks: int, beat_ticks: int) -> int:
    """The length of a partial beat, nearest to `ticks`, for which a pickup of whole beats and it has a meter."""
    parts = range(LEAST_TICKS, beat_ticks + 1, LEAST_TICKS)
    return min((part for part in parts if meter_lasting(whole_ticks + part)), key=lambda part: abs(part - ticks))


def empty_score(
    grid: BeatGrid, duration_s: float, meter: tuple[int, int] | None = None, tolerance_s: float = TOLERANCE_S
) -> LeadSheet:
    """An empty score whose tempo map puts its beats at the times of a beat grid; `meter` overrides the grid's.

    The score begins as the recording does: what lies before the first beat becomes bars, or a pickup bar, of its own.
    """
    if float(np.ptp(np.diff(grid.times_s))) < EVEN_S:
        tolerance_s = min(tolerance_s, EVEN_S)  # a tempo that is given is kept to the hundredth
    times_s, ahead, pickup_ticks = _from_the_start(grid, duration_s)
    number = (grid.first_beat - ahead) % grid.beats_per_bar
    bar_ticks = grid.beats_per_bar * grid.beat_ticks
    first_ticks = ((grid.beats_per_bar - number) % grid.beats_per_bar) * grid.beat_ticks
    if pickup_ticks:
        pickup_ticks = _writable(first_ticks, pickup_ticks, grid.beat_ticks)
        if pickup_ticks * 60 / TICKS_PER_QUARTER > MAX_BPM * times_s[0]:  # too short a moment even for that
            pickup_ticks, times_s = 0, np.append(0.0, times_s[1:])
        first_ticks += pickup_ticks
    ticks = pickup_ticks + np.arange(len(times_s)) * grid.beat_ticks
    is_bar = (ticks - first_ticks) % bar_ticks == 0
    if pickup_ticks:
        ticks, times_s = np.append(0, ticks), np.append(0.0, times_s)
        is_bar = np.append(True, is_bar)
    whole = tempo_lines(ticks, times_s, is_bar, tolerance_s)
    head = max(ahead, int(pickup_ticks > 0))
    if head and len(whole) > 1:  # the recording's own tempo from its first beat on, if that takes no more of them
        parts = slice(0, head + 1), slice(head, None)
        whole = tuple(
            one for part in parts for one in tempo_lines(ticks[part], times_s[part], is_bar[part], tolerance_s)
        )
    behind_ticks = (duration_s - times_s[-1]) * whole[-1].bpm / 60 * TICKS_PER_QUARTER
    end_ticks = ticks[-1] + max(grid.beat_ticks, behind_ticks)
    bar_count = int(bool(first_ticks)) + max(1, int(np.ceil((end_ticks - first_ticks) / bar_ticks - 1e-6)))
    return LeadSheet(
        bar_count,
        meters=(Meter(0, *meter) if meter else grid.meter,),
        tempos=whole,
        pickup_ticks=first_ticks,
    )


def beat_times_s(sheet: LeadSheet) -> tuple[np.ndarray, np.ndarray]:
    """When beats and bars begin; a pickup holds the last beats of a bar and begins none."""
    beats: list[int] = []
    for bar, (start, stop) in enumerate(pairwise(sheet.bar_starts)):
        meter = sheet.meter_at(bar)
        step = beats_of_meter(meter.numerator, meter.denominator)[1]
        beats += reversed(range(stop - step, start - 1, -step))
    bars = sheet.bar_starts[1 if sheet.pickup_ticks else 0 : -1]
    return np.array([sheet.seconds_at(tick) for tick in beats]), np.array([sheet.seconds_at(tick) for tick in bars])
