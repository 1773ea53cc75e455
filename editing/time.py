"""Edits of time: tempo, quantise, humanise, double and half time."""

import random
from collections.abc import Callable
from dataclasses import replace

from editing.where import Where, fit_notes, map_cells, whole_bars_only
from scoretok.bars import rearrange_bars
from scoretok.errors import ScoretokError
from scoretok.parts import DRUM_TICKS, MAX_DURATION_TICKS, Note, Tempo, Track
from scoretok.sheet import LeadSheet


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
    """Move onsets to the nearest line of a grid that starts at each bar line, ends with them."""

    def change(track: Track, notes: list[Note]) -> list[Note]:
        moved = []
        for note in notes:
            start = _nearest(sheet, note.start_ticks, grid_ticks, strength)
            end = _nearest(sheet, note.end_ticks, grid_ticks, strength)
            length = DRUM_TICKS if track.is_drums else max(end - start, min(grid_ticks, note.duration_ticks), 1)
            if start < sheet.end_ticks:
                moved.append(note._replace(start_ticks=start, duration_ticks=min(length, MAX_DURATION_TICKS)))
        return moved

    return map_cells(sheet, where, change)


def _nearest(sheet: LeadSheet, tick: int, grid_ticks: int, strength: float) -> int:
    bar_start = sheet.bar_starts[sheet.bar_at(tick)]
    target = bar_start + round((tick - bar_start) / grid_ticks) * grid_ticks
    return tick + round((target - tick) * strength)


def humanise(sheet: LeadSheet, where: Where, timing_ticks: int, velocity: int, seed: int) -> LeadSheet:
    """Move onsets by up to `timing_ticks` and velocities by up to `velocity`, evenly at random.

    Notes that start together stay together; none leaves the bars of the edit. The same seed gives the
    same notes.
    """
    spans = where.tick_spans(sheet)

    def change(track: Track, notes: list[Note]) -> list[Note]:
        chance = random.Random(f"{seed} {track.role} {track.name}")
        shifts: dict[int, int] = {}
        moved = []
        for note in notes:
            start, stop = next(span for span in spans if span[0] <= note.start_ticks < span[1])
            shift = shifts.setdefault(note.start_ticks, chance.randint(-timing_ticks, timing_ticks))
            begin = min(max(note.start_ticks + shift, start), stop - 1)
            loudness = min(max(note.velocity + chance.randint(-velocity, velocity), 1), 127)
            moved.append(note._replace(start_ticks=begin, velocity=loudness))
        return moved

    return map_cells(sheet, where, change)


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
    if len(lengths) > 1:
        raise ScoretokError(f"{verb} needs bars of one length; name bars without a pickup or a change of meter")
    return run


def _scaled(sheet: LeadSheet, run: range, count: int, factor: float) -> LeadSheet:
    """Replace bars by `count` bars that hold the same music, its ticks times `factor`."""
    order = [*range(run.stop), *[run.stop - 1] * max(count - len(run), 0), *range(run.stop, sheet.bar_count)]
    kept = order[: run.start + count] + order[run.start + max(count, len(run)) :]
    frame = rearrange_bars(sheet, kept)
    start, stop = sheet.bar_starts[run.start], sheet.bar_starts[run.stop]
    new_stop = start + round((stop - start) * factor)

    def moved(tick: int) -> int:
        return start + round((tick - start) * factor)

    def scaled_map(old: tuple, new: tuple) -> tuple:
        outside = [entry for entry in new if not start <= entry.start_ticks < new_stop]
        inner = {moved(e.start_ticks): e for e in old if start <= e.start_ticks < stop}
        return (*outside, *(replace(entry, start_ticks=tick) for tick, entry in inner.items()))

    tracks = []
    for track, framed in zip(sheet.tracks, frame.tracks, strict=True):
        outside = [note for note in framed.notes if not start <= note.start_ticks < new_stop]
        inner = [
            note._replace(
                start_ticks=moved(note.start_ticks),
                duration_ticks=DRUM_TICKS
                if track.is_drums
                else min(max(round(note.duration_ticks * factor), 1), MAX_DURATION_TICKS),
            )
            for note in track.notes
            if start <= note.start_ticks < stop
        ]
        tracks.append(replace(framed, notes=fit_notes(outside, inner)))
    sections = [section for section in frame.sections if not run.start <= section.bar < run.start + count]
    sections += [
        replace(section, bar=run.start + int((section.bar - run.start) * factor))
        for section in {int((s.bar - run.start) * factor): s for s in sheet.sections if s.bar in run}.values()
    ]
    return replace(
        frame,
        tracks=tuple(tracks),
        chords=scaled_map(sheet.chords, frame.chords),
        tempos=scaled_map(sheet.tempos, frame.tempos),
        sections=tuple(sections),
    )
