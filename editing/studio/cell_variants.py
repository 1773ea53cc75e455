"""What was written for the same cells of a score: variants, of which one stands in the score and none is lost.

A cell is a (track id, bar); its notes are counted from the bar line.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from editing.studio.gestures import check_bar, find_track, lay_over
from editing.studio.takes import note_of
from scoretok.parts import Note
from scoretok.sheet import LeadSheet

Cell = tuple[str, int]
CellNotes = Mapping[Cell, tuple[Note, ...]]


@dataclass(frozen=True)
class Variant:
    """The notes of some cells, by a name for people."""

    name: str
    notes: CellNotes

    def to_dict(self) -> dict[str, Any]:
        """For the journal."""
        return {"name": self.name, "cells": [[track, bar, notes] for (track, bar), notes in sorted(self.notes.items())]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """From the journal."""
        return cls(data["name"], {(t, bar): tuple(note_of(row) for row in rows) for t, bar, rows in data["cells"]})

    def stands_in(self, sheet: LeadSheet) -> bool:
        """Whether a score has just these notes there."""
        return all(bar < sheet.bar_count and track in sheet.track_ids for track, bar in self.notes) and (
            cell_notes(sheet, self.notes.keys()) == self.notes
        )


def cell_notes(sheet: LeadSheet, cells: Collection[Cell]) -> dict[Cell, tuple[Note, ...]]:
    """The notes that begin in some cells. Raises ScoretokError for cells that are not there."""
    found = {}
    for track_id, bar in cells:
        number, start = find_track(sheet, track_id)[0], _start(sheet, bar)
        notes = sheet.notes_in(number, bar)
        found[track_id, bar] = tuple(note._replace(start_ticks=note.start_ticks - start) for note in notes)
    return found


def with_cell_notes(sheet: LeadSheet, notes: CellNotes) -> LeadSheet:
    """The score with other notes in some cells; what rings into them gives way. Raises ScoretokError."""
    tracks = list(sheet.tracks)
    for track_id in dict.fromkeys(track for track, _ in notes):
        number, track = find_track(sheet, track_id)
        bars = {bar for name, bar in notes if name == track_id}
        kept = [note for note in track.notes if sheet.bar_at(note.start_ticks) not in bars]
        fresh = [
            note._replace(start_ticks=note.start_ticks + _start(sheet, bar))
            for bar in sorted(bars)
            for note in notes[track_id, bar]
        ]
        tracks[number] = replace(track, notes=tuple(lay_over(kept, fresh)))
    return sheet.with_tracks(tracks)


def _start(sheet: LeadSheet, bar: int) -> int:
    check_bar(sheet, bar)
    return sheet.bar_starts[bar]
