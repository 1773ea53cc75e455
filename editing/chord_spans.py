"""Changing chords in some bars so that the harmony before and after them stays as it was."""

from collections.abc import Callable
from dataclasses import replace

from editing.where import Where, inside
from scoretok.parts import Chord
from scoretok.sheet import LeadSheet

NO_CHORD = Chord(0, None)


def map_chords(sheet: LeadSheet, where: Where, change: Callable[[Chord], Chord]) -> LeadSheet:
    """Change every chord that sounds in the bars of an edit.

    A chord that rings in from before is stated anew, changed, where the bars begin; one that rings out of
    them is stated anew, unchanged, where they end.
    """
    spans = where.tick_spans(sheet)
    chords = {c.start_ticks: change(c) if inside(c.start_ticks, spans) else c for c in sheet.chords}
    for start, stop in spans:
        before = sheet.chord_at(start)
        if before and before.start_ticks < start and change(before) != before:
            chords[start] = replace(change(before), start_ticks=start)
        after = sheet.chord_at(stop)
        if after and stop < sheet.end_ticks and after.start_ticks < stop and change(after) != after:
            chords.setdefault(stop, replace(after, start_ticks=stop))
    return replace(sheet, chords=tuple(chords.values()))


def restore_harmony(sheet: LeadSheet, chords: dict[int, Chord], tick: int) -> None:
    """State at a tick the chord that `sheet` has there, unless one is stated already."""
    if tick >= sheet.end_ticks or tick in chords:
        return
    wanted = sheet.chord_at(tick) or NO_CHORD
    before = [chord for start, chord in sorted(chords.items()) if start < tick]
    if wanted.root is not None or (before and before[-1].root is not None):
        chords[tick] = replace(wanted, start_ticks=tick)
