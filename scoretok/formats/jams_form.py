"""JAMS: what was heard as annotations in seconds (Humphrey et al., "JAMS", ISMIR 2014). Written, not read.

Namespaces: beat, chord (Harte), key_mode, segment_open, tempo, lyrics, and note_midi once a track.
"""

import json
from collections.abc import Iterable
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

from scoretok.files import write_text
from scoretok.harmony import chord_to_harte
from scoretok.parts import Key
from scoretok.roles import labelled
from scoretok.sheet import LeadSheet
from scoretok.sung_lines import sung_lines

JAMS_VERSION = "0.3.4"
MODE_WORDS = {"maj": "major", "min": "minor"}
Observation = tuple[float, float, Any]  # start and length in seconds, value


def write(sheet: LeadSheet, path: str | Path) -> None:
    """Write a JAMS file, whole or not at all."""
    write_text(json.dumps(jams_of(sheet), ensure_ascii=False, indent=1) + "\n", path)


def jams_of(sheet: LeadSheet) -> dict[str, Any]:
    """The annotations of a score as a JAMS object."""
    duration_s = max(sheet.duration_s, 1e-3)
    words = [(one.start_s, one.end_s - one.start_s, one.text) for line in sung_lines(sheet) for one in line]
    annotations = [
        _annotation("beat", _beats(sheet), duration_s),
        _annotation("tempo", _spans(sheet, [(t.start_ticks, t.bpm) for t in sheet.tempos]), duration_s, confidence=1.0),
        _annotation("key_mode", _spans(sheet, [(sheet.bar_starts[k.bar], _key(k)) for k in sheet.keys]), duration_s),
        _annotation("chord", _spans(sheet, _chords(sheet)), duration_s),
        _annotation("segment_open", _spans(sheet, [(sheet.bar_starts[s.bar], s.label) for s in sheet.sections]),
                    duration_s),
        _annotation("lyrics", words, duration_s),
        *(_annotation("note_midi", _notes(sheet, number), duration_s, labelled(track.role, track.name))
          for number, track in enumerate(sheet.tracks)),
    ]  # fmt: skip
    about = {"title": sheet.title, "artist": "", "release": "", "duration": duration_s, "identifiers": {},
             "jams_version": JAMS_VERSION}  # fmt: skip
    kept = [one for one in annotations if one["data"]]
    return {"annotations": kept, "file_metadata": about, "sandbox": {}}


def _annotation(
    namespace: str, data: Iterable[Observation], duration_s: float, source: str = "", confidence: float | None = None
) -> dict[str, Any]:
    rows = [
        {"time": round(start, 6), "duration": round(max(length, 0.0), 6), "value": value, "confidence": confidence}
        for start, length, value in data
    ]
    tool = f"scoretok {version('scoretok')}"
    return {
        "annotation_metadata": {
            "annotation_tools": tool, "annotation_rules": "", "corpus": "", "version": "", "validation": "",
            "data_source": source, "curator": {"name": "", "email": ""}, "annotator": {},
        },
        "namespace": namespace, "data": rows, "sandbox": {}, "time": 0, "duration": duration_s,
    }  # fmt: skip


def _spans(sheet: LeadSheet, changes: list[tuple[int, Any]]) -> list[Observation]:
    """Values from one change to the next, the last to the end."""
    edges = [sheet.seconds_at(tick) for tick, _ in changes] + [sheet.seconds_at(sheet.end_ticks)]
    return [(start, end - start, value) for (start, end), (_, value) in zip(pairwise(edges), changes, strict=True)]


def _chords(sheet: LeadSheet) -> list[tuple[int, str]]:
    named = [(c.start_ticks, chord_to_harte(c, sheet.key_at(sheet.bar_at(c.start_ticks)))) for c in sheet.chords]
    return [(0, "N"), *named] if named and named[0][0] else named


def _key(key: Key) -> str:
    return f"{key.tonic_name}:{MODE_WORDS.get(key.mode, key.mode)}"


def _beats(sheet: LeadSheet) -> list[Observation]:
    """Every beat of the meter, and its number in the bar."""
    found: list[Observation] = []
    for bar, (start, stop) in enumerate(pairwise(sheet.bar_starts)):
        step = sheet.meter_at(bar).beat_ticks
        missing = (sheet.meter_at(bar).bar_ticks - (stop - start)) // step  # a pickup begins late in its bar
        ticks = range(start, stop, step)
        found += [(sheet.seconds_at(tick), 0.0, 1 + missing + number) for number, tick in enumerate(ticks)]
    return found


def _notes(sheet: LeadSheet, number: int) -> list[Observation]:
    notes = sheet.tracks[number].notes
    times = [(sheet.seconds_at(n.start_ticks), sheet.seconds_at(n.end_ticks), float(n.pitch)) for n in notes]
    return [(start, end - start, pitch) for start, end, pitch in times]
