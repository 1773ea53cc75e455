"""Edits that make tracks playable: notes by octaves into the range of the instrument, one voice where it has one."""

from bisect import bisect_right
from collections.abc import Sequence

from editing.where import Where, map_cells
from scoretok.bars import join_notes
from scoretok.errors import warn
from scoretok.instrument_ranges import InstrumentRange, beyond_voices, range_of
from scoretok.parts import Note, Track
from scoretok.sheet import LeadSheet


def fit_ranges(sheet: LeadSheet, where: Where) -> LeadSheet:
    """Notes that an instrument does not have move by octaves to the nearest that it has.

    Of an instrument with one voice a note ends where the next begins, and of notes that begin together the highest
    stays (of a bass the lowest); where an instrument has more voices, what goes beyond them is dropped. What was
    dropped is said.
    """

    def change(track: Track, notes: list[Note]) -> list[Note]:
        limits = range_of(track)
        if limits is None or not notes:
            return notes
        fitted = join_notes(note._replace(pitch=into_range(note.pitch, limits)) for note in notes)
        if limits.is_monophonic:
            later = sorted(set(track.notes) - set(notes))
            kept = one_voice(fitted, [note.start_ticks for note in later], lowest_stays=track.role == "bass")
        else:
            beyond = set(beyond_voices(fitted, limits.voices))
            kept = [note for note in fitted if note not in beyond]
        if len(kept) < len(notes):
            gone = len(notes) - len(kept)
            warn(f"{track.role}: {gone} note{'s' * (gone > 1)} beyond the voices of its instrument dropped", "dropped")
        return kept

    return map_cells(sheet, where, change)


def one_voice(notes: Sequence[Note], other_starts: Sequence[int] = (), lowest_stays: bool = False) -> list[Note]:
    """A line: one note an onset, which ends where the next begins, or another at one of some ticks, sorted."""
    line: dict[int, Note] = {}
    for note in sorted(notes, key=lambda one: one.pitch, reverse=lowest_stays):
        syllable = note.syllable or (line[note.start_ticks].syllable if note.start_ticks in line else None)
        line[note.start_ticks] = note._replace(syllable=syllable)
    starts = sorted({*line, *other_starts})
    made = []
    for start in sorted(line):
        following = bisect_right(starts, start)
        stop = starts[following] if following < len(starts) else line[start].end_ticks
        made.append(line[start].lasting(min(line[start].duration_ticks, stop - start)))
    return made


def into_range(pitch: int, limits: InstrumentRange) -> int:
    """The pitch by octaves inside the range of an instrument, or its lowest where it has less than an octave."""
    while pitch < limits.lowest:
        pitch += 12
    while pitch > limits.highest:
        pitch -= 12
    return max(pitch, limits.lowest)
