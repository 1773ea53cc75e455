"""Regions to regenerate: (track, bar) cells whose sound an edit changes.

Axes: m notes.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from renderer.pedals import sounding_spans_ticks
from scoretok.difference import MAPS, Difference
from scoretok.errors import ScoretokError
from scoretok.parts import Note
from scoretok.performance import MIXED_CONTROLS, BarControl
from scoretok.sheet import LeadSheet

AUDIBLE_CHANGES = ("program", "muted", "added", "removed")  # changes of a track that are heard in all of it


@dataclass(frozen=True)
class Region:
    """Neighbouring bars of one track that sound anew, counted from 0 as in the score after the edit."""

    track_id: str
    bars: range


def audible_regions(
    difference: Difference, before: LeadSheet, after: LeadSheet, new_bars: Collection[int] = ()
) -> list[Region]:
    """The cells whose sound an edit changes; words, and names of chords, keys and sections, are not heard.

    All tracks sound anew in `new_bars`, those that were not there or whose time runs otherwise. A track whose
    program or mute changed, or that came or went, sounds anew wherever it has notes.
    """
    cells = {
        (cell.track, cell.after_bar)
        for cell in difference.cells
        if cell.track not in MAPS and cell.before_bar is not None and cell.after_bar is not None
        if any(
            find(before, cell.track, cell.before_bar) != find(after, cell.track, cell.after_bar)
            for find in (notes_in_bar, audible_controls_in)
        )
    }
    whole = {
        name for name, _, what in (header.partition(" ") for header in difference.headers) if what in AUDIBLE_CHANGES
    }
    for track_id in whole:
        for sheet in (before, after):
            cells |= {(track_id, bar) for bar in _played_bars(sheet, track_id)}
    cells |= {(name, bar) for name in after.track_ids for bar in _sounding_bars(after, name) & set(new_bars)}
    names = {name for name, _ in cells if is_audible(before, name) or is_audible(after, name)}
    return join_cells((name, bar) for name, bar in cells if bar < after.bar_count and name in names)


def chosen_regions(sheet: LeadSheet, spans: Sequence[range], tracks: Sequence[int]) -> list[Region]:
    """Bars of some tracks, for another take of a score that stays as it is. Raises ScoretokError for empty ones."""
    bars = {bar for span in spans for bar in span}
    names = [sheet.track_ids[track] for track in tracks]
    kept = [(name, bar) for name in names for bar in _sounding_bars(sheet, name) & bars]
    if not kept:
        raise ScoretokError("nothing sounds in the bars and tracks that were named; name others")
    return join_cells(kept)


def join_cells(cells: Iterable[tuple[str, int]]) -> list[Region]:
    """Cells as regions: neighbouring bars of a track become one."""
    regions: list[Region] = []
    for name, bar in sorted(set(cells)):
        if regions and regions[-1].track_id == name and regions[-1].bars.stop == bar:
            regions[-1] = Region(name, range(regions[-1].bars.start, bar + 1))
        else:
            regions.append(Region(name, range(bar, bar + 1)))
    return regions


def is_audible(sheet: LeadSheet, track_id: str) -> bool:
    """Whether a track exists and is not muted."""
    return track_id in sheet.tracks_by_id and not sheet.tracks_by_id[track_id].muted


def audible_notes(sheet: LeadSheet, track_id: str) -> tuple[Note, ...]:
    """The notes of a track, none when it is muted or not there."""
    return sheet.tracks_by_id[track_id].notes if is_audible(sheet, track_id) else ()


def notes_in_bar(sheet: LeadSheet, track_id: str, bar: int) -> set[tuple[float, float, int, int]]:
    """(start, end, pitch, velocity) of what begins in a bar of a track, in ticks from the bar line, as it is played."""
    start, stop = sheet.bar_starts[bar], sheet.bar_starts[bar + 1]
    return {
        (begin - start, end - start, note.pitch, note.velocity)
        for note, begin, end in audible_spans(sheet, track_id)
        if start <= note.start_ticks < stop
    }


def audible_spans(sheet: LeadSheet, track_id: str) -> list[tuple[Note, float, float]]:
    """The notes of a track, none when it is muted or not there, and when they begin and end to sound, in ticks."""
    if not is_audible(sheet, track_id):
        return []
    track = sheet.tracks_by_id[track_id]
    return [(note, *span) for note, span in zip(track.notes, sounding_spans_ticks(sheet, track), strict=True)]


def audible_controls_in(sheet: LeadSheet, track_id: str, bar: int) -> tuple[BarControl, ...]:
    """What the controls of a track do in a bar that are heard in its stem."""
    if not is_audible(sheet, track_id):
        return ()
    return tuple(one for one in sheet.controls_in(sheet.tracks_by_id[track_id], bar) if one.name not in MIXED_CONTROLS)


def _played_bars(sheet: LeadSheet, track_id: str) -> set[int]:
    """Bars in which notes of a track begin."""
    if track_id not in sheet.tracks_by_id:
        return set()
    return {sheet.bar_at(note.start_ticks) for note in sheet.tracks_by_id[track_id].notes}


def _sounding_bars(sheet: LeadSheet, track_id: str) -> set[int]:
    """Bars in which notes of a track begin or go on."""
    return {bar for span in audible_spans(sheet, track_id) for bar in bars_of_span(sheet, *span)}


def bars_of_span(sheet: LeadSheet, note: Note, start_ticks: float, end_ticks: float) -> range:
    """The bars that a note is heard in."""
    first = min(sheet.bar_at(note.start_ticks), sheet.bar_at(int(start_ticks)))
    return range(first, max(first, sheet.bar_at(math.ceil(end_ticks) - 1)) + 1)


def held_over_s(sheet: LeadSheet, track_id: str, bar: int) -> float:
    """How many seconds of a bar notes of a track ring that began before it."""
    line = sheet.bar_starts[bar]
    ends = [end for note, _, end in audible_spans(sheet, track_id) if note.start_ticks < line < end]
    return sheet.seconds_at(max(ends)) - sheet.seconds_at(line) if ends else 0.0


def check_related(before: LeadSheet, after: LeadSheet, pairs: Mapping[int, int]) -> None:
    """Raise ScoretokError when two scores have not even the rhythm of one bar of one track in common."""
    for new, old in pairs.items():
        for track_id in set(before.track_ids) & set(after.track_ids):
            rhythms = [{note[0] for note in notes_in_bar(s, track_id, bar)} for s, bar in ((before, old), (after, new))]
            if rhythms[0] and rhythms[0] == rhythms[1]:
                return
    raise ScoretokError("--before and --after have no bar in common; --after must be an edit of --before")
