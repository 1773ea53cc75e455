"""Edits of time: tempo, quantise, humanise, double and half time."""

import random
from collections.abc import Callable
from dataclasses import replace

from editing.where import Where, fit_notes, map_cells, map_notes, whole_bars_only
from scoretok.bars import join_notes
from scoretok.errors import ScoretokError
from scoretok.parts import DRUM_TICKS, MAX_DURATION_TICKS, Note, Tempo, Track
from scoretok.performance import SUBTICKS_PER_TICK, Control, ControlPoint, Timing, default_end
from scoretok.sheet import LeadSheet

STRAIGHT_TICKS = 3  # a 32nd: what lies between them is a triplet


def set_tempo(sheet: LeadSheet, where: Where, change: Callable[[float], float], flat: bool) -> LeadSheet:
    """Change the tempo of bars; the bars after them keep theirs. `flat` drops the changes inside them."""
    whole_bars_only(where, "tempo")
    tempos = {tempo.start_ticks: tempo for tempo in sheet.tempos}
    for start, stop in where.tick_spans(sheet):
        within = [start, *(t.start_ticks for t in sheet.tempos if start < t.start_ticks < stop)]
        for tick in within:
            if flat and tick != start:
                del tempos[tick]
            else:
                tempos[tick] = Tempo(tick, change(sheet.tempo_at(tick).bpm))
        if stop < sheet.end_ticks:
            tempos.setdefault(stop, Tempo(stop, sheet.tempo_at(stop).bpm))
    return replace(sheet, tempos=tuple(tempos.values()))


def quantise(sheet: LeadSheet, where: Where, grid_ticks: int, strength: float = 1.0) -> LeadSheet:
    """Move onsets to the nearest line of a grid that starts at each bar line, ends with them.

    What is played off the grid goes by as much as `strength` says. No note leaves the bars of the edit: a late one
    goes to the last line inside them.
    """
    spans = where.tick_spans(sheet)

    def change(track: Track, notes: list[Note]) -> list[Note]:
        moved = []
        for note in notes:
            stop = next(span[1] for span in spans if span[0] <= note.start_ticks < span[1])
            start = _nearest(sheet, note.start_ticks, grid_ticks, strength, stop)
            end = _nearest(sheet, note.end_ticks, grid_ticks, strength)
            length = DRUM_TICKS if track.is_drums else max(end - start, min(grid_ticks, note.duration_ticks), 1)
            timing = _scaled_timing(note.timing, 1 - strength, track.is_drums)
            moved.append(
                note._replace(start_ticks=start, duration_ticks=min(length, MAX_DURATION_TICKS), timing=timing)
            )
        return moved

    return map_cells(sheet, where, change)


def _nearest(sheet: LeadSheet, tick: int, grid_ticks: int, strength: float, stop: int | None = None) -> int:
    """A tick moved towards the nearest grid line of its bar, the later one on a draw, before `stop`."""
    bar_start = sheet.bar_starts[sheet.bar_at(tick)]
    line = (2 * (tick - bar_start) + grid_ticks) // (2 * grid_ticks)
    if stop is not None and bar_start + line * grid_ticks >= stop:
        line = (stop - 1 - bar_start) // grid_ticks
    return tick + round((bar_start + line * grid_ticks - tick) * strength)


def _scaled_timing(timing: Timing | None, factor: float, is_drums: bool) -> Timing | None:
    """So much of a timing."""
    if timing is None or factor <= 0:
        return None
    usual = default_end(0, is_drums)
    onset = round(timing.onset_subticks * factor)
    return Timing(onset, round((timing.end_subticks - usual) * factor) + usual)


def humanise(sheet: LeadSheet, where: Where, timing_ticks: float, velocity: int, seed: int) -> LeadSheet:
    """Play notes up to `timing_ticks` early or late and up to `velocity` softer or louder, evenly at random.

    Notes that start together stay together, and none moves on the grid. The same seed gives the same notes.
    """

    def change(track: Track, notes: list[Note]) -> list[Note]:
        chance = random.Random(f"{seed} {track.role} {track.name}")
        most = round(timing_ticks * SUBTICKS_PER_TICK)
        shifts: dict[int, int] = {}
        moved = []
        for note in notes:
            shift = shifts.setdefault(note.start_ticks, chance.randint(-most, most))
            loudness = min(max(note.velocity + chance.randint(-velocity, velocity), 1), 127)
            moved.append(shifted(note, shift, track.is_drums)._replace(velocity=loudness))
        return moved

    return map_cells(sheet, where, change)


def shifted(note: Note, subticks: int, is_drums: bool) -> Note:
    """A note that is played so much later (earlier when negative) as a whole."""
    onset, end = note.timing or (0, default_end(0, is_drums))
    return note._replace(timing=Timing(onset + subticks, end + subticks))


def swing(sheet: LeadSheet, where: Where, share: float, grid_ticks: int) -> LeadSheet:
    """Play the second of each pair of notes of a grid late: it begins at so large a share of the pair (0.5: straight).

    Notes lie on the grid as before; what is played between the lines moves in proportion, triplets stay, and nothing
    else of the playing does. A triplet swing of eighths has share 2/3.
    """
    pair = 2 * grid_ticks

    def later(tick: int) -> int:
        place = (tick - sheet.bar_starts[sheet.bar_at(tick)]) % pair
        if place % STRAIGHT_TICKS:
            return 0
        swung = place * share / 0.5 if place <= grid_ticks else pair - (pair - place) * (1 - share) / 0.5
        return round((swung - place) * SUBTICKS_PER_TICK)

    def change(track: Track, note: Note) -> Note:
        onset = later(note.start_ticks)
        end = default_end(onset, True) if track.is_drums else later(note.end_ticks)
        return note._replace(timing=Timing(onset, end))

    return map_notes(sheet, where, change)


def double_time(sheet: LeadSheet, where: Where) -> LeadSheet:
    """Let a passage sound twice as fast: every length halves, and two bars become one."""
    run = _run(sheet, where, "double time")
    if len(run) % 2:
        raise ScoretokError(f"double time needs an even number of bars, and {len(run)} are named")
    return _scaled(sheet, run, len(run) // 2, 0.5)


def half_time(sheet: LeadSheet, where: Where) -> LeadSheet:
    """Let a passage sound half as fast: every length doubles, and one bar becomes two."""
    run = _run(sheet, where, "half time")
    return _scaled(sheet, run, 2 * len(run), 2)


def _run(sheet: LeadSheet, where: Where, verb: str) -> range:
    whole_bars_only(where, verb)
    run = where.one_run(sheet, verb)
    lengths = {sheet.bar_starts[bar + 1] - sheet.bar_starts[bar] for bar in run}
    if len(lengths) > 1 or (run.start == 0 and sheet.pickup_ticks):
        raise ScoretokError(f"{verb} needs bars of one length; name bars without a pickup or a change of meter")
    return run


class _Stretch:
    """Where bars and ticks go when a passage takes `count` bars instead of its own."""

    def __init__(self, sheet: LeadSheet, run: range, count: int, factor: float) -> None:
        self.run, self.factor = run, factor
        self.start, self.stop = sheet.bar_starts[run.start], sheet.bar_starts[run.stop]
        self.more_bars = count - len(run)
        self.new_stop = self.start + round((self.stop - self.start) * factor)

    def tick(self, tick: int) -> int:
        if tick < self.start:
            return tick
        if tick >= self.stop:
            return tick + self.new_stop - self.stop
        return self.start + round((tick - self.start) * self.factor)

    def bar(self, bar: int) -> int:
        if bar < self.run.start:
            return bar
        if bar >= self.run.stop:
            return bar + self.more_bars
        return self.run.start + int((bar - self.run.start) * self.factor)

    def note(self, track: Track, note: Note) -> Note:
        length = note.duration_ticks
        inner = self.start <= note.start_ticks < self.stop
        if inner and not track.is_drums:
            length = min(max(round(length * self.factor), 1), MAX_DURATION_TICKS)
        timing = _scaled_timing(note.timing, self.factor if inner else 1.0, track.is_drums)
        return note._replace(start_ticks=self.tick(note.start_ticks), duration_ticks=length, timing=timing)

    def control(self, control: Control) -> Control:
        """A curve, which goes with the music."""
        points = tuple(ControlPoint(self._subtick(at), value) for at, value in control.points)
        return replace(control, points=points)

    def _subtick(self, at: int) -> int:
        start, stop, new_stop = (tick * SUBTICKS_PER_TICK for tick in (self.start, self.stop, self.new_stop))
        if at < start:
            return at
        return at + new_stop - stop if at >= stop else start + round((at - start) * self.factor)


def _scaled(sheet: LeadSheet, run: range, count: int, factor: float) -> LeadSheet:
    """Replace bars by `count` bars that hold the same music, its ticks times `factor`."""
    to = _Stretch(sheet, run, count, factor)
    tracks = []
    for track in sheet.tracks:
        inner = [to.note(track, n) for n in track.notes if to.start <= n.start_ticks < to.stop]
        outer = [to.note(track, n) for n in track.notes if not to.start <= n.start_ticks < to.stop]
        notes = fit_notes(join_notes(outer), inner, [(to.start, to.new_stop)])
        tracks.append(replace(track, notes=notes, controls=tuple(map(to.control, track.controls))))
    # Of entries that fall together the last one holds.
    tempos = {to.tick(tempo.start_ticks): tempo for tempo in sheet.tempos}
    chords = {to.tick(chord.start_ticks): chord for chord in sheet.chords}
    meters = {to.bar(meter.bar): meter for meter in sheet.meters}
    keys = {to.bar(key.bar): key for key in sheet.keys}
    sections = {to.bar(section.bar): section for section in sheet.sections}
    return replace(
        sheet,
        bar_count=sheet.bar_count + to.more_bars,
        tracks=tuple(tracks),
        tempos=tuple(replace(tempo, start_ticks=tick) for tick, tempo in tempos.items()),
        chords=tuple(replace(chord, start_ticks=tick) for tick, chord in chords.items()),
        meters=tuple(replace(meter, bar=bar) for bar, meter in meters.items()),
        keys=tuple(replace(key, bar=bar) for bar, key in keys.items()),
        sections=tuple(replace(section, bar=bar) for bar, section in sections.items()),
    )
