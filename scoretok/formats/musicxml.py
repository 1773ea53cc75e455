"""Reading MusicXML (plain or compressed) through music21; writing is in musicxml_write."""

import io
import re
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, ParseError

from scoretok.bars import join_notes_aloud
from scoretok.errors import ScoretokError, quoted, warn
from scoretok.extras import require
from scoretok.files import read_bytes
from scoretok.formats.musicxml_maps import measure_ticks, played_measures, read_maps
from scoretok.formats.musicxml_marks import read_marks
from scoretok.formats.musicxml_parts import PartHeader, describe_parts
from scoretok.formats.musicxml_prepare import check_numbers, complete, join_chords, simplify_keys, spread_harmonies
from scoretok.formats.musicxml_write import write
from scoretok.formats.playing_order import Marks, playing_order
from scoretok.infer import infer_missing
from scoretok.parts import DEFAULT_VELOCITY, MAX_BARS, MAX_DURATION_TICKS, Note, Syllable, Track
from scoretok.roles import identify, say_roles, split_label
from scoretok.sheet import LeadSheet
from scoretok.texts import clean_text

if TYPE_CHECKING:
    import music21

MAX_XML_BYTES = 256 * 2**20


def read(path: str | Path) -> LeadSheet:
    """Read a MusicXML file. Raises ScoretokError; warns of what was dropped or guessed."""
    root = parse_xml(_xml_bytes(read_bytes(path), str(path)), str(path))
    if root.tag != "score-partwise":
        raise ScoretokError(f"{path} is not a partwise MusicXML score (its root is <{root.tag[:40]}>)")
    try:
        check_numbers(root)
        signed = root.findtext("identification/encoding/software") == "scoretok"
        title = clean_text(root.findtext("work/work-title") or root.findtext("movement-title") or "")
        bar_ticks = measure_ticks(root) if signed else None
        source = _Source(title, read_marks(root), bar_ticks, next(root.iter("note"), None) is None)
        complete(root)
        join_chords(root)
        spread_harmonies(root)
        simplify_keys(root)
        headers = describe_parts(root)
        return _sheet(_parse_with_music21(root), headers, source)
    except ScoretokError as error:
        raise ScoretokError(f"{path}: {error}") from None
    except Exception as error:  # music21 raises many kinds for files that break the format's rules
        raise ScoretokError(
            f"{path} breaks the rules of MusicXML ({type(error).__name__}: {quoted(str(error))}); open it in a notation"
            " program and export it again"
        ) from None


@dataclass(frozen=True)
class _Source:
    """What is read from the XML itself. `bar_ticks` are the lengths of the bars in a file that we wrote.

    `is_empty` says that there is neither a note nor a rest.
    """

    title: str
    marks: list[Marks]
    bar_ticks: list[int] | None
    is_empty: bool


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
    except ScoretokError:
        raise
    except Exception as error:  # zipfile and zlib raise many kinds for damaged archives
        raise ScoretokError(f"{path} is a damaged compressed file: {quoted(str(error))}") from None


def _member(archive: zipfile.ZipFile, name: str, path: str) -> bytes:
    if archive.getinfo(name).file_size > MAX_XML_BYTES:
        raise ScoretokError(f"{path} unpacks to more than {MAX_XML_BYTES >> 20} MB; that is not a score")
    return archive.read(name)


def parse_xml(data: bytes, path: str) -> Element:
    """The root of an XML document. Raises ScoretokError for malformed XML and for any entity."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        return fromstring(re.sub(rb"""encoding=(["'])UTF-16\1""", b"", data, count=1) if data[:1] == b"<" else data)
    except DefusedXmlException:
        raise ScoretokError(
            f"{path} declares XML entities, which are refused; save it again from a score editor"
        ) from None
    except (ParseError, ValueError, LookupError) as error:
        raise ScoretokError(f"{path} is not well-formed XML: {error}") from None


def _parse_with_music21(root: Element) -> "music21.stream.Score":
    require("music21", "notation", "reading MusicXML")
    from music21.musicxml.xmlToM21 import MusicXMLImporter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importer: Any = MusicXMLImporter()
        importer.xmlRootToScore(root, importer.stream)
        score = importer.stream
        if next(root.iter("transpose"), None) is not None:
            score = score.toSoundingPitch()
    return score


def _sheet(score: Any, headers: dict[str, PartHeader], source: _Source) -> LeadSheet:  # noqa: ANN401
    signed = source.bar_ticks is not None
    parts = [part for part in score.parts if len(part.getElementsByClass("Measure"))]
    if not parts:
        raise ScoretokError("it holds no measures")
    order = playing_order(source.marks)
    if len(order) > MAX_BARS:
        raise ScoretokError(f"it has more than {MAX_BARS} bars; cut it")
    maps = read_maps(parts, order, source.bar_ticks)
    staves: dict[str, list[Any]] = {}
    for part in parts:
        staves.setdefault(str(part.id).partition("-Staff")[0], []).append(part)
    tracks = [
        _track(
            group, headers.get(part_id) or PartHeader("", "", None, False, False), order, maps.measure_starts, signed
        )
        for part_id, group in staves.items()
    ]
    if signed and len(tracks) == 1 and parts[0].partAbbreviation == "no tracks":
        tracks = []
    if not signed and not any(track.notes for track in tracks):
        if source.is_empty and not maps.chords:
            raise ScoretokError("it holds no notes, rests or chords")
        tracks = [] if maps.chords else tracks
        warn("it holds no notes", "dropped")
    if not signed:
        say_roles(tracks)
    sheet = LeadSheet(
        bar_count=maps.bar_count,
        tracks=tuple(tracks),
        chords=maps.chords,
        sections=maps.sections,
        meters=maps.meters,
        tempos=maps.tempos,
        keys=maps.keys,
        pickup_ticks=maps.pickup_ticks,
        title=source.title,
    )
    return infer_missing(sheet, key=not maps.has_key, chords=not (signed or sheet.chords))


def _track(staves: list[Any], header: PartHeader, order: list[int], starts: tuple[int, ...], signed: bool) -> Track:
    """One track of the staves of a part."""
    read = [_read_notes(played_measures(staff, order), starts) for staff in staves]
    notes, has_words = [note for notes, _ in read for note in notes], any(words for _, words in read)
    label = split_label(header.name)
    if label and signed:
        role, name = label
        program = header.program or 0
    else:
        name = header.name.strip()
        part = identify(header.told_by, header.program, header.is_drums, has_words, [note.pitch for note in notes])
        role, program = part.role, part.program
    if role != "vocal":
        notes = [note._replace(syllable=None) for note in notes]
    return Track(role, join_notes_aloud(notes), program, name, header.muted)


def _read_notes(measures: list[Any], starts: tuple[int, ...]) -> tuple[list[Note], bool]:
    """All notes of a staff, ties joined, and whether any carries words."""
    notes: list[Note] = []
    open_ties: dict[int, int] = {}  # pitch -> place in `notes`
    words: dict[int, Syllable] = {}
    grace = 0
    for measure_start, measure in zip(starts, measures, strict=False):
        for element in measure.flatten().notes if measure is not None else ():
            if "Harmony" in element.classes:
                continue
            if element.duration.isGrace:
                grace += 1
                continue
            start = measure_start + round(element.offset * 24)
            ticks = max(round(element.duration.quarterLength * 24), 1)
            syllable = _syllable(element)
            if syllable:
                words.setdefault(start, syllable)
            for one in element.notes if element.isChord else (element,):
                _add(notes, open_ties, one, start, ticks, element)
    if grace:
        warn(f"{grace} grace notes were dropped", "dropped")
    last = starts[-1]
    kept = [n._replace(syllable=words.get(n.start_ticks)) for n in notes if n.start_ticks < last]
    return kept, bool(words)


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
