"""USTX: OpenUtau's project, so that other singers can sing the same score. Written, not read.

Version 0.6 (OpenUtau wiki, "USTX file format"): YAML, 480 ticks a quarter note. A word stands on the note of its first
syllable; "+" goes on with the next, "+~" holds it for one more note. Curves, if they are given, are `pitd`, cents
beside the notes' steps, and `dyn`, tenths of a decibel.
"""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.files import write_text
from scoretok.parts import TICKS_PER_QUARTER, Note, Track
from scoretok.roles import labelled
from scoretok.sheet import LeadSheet

RESOLUTION = 480
SCALE = RESOLUTION // TICKS_PER_QUARTER
PHONEMIZER = "OpenUtau.Core.DiffSinger.DiffSingerARPAPlusEnglishPhonemizer"
EXPRESSIONS = {
    "dyn": ("dynamics (curve)", -240, 120),
    "pitd": ("pitch deviation (curve)", -1200, 1200),
}


class TrackCurves(NamedTuple):
    """Pitch in MIDI numbers and loudness in decibels over the usual, at times in ticks (24 a quarter note)."""

    ticks: np.ndarray
    midi: np.ndarray
    decibels: np.ndarray


def write(sheet: LeadSheet, path: str | Path, curves: Mapping[int, TrackCurves] | None = None) -> None:
    """Write a .ustx file of the vocal tracks, whole or not at all; `curves` by number of the track. Raises
    ScoretokError when there is no vocal track."""
    yaml = require("yaml", "lyrics", "writing .ustx files")
    vocals = {number: track for number, track in enumerate(sheet.tracks) if track.role == "vocal" and track.notes}
    if not vocals:
        raise ScoretokError("the score has no vocal track with notes; .ustx files hold what is sung and nothing else")
    project = {
        "name": sheet.title or "scoretok", "comment": "", "output_dir": "Vocal", "cache_dir": "UCache",
        "ustx_version": "0.6", "resolution": RESOLUTION, "bpm": sheet.tempos[0].bpm,
        "beat_per_bar": sheet.meters[0].numerator, "beat_unit": sheet.meters[0].denominator,
        "expressions": {abbr: _expression(abbr, *limits) for abbr, limits in EXPRESSIONS.items()},
        "exp_selectors": list(EXPRESSIONS), "exp_primary": 0, "exp_secondary": 1, "key": sheet.keys[0].tonic,
        "time_signatures": _meters(sheet),
        "tempos": [{"position": tempo.start_ticks * SCALE, "bpm": tempo.bpm} for tempo in sheet.tempos],
        "tracks": [_track(track) for track in vocals.values()],
        "voice_parts": [
            _part(sheet, track, place, (curves or {}).get(number))
            for place, (number, track) in enumerate(vocals.items())
        ],
        "wave_parts": [],
    }  # fmt: skip
    write_text(yaml.safe_dump(project, allow_unicode=True, sort_keys=False), path)


def _expression(abbr: str, name: str, low: int, high: int) -> dict[str, Any]:
    return {
        "name": name, "abbr": abbr, "type": "Curve", "min": low, "max": high, "default_value": 0, "is_flag": False,
        "flag": "",
    }  # fmt: skip


def _meters(sheet: LeadSheet) -> list[dict[str, int]]:
    """Meters by bar. A pickup bar, of which the format knows nothing, gets a meter of its own."""
    found = {meter.bar: (meter.numerator, meter.denominator) for meter in sheet.meters}
    if sheet.pickup_ticks:
        from scoretok.parts import meter_lasting

        found.setdefault(1, found[0])
        found[0] = meter_lasting(sheet.pickup_ticks) or found[0]
    return [
        {"bar_position": bar, "beat_per_bar": numerator, "beat_unit": denominator}
        for bar, (numerator, denominator) in sorted(found.items())
        if bar < sheet.bar_count
    ]


def _track(track: Track) -> dict[str, Any]:
    return {
        "phonemizer": PHONEMIZER, "renderer_settings": {}, "track_name": labelled(track.role, track.name),
        "track_color": "Blue", "mute": track.muted, "solo": False, "volume": 0, "pan": 0, "track_expressions": [],
        "voice_color_names": [""],
    }  # fmt: skip


def _part(sheet: LeadSheet, track: Track, place: int, curves: TrackCurves | None) -> dict[str, Any]:
    melody = _melody(track)
    return {
        "duration": sheet.end_ticks * SCALE, "name": labelled(track.role, track.name), "comment": "",
        "track_no": place, "position": 0,
        "notes": [_note(note, lyric) for note, lyric in zip(melody, _lyrics(melody), strict=True)],
        "curves": _curves(melody, curves) if curves else [],
    }  # fmt: skip


def _melody(track: Track) -> list[Note]:
    """One note at a time, as the format has it: the top notes, each until the next at most."""
    tops: dict[int, Note] = {}
    for note in track.notes:
        before = tops.get(note.start_ticks)
        tops[note.start_ticks] = note._replace(syllable=note.syllable or (before.syllable if before else None))
    notes = list(tops.values())
    later = [note.start_ticks for note in notes[1:]]
    return [
        note._replace(duration_ticks=min(note.duration_ticks, stop - note.start_ticks))
        for note, stop in zip(notes, [*later, 10**9], strict=True)
    ]


def _lyrics(melody: list[Note]) -> list[str]:
    """The lyric of each note: whole words on their first syllables."""
    lyrics: list[str] = []
    inside: int | None = None  # the note whose word goes on
    for note in melody:
        if note.syllable is None:
            lyrics.append("+~" if lyrics else "a")
        elif inside is None:
            lyrics.append(note.syllable.text)
            inside = len(lyrics) - 1
        else:
            lyrics[inside] += note.syllable.text
            lyrics.append("+")
        if note.syllable and note.syllable.word_end:
            inside = None
    return lyrics


def _note(note: Note, lyric: str) -> dict[str, Any]:
    step = [{"x": -1, "y": 0, "shape": "l"}, {"x": 1, "y": 0, "shape": "l"}]
    still = {"length": 0, "period": 175, "depth": 25, "in": 10, "out": 10, "shift": 0, "drift": 0, "vol_link": 0}
    return {
        "position": note.start_ticks * SCALE, "duration": note.duration_ticks * SCALE, "tone": note.pitch,
        "lyric": lyric, "pitch": {"data": step, "snap_first": True}, "vibrato": still, "phoneme_expressions": [],
        "phoneme_overrides": [],
    }  # fmt: skip


def _curves(melody: list[Note], curves: TrackCurves) -> list[dict[str, Any]]:
    """Pitch beside the steps of the notes, and loudness, within what the format allows."""
    starts = np.array([note.start_ticks for note in melody])
    steps = np.array([note.pitch for note in melody])
    number = np.clip(np.searchsorted(starts, curves.ticks, side="right") - 1, 0, None)
    ticks = np.round(curves.ticks * SCALE).astype(int)
    kept = np.array([True, *(b > a for a, b in pairwise(ticks))]) & (ticks >= 0)
    cents = np.round(100 * (curves.midi - steps[number]))
    values = {"pitd": cents, "dyn": np.round(10 * curves.decibels)}
    return [
        {"xs": ticks[kept].tolist(), "ys": np.clip(ys[kept], *EXPRESSIONS[abbr][1:]).astype(int).tolist(), "abbr": abbr}
        for abbr, ys in values.items()
    ]
