"""MusicXML files that others wrote."""

import pytest

import scoretok
from scoretok.theory import pitch_name

PARTS = '<part-list><score-part id="P1"><part-name>{name}</part-name></score-part></part-list>'


def note(name, quarters=4, extra=""):
    pitch = f"<pitch><step>{name[0]}</step><octave>{name[1]}</octave></pitch>"
    return f"<note>{pitch}<duration>{quarters}</duration>{extra}</note>"


def score(measures, tmp_path, name="Piano", attributes=""):
    meter = "<time><beats>4</beats><beat-type>4</beat-type></time>"
    head = f"<attributes><divisions>1</divisions><key><fifths>0</fifths></key>{meter}{attributes}</attributes>"
    body = "".join(
        f'<measure number="{i + 1}">{head if i == 0 else ""}{content}</measure>' for i, content in enumerate(measures)
    )
    path = tmp_path / "score.musicxml"
    text = f'<score-partwise version="4.0">{PARTS.format(name=name)}<part id="P1">{body}</part></score-partwise>'
    path.write_text(text)
    return path


def names(sheet):
    return " ".join(pitch_name(note.pitch) for note in sheet.tracks[0].notes)


FORWARD = '<barline location="left"><repeat direction="forward"/></barline>'
BACKWARD = '<barline location="right"><repeat direction="backward"/></barline>'


def test_repeats_are_unfolded(tmp_path):
    sheet = scoretok.read(score([FORWARD + note("C4"), note("D4") + BACKWARD, note("E4")], tmp_path))
    assert names(sheet) == "C4 D4 C4 D4 E4"


def test_a_bar_split_by_a_repeat_is_one_bar(tmp_path):
    measures = [note("C4"), note("D4", 3) + BACKWARD, note("E4", 1), note("F4")]
    sheet = scoretok.read(score(measures, tmp_path))
    assert [bar // 24 for bar in sheet.bar_starts] == [0, 4, 7, 11, 15, 19]


def test_transposing_instruments_sound_where_they_sound(tmp_path):
    transpose = "<transpose><chromatic>0</chromatic><octave-change>-1</octave-change></transpose>"
    assert names(scoretok.read(score([note("C4")], tmp_path, attributes=transpose))) == "C3"


def test_pickups_words_and_dynamics(tmp_path):
    said = "<lyric><syllabic>begin</syllabic><text>la</text></lyric>"
    loud = note("C4", 1, said).replace("<note>", '<note dynamics="100">')
    sheet = scoretok.read(score([loud, note("D4")], tmp_path, "Voice"))
    assert sheet.pickup_ticks == 24
    first = sheet.tracks[0].notes[0]
    assert (first.velocity, first.syllable.text, first.syllable.word_end) == (90, "la", False)
    assert sheet.tracks[0].role == "vocal"


def test_ties_chords_symbols_and_sections(tmp_path):
    harmony = "<harmony><root><root-step>A</root-step></root><kind>minor-seventh</kind></harmony>"
    mark = "<direction><direction-type><rehearsal>Chorus</rehearsal></direction-type></direction>"
    chord = note("E4").replace("<note>", "<note><chord/>")
    tied = [note("C4", 4, '<tie type="start"/>') + chord, note("C4", 4, '<tie type="stop"/>')]
    sheet = scoretok.read(score([mark + harmony + tied[0], tied[1]], tmp_path))
    assert [(n.pitch, n.duration_ticks) for n in sheet.tracks[0].notes] == [(60, 192), (64, 96)]
    assert [(c.root, c.quality) for c in sheet.chords] == [(9, "min7")]
    assert sheet.sections[0].label == "chorus"


def test_grace_notes_are_left_out_and_said(tmp_path):
    grace = "<note><grace/><pitch><step>B</step><octave>4</octave></pitch></note>"
    path = score([grace + note("C4")], tmp_path)
    with pytest.warns(scoretok.ScoretokWarning, match="1 grace notes"):
        assert names(scoretok.read(path)) == "C4"


def test_odd_headers_are_read(tmp_path):
    path = score([note("C4")], tmp_path)
    odd = (
        '<midi-instrument id="x"><midi-program>piano</midi-program><volume>loud</volume></midi-instrument></score-part>'
    )
    path.write_text(path.read_text().replace("</score-part>", odd))
    assert scoretok.read(path).tracks[0].program == 0
