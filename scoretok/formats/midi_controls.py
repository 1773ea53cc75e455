"""Pedals, bends and controllers of a MIDI file as the curves of its tracks, and back (MIDI 1.0; RP-015 for resets).

A controller acts on its channel: every track of the channel gets the curve, whichever track of the file it stands in.
Where events fall together, notes end first, then controllers move, then notes begin.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from scoretok.errors import warn
from scoretok.formats.midi_events import CONTROL, META, NOTE_OFF, NOTE_ON, PROGRAM, MidiEvent
from scoretok.formats.midi_notes import GridPlaces
from scoretok.numbers import whole
from scoretok.parts import TICKS_PER_QUARTER
from scoretok.performance import (
    CONTROL_KINDS,
    NAMED_CONTROLLERS,
    SUBTICKS_PER_TICK,
    WITHOUT_CURVE,
    Control,
    ControlPoint,
    control_kind,
    in_order,
)

KEY_PRESSURE, PRESSURE, BEND = 0xA0, 0xD0, 0xE0
PORT, OWN_META = 0x21, 0x7F  # meta events: the port that a track plays on, and what a program says to itself
GRID_MARK = b"\x7dscoretok grid "  # 0x7d stands for no maker
SUBTICKS_PER_QUARTER = TICKS_PER_QUARTER * SUBTICKS_PER_TICK
DATA_ENTRY, DATA_ENTRY_FINE, RESET = 6, 38, 121
PARAMETERS = (98, 99, 100, 101)  # numbers of what data entry sets: NRPN, RPN
CURVED = (CONTROL, PRESSURE, BEND)
RESET_BY_121 = tuple(name for name, kind in CONTROL_KINDS.items() if kind.is_settled)


class PartPlace(NamedTuple):
    """Where the notes of a part stand in a file: its track, the channel and the program."""

    track: int
    channel: int
    program: int


def part_places(tracks: list[list[MidiEvent]]) -> list[PartPlace]:
    """The parts of a file that have whole notes in the order of symusic: by track, channel and program."""
    found = set()
    for number, track in enumerate(tracks):
        programs: dict[int, int] = {}
        begun: dict[tuple[int, int], int] = {}  # the program that a note began with
        for _, status, _, data in track:
            command, channel = status & 0xF0, status & 0x0F
            if command == NOTE_ON and data[1]:
                begun.setdefault((channel, data[0]), programs.get(channel, 0))
            elif command in (NOTE_ON, NOTE_OFF) and (channel, data[0]) in begun:
                found.add(PartPlace(number, channel, begun.pop((channel, data[0]))))
            elif command == PROGRAM:
                programs[channel] = data[0]
    return sorted(found)


def has_controls(tracks: list[list[MidiEvent]]) -> bool:
    """Whether anything in a file moves a pedal, a bend or a controller, or presses a key."""
    statuses = {event[1] for track in tracks for event in track}
    return any(status & 0xF0 in (*CURVED, KEY_PRESSURE) for status in statuses if status < 0xF0)


def read_controls(
    tracks: list[list[MidiEvent]], places: list[PartPlace], division: int, is_ours: bool
) -> list[tuple[Control, ...]]:
    """The controls of each of `places`. A file that we wrote has those of a track in that track alone."""
    ports = [_port(track) for track in tracks]

    def channel_of(number: int, channel: int) -> tuple[int, int]:
        return (number if is_ours else ports[number], channel)

    channels: dict[tuple[int, int], _Channel] = {}
    dropped: Counter[str] = Counter()
    scale = SUBTICKS_PER_QUARTER / division
    for number, event in _in_time(tracks):
        key = channel_of(number, event.channel)
        dropped[channels.setdefault(key, _Channel()).take(round(event.tick * scale), event)] += 1
    _warn_of(dropped)
    curves = {key: channel.controls() for key, channel in channels.items()}
    return [curves.get(channel_of(place.track, place.channel), ()) for place in places]


def _in_time(tracks: list[list[MidiEvent]]) -> Iterator[tuple[int, MidiEvent]]:
    """The events of controllers with the number of their track, in the order in which they act."""
    events = [
        (event.tick, number, place, event)
        for number, track in enumerate(tracks)
        for place, event in enumerate(track)
        if event.status < 0xF0 and event.command in (*CURVED, KEY_PRESSURE)
    ]
    return ((number, event) for _, number, _, event in sorted(events))


def _port(track: list[MidiEvent]) -> int:
    """The port that a track of the file plays on."""
    return next((e.data[0] for e in track if e.status == META and e.kind == PORT and e.data), 0)


def _warn_of(dropped: Counter[str]) -> None:
    counts = [f"{count} {what}" for what, count in dropped.items() if what]
    if counts:
        warn(f"{' and '.join(counts)} were dropped", "dropped")


class _Channel:
    """The curves of a channel so far, and the parameter that data entry sets."""

    def __init__(self) -> None:
        self.points: dict[str, list[ControlPoint]] = {}
        self.parameter: list[int | None] = [None, None]  # RPN, coarse and fine

    def take(self, at: int, event: MidiEvent) -> str:
        """Move on by one event; what it is called that no score holds, or nothing."""
        data = event.data
        if event.command == KEY_PRESSURE:
            return "key pressures"
        if event.command == BEND:
            self._add("bend", at, data[0] + 128 * data[1] - 8192)
        elif event.command == PRESSURE:
            self._add("pressure", at, data[0])
        else:
            return self._take_controller(at, data[0], data[1])
        return ""

    def _take_controller(self, at: int, number: int, value: int) -> str:
        if number in PARAMETERS:
            self.parameter[number % 2 == 0] = value if number >= 100 else None
        elif number in (DATA_ENTRY, DATA_ENTRY_FINE):
            if self.parameter != [0, 0]:
                return "parameters" * (None in self.parameter or self.parameter != [127, 127])
            semitones, cents = divmod(self._last("bend-range"), 100)
            cents = 100 * value + cents if number == DATA_ENTRY else 100 * semitones + min(value, 99)
            if number == DATA_ENTRY_FINE and self.points.get("bend-range", [ControlPoint(-1, 0)])[-1][0] == at:
                del self.points["bend-range"][-1]
            self._add("bend-range", at, cents)
        elif number == RESET:
            for name in RESET_BY_121:
                if name in self.points and self._last(name) != CONTROL_KINDS[name].neutral:
                    self._add(name, at, CONTROL_KINDS[name].neutral)
        elif number not in WITHOUT_CURVE:
            self._add(NAMED_CONTROLLERS.get(number, f"cc{number}"), at, value)
        elif number in (0, 32) and value:
            return "changes of bank"
        return ""

    def _last(self, name: str) -> int:
        return self.points[name][-1].value if self.points.get(name) else CONTROL_KINDS[name].neutral

    def _add(self, name: str, at: int, value: int) -> None:
        self.points.setdefault(name, []).append(ControlPoint(at, value))

    def controls(self) -> tuple[Control, ...]:
        return in_order(Control(name, tuple(points)) for name, points in self.points.items())


def grid_places(track: list[MidiEvent]) -> GridPlaces:
    """What a track that we wrote says of notes that would be read elsewhere than they lie. Raises ScoretokError."""
    said = (e.data for e in track if e.status == META and e.kind == OWN_META and e.data.startswith(GRID_MARK))
    words = (word for data in said for word in data.removeprefix(GRID_MARK).decode("ascii", "replace").split())
    numbers = [whole(word) for word in words]
    rows = zip(*[iter(numbers)] * 4, strict=False)
    return {(onset, pitch): (start, duration) for onset, pitch, start, duration in rows}


def grid_event(places: GridPlaces) -> MidiEvent:
    """The event that says these places: numbers in decimals."""
    numbers = [number for (onset, pitch), grid in places.items() for number in (onset, pitch, *grid)]
    return MidiEvent(0, META, OWN_META, GRID_MARK + b" ".join(b"%d" % number for number in numbers))


def control_events(controls: Iterable[Control], channel: int, ticks_per_quarter: int) -> list[MidiEvent]:
    """The events of a track's controls, in order."""
    events = []
    for control in controls:
        for at, value in control.points:
            tick = at * ticks_per_quarter // SUBTICKS_PER_QUARTER
            events += [MidiEvent(tick, status | channel, 0, data) for status, data in _messages(control.name, value)]
    return sorted(events, key=lambda event: event.tick)


def _messages(name: str, value: int) -> list[tuple[int, bytes]]:
    if name == "bend":
        return [(BEND, bytes([(value + 8192) & 127, (value + 8192) >> 7]))]
    if name == "pressure":
        return [(PRESSURE, bytes([value]))]
    if name == "bend-range":
        settings = ((101, 0), (100, 0), (6, value // 100), (38, value % 100), (101, 127), (100, 127))
        return [(CONTROL, bytes(setting)) for setting in settings]
    number = control_kind(name).controller
    return [(CONTROL, bytes([number or 0, value]))]


def on_port(track: list[MidiEvent], port: int, channel: int) -> list[MidiEvent]:
    """A written track on a channel of a port."""
    moved = [e if e.status >= 0xF0 else e._replace(status=e.command | channel) for e in track]
    return [MidiEvent(0, META, PORT, bytes([port])), *moved] if port else moved


def with_controls(track: list[MidiEvent], controls: Iterable[Control], ticks_per_quarter: int) -> list[MidiEvent]:
    """A written track with its controls among its events."""
    channel = next((event.channel for event in track if event.command == NOTE_ON), 0)
    *events, end = track
    events = sorted(
        (*events, *control_events(controls, channel, ticks_per_quarter)), key=lambda event: (event.tick, _rank(event))
    )
    return [*events, end._replace(tick=max(end.tick, events[-1].tick))]


def _rank(event: MidiEvent) -> int:
    """0 for what sets a track up, then notes that end (1), controllers (2) and notes that begin (3)."""
    return 0 if event.status == META else {NOTE_OFF: 1, NOTE_ON: 3, PROGRAM: 0}.get(event.command, 2)
