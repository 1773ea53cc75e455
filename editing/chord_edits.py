"""Edits of harmony: set, substitute and remove chords, and move notes onto them."""

from collections.abc import Sequence
from dataclasses import replace

from editing.chord_spans import map_chords, restore_harmony
from editing.where import Where, inside, map_cells, whole_bars_only
from scoretok.chord_chart import ChartBar, place_chords
from scoretok.parts import Chord, Note, Track
from scoretok.sheet import LeadSheet

ACCOMPANYING = ("piano", "guitar", "strings", "bass")


def set_chords(sheet: LeadSheet, where: Where, pattern: Sequence[ChartBar], revoice_notes: bool = False) -> LeadSheet:
    """Write a chord chart over bars, then from its start again; an empty bar keeps the chord before.

    The harmony after each passage stays as it was.
    """
    spans = where.tick_spans(sheet)
    chords = {c.start_ticks: c for c in sheet.chords if not inside(c.start_ticks, spans)}
    for run in where.runs(sheet):
        for number, bar in enumerate(run):
            start, stop = sheet.bar_starts[bar], sheet.bar_starts[bar + 1]
            for chord in place_chords(pattern[number % len(pattern)], sheet.meter_at(bar), stop - start):
                tick = start + chord.start_ticks
                chords[tick] = replace(chord, start_ticks=tick)
        restore_harmony(sheet, chords, sheet.bar_starts[run.stop])
    return _finish(sheet, where, replace(sheet, chords=tuple(chords.values())), revoice_notes)


def substitute_chords(sheet: LeadSheet, where: Where, old: Chord, new: Chord, revoice_notes: bool = False) -> LeadSheet:
    """Put one chord in place of another wherever it sounds; an old chord without a bass stands for any bass."""

    def change(chord: Chord) -> Chord:
        same = (chord.root, chord.quality) == (old.root, old.quality)
        matches = same and (old.bass is None or chord.bass == old.bass)
        return replace(new, start_ticks=chord.start_ticks) if matches else chord

    return _finish(sheet, where, map_chords(sheet, where, change), revoice_notes)


def remove_chords(sheet: LeadSheet, where: Where) -> LeadSheet:
    """Take the chord symbols out of bars; the harmony after them stays as it was."""
    whole_bars_only(where, "remove chords")
    spans = where.tick_spans(sheet)
    chords = {c.start_ticks: c for c in sheet.chords if not inside(c.start_ticks, spans)}
    for start, stop in spans:
        if any(tick < start for tick in chords):
            chords[start] = Chord(start, None)
        restore_harmony(sheet, chords, stop)
    return replace(sheet, chords=tuple(chords.values()))


def _finish(sheet: LeadSheet, where: Where, changed: LeadSheet, revoice_notes: bool) -> LeadSheet:
    return revoice(changed, where, before=sheet) if revoice_notes else changed


def revoice(sheet: LeadSheet, where: Where, before: LeadSheet | None = None) -> LeadSheet:
    """Move the notes of accompanying tracks to the nearest tones of the chord they sound over.

    `before` has the chords that the notes were written for: notes on its root go to the new root in the
    bass, and notes over an unchanged chord stay as they are. Without it every note must be a chord tone.
    """
    tracks = where.tracks
    if tracks is None:
        tracks = tuple(i for i, track in enumerate(sheet.tracks) if track.role in ACCOMPANYING)

    def change(track: Track, notes: list[Note]) -> list[Note]:
        revoiced: list[Note] = []
        for note in [] if track.is_drums else notes:
            chord = sheet.chord_at(note.start_ticks)
            old = before.chord_at(note.start_ticks) if before else None
            same = (
                old is not None and chord is not None and replace(old, start_ticks=0) == replace(chord, start_ticks=0)
            )
            if chord is None or chord.root is None or same:
                revoiced.append(note)
            else:
                revoiced.append(note._replace(pitch=_fitting_pitch(note, chord, old, track.role == "bass", revoiced)))
        return revoiced if not track.is_drums else notes

    return map_cells(sheet, Where(where.spans, tracks), change)


def _fitting_pitch(note: Note, chord: Chord, old: Chord | None, is_bass: bool, placed: Sequence[Note]) -> int:
    """The nearest chord tone that no other note of the onset has taken; in the bass roots go to roots."""
    wanted = chord.pitch_classes
    if is_bass and old is not None and note.pitch % 12 in (old.root, old.bass):
        wanted = frozenset([chord.root if chord.bass is None else chord.bass])  # type: ignore[list-item]
    taken = set()
    for other in reversed(placed):
        if other.start_ticks != note.start_ticks:
            break
        taken.add(other.pitch)
    candidates = [pitch for pitch in range(128) if pitch % 12 in wanted and pitch not in taken]
    return min(candidates, key=lambda pitch: (abs(pitch - note.pitch), pitch))
