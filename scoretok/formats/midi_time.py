"""The bars, tempos and keys of a MIDI file, made from its time signatures and tempo events."""

import math
import re
from bisect import bisect_right
from dataclasses import dataclass, replace

from symusic.core import ScoreTick

from scoretok.errors import ScoretokError, warn
from scoretok.parts import MAX_BARS, MAX_BPM, MIN_BPM, Key, Meter, Tempo, meter_lasting


@dataclass(frozen=True)
class TimeMaps:
    """The maps of a score, its bar lines, and whether the file named a key."""

    meters: tuple[Meter, ...]
    tempos: tuple[Tempo, ...]
    keys: tuple[Key, ...]
    has_key: bool
    pickup_ticks: int
    bar_starts: tuple[int, ...]
    bar_count: int

    def bar_near(self, tick: int) -> int:
        """The bar whose beginning lies nearest to a tick; bar_count is the end."""
        after = min(bisect_right(self.bar_starts, tick), len(self.bar_starts) - 1)
        before = max(after - 1, 0)
        return before if tick - self.bar_starts[before] <= self.bar_starts[after] - tick else after


def read_time_maps(score: ScoreTick, scale: float, end_ticks: int, signed: bool) -> TimeMaps:
    """Build the maps of a score whose ticks times `scale` are ours.

    `signed` says that we wrote the file: its pickup is then known by a marker. Raises ScoretokError
    for meters that have no bar, tempo 0, and scores of too many bars.
    """
    markers = {marker.text: round(marker.time * scale) for marker in score.markers} if signed else {}
    last = max(end_ticks, markers.get("end", 0), *(round(m.time * scale) for m in score.markers), 1)
    changes = _meter_changes(score, scale)
    meters, starts = _lay_bars(changes, last)
    pickup_ticks = 0
    if "pickup" in markers:
        pickup_ticks = starts[1]
        name = next((text for text in markers if re.fullmatch(r"meter: \d{1,3}/\d{1,3}", text)), "meter: 4/4")
        n, d = name.removeprefix("meter: ").split("/")
        meters = [Meter(0, int(n), int(d)), *[m for m in meters if m.bar > 0]]
    elif not signed and len(meters) > 1 and meters[1].bar == 1 and meters[0].bar_ticks < meters[1].bar_ticks:
        pickup_ticks = starts[1]  # a short first bar in a meter of its own is a pickup
        meters = [replace(meters[1], bar=0), *meters[2:]]
    bar_count = max(bisect_right(starts, last - 1), 1)
    last_onset = max((int(t.notes.numpy()["time"].max()) for t in score.tracks if len(t.notes)), default=0) * scale
    overshoot = last - starts[bar_count - 1]
    if not signed and bar_count > 1 and round(last_onset) < starts[bar_count - 1] and overshoot <= 24:
        bar_count -= 1
    kept = tuple(meter for meter in meters if meter.bar < bar_count)
    keys = _keys(score, scale, starts, bar_count)
    return TimeMaps(
        meters=kept,
        tempos=_tempos(score, scale, starts[bar_count]),
        keys=keys or (Key(0, 0),),
        has_key=bool(keys),
        pickup_ticks=pickup_ticks,
        bar_starts=tuple(starts[: bar_count + 1]),
        bar_count=bar_count,
    )


def _meter_changes(score: ScoreTick, scale: float) -> list[tuple[int, int, int]]:
    """(tick, numerator, denominator) of every change of meter, 4/4 before the first."""
    changes: dict[int, tuple[int, int]] = {}
    for signature in sorted(score.time_signatures, key=lambda s: s.time):
        if signature.numerator < 1 or signature.denominator < 1:
            raise ScoretokError(
                f"time signature {signature.numerator}/{signature.denominator} at tick {signature.time} has no bar"
            )
        changes[round(signature.time * scale)] = _reduced(signature.numerator, signature.denominator)
    if 0 not in changes:
        changes[0] = (4, 4)
    ordered: list[tuple[int, int, int]] = []
    for tick, meter in sorted(changes.items()):
        if not ordered or ordered[-1][1:] != meter:
            ordered.append((tick, *meter))
    return ordered


def _reduced(numerator: int, denominator: int) -> tuple[int, int]:
    """The same meter with a denominator of at most 32 and a bar of at most four whole notes, if it has one."""
    while denominator > 32 and numerator % 2 == 0:
        numerator, denominator = numerator // 2, denominator // 2
    Meter(0, numerator, denominator)
    return numerator, denominator


def _lay_bars(changes: list[tuple[int, int, int]], last_ticks: int) -> tuple[list[Meter], list[int]]:
    """Meters by bar and the tick of each bar line, as far as one bar beyond `last_ticks`.

    A change inside a bar ends that bar there; when no meter has such a bar, the change waits for the bar line.
    """
    meters: list[Meter] = []
    starts = [0]
    for i, (change, numerator, denominator) in enumerate(changes):
        stop = changes[i + 1][0] if i + 1 < len(changes) else last_ticks + 1
        bar_ticks = 96 * numerator // denominator
        if change >= last_ticks and i:
            break
        if starts[-1] < stop:
            meters = [m for m in meters if m.bar != len(starts) - 1]
            meters.append(Meter(len(starts) - 1, numerator, denominator))
        while starts[-1] < stop:
            rest = stop - starts[-1]
            if i + 1 < len(changes) and rest < bar_ticks:
                rest = _snap(rest, starts[-1], bar_ticks, meters, len(starts) - 1)
                starts.append(starts[-1] + rest)
                break
            starts.append(starts[-1] + bar_ticks)
            if len(starts) > MAX_BARS + 2:
                raise ScoretokError(
                    f"it lasts more than {MAX_BARS} bars; cut it, or check whether its last note is where it should be"
                )
    return meters, starts


def _snap(rest: int, start: int, bar_ticks: int, meters: list[Meter], bar: int) -> int:
    """Ticks of a bar that a change of meter cuts short after `rest` ticks."""
    meter = meter_lasting(rest)
    if meter:
        if meters[-1].bar == bar:
            meters.pop()
        meters.append(Meter(bar, *meter))
        return rest
    warn(f"a change of meter near tick {start + rest} lies off the grid and waits for the next bar line", "repaired")
    return bar_ticks


def _tempos(score: ScoreTick, scale: float, end_ticks: int) -> tuple[Tempo, ...]:
    tempos: dict[int, float] = {}
    clipped = 0
    for tempo in sorted(score.tempos, key=lambda t: t.time):
        bpm = tempo.qpm
        if not math.isfinite(bpm) or bpm <= 0:
            raise ScoretokError(f"the tempo at tick {tempo.time} is 0; give it a tempo of 10 to 480")
        clipped += not MIN_BPM <= round(bpm, 2) <= MAX_BPM
        tick = round(tempo.time * scale)
        if tick < end_ticks:
            tempos[tick] = min(max(bpm, MIN_BPM), MAX_BPM)
    if clipped:
        warn(f"{clipped} tempos outside {MIN_BPM:g} to {MAX_BPM:g} were brought inside", "repaired")
    tempos.setdefault(0, 120.0)
    return tuple(Tempo(tick, bpm) for tick, bpm in sorted(tempos.items()))


def _keys(score: ScoreTick, scale: float, starts: list[int], bar_count: int) -> tuple[Key, ...]:
    keys: dict[int, Key] = {}
    for signature in sorted(score.key_signatures, key=lambda s: s.time):
        bar = min(max(bisect_right(starts, round(signature.time * scale)) - 1, 0), bar_count - 1)
        if -7 <= signature.key <= 7:
            keys[bar] = Key(bar, signature.key, "min" if signature.tonality else "maj")
    if keys and 0 not in keys:
        first = min(keys)
        keys[0] = Key(0, keys[first].fifths, keys[first].mode)
    return tuple(keys[bar] for bar in sorted(keys))
