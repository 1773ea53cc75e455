"""Edits of expression: pedals, bends, volume, pan and other controls, crescendi, and the performance as a whole."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from editing.where import Where, map_notes
from scoretok.errors import ScoretokError
from scoretok.parts import Note, Track
from scoretok.performance import (
    PEDALS,
    SUBTICKS_PER_TICK,
    Control,
    ControlPoint,
    control_kind,
    named,
    replaced,
    settled_in,
    with_control,
)
from scoretok.sheet import LeadSheet

RAMP_TICKS = 3  # between the steps of a control that moves evenly
LIFT_TICKS = 2  # how long the pedal is up where the harmony changes: legato pedalling; set by hand
WHEEL = 8192


def set_control(sheet: LeadSheet, where: Where, name: str, first: int, last: int | None = None) -> LeadSheet:
    """Put a control at a value, or let it move evenly to another over each run of bars; behind them it is as before.

    Without bars, the value holds from the beginning on.
    """

    def points(start: int, stop: int) -> Sequence[ControlPoint]:
        ticks = range(start, stop, RAMP_TICKS) if last is not None else (start,)
        aim = first if last is None else last
        steps = [(tick - start) / max(1, stop - RAMP_TICKS - start) for tick in ticks]
        return _moves(
            ControlPoint(tick * SUBTICKS_PER_TICK, round(first + (aim - first) * min(step, 1.0)))
            for tick, step in zip(ticks, steps, strict=True)
        )

    return _map_control(sheet, where, name, points)


def _moves(points: Iterable[ControlPoint]) -> list[ControlPoint]:
    """Points without those that repeat the value before them."""
    kept: list[ControlPoint] = []
    for point in points:
        if not kept or kept[-1].value != point.value:
            kept.append(point)
    return kept


def clear_control(sheet: LeadSheet, where: Where, name: str) -> LeadSheet:
    """Take a control away, or leave it at rest in some bars."""
    neutral = control_kind(name).neutral
    return _map_control(sheet, where, name, lambda start, _: [ControlPoint(start * SUBTICKS_PER_TICK, neutral)])


def bend(sheet: LeadSheet, where: Where, first_cents: int, last_cents: int | None = None) -> LeadSheet:
    """Bend tracks by cents, or from one distance to another; the range of the wheel grows where it is too small."""
    made = sheet
    for number in where.track_numbers(sheet):
        if where.tracks is None and sheet.tracks[number].is_drums:
            continue
        here = Where(where.spans, (number,))
        reach = max(abs(first_cents), abs(last_cents or 0))
        ranges = named(sheet.tracks[number].controls, "bend-range")
        widest = max([ranges.neutral, *(value for _, value in ranges.points)])
        if reach > widest:
            made = _with_bend_range(made, number, -(-reach // 100) * 100)
            widest = -(-reach // 100) * 100
        elif any(value != widest for _, value in ranges.points):
            made = _with_bend_range(made, number, widest)
        wheel = [
            None if cents is None else max(-WHEEL, min(WHEEL - 1, round(cents * WHEEL / widest)))
            for cents in (first_cents, last_cents)
        ]
        made = set_control(made, here, "bend", wheel[0] or 0, wheel[1])
    return made


def _with_bend_range(sheet: LeadSheet, number: int, cents: int) -> LeadSheet:
    """A track whose wheel reaches so far everywhere; what it bends stays where it was."""
    track = sheet.tracks[number]
    old, wheel = named(track.controls, "bend-range"), named(track.controls, "bend")
    points = tuple(
        ControlPoint(at, max(-WHEEL, min(WHEEL - 1, round(value * old.value_at(at) / cents))))
        for at, value in wheel.points
    )
    controls = with_control(track.controls, replace(wheel, points=points))
    controls = with_control(controls, replace(old, points=(ControlPoint(0, cents),)))
    return _with_track(sheet, number, replace(track, controls=controls))


def pedal(sheet: LeadSheet, where: Where) -> LeadSheet:
    """Pedal as pianists do: down after every change of harmony, or every bar line, and up at the next."""

    def points(start: int, stop: int) -> list[ControlPoint]:
        changes = {chord.start_ticks for chord in sheet.chords} | set(sheet.bar_starts)
        lines = sorted({start, *(tick for tick in changes if start < tick < stop)})
        found = []
        for line in lines:
            found.append(ControlPoint(line * SUBTICKS_PER_TICK, 0))
            if line + LIFT_TICKS < stop:
                found.append(ControlPoint((line + LIFT_TICKS) * SUBTICKS_PER_TICK, 127))
        return [*found, ControlPoint((stop * SUBTICKS_PER_TICK) - 1, 0)]

    return _map_control(sheet, where, "pedal", points)


def _map_control(
    sheet: LeadSheet, where: Where, name: str, points: Callable[[int, int], Sequence[ControlPoint]]
) -> LeadSheet:
    """Replace a control of tracks by points for spans in ticks; behind each span it is as before."""
    if name in PEDALS and where.tracks is None and not any(not track.is_drums for track in sheet.tracks):
        raise ScoretokError(f"{name}: the score has no track that a pedal is for")
    tracks = list(sheet.tracks)
    for number in where.track_numbers(sheet):
        track = tracks[number]
        if name in (*PEDALS, "bend") and track.is_drums and where.tracks is None:
            continue
        control = named(track.controls, name)
        if where.spans is None:
            control = Control(name, tuple(points(0, sheet.end_ticks)))
            at_rest = all(value == control.neutral for _, value in control.points)
            control = Control(name, ()) if at_rest else control
        else:
            for start, stop in where.tick_spans(sheet):
                spans = (start * SUBTICKS_PER_TICK, stop * SUBTICKS_PER_TICK)
                control = replaced(control, *spans, points(start, stop))
        tracks[number] = replace(track, controls=with_control(track.controls, control))
    return sheet.with_tracks(tracks)


def _with_track(sheet: LeadSheet, number: int, track: Track) -> LeadSheet:
    return sheet.with_tracks(track if other == number else old for other, old in enumerate(sheet.tracks))


def crescendo(sheet: LeadSheet, where: Where, first: int, last: int) -> LeadSheet:
    """Let velocities grow (or fall) evenly from one to another over each run of bars."""
    spans = where.tick_spans(sheet)

    def change(_: Track, note: Note) -> Note:
        start, stop = next(span for span in spans if span[0] <= note.start_ticks < span[1])
        share = (note.start_ticks - start) / max(1, stop - start - 1)
        return note._replace(velocity=round(first + (last - first) * share))

    return map_notes(sheet, where, change)


def plain(sheet: LeadSheet, where: Where) -> LeadSheet:
    """Take the performance away: notes lie on the grid, and no pedal, bend or controller moves."""
    made = map_notes(sheet, where, lambda _, note: note._replace(timing=None))
    spans = where.tick_spans(sheet)
    tracks = list(made.tracks)
    for number in where.track_numbers(sheet):
        controls = () if where.spans is None else settled_in(made.tracks[number].controls, spans, levels_too=True)
        tracks[number] = replace(made.tracks[number], controls=controls)
    return made.with_tracks(tracks)
