"""DAWproject: tracks, notes, tempo, meter, markers and stems for Bitwig, Studio One, Cubase and others; only written.

The format is Bitwig's and PreSonus's, version 1.0: a ZIP file with project.xml, metadata.xml and the audio. Times are
in beats of a quarter note; stems lie in seconds from the beginning.
"""

import zipfile
from collections.abc import Mapping
from importlib.metadata import version
from itertools import count
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from scoretok.extras import require
from scoretok.files import whole_file
from scoretok.parts import TICKS_PER_QUARTER, Meter, Track, meter_lasting
from scoretok.roles import labelled
from scoretok.sheet import LeadSheet

COLOURS = {
    "vocal": "#d9534f", "lead": "#e0b23c", "guitar": "#5cb85c", "piano": "#4f81d9", "strings": "#b05cc9",
    "bass": "#46b8c9", "drums": "#9a9a9a",
}  # fmt: skip
DRUM_CHANNEL = 9


def write(sheet: LeadSheet, path: str | Path, stems: Mapping[str, Path] | None = None) -> None:
    """Write a .dawproject, whole or not at all. `stems` are WAV files by track id; they sound in place of notes."""
    project = _Project(sheet, stems or {}).build()
    about = Element("MetaData")
    SubElement(about, "Title").text = sheet.title
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.xml", _document(project))
        archive.writestr("metadata.xml", _document(about))
        for track_id, stem in (stems or {}).items():
            archive.write(stem, f"audio/{track_id}.wav", zipfile.ZIP_STORED)


def _document(root: Element) -> bytes:
    indent(root)
    return tostring(root, "utf-8", xml_declaration=True)


def _beats(ticks: int) -> str:
    return f"{ticks / TICKS_PER_QUARTER:.6f}"


class _Project:
    """Builds the elements of a project, each with an id of its own."""

    def __init__(self, sheet: LeadSheet, stems: Mapping[str, Path]) -> None:
        self.sheet, self.stems = sheet, stems
        self.numbers = count()

    def new(self, parent: Element | None, tag: str, **attributes: str) -> Element:
        """A new element with an id."""
        named = {"id": f"id{next(self.numbers)}", **attributes}
        return Element(tag, named) if parent is None else SubElement(parent, tag, named)

    def build(self) -> Element:
        """The whole project."""
        project = Element("Project", version="1.0")
        SubElement(project, "Application", name="scoretok", version=version("scoretok"))
        transport = SubElement(project, "Transport")
        bpm = f"{self.sheet.tempos[0].bpm:.6f}"
        tempo = self.new(transport, "Tempo", unit="bpm", value=bpm, min="10", max="480", name="Tempo")
        first = self.meters()[0][1]
        numerator, denominator = str(first.numerator), str(first.denominator)
        meter = self.new(transport, "TimeSignature", numerator=numerator, denominator=denominator)
        structure = SubElement(project, "Structure")
        master = self.new(None, "Track", contentType="audio notes", loaded="true", name="Master")
        output = self.channel(master, "", "master")
        arrangement = self.new(None, "Arrangement")
        lanes = self.new(arrangement, "Lanes", timeUnit="beats")
        for track_id, track in self.sheet.tracks_by_id.items():
            stem = self.stems.get(track_id)
            self.note_track(structure, lanes, track, output, muted=track.muted or stem is not None)
            if stem:
                self.audio_track(structure, lanes, track_id, track, output)
        structure.append(master)
        self.markers(arrangement)
        self.automation(arrangement, tempo.get("id", ""), meter.get("id", ""))
        project.append(arrangement)
        return project

    def channel(self, track: Element, destination: str, role: str, muted: bool = False) -> str:
        """The mixer channel of a track; its id."""
        target = {"destination": destination} if destination else {}
        channel = self.new(track, "Channel", audioChannels="2", role=role, solo="false", **target)
        self.new(channel, "Mute", value=str(muted).lower(), name="Mute")
        self.new(channel, "Pan", unit="normalized", value="0.5", min="0", max="1", name="Pan")
        self.new(channel, "Volume", unit="linear", value="1.0", min="0", max="2", name="Volume")
        return channel.get("id", "")

    def track(self, structure: Element, content: str, name: str, role: str, output: str, muted: bool) -> str:
        """A track with its channel; its id."""
        made = self.new(structure, "Track", contentType=content, loaded="true", name=name, color=COLOURS[role])
        self.channel(made, output, "regular", muted)
        return made.get("id", "")

    def note_track(self, structure: Element, lanes: Element, track: Track, output: str, muted: bool) -> None:
        """A track of notes, in one clip as long as the score."""
        number = self.track(structure, "notes", labelled(track.role, track.name), track.role, output, muted)
        clips = self.new(self.new(lanes, "Lanes", track=number), "Clips")
        end = max([self.sheet.end_ticks, *(note.end_ticks for note in track.notes)])
        clip = SubElement(clips, "Clip", time="0.0", duration=_beats(end), playStart="0.0", name=track.name)
        notes = self.new(clip, "Notes")
        for note in track.notes:
            SubElement(
                notes, "Note", time=_beats(note.start_ticks), duration=_beats(note.duration_ticks),
                channel=str(DRUM_CHANNEL if track.is_drums else 0), key=str(note.pitch),
                vel=f"{note.velocity / 127:.6f}", rel="0.5",
            )  # fmt: skip

    def audio_track(self, structure: Element, lanes: Element, track_id: str, track: Track, output: str) -> None:
        """A track with the stem of another."""
        info = require("soundfile", "audio", "stems in a project").info(str(self.stems[track_id]))
        name = f"{labelled(track.role, track.name)} (audio)"
        number = self.track(structure, "audio", name, track.role, output, track.muted)
        clips = self.new(self.new(lanes, "Lanes", track=number, timeUnit="seconds"), "Clips")
        clip = SubElement(clips, "Clip", time="0.0", duration=f"{info.duration:.6f}", playStart="0.0",
                          contentTimeUnit="seconds", name=track.name)  # fmt: skip
        audio = self.new(clip, "Audio", channels=str(info.channels), sampleRate=str(info.samplerate),
                         duration=f"{info.duration:.6f}")  # fmt: skip
        SubElement(audio, "File", path=f"audio/{track_id}.wav")

    def markers(self, arrangement: Element) -> None:
        """A marker where each section begins."""
        markers = self.new(arrangement, "Markers", timeUnit="beats")
        for section in self.sheet.sections:
            SubElement(markers, "Marker", time=_beats(self.sheet.bar_starts[section.bar]), name=section.label)

    def meters(self) -> list[tuple[int, Meter]]:
        """Ticks and meters; a pickup has a meter as short as itself, so that bar lines fall where they should."""
        starts = self.sheet.bar_starts
        placed = [(starts[meter.bar], meter) for meter in self.sheet.meters]
        if self.sheet.pickup_ticks:
            short = Meter(0, *(meter_lasting(self.sheet.pickup_ticks) or (4, 4)))
            placed = [(0, short), *([(starts[1], placed[0][1])] if self.sheet.bar_count > 1 else []), *placed[1:]]
        return placed

    def automation(self, arrangement: Element, tempo: str, meter: str) -> None:
        """Changes of tempo and meter."""
        points = self.new(arrangement, "TempoAutomation", unit="bpm", timeUnit="beats")
        SubElement(points, "Target", parameter=tempo)
        for one in self.sheet.tempos:
            value = f"{one.bpm:.6f}"
            SubElement(points, "RealPoint", time=_beats(one.start_ticks), value=value, interpolation="hold")
        points = self.new(arrangement, "TimeSignatureAutomation", timeUnit="beats")
        SubElement(points, "Target", parameter=meter)
        for ticks, written in self.meters():
            point = SubElement(points, "TimeSignaturePoint", time=_beats(ticks))
            point.attrib |= {"numerator": str(written.numerator), "denominator": str(written.denominator)}
