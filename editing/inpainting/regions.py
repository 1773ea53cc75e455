"""Regions to regenerate: (track, bar) cells whose sound an edit changes.

Axes: m notes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from scoretok.difference import MAPS, Difference
from scoretok.errors import ScoretokError
from scoretok.parts import Note
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
        if notes_in_bar(before, cell.track, cell.before_bar) != notes_in_bar(after, cell.track, cell.after_bar)
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


def notes_in_bar(sheet: LeadSheet, track_id: str, bar: int) -> set[tuple[int, int, int, int]]:
    """(start, end, pitch, velocity) of what begins in a bar of a track, in ticks from the bar line."""
    start, stop = sheet.bar_starts[bar], sheet.bar_starts[bar + 1]
    return {
        (note.start_ticks - start, note.end_ticks - start, note.pitch, note.velocity)
        for note in audible_notes(sheet, track_id)
        if start <= note.start_ticks < stop
    }


def _played_bars(sheet: LeadSheet, track_id: str) -> set[int]:
    """Bars in which notes of a track begin."""
    if track_id not in sheet.tracks_by_id:
        return set()
    return {sheet.bar_at(note.start_ticks) for note in sheet.tracks_by_id[track_id].notes}


def _sounding_bars(sheet: LeadSheet, track_id: str) -> set[int]:
    """Bars in which notes of a track begin or go on."""
    notes = audible_notes(sheet, track_id)
    return {bar for n in notes for bar in range(sheet.bar_at(n.start_ticks), sheet.bar_at(n.end_ticks - 1) + 1)}


def held_over_s(sheet: LeadSheet, track_id: str, bar: int) -> float:
    """How many seconds of a bar notes of a track ring that began before it."""
    line = sheet.bar_starts[bar]
    ends = [note.end_ticks for note in audible_notes(sheet, track_id) if note.start_ticks < line < note.end_ticks]
    return sheet.seconds_at(max(ends)) - sheet.seconds_at(line) if ends else 0.0


def check_related(before: LeadSheet, after: LeadSheet, pairs: Mapping[int, int]) -> None:
    """Raise ScoretokError when two scores have not even the rhythm of one bar of one track in common."""
    for new, old in pairs.items():
        for track_id in set(before.track_ids) & set(after.track_ids):
            rhythms = [{note[0] for note in notes_in_bar(s, track_id, bar)} for s, bar in ((before, old), (after, new))]
            if rhythms[0] and rhythms[0] == rhythms[1]:
                return
    raise ScoretokError("--before and --after have no bar in common; --after must be an edit of --before")
