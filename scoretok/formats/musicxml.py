"""Reading MusicXML (plain or compressed) through music21; writing is in musicxml_write."""

import io
import re
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, ParseError

from scoretok.bars import join_notes
from scoretok.errors import ScoretokError, ScoretokWarning
from scoretok.extras import require
from scoretok.files import read_bytes
from scoretok.formats.musicxml_maps import measure_ticks, read_maps
from scoretok.formats.musicxml_write import write
from scoretok.infer import infer_missing
from scoretok.parts import DEFAULT_VELOCITY, MAX_BARS, MAX_DURATION_TICKS, Note, Syllable, Track, clean_text
from scoretok.roles import guess_role, split_label
from scoretok.sheet import LeadSheet

if TYPE_CHECKING:
    import music21

MAX_XML_BYTES = 256 * 2**20


def read(path: str | Path) -> LeadSheet:
    """Read a MusicXML file. Raises ScoretokError; warns of what was dropped or guessed."""
    root = parse_xml(_xml_bytes(read_bytes(path), str(path)), str(path))
    if root.tag != "score-partwise":
        raise ScoretokError(f"{path} is not a partwise MusicXML score (its root is <{root.tag[:40]}>)")
    signed = root.findtext("identification/encoding/software") == "scoretok"
    try:
        parts = _describe_parts(root)
        bar_ticks = measure_ticks(root) if signed else None
        title = clean_text(root.findtext("work/work-title") or root.findtext("movement-title") or "")
        return _sheet(_parse_with_music21(root), parts, bar_ticks, title)
    except ScoretokError as error:
        raise ScoretokError(f"{path}: {error}") from None
    except Exception as error:  # music21 raises many kinds for files that break the format's rules
        raise ScoretokError(
            f"{path} breaks the rules of MusicXML: {str(error)[:200] or type(error).__name__}"
        ) from None


def _xml_bytes(data: bytes, path: str) -> bytes:
    """The score of a compressed file, or the data itself."""
    if data[:2] != b"PK":
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if not name.startswith("META-INF")]
            if "META-INF/container.xml" in archive.namelist():
                container = parse_xml(_member(archive, "META-INF/container.xml", path), path)
                names = [e.get("full-path", "") for e in container.iter() if e.tag.endswith("rootfile")] + names
            name = next((n for n in names if n.endswith((".xml", ".musicxml"))), None)
            if name is None:
                raise ScoretokError(f"{path} is compressed but holds no score")
            return _member(archive, name, path)
    except (zipfile.BadZipFile, KeyError, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise ScoretokError(f"{path} is a damaged compressed file: {error}") from None


def _member(archive: zipfile.ZipFile, name: str, path: str) -> bytes:
    if archive.getinfo(name).file_size > MAX_XML_BYTES:
        raise ScoretokError(f"{path} unpacks to more than {MAX_XML_BYTES >> 20} MB; that is not a score")
    return archive.read(name)


def parse_xml(data: bytes, path: str) -> Element:
    """The root of an XML document. Raises ScoretokError for malformed XML and for any entity."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        return fromstring(data)
    except DefusedXmlException:
        raise ScoretokError(
            f"{path} declares XML entities, which are refused; save it again from a score editor"
        ) from None
    except (ParseError, ValueError, LookupError) as error:
        raise ScoretokError(f"{path} is not well-formed XML: {error}") from None


@dataclass(frozen=True)
class _PartInfo:
    """What a part's header says."""

    name: str
    program: int
    is_drums: bool
    muted: bool


def _describe_parts(root: Element) -> dict[str, _PartInfo]:
    """Headers of all parts by id; unpitched notes become pitched ones at their MIDI key, in place."""
    infos = {}
    parts = {part.get("id"): part for part in root.iter("part")}
    for header in root.iter("score-part"):
        part_id = header.get("id", "")
        for midi in header.iter("midi-instrument"):
            for child in list(midi):
                if not re.fullmatch(r"\s*-?\d+(\.\d*)?\s*", child.text or ""):
                    midi.remove(child)
        keys = {
            midi.get("id"): round(float(midi.findtext("midi-unpitched") or 39)) - 1
            for midi in header.iter("midi-instrument")
            if midi.find("midi-unpitched") is not None
        }
        part = parts.get(part_id)
        channel = header.findtext("midi-instrument/midi-channel")
        unpitched = list(part.iter("unpitched")) if part is not None else []
        is_drums = channel == "10" or bool(unpitched)
        if part is not None and is_drums:
            _pitch_drums(part, keys)
        program = round(float(header.findtext("midi-instrument/midi-program") or 1)) - 1
        muted = float(header.findtext("midi-instrument/volume") or 80) == 0
        label = header.find("part-name")
        name = clean_text((label.text or "").replace("\n", " ")) if label is not None else ""
        if label is not None:
            label.text = part_id  # music21 makes it the id of its part
        infos[part_id] = _PartInfo(name, min(max(program, 0), 127), is_drums, muted)
    return infos


def _pitch_drums(part: Element, keys: dict[str | None, int]) -> None:
    default = next(iter(keys.values()), 38)
    for note in part.iter("note"):
        unpitched = note.find("unpitched")
        if unpitched is None:
            continue
        instrument = note.find("instrument")
        key = keys.get(instrument.get("id"), default) if instrument is not None else default
        pitch = Element("pitch")
        for tag, text in (("step", "CCDDEFFGGAAB"[key % 12]), ("alter", str(int(key % 12 in (1, 3, 6, 8, 10)))),
                          ("octave", str(key // 12 - 1))):  # fmt: skip
            child = Element(tag)
            child.text = text
            pitch.append(child)
        note[list(note).index(unpitched)] = pitch


def _parse_with_music21(root: Element) -> "music21.stream.Score":
    require("music21", "notation", "reading MusicXML")
    from music21.exceptions21 import Music21Exception
    from music21.musicxml.xmlToM21 import MusicXMLImporter

    for transpose in root.iter("transpose"):
        if transpose.find("diatonic") is None:  # may be missing, but music21 needs it
            transpose.insert(0, Element("diatonic"))
            transpose[0].text = "0"
    unfolded = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importer: Any = MusicXMLImporter()
        importer.xmlRootToScore(root, importer.stream)
        score = importer.stream
        if next(root.iter("transpose"), None) is not None:
            score = score.toSoundingPitch()
        if _has_repeats(root):
            try:
                score = score.expandRepeats()
            except (Music21Exception, AttributeError, IndexError, TypeError, ValueError):
                unfolded = False
    if not unfolded:
        warnings.warn("its repeats could not be unfolded; it is read once through", ScoretokWarning, stacklevel=2)
    return score


def _has_repeats(root: Element) -> bool:
    jumps = any(sound.get("dacapo") or sound.get("dalsegno") for sound in root.iter("sound"))
    return jumps or any(next(root.iter(tag), None) is not None for tag in ("repeat", "ending", "segno", "coda"))


def _sheet(score: Any, infos: dict[str, _PartInfo], bar_ticks: list[int] | None, title: str) -> LeadSheet:  # noqa: ANN401
    """`bar_ticks` are the lengths of the bars when we wrote the file, so that nothing is guessed."""
    signed = bar_ticks is not None
    parts = [part for part in score.parts if len(part.getElementsByClass("Measure"))]
    if not parts:
        raise ScoretokError("it holds no measures")
    if len(parts[0].getElementsByClass("Measure")) > MAX_BARS:
        raise ScoretokError(f"it has more than {MAX_BARS} bars; cut it")
    maps = read_maps(parts, bar_ticks)
    staves: dict[str, list[Any]] = {}
    for part in parts:
        staves.setdefault(str(part.id).partition("-Staff")[0], []).append(part)
    tracks = [
        _track(group, infos.get(part_id) or _PartInfo("", 0, False, False), maps.measure_starts, signed)
        for part_id, group in staves.items()
    ]
    if signed and len(tracks) == 1 and parts[0].partAbbreviation == "no tracks":
        tracks = []
    if not any(track.notes for track in tracks) and not signed:
        raise ScoretokError("it holds no notes")
    sheet = LeadSheet(
        bar_count=maps.bar_count,
        tracks=tuple(tracks),
        chords=maps.chords,
        sections=maps.sections,
        meters=maps.meters,
        tempos=maps.tempos,
        keys=maps.keys,
        pickup_ticks=maps.pickup_ticks,
        title=title,
    )
    return infer_missing(sheet, key=not maps.has_key, chords=not (signed or sheet.chords))


def _track(staves: list[Any], info: _PartInfo, starts: tuple[int, ...], signed: bool) -> Track:
    """One track of the staves of a part."""
    read = [_read_notes(staff, starts) for staff in staves]
    notes, has_words = [note for notes, _ in read for note in notes], any(words for _, words in read)
    label = split_label(info.name)
    if label and signed:
        role, name = label
    else:
        name = info.name.strip()
        role = guess_role(name, info.program, info.is_drums, has_words)
    if role != "vocal":
        notes = [note._replace(syllable=None) for note in notes]
    return Track(role, join_notes(notes), info.program, name, info.muted)


def _read_notes(part: Any, starts: tuple[int, ...]) -> tuple[list[Note], bool]:  # noqa: ANN401
    """All notes of a part, ties joined, and whether any carries words."""
    notes: list[Note] = []
    open_ties: dict[int, int] = {}  # pitch -> place in `notes`
    words: dict[int, Syllable] = {}
    grace = 0
    for number, measure in enumerate(part.getElementsByClass("Measure")):
        for element in measure.flatten().notes:
            if "Harmony" in element.classes:
                continue
            if element.duration.isGrace:
                grace += 1
                continue
            start = starts[number] + round(element.offset * 24)
            ticks = round(element.duration.quarterLength * 24)
            syllable = _syllable(element)
            if syllable:
                words.setdefault(start, syllable)
            for one in element.notes if element.isChord else (element,):
                _add(notes, open_ties, one, start, ticks, element)
    if grace:
        warnings.warn(f"{grace} grace notes were dropped", ScoretokWarning, stacklevel=2)
    last = starts[-1]
    kept = [n._replace(syllable=words.get(n.start_ticks)) for n in notes if n.start_ticks < last]
    return [n for n in kept if n.duration_ticks > 0], bool(words)


def _add(notes: list[Note], open_ties: dict[int, int], one: Any, start: int, ticks: int, element: Any) -> None:  # noqa: ANN401
    pitch = int(one.pitch.midi)
    tie = one.tie.type if one.tie else (element.tie.type if element.tie else None)
    if tie in ("stop", "continue") and pitch in open_ties and notes[open_ties[pitch]].end_ticks == start:
        place = open_ties[pitch]
        length = min(notes[place].duration_ticks + ticks, MAX_DURATION_TICKS)
        notes[place] = notes[place]._replace(duration_ticks=length)
    else:
        scalar = one.volume.velocityScalar
        scalar = element.volume.velocityScalar if scalar is None else scalar
        velocity = DEFAULT_VELOCITY if scalar is None else min(max(round(scalar * 127), 1), 127)
        place = len(notes)
        notes.append(Note(start, min(max(pitch, 0), 127), min(ticks, MAX_DURATION_TICKS), velocity))
    open_ties.pop(pitch, None)
    if tie in ("start", "continue", "let-ring"):
        open_ties[pitch] = place


def _syllable(element: Any) -> Syllable | None:  # noqa: ANN401
    for lyric in element.lyrics[:1]:
        text = clean_text(lyric.text or "").strip(" ").rstrip("- ")
        if text:
            return Syllable(text, (), lyric.syllabic not in ("begin", "middle"))
    return None


__all__ = ["read", "write"]
