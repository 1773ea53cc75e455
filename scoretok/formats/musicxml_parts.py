"""The parts of a MusicXML file: names, programs, and the drums that unpitched notes stand for."""

import math
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from scoretok.errors import warn
from scoretok.formats.musicxml_prepare import append, number_in
from scoretok.formats.musicxml_terms import KEY_OF_DISPLAY
from scoretok.instruments import drum_key_by_name, is_vocal_name, program_by_name
from scoretok.texts import clean_text

DEFAULT_KEY = 38  # the snare, for a place on the staff that no drum has
CLOSED_HAT, OPEN_HAT = 42, 46


@dataclass(frozen=True)
class PartHeader:
    """What a part's header says; `program` is None where it names none, and `told_by` what tells it then."""

    name: str
    told_by: str
    program: int | None
    is_drums: bool
    muted: bool


def describe_parts(root: Element) -> dict[str, PartHeader]:
    """Headers of all parts by id; unpitched notes become pitched ones at their drum's key, in place."""
    headers = {}
    parts = {part.get("id"): part for part in root.iter("part")}
    for header in root.iter("score-part"):
        part_id, part = header.get("id", ""), parts.get(header.get("id"))
        label = header.find("part-name")
        name = clean_text((label.text or "").replace("\n", " ")) if label is not None else ""
        if label is not None:
            label.text = part_id  # music21 makes it the id of its part
        instruments = _instrument_names(header)
        for midi in header.iter("midi-instrument"):
            for child in list(midi):
                if math.isnan(number_in(child.text or "")):
                    midi.remove(child)  # music21 takes them for numbers
        unpitched = part is not None and _is_unpitched(part)
        if part is not None and unpitched:
            _pitch_drums(part, header, name, instruments)
        program = header.findtext("midi-instrument/midi-program")
        told = (name, *instruments.values())
        named = next((one for one in told if is_vocal_name(one) or program_by_name(one) is not None), name)
        headers[part_id] = PartHeader(
            name=name or clean_text(next((one for one in told if one.strip()), "")),
            told_by=named,
            program=None if program is None else min(max(round(float(program)) - 1, 0), 127),
            is_drums=unpitched or header.findtext("midi-instrument/midi-channel") == "10",
            muted=float(header.findtext("midi-instrument/volume") or 80) == 0,
        )
    return headers


def _is_unpitched(part: Element) -> bool:
    """Whether most notes of a part have no pitch; the few of a pitched part become rests, and that is said."""
    notes = [note for note in part.iter("note") if note.find("unpitched") is not None]
    if not notes or 2 * len(notes) >= sum(note.find("rest") is None for note in part.iter("note")):
        return bool(notes)
    for note in notes:
        note[[child.tag for child in note].index("unpitched")] = Element("rest")
    warn(f"{len(notes)} unpitched notes of a pitched part were dropped", "dropped")
    return False


def _instrument_names(header: Element) -> dict[str | None, str]:
    """Name and standard sound ('metal.triangle') of each instrument of a part, by id."""
    return {
        one.get("id"): f"{one.findtext('instrument-name') or ''} {one.findtext('instrument-sound') or ''}".strip()
        for one in header.iter("score-instrument")
    }


def _pitch_drums(part: Element, header: Element, name: str, instruments: dict[str | None, str]) -> None:
    """Keys by the MIDI number of an instrument, else by its name, the part's name or the place on the staff."""
    keys = {
        midi.get("id"): min(max(round(float(midi.findtext("midi-unpitched") or 39)) - 1, 0), 127)
        for midi in header.iter("midi-instrument")
        if midi.find("midi-unpitched") is not None
    }
    for number, text in instruments.items():
        if number not in keys and (key := drum_key_by_name(text)) is not None:
            keys[number] = key
    alone = next(iter(keys.values())) if len(keys) == 1 and len(instruments) < 2 else drum_key_by_name(name)
    for note in part.iter("note"):
        unpitched = note.find("unpitched")
        if unpitched is None:
            continue
        instrument = note.find("instrument")
        key = keys.get(instrument.get("id")) if instrument is not None else None
        key = alone if key is None else key
        _set_pitch(note, unpitched, _key_by_position(note, unpitched) if key is None else key)


def _key_by_position(note: Element, unpitched: Element) -> int:
    notehead = note.findtext("notehead") or ""
    crossed = "x" in notehead or notehead == "cross"
    octave = unpitched.findtext("display-octave") or ""
    step = (unpitched.findtext("display-step") or "").strip()
    key = KEY_OF_DISPLAY.get((step + octave.strip(), crossed), DEFAULT_KEY)
    return OPEN_HAT if notehead == "circle-x" and key == CLOSED_HAT else key


def _set_pitch(note: Element, unpitched: Element, key: int) -> None:
    pitch = Element("pitch")
    append(pitch, "step", "CCDDEFFGGAAB"[key % 12])
    append(pitch, "alter", str(int(key % 12 in (1, 3, 6, 8, 10))))
    append(pitch, "octave", str(key // 12 - 1))
    note[list(note).index(unpitched)] = pitch
