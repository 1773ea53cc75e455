"""Writing MusicXML 4.0 (partwise), 24 divisions a quarter note, so that every length is exact."""

import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

from scoretok.files import write_with
from scoretok.formats.musicxml_terms import DRUM_DISPLAY, KIND_OF_QUALITY, MODE_NAMES
from scoretok.notation import Piece, bar_voices
from scoretok.parts import Chord, Key, Note, Track
from scoretok.performance import PEDAL_DOWN, SUBTICKS_PER_TICK, named
from scoretok.roles import labelled
from scoretok.sheet import LeadSheet
from scoretok.theory import LETTER_PITCH_CLASS, QUALITY_BY_NAME, pitch_name

Element, Sub = ET.Element, ET.SubElement
DOCTYPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise'
    '//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)


def musicxml_text(sheet: LeadSheet) -> str:
    """The score as MusicXML; notes that ring past the last bar line end there."""
    root = Element("score-partwise", version="4.0")
    if sheet.title:
        Sub(Sub(root, "work"), "work-title").text = _legal(sheet.title)
    encoding = Sub(Sub(root, "identification"), "encoding")
    Sub(encoding, "software").text = "scoretok"
    part_list = Sub(root, "part-list")
    tracks = sheet.tracks or (Track("lead"),)
    whole = sheet if sheet.tracks else sheet.with_tracks(tracks)
    for number, track in enumerate(tracks):
        _part_header(part_list, number, track, "" if sheet.tracks else "no tracks")
    for number in range(len(tracks)):
        _part(root, whole, number)
    ET.indent(root, " ")
    return DOCTYPE + ET.tostring(root, encoding="unicode") + "\n"


def write(sheet: LeadSheet, path: str | Path) -> None:
    """Write .musicxml, .xml or compressed .mxl, whole or not at all."""
    text = musicxml_text(sheet)
    if Path(path).suffix.lower() == ".mxl":
        write_with(lambda temporary: _write_mxl(text, temporary), path)
    else:
        write_with(lambda temporary: temporary.write_text(text, encoding="utf-8"), path)


def _write_mxl(text: str, path: Path) -> None:
    container = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<container><rootfiles><rootfile full-path="score.musicxml"/>'
        "</rootfiles></container>\n"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (("META-INF/container.xml", container), ("score.musicxml", text)):
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def _legal(text: str) -> str:
    """Text without the two characters that XML cannot hold."""
    return text.replace("￾", "").replace("￿", "")


def _part_header(part_list: ET.Element, number: int, track: Track, abbreviation: str) -> None:
    part = Sub(part_list, "score-part", id=f"P{number + 1}")
    Sub(part, "part-name").text = _legal(labelled(track.role, track.name))
    if abbreviation:
        Sub(part, "part-abbreviation").text = abbreviation
    keys = sorted({note.pitch for note in track.notes}) if track.is_drums else [0]
    for key in keys or [0]:
        instrument = Sub(part, "score-instrument", id=_instrument(number, track, key))
        Sub(instrument, "instrument-name").text = labelled(track.role, str(key) if track.is_drums else "")
    for key in keys or [0]:
        midi = Sub(part, "midi-instrument", id=_instrument(number, track, key))
        Sub(midi, "midi-channel").text = "10" if track.is_drums else str([*range(1, 10), *range(11, 17)][number % 15])
        Sub(midi, "midi-program").text = str(track.program + 1)
        if track.is_drums:
            Sub(midi, "midi-unpitched").text = str(key + 1)
        Sub(midi, "volume").text = "0" if track.muted else "80"


def _instrument(number: int, track: Track, key: int) -> str:
    return f"P{number + 1}-I{key + 1 if track.is_drums else 1}"


def _part(root: ET.Element, sheet: LeadSheet, number: int) -> None:
    part = Sub(root, "part", id=f"P{number + 1}")
    track = sheet.tracks[number]
    first_number = 0 if sheet.pickup_ticks else 1
    for bar, voices in enumerate(bar_voices(sheet, number)):
        measure = Sub(part, "measure", number=str(bar + first_number))
        if bar == 0 and sheet.pickup_ticks:
            measure.set("implicit", "yes")
        _attributes(measure, sheet, bar, track)
        if number == 0:
            _directions(measure, sheet, bar)
        _pedal_marks(measure, sheet, bar, track)
        length = sheet.bar_starts[bar + 1] - sheet.bar_starts[bar]
        for voice, pieces in enumerate(voices):
            if voice:
                Sub(Sub(measure, "backup"), "duration").text = str(length)
            for piece in pieces:
                _piece(measure, piece, voice, track, number, sheet.key_at(bar))


def _attributes(measure: ET.Element, sheet: LeadSheet, bar: int, track: Track) -> None:
    meter, key = sheet.meter_at(bar), sheet.key_at(bar)
    if bar not in (0, meter.bar, key.bar):
        return
    attributes = Sub(measure, "attributes")
    if bar == 0:
        Sub(attributes, "divisions").text = "24"
    if key.bar == bar:
        element = Sub(attributes, "key")
        if track.is_drums:
            element.set("print-object", "no")
        Sub(element, "fifths").text = str(key.fifths)
        Sub(element, "mode").text = MODE_NAMES[key.mode]
    if meter.bar == bar:
        time = Sub(attributes, "time")
        Sub(time, "beats").text = str(meter.numerator)
        Sub(time, "beat-type").text = str(meter.denominator)
    if bar == 0:
        _clef(attributes, track)


def _clef(attributes: ET.Element, track: Track) -> None:
    clef = Sub(attributes, "clef")
    pitches = [note.pitch for note in track.notes] or [60]
    low = track.role == "bass" or sum(pitches) / len(pitches) < 57
    sign, line = ("percussion", None) if track.is_drums else ("F", "4") if low else ("G", "2")
    Sub(clef, "sign").text = sign
    if line:
        Sub(clef, "line").text = line


def _directions(measure: ET.Element, sheet: LeadSheet, bar: int) -> None:
    start, stop = sheet.bar_starts[bar], sheet.bar_starts[bar + 1]
    section = sheet.section_at(bar)
    if section and section.bar == bar:
        direction = Sub(measure, "direction", placement="above")
        Sub(Sub(direction, "direction-type"), "rehearsal").text = section.label
    for tempo in sheet.tempos:
        if start <= tempo.start_ticks < stop:
            direction = Sub(measure, "direction", placement="above")
            metronome = Sub(Sub(direction, "direction-type"), "metronome")
            Sub(metronome, "beat-unit").text = "quarter"
            Sub(metronome, "per-minute").text = f"{tempo.bpm:g}"
            if tempo.start_ticks > start:
                Sub(direction, "offset", sound="yes").text = str(tempo.start_ticks - start)
            Sub(direction, "sound", tempo=f"{tempo.bpm:g}")
    for chord in sheet.chords:
        if start <= chord.start_ticks < stop:
            _harmony(measure, chord, chord.start_ticks - start, sheet.key_at(bar))


def _pedal_marks(measure: ET.Element, sheet: LeadSheet, bar: int, track: Track) -> None:
    """Where the sustain pedal goes down and up in a bar, to the tick."""
    start, stop = (tick * SUBTICKS_PER_TICK for tick in sheet.bar_starts[bar : bar + 2])
    pedal = named(track.controls, "pedal")
    was_down = pedal.value_at(start - 1) >= PEDAL_DOWN
    for at, value in pedal.between(start, stop):
        is_down = value >= PEDAL_DOWN
        if is_down != was_down:
            direction = Sub(measure, "direction", placement="below")
            Sub(Sub(direction, "direction-type"), "pedal", type="start" if is_down else "stop", line="no")
            if offset := (at - start) // SUBTICKS_PER_TICK:
                Sub(direction, "offset", sound="yes").text = str(offset)
            Sub(direction, "sound").set("damper-pedal", "yes" if is_down else "no")
        was_down = is_down


def _harmony(measure: ET.Element, chord: Chord, offset: int, key: Key) -> None:
    harmony = Sub(measure, "harmony")
    _spelled(Sub(harmony, "root"), "root", chord.root or 0, key)
    if chord.root is None:
        Sub(harmony, "kind", text="N.C.").text = "none"
    else:
        kind, degrees = KIND_OF_QUALITY[chord.quality]
        Sub(harmony, "kind", text=QUALITY_BY_NAME[chord.quality].symbol).text = kind
        if chord.bass is not None:
            _spelled(Sub(harmony, "bass"), "bass", chord.bass, key)
        for value, alter, change in degrees:
            degree = Sub(harmony, "degree")
            degree.set("print-object", "no")  # the text of the kind says it already
            Sub(degree, "degree-value").text = str(value)
            Sub(degree, "degree-alter").text = str(alter)
            Sub(degree, "degree-type").text = change
    if offset:
        Sub(harmony, "offset").text = str(offset)


def _spelled(parent: ET.Element, prefix: str, pitch_class: int, key: Key) -> None:
    name = key.spell(pitch_class)
    Sub(parent, f"{prefix}-step").text = name[0]
    if len(name) > 1:
        Sub(parent, f"{prefix}-alter").text = str(name.count("#") - name.count("b"))


def _piece(measure: ET.Element, piece: Piece, voice: int, track: Track, number: int, key: Key) -> None:
    if not piece.notes and voice:
        Sub(Sub(measure, "forward"), "duration").text = str(piece.ticks)
        return
    for i, note in enumerate(piece.notes or (None,)):
        element = Sub(measure, "note")
        if note is not None:
            element.set("dynamics", f"{note.velocity / 0.9:.2f}")
            if i:
                Sub(element, "chord")
            _pitch(element, note, track, key)
        else:
            Sub(element, "rest")
        Sub(element, "duration").text = str(piece.ticks)
        if note is not None:
            _ties(element, piece, "tie")
            if track.is_drums:
                Sub(element, "instrument", id=_instrument(number, track, note.pitch))
        _value(element, piece, voice)
        if note is not None:
            if track.is_drums and note.pitch in DRUM_DISPLAY and DRUM_DISPLAY[note.pitch][1]:
                Sub(element, "notehead").text = "x"
            if piece.beam and not i:
                Sub(element, "beam", number="1").text = piece.beam
        _notations(element, piece, note, i)
        if note is not None and note.syllable and not piece.tied_from:
            _lyric(element, note)


def _pitch(element: ET.Element, note: Note, track: Track, key: Key) -> None:
    if track.is_drums:
        name = DRUM_DISPLAY.get(note.pitch, ("B4", False))[0]
        unpitched = Sub(element, "unpitched")
        Sub(unpitched, "display-step").text = name[0]
        Sub(unpitched, "display-octave").text = name[1:]
        return
    pitch = Sub(element, "pitch")
    name = pitch_name(note.pitch, key.fifths, key.is_minor)
    alter = name.count("#") - name.count("b")
    Sub(pitch, "step").text = name[0]
    if alter:
        Sub(pitch, "alter").text = str(alter)
    Sub(pitch, "octave").text = str((note.pitch - alter - LETTER_PITCH_CLASS[name[0]]) // 12 - 1)


def _ties(element: ET.Element, piece: Piece, tag: str) -> None:
    for present, kind in ((piece.tied_from, "stop"), (piece.tied_to, "start")):
        if present:
            Sub(element, tag, type=kind)


def _value(element: ET.Element, piece: Piece, voice: int) -> None:
    name, dots, triplet = piece.value
    Sub(element, "voice").text = str(voice + 1)
    Sub(element, "type").text = name
    for _ in range(dots):
        Sub(element, "dot")
    if triplet:
        change = Sub(element, "time-modification")
        Sub(change, "actual-notes").text = "3"
        Sub(change, "normal-notes").text = "2"


def _notations(element: ET.Element, piece: Piece, note: Note | None, place: int) -> None:
    tied = note is not None and (piece.tied_from or piece.tied_to)
    if tied or (piece.tuplet and not place):
        notations = Sub(element, "notations")
        if tied:
            _ties(notations, piece, "tied")
        if piece.tuplet and not place:
            Sub(notations, "tuplet", type=piece.tuplet, number="1")


def _lyric(element: ET.Element, note: Note) -> None:
    assert note.syllable is not None
    lyric = Sub(element, "lyric", number="1")
    Sub(lyric, "syllabic").text = "single" if note.syllable.word_end else "begin"
    Sub(lyric, "text").text = _legal(note.syllable.text)
