"""JSON: every field of the score by its name, for other programs."""

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from scoretok.errors import ScoretokError, quoted
from scoretok.files import read_text, write_text
from scoretok.numbers import parse_json
from scoretok.parts import Chord, Key, Meter, Note, Section, Syllable, Tempo, Track
from scoretok.performance import Control, ControlPoint, Timing
from scoretok.sheet import LeadSheet
from scoretok.singing import parse_singing

FORMAT = "scoretok-1"
PARTS = {"meters": Meter, "keys": Key, "tempos": Tempo, "sections": Section, "chords": Chord}


def read(path: str | Path) -> LeadSheet:
    """Read a JSON score. Raises ScoretokError naming the place that does not fit."""
    data = parse_json(read_text(path), str(path))
    try:
        return sheet_from_dict(data)
    except ScoretokError as error:
        raise ScoretokError(f"{path}: {error}") from None


def write(sheet: LeadSheet, path: str | Path) -> None:
    """Write a JSON score, whole or not at all."""
    write_text(json.dumps(sheet_to_dict(sheet), ensure_ascii=False, indent=1) + "\n", path)


def sheet_to_dict(sheet: LeadSheet) -> dict[str, Any]:
    """The score as plain dictionaries, lists, numbers and texts."""
    data: dict[str, Any] = {"format": FORMAT, "title": sheet.title, "bar_count": sheet.bar_count}
    data["pickup_ticks"] = sheet.pickup_ticks
    for name in PARTS:
        data[name] = [asdict(part) for part in getattr(sheet, name)]
    data["tracks"] = [
        {
            "role": track.role,
            "program": track.program,
            "name": track.name,
            "muted": track.muted,
            **({} if track.singing.is_usual else {"singing": track.singing.text()}),
            "notes": [_note_to_dict(note) for note in track.notes],
            **({"controls": [_control_to_dict(control) for control in track.controls]} if track.controls else {}),
        }
        for track in sheet.tracks
    ]
    return data


def _note_to_dict(note: Note) -> dict[str, Any]:
    data = note._asdict()
    if note.syllable is None:
        del data["syllable"]
    else:
        data["syllable"] = note.syllable._asdict()
    if note.timing is None:
        del data["timing"]
    else:
        data["timing"] = note.timing._asdict()
    return data


def _control_to_dict(control: Control) -> dict[str, Any]:
    return {"name": control.name, "points": [point._asdict() for point in control.points]}


def sheet_from_dict(data: Any) -> LeadSheet:  # noqa: ANN401
    """The score that `sheet_to_dict` described. Raises ScoretokError."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ScoretokError(f'it is not a score: expected an object with "format": "{FORMAT}"')
    sheet = _object(data, LeadSheet, "the score", skip=("format",))
    for name, kind in PARTS.items():
        if name in sheet:
            sheet[name] = tuple(_build(kind, part, f"{name}[{i}]") for i, part in enumerate(_list(sheet[name], name)))
    tracks = []
    for i, part in enumerate(_list(sheet.get("tracks", []), "tracks")):
        track = _object(part, Track, f"tracks[{i}]")
        notes = _list(track.get("notes", []), f"tracks[{i}].notes")
        track["notes"] = tuple(_note(note, f"tracks[{i}].notes[{j}]") for j, note in enumerate(notes))
        if "singing" in track:
            track["singing"] = parse_singing(track["singing"])
        if "controls" in track:
            controls = enumerate(_list(track["controls"], f"tracks[{i}].controls"))
            track["controls"] = tuple(_control(control, f"tracks[{i}].controls[{j}]") for j, control in controls)
        tracks.append(_build(Track, track, f"tracks[{i}]"))
    sheet["tracks"] = tuple(tracks)
    return _build(LeadSheet, sheet, "the score")


def _note(data: Any, where: str) -> Note:  # noqa: ANN401
    fields_of_note = _object(data, Note, where)
    if (syllable := fields_of_note.get("syllable")) is not None:
        parts = _object(syllable, Syllable, f"{where}.syllable")
        parts["phonemes"] = tuple(_list(parts.get("phonemes", []), f"{where}.syllable.phonemes"))
        if not all(isinstance(phoneme, str) for phoneme in parts["phonemes"]):
            raise ScoretokError(f"{where}.syllable.phonemes are not all texts")
        fields_of_note["syllable"] = _build(Syllable, parts, f"{where}.syllable")
    if fields_of_note.get("timing") is not None:
        parts = _object(fields_of_note["timing"], Timing, f"{where}.timing")
        fields_of_note["timing"] = _build(Timing, parts, f"{where}.timing")
    return _build(Note, fields_of_note, where)


def _control(data: Any, where: str) -> Control:  # noqa: ANN401
    control = _object(data, Control, where)
    points = enumerate(_list(control.get("points", []), f"{where}.points"))
    control["points"] = tuple(
        _build(ControlPoint, _object(point, ControlPoint, f"{where}.points[{i}]"), f"{where}.points[{i}]")
        for i, point in points
    )
    return _build(Control, control, where)


TYPES: dict[str, type | tuple[type, ...]] = {
    "title": str, "role": str, "name": str, "singing": str, "label": str, "mode": str, "quality": str, "text": str,
    "muted": bool, "word_end": bool, "bpm": (int, float),
}  # fmt: skip
NESTED = {*PARTS, "tracks", "notes", "syllable", "phonemes", "timing", "controls", "points"}


def _object(data: Any, kind: type, where: str, skip: tuple[str, ...] = ()) -> dict[str, Any]:  # noqa: ANN401
    """A dictionary whose names are fields of `kind` and whose values have their types."""
    if not isinstance(data, dict):
        raise ScoretokError(f"{where} is not an object")
    known = kind._fields if hasattr(kind, "_fields") else [field.name for field in fields(kind)]
    for name, value in data.items():
        if name in skip:
            continue
        if name not in known:
            raise ScoretokError(f"{where} has no field {quoted(name)}; fields are {', '.join(known)}")
        expected = TYPES.get(name, int)
        optional = value is None and name in ("root", "bass", "syllable")
        if (
            name not in NESTED
            and not optional
            and (not isinstance(value, expected) or isinstance(value, bool) != (expected is bool))
        ):
            raise ScoretokError(f"{where}.{name} is {quoted(str(value))}, which has the wrong type")
    return {name: value for name, value in data.items() if name not in skip}


def _list(value: Any, where: str) -> list[Any]:  # noqa: ANN401
    if not isinstance(value, list | tuple):
        raise ScoretokError(f"{where} is not a list")
    return list(value)


def _build(kind: type, data: Any, where: str) -> Any:  # noqa: ANN401
    arguments = _object(data, kind, where) if kind in PARTS.values() else data
    try:
        return kind(**arguments)
    except TypeError as error:
        raise ScoretokError(f"{where}: {str(error).rpartition('() ')[2]}") from None
