"""What the page draws of a score, as plain data, and what of it an edit changed.

    {"title": "Saints", "duration_s": 31.5, "end_ticks": 1536, "pickup_ticks": 0,
     "bars": [{"start_ticks": 0, "start_s": 0.0, "meter": "4/4", "beat_ticks": 24, "key": "G:maj", "section": "verse"}],
     "tempos": [[0, 120.0]], "chords": [[0, "Am7", [9, 0, 4, 7]]],
     "tracks": [{"id": "vocal.1", "role": "vocal", "name": "", "program": 52, "muted": false, "voice": "low",
                 "notes": [[0, 67, 24, 80, "hel-"]]}]}

A note is [start_ticks, pitch, duration_ticks, velocity], with its syllable where it has one; a hyphen at the end of a
syllable says that its word goes on. A chord is [start_ticks, symbol, pitch classes from the bass up]. A bar says its
meter, key and section where they change, or at the first bar.
"""

from typing import Any

from scoretok.harmony import chord_to_symbol, key_to_text
from scoretok.parts import Chord, Note, Track
from scoretok.sheet import LeadSheet


def sheet_view(sheet: LeadSheet) -> dict[str, Any]:
    """A score as the page draws it."""
    return {
        "title": sheet.title,
        "duration_s": sheet.duration_s,
        "end_ticks": sheet.end_ticks,
        "pickup_ticks": sheet.pickup_ticks,
        "bars": [_bar_view(sheet, bar) for bar in range(sheet.bar_count)],
        "tempos": [[tempo.start_ticks, tempo.bpm] for tempo in sheet.tempos],
        "chords": [
            [chord.start_ticks, chord_to_symbol(chord, sheet.key_at(sheet.bar_at(chord.start_ticks))), _classes(chord)]
            for chord in sheet.chords
        ],
        "tracks": [_track_view(name, track) for name, track in sheet.tracks_by_id.items()],
    }


def _classes(chord: Chord) -> list[int]:
    """The pitch classes of a chord, from its bass up."""
    if chord.root is None:
        return []
    lowest = chord.root if chord.bass is None else chord.bass
    return sorted({*chord.pitch_classes, lowest}, key=lambda one: (one - lowest) % 12)


def _bar_view(sheet: LeadSheet, bar: int) -> dict[str, Any]:
    meter, key, section = sheet.meter_at(bar), sheet.key_at(bar), sheet.section_at(bar)
    start = sheet.bar_starts[bar]
    found: dict[str, Any] = {"start_ticks": start, "start_s": sheet.seconds_at(start), "beat_ticks": meter.beat_ticks}
    if meter.bar == bar:
        found["meter"] = f"{meter.numerator}/{meter.denominator}"
    if key.bar == bar:
        found["key"] = key_to_text(key)
    if section and section.bar == bar:
        found["section"] = section.label
    return found


def _track_view(track_id: str, track: Track) -> dict[str, Any]:
    return {
        "id": track_id,
        "role": track.role,
        "name": track.name,
        "program": track.program,
        "muted": track.muted,
        "voice": track.singing.voice,
        "notes": [_note_view(note) for note in track.notes],
    }


def _note_view(note: Note) -> list[Any]:
    found: list[Any] = list(note[:4])
    return [*found, note.syllable.text + "-" * (not note.syllable.word_end)] if note.syllable else found


def view_change(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The parts of a view that differ: whole fields, and of "tracks" those that changed, with the order of all."""
    changed = {name: value for name, value in after.items() if name != "tracks" and before.get(name) != value}
    old = {track["id"]: track for track in before["tracks"]}
    changed["tracks"] = [track for track in after["tracks"] if old.get(track["id"]) != track]
    changed["track_ids"] = [track["id"] for track in after["tracks"]]
    return changed
