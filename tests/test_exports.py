"""What people take away: words with times, MP3, DAW projects and annotations, read back by others' readers."""

import io
import json
import zipfile
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from conftest import ROOT, run
from hypothesis import given
from strategies import lead_sheets

import scoretok
from scoretok import ScoretokError, ScoretokWarning
from scoretok.formats.dawproject import write as write_project
from scoretok.formats.jams_form import jams_of
from scoretok.formats.lyric_files import lrc_text, srt_text
from scoretok.sung_lines import line_text, sung_lines

GRACE = ROOT / "examples" / "amazing-grace.lead"
VERSE = [
    "Amazing grace, how sweet the sound,", "that saved a wretch like me.", "I once was lost, but now am found,",
    "was blind, but now I see.",
]  # fmt: skip


@pytest.fixture
def grace():
    return scoretok.read(GRACE)


def test_lines_are_those_of_the_verse(grace):
    lines = sung_lines(grace)
    assert [line_text(line) for line in lines] == VERSE
    words = [note.syllable for note in grace.tracks[0].notes if note.syllable]
    assert [one.text for line in lines for one in line] == [word.text for word in words]


@given(lead_sheets())
def test_every_syllable_is_sung_once_and_in_its_time(sheet):
    lines = sung_lines(sheet)
    sung = [one for line in lines for one in line]
    assert sorted(one.text for one in sung) == sorted(
        note.syllable.text for track in sheet.tracks for note in track.notes if note.syllable
    )
    for line in lines:
        for one in line:
            assert one.start_s < one.end_s
        assert [one.start_s for one in line] == sorted(one.start_s for one in line)


def test_lrc_is_read_by_pylrc(grace, tmp_path):
    pylrc = pytest.importorskip("pylrc")
    with pytest.warns(ScoretokWarning, match=r"\.lrc files hold the sung words"):
        scoretok.write(grace, tmp_path / "song.lrc")
    found = pylrc.parse((tmp_path / "song.lrc").read_text())
    assert found.title == "Amazing Grace"
    assert [line.text for line in found if line.text] == VERSE
    starts = [line[0].start_s for line in sung_lines(grace)]
    assert [line.time for line in found if line.text] == pytest.approx(starts, abs=0.006)


def test_enhanced_lrc_has_a_time_a_syllable(grace):
    text = lrc_text(sung_lines(grace), by_syllable=True)
    first = text.split("\n")[1]
    assert first.startswith("[00:00.00]<00:00.00>A<00:00.71>ma<00:02.14>zing <00:02.86>grace, ")
    assert text.count("<") == len([n for n in grace.tracks[0].notes if n.syllable]) + len(VERSE)


def test_srt_is_read_by_srt(grace):
    srt = pytest.importorskip("srt")
    found = list(srt.parse(srt_text(sung_lines(grace))))
    assert [one.content for one in found] == VERSE
    for one, following in pairwise(found):
        assert one.start < one.end <= following.start


def test_scores_without_words_have_no_lyric_files(grace, tmp_path):
    with pytest.raises(ScoretokError, match="no sung words"):
        scoretok.write(grace.with_tracks(grace.tracks[1:]), tmp_path / "song.lrc")
    assert not list(tmp_path.iterdir())


@given(lead_sheets())
def test_jams_is_valid_and_holds_every_note(sheet):
    jams = pytest.importorskip("jams")
    found = jams.load(io.StringIO(json.dumps(jams_of(sheet))), validate=True, strict=True)
    notes = [row for one in found.search(namespace="note_midi") for row in one.data]
    assert len(notes) == sheet.note_count


def test_jams_has_what_was_heard(grace, tmp_path):
    jams = pytest.importorskip("jams")
    scoretok.write(grace, tmp_path / "song.jams")
    found = jams.load(str(tmp_path / "song.jams"))
    assert found.file_metadata.duration == pytest.approx(grace.duration_s)
    (chords,) = found.search(namespace="chord")
    assert chords.data[0].value == "G:maj"
    (beats,) = found.search(namespace="beat")
    assert [row.value for row in beats.data][:5] == [3, 1, 2, 3, 1]
    (words,) = found.search(namespace="lyrics")
    assert [row.value for row in words.data][:3] == ["A", "ma", "zing"]


def project_of(path):
    with zipfile.ZipFile(path) as archive:
        return archive.namelist(), ElementTree.parse(io.BytesIO(archive.read("project.xml"))).getroot()


@given(lead_sheets())
def test_a_daw_project_holds_every_note_where_it_is(tmp_path_factory, sheet):
    path = tmp_path_factory.mktemp("daw") / "song.dawproject"
    write_project(sheet, path)
    _, root = project_of(path)
    tracks = [track for track in root.iter("Track") if track.get("name") != "Master"]
    assert len(tracks) == len(sheet.tracks)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for lanes, track in zip(root.findall("Arrangement/Lanes/Lanes"), sheet.tracks, strict=True):
        found = sorted(
            (round(float(n.get("time")) * 24), int(n.get("key")), round(float(n.get("duration")) * 24),
             round(float(n.get("vel")) * 127))
            for n in lanes.iter("Note")
        )  # fmt: skip
        assert found == sorted(note[:4] for note in track.notes)
    points = root.findall("Arrangement/TempoAutomation/RealPoint")
    assert [(round(float(p.get("time")) * 24), float(p.get("value"))) for p in points] == [
        (tempo.start_ticks, tempo.bpm) for tempo in sheet.tempos
    ]
    markers = root.findall("Arrangement/Markers/Marker")
    assert [marker.get("name") for marker in markers] == [section.label for section in sheet.sections]


def test_bar_lines_of_a_daw_project_fall_where_they_should(grace, tmp_path):
    write_project(grace, tmp_path / "x.dawproject")
    _, root = project_of(tmp_path / "x.dawproject")
    points = root.findall("Arrangement/TimeSignatureAutomation/TimeSignaturePoint")
    assert [(float(p.get("time")), p.get("numerator"), p.get("denominator")) for p in points] == [
        (0, "1", "4"), (1, "3", "4")
    ]  # fmt: skip


def test_stems_lie_in_a_daw_project_and_notes_are_silent_then(grace, tmp_path):
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(tmp_path / "v.wav", np.zeros((44100, 2)), 44100)
    write_project(grace, tmp_path / "x.dawproject", {"vocal.1": tmp_path / "v.wav"})
    names, root = project_of(tmp_path / "x.dawproject")
    assert "audio/vocal.1.wav" in names
    assert [f.get("path") for f in root.iter("File")] == ["audio/vocal.1.wav"]
    muted = [(t.get("contentType"), t.find("Channel/Mute").get("value")) for t in root.iter("Track")]
    assert muted == [("notes", "true"), ("audio", "false"), ("notes", "false"), ("audio notes", "false")]


def test_exports_are_not_read(tmp_path):
    for suffix in (".lrc", ".srt", ".dawproject", ".jams"):
        with pytest.raises(ScoretokError, match="are written for other programs, not read"):
            scoretok.read(tmp_path / f"x{suffix}")


def test_mp3_carries_the_title(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    from scoretok.audio.writer import audio_writer

    wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(44100) / 44100)
    with audio_writer(tmp_path / "x.mp3", 44100, 1, title="Ämazing 日本", comment="hello") as writer:
        writer.write(wave[None])
    with soundfile.SoundFile(tmp_path / "x.mp3") as file:
        assert (file.title, file.comment) == ("Ämazing 日本", "hello")
        heard = file.read()
    assert np.corrcoef(heard[5000:40000], wave[5000:40000])[0, 1] > 0.99


@pytest.mark.slow
def test_the_command_makes_them_all(tmp_path):
    for name in ("song.lrc", "song.srt", "song.jams", "song.dawproject"):
        assert run("convert", GRACE, name, cwd=tmp_path).returncode == 0
    assert run("convert", GRACE, "by.lrc", "--syllables", cwd=tmp_path).returncode == 0
    assert "<00:00.71>ma" in (tmp_path / "by.lrc").read_text()
    assert run("convert", GRACE, "by.mid", "--syllables", cwd=tmp_path).returncode == 1
    made = run("render", GRACE, "-o", "heard.dawproject", "--engine", "draft", cwd=tmp_path)
    assert made.returncode == 0
    names, _ = project_of(tmp_path / "heard.dawproject")
    assert sorted(names) == ["audio/piano.1.wav", "audio/vocal.1.wav", "metadata.xml", "project.xml"]
    assert run("render", GRACE, "-o", "x.dawproject", "--bars", "1-2", cwd=tmp_path).returncode == 1
    assert run("render", GRACE, "-o", "x.mp3", "--engine", "draft", "--bars", "1-2", cwd=tmp_path).returncode == 0
    assert json.loads((tmp_path / "song.jams").read_text())["file_metadata"]["title"] == "Amazing Grace"


def test_untitled_scores_are_exported_too(grace, tmp_path):
    for suffix in (".lrc", ".srt", ".jams", ".dawproject"):
        scoretok.write(replace(grace, title=""), tmp_path / f"x{suffix}")
    assert len(list(tmp_path.iterdir())) == 4
