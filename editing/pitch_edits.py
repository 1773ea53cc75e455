"""Edits of pitch: transpose, octave, set key."""

import warnings
from collections.abc import Callable
from dataclasses import replace

from editing.chord_spans import map_chords
from editing.where import Where, map_notes, whole_bars_only
from scoretok.errors import ScoretokError, ScoretokWarning
from scoretok.parts import Chord, Key, Note, Track
from scoretok.sheet import LeadSheet, last_at_bar
from scoretok.theory import QUALITY_BY_NAME, nearest_quality


def transpose(sheet: LeadSheet, where: Where, semitones: int, with_key: bool = False) -> LeadSheet:
    """Move notes by semitones, drums left alone.

    Without named tracks the chords move too; `with_key` also moves the key. Raises ScoretokError when
    a note would leave the MIDI range.
    """
    moved = map_notes(sheet, where, _shift(sheet, semitones))
    if where.tracks is None:
        moved = map_chords(moved, where, lambda chord: _moved_chord(chord, semitones))
    if with_key:
        whole_bars_only(where, "transpose with key")
        moved = change_keys(moved, where, lambda key: _moved_key(key, semitones))
    return moved


def octave(sheet: LeadSheet, where: Where, octaves: int) -> LeadSheet:
    """Move notes by octaves; chords and key stay."""
    return map_notes(sheet, where, _shift(sheet, 12 * octaves))


def set_key(sheet: LeadSheet, where: Where, key: Key, diatonic: bool = False) -> LeadSheet:
    """Put bars into another key.

    Chromatic: everything moves by the nearest interval between the tonics, so melodies keep their
    shape exactly. Diatonic: every scale degree becomes the same degree of the new scale, alterations
    kept, so a major tune becomes a minor one.
    """
    whole_bars_only(where, "key")
    if not diatonic and any(sheet.key_at(bar).mode != key.mode for bar in where.bars(sheet)):
        message = "key: the notes keep their intervals, so the mode is only a name; add 'diatonic' to change it"
        warnings.warn(message, ScoretokWarning, stacklevel=2)

    def mapping(tick: int) -> Callable[[int], int]:
        old = sheet.key_at(sheet.bar_at(tick))
        return _degree_map(old, key) if diatonic else _tonic_shift(old, key)

    def change(track: Track, note: Note) -> Note:
        if track.is_drums:
            return note
        return _at_pitch(sheet, note, note.pitch + mapping(note.start_ticks)(note.pitch % 12))

    moved = map_notes(sheet, where, change)
    moved = map_chords(moved, where, lambda chord: _mapped_chord(chord, mapping(chord.start_ticks), diatonic))
    return change_keys(moved, where, lambda old: replace(key, bar=old.bar))


def change_keys(sheet: LeadSheet, where: Where, change: Callable[[Key], Key]) -> LeadSheet:
    """Change the keys in force in some bars; the bars after them keep theirs."""
    keys = {key.bar: key for key in sheet.keys}
    for run in where.runs(sheet):
        for bar in {run.start, *(key.bar for key in sheet.keys if key.bar in run)}:
            keys[bar] = change(replace(last_at_bar(sheet.keys, bar), bar=bar))
        if run.stop < sheet.bar_count and not any(key.bar == run.stop for key in sheet.keys):
            keys[run.stop] = replace(last_at_bar(sheet.keys, run.stop), bar=run.stop)
    return replace(sheet, keys=tuple(keys.values()))


def _shift(sheet: LeadSheet, semitones: int) -> Callable[[Track, Note], Note]:
    def change(track: Track, note: Note) -> Note:
        return note if track.is_drums else _at_pitch(sheet, note, note.pitch + semitones)

    return change


def _at_pitch(sheet: LeadSheet, note: Note, pitch: int) -> Note:
    if not 0 <= pitch <= 127:
        bar = sheet.bar_at(note.start_ticks) + 1
        raise ScoretokError(f"a note in bar {bar} would leave the MIDI range (pitch {pitch}); move it less far")
    return note._replace(pitch=pitch)


def _moved_chord(chord: Chord, semitones: int) -> Chord:
    if chord.root is None:
        return chord
    bass = None if chord.bass is None else (chord.bass + semitones) % 12
    return replace(chord, root=(chord.root + semitones) % 12, bass=bass)


def _moved_key(key: Key, semitones: int) -> Key:
    """The key so many semitones away, with as few accidentals as can be; flats on a draw."""
    fifths = (key.fifths + 7 * semitones + 5) % 12 - 5
    return replace(key, fifths=-6 if fifths == 6 and key.fifths < 0 else fifths)


def _tonic_shift(old: Key, new: Key) -> Callable[[int], int]:
    shift = (new.tonic - old.tonic + 5) % 12 - 5
    return lambda _: shift


def _degree_map(old: Key, new: Key) -> Callable[[int], int]:
    """How far each pitch class moves so that its degree in the old scale is that of the new one.

    A pitch outside the old scale that the new one has stays (the leading tone of a minor key turned
    major); others keep their distance from the degree below, short of the next degree.
    """
    tonic_shift = _tonic_shift(old, new)(0)
    old_steps = [(pc - old.tonic) % 12 for pc in old.scale]
    new_steps = [(pc - new.tonic) % 12 for pc in new.scale]

    def move(pitch_class: int) -> int:
        step = (pitch_class - old.tonic) % 12
        if step not in old_steps and step in new_steps:
            return tonic_shift
        degree = max(i for i, s in enumerate(old_steps) if s <= step)
        raised = step - old_steps[degree]
        ceiling = [*new_steps, 12][degree + 1] - 1 if raised else 12
        return tonic_shift + min(new_steps[degree] + raised, ceiling) - step

    return move


def _mapped_chord(chord: Chord, move: Callable[[int], int], diatonic: bool) -> Chord:
    if chord.root is None:
        return chord
    root = (chord.root + move(chord.root)) % 12
    bass = None if chord.bass is None else (chord.bass + move(chord.bass)) % 12
    quality = chord.quality
    if diatonic:
        tones = [(chord.root + interval) % 12 for interval in QUALITY_BY_NAME[quality].intervals]
        quality = nearest_quality(frozenset((tone + move(tone) - root) % 12 for tone in tones)).name
    return Chord(chord.start_ticks, root, quality, bass)
