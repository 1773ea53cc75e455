"""What a player adds to the grid: how far notes lie from it, and the curves of pedals, bends and controllers.

Time here is counted in subticks, 80 to a tick and 1920 to a quarter note, so that files of 480 and 960 ticks a quarter
come back exactly. Values and their neutral positions are those of MIDI 1.0 (Recommended Practice RP-015 for resets).
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from scoretok.errors import ScoretokError

SUBTICKS_PER_TICK = 80
MAX_SHIFT_SUBTICKS = 96 * SUBTICKS_PER_TICK  # of an onset: a whole note
DRUM_WRITTEN_TICKS = 6  # how long a hit is written, a sixteenth; set by hand, drums last one tick in a score
NO_END = 1 << 50
MAX_CONTROLLER = 119  # higher numbers are messages of the channel's mode


class Timing(NamedTuple):
    """How far a note's onset and end lie behind their places on the grid (before them: negative), in subticks."""

    onset_subticks: int
    end_subticks: int


class ControlPoint(NamedTuple):
    """A value that a control takes, and keeps until the next point."""

    start_subticks: int
    value: int


class BarControl(NamedTuple):
    """What a control does in a bar: the value that it begins with, and its other points, counted from the bar line."""

    name: str
    first_value: int
    points: tuple[ControlPoint, ...]


class ControlKind(NamedTuple):
    """What a control may say: its least and greatest value, the one without a point, and whether edits settle it.

    A control that is settled goes back to its neutral value where the passage that set it was cut.
    """

    lowest: int
    highest: int
    neutral: int
    is_settled: bool
    controller: int | None = None


CONTROL_KINDS = {
    "pedal": ControlKind(0, 127, 0, True, 64),
    "sostenuto": ControlKind(0, 127, 0, True, 66),
    "soft": ControlKind(0, 127, 0, True, 67),
    "bend": ControlKind(-8192, 8191, 0, True),
    "bend-range": ControlKind(0, 12799, 200, False),  # cents
    "expression": ControlKind(0, 127, 127, True, 11),
    "modulation": ControlKind(0, 127, 0, True, 1),
    "pressure": ControlKind(0, 127, 0, True),
    "volume": ControlKind(0, 127, 100, False, 7),
    "pan": ControlKind(0, 127, 64, False, 10),
}
PEDAL_DOWN = 64  # a pedal is down from here on (MIDI 1.0)
PEDALS = ("pedal", "sostenuto", "soft")
MIXED_CONTROLS = frozenset(("pan",))  # those that act on the mix, not on the sound of a track
NAMED_CONTROLLERS = {kind.controller: name for name, kind in CONTROL_KINDS.items() if kind.controller is not None}
# Bank select, data entry and parameter numbers are no curves.
WITHOUT_CURVE = frozenset((0, 6, 32, 38, *range(96, 102), *range(MAX_CONTROLLER + 1, 128)))
CONTROL_NAMES = (
    *CONTROL_KINDS,
    *(f"cc{n}" for n in range(128) if n not in NAMED_CONTROLLERS and n not in WITHOUT_CURVE),
)
_ORDER = {name: place for place, name in enumerate(CONTROL_NAMES)}


def control_kind(name: str) -> ControlKind:
    """What the control of this name may say. Raises ScoretokError for a name that is none."""
    if name in CONTROL_KINDS:
        return CONTROL_KINDS[name]
    if name not in _ORDER:
        raise ScoretokError(f"{name!r} is not a control; write one of {', '.join(CONTROL_KINDS)}, or cc and its number")
    return ControlKind(0, 127, 0, False, int(name.removeprefix("cc")))


@dataclass(frozen=True)
class Control:
    """The curve of one control of a track: steps, in order of time; of points that fall together the last one holds.

    `name` is one of CONTROL_NAMES. Raises ScoretokError for an unknown name, a value out of range or a point before
    the score.
    """

    name: str
    points: tuple[ControlPoint, ...]

    def __post_init__(self) -> None:
        kind = control_kind(self.name)
        points = self.points
        if any(after[0] < before[0] for before, after in pairwise(points)):
            points = tuple(sorted(points, key=_start))
        object.__setattr__(self, "points", tuple(points))
        for at, value in points:
            if at < 0 or not kind.lowest <= value <= kind.highest:
                raise ScoretokError(
                    f"{self.name} {value} at subtick {at} is out of range: values are {kind.lowest} to {kind.highest}"
                )

    @property
    def neutral(self) -> int:
        """The value before the first point."""
        return control_kind(self.name).neutral

    def value_at(self, subticks: float) -> int:
        """The value in force at a time."""
        number = bisect_right(self.points, subticks, key=_start)
        return self.points[number - 1].value if number else self.neutral

    def between(self, start_subticks: int, stop_subticks: int) -> tuple[ControlPoint, ...]:
        """The points from a time on and before another."""
        first, last = (bisect_right(self.points, at - 1, key=_start) for at in (start_subticks, stop_subticks))
        return self.points[first:last]


def _start(point: ControlPoint) -> int:
    return point[0]


def in_order(controls: Iterable[Control]) -> tuple[Control, ...]:
    """The controls that say something, in the order of CONTROL_NAMES. Raises ScoretokError for two of one name."""
    found = sorted((control for control in controls if control.points), key=lambda control: _ORDER[control.name])
    for before, after in pairwise(found):
        if before.name == after.name:
            raise ScoretokError(f"{after.name} is given twice; one curve has all its points")
    return tuple(found)


def named(controls: Sequence[Control], name: str) -> Control:
    """The control of this name; one without points where there is none."""
    return next((control for control in controls if control.name == name), Control(name, ()))


def with_control(controls: Sequence[Control], new: Control) -> tuple[Control, ...]:
    """The controls with this one in the place of the one of its name."""
    return in_order((*(control for control in controls if control.name != new.name), new))


def replaced(control: Control, start_subticks: int, stop_subticks: int, points: Iterable[ControlPoint]) -> Control:
    """A control with other points in a span; behind the span its values are what they were."""
    before, after = control.between(0, start_subticks), control.between(stop_subticks, NO_END)
    in_force = before[-1].value if before else control.neutral
    inside: list[ControlPoint] = []
    for point in points:
        if inside or point.value != in_force:
            inside.append(point)
    in_force = inside[-1].value if inside else in_force
    resumes_at = after[0].start_subticks if after else None
    resumed = control.value_at(stop_subticks)
    is_stated = resumes_at == stop_subticks or resumed == in_force
    return replace(
        control, points=(*before, *inside, *([] if is_stated else [ControlPoint(stop_subticks, resumed)]), *after)
    )


def settled_in(
    controls: Iterable[Control], spans_ticks: Iterable[tuple[int, int]], levels_too: bool = False
) -> tuple[Control, ...]:
    """Controls without the strokes, bends and swells in some spans, whose notes are gone; levels stay, or go too."""
    found = {control.name: control for control in controls}
    for start, stop in spans_ticks:
        at = start * SUBTICKS_PER_TICK
        for name, control in found.items():
            kind = control_kind(name)
            if kind.is_settled or levels_too:
                still = [ControlPoint(at, kind.neutral)]
                found[name] = replaced(control, at, stop * SUBTICKS_PER_TICK, still)
    return in_order(found.values())


def bar_controls(controls: Iterable[Control], start_ticks: int, stop_ticks: int | None) -> tuple[BarControl, ...]:
    """What controls do from one bar line to the next (to their ends for None), counted from the bar line."""
    start = start_ticks * SUBTICKS_PER_TICK
    stop = NO_END if stop_ticks is None else stop_ticks * SUBTICKS_PER_TICK
    found = []
    for control in controls:
        points = tuple(ControlPoint(at - start, value) for at, value in control.between(start, stop))
        first_value = control.value_at(start - 1)
        if points and points[0].start_subticks == 0:
            first_value, points = points[0].value, points[1:]
        if points or first_value != control.neutral:
            found.append(BarControl(control.name, first_value, points))
    return tuple(found)


class JoinedCurve:
    """The curve of a control that is put together from spans of another."""

    def __init__(self, source: Control) -> None:
        self.source = source
        self.points: list[ControlPoint] = []

    @property
    def value(self) -> int:
        """The value in force at the end."""
        return self.points[-1].value if self.points else self.source.neutral

    def add(self, start_ticks: int, stop_ticks: int | None, at_ticks: int) -> None:
        """A span of the source (to its end for None) at a tick of the new curve; it begins with what is in force."""
        start = start_ticks * SUBTICKS_PER_TICK
        inside = self.source.between(start, NO_END if stop_ticks is None else stop_ticks * SUBTICKS_PER_TICK)
        before = self.source.value_at(start - 1)
        if before != self.value:
            inside = (ControlPoint(start, before), *inside)
        shift = (at_ticks - start_ticks) * SUBTICKS_PER_TICK
        self.points += [ControlPoint(at + shift, value) for at, value in inside]

    def settle(self, at_ticks: int) -> None:
        """Go back to the neutral value, if the control is one that must not hang."""
        if control_kind(self.source.name).is_settled and self.value != self.source.neutral:
            self.points.append(ControlPoint(at_ticks * SUBTICKS_PER_TICK, self.source.neutral))

    def control(self) -> Control:
        """The new curve."""
        return Control(self.source.name, tuple(self.points))


def default_end(onset_subticks: int, is_drums: bool) -> int:
    """Where a note ends whose onset alone is said: it moves as a whole; a drum is as long as it is written."""
    return onset_subticks + (DRUM_WRITTEN_TICKS - 1) * SUBTICKS_PER_TICK * is_drums
