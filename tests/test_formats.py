"""Every format gives back what it can hold, for wild and plain scores, and through real files."""

import json

import pytest
from conftest import EXAMPLES
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import lead_sheets, walked_sheets

import scoretok
from scoretok.formats import abc, json_form, midi, musicxml
from scoretok.formats.abc_write import abc_text
from scoretok.formats.holds import held
from scoretok.formats.lead import print_lead
from scoretok.formats.lead_parser import parse
from scoretok.formats.lead_terms import duration_text, parse_duration

SHEETS = st.one_of(walked_sheets(), lead_sheets())
EXAMPLE_FILES = sorted(EXAMPLES.glob("*.lead"))


@given(SHEETS)
def test_lead_is_exact(sheet):
    assert parse(print_lead(sheet)) == sheet


@given(SHEETS)
def test_json_is_exact(sheet):
    assert json_form.sheet_from_dict(json.loads(json.dumps(json_form.sheet_to_dict(sheet)))) == sheet


@given(SHEETS)
def test_midi_is_exact_but_for_phonemes(sheet):
    back, report = midi.parse(midi.to_bytes(sheet), "test")
    assert back == held(sheet, ".mid")
    assert report.notes_kept == report.notes_read == sheet.note_count


@given(SHEETS)
def test_abc_is_exact_but_for_velocities(sheet):
    assert abc.parse(abc_text(sheet)) == held(sheet, ".abc")


@settings(max_examples=15)
@given(SHEETS)
def test_musicxml_is_exact_but_for_phonemes(tmp_path_factory, sheet):
    path = tmp_path_factory.mktemp("xml") / "score.musicxml"
    musicxml.write(sheet, path)
    assert musicxml.read(path) == held(sheet, ".musicxml")


@pytest.mark.parametrize("path", EXAMPLE_FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("suffix", [".lead", ".json", ".mid", ".musicxml", ".mxl", ".abc"])
def test_examples_survive_real_files(path, suffix, tmp_path):
    sheet = scoretok.read(path)
    target = tmp_path / f"copy{suffix}"
    scoretok.write(sheet, target)
    back = scoretok.read(target)
    assert back == held(sheet, suffix)


def test_what_is_dropped_is_named(saints, tmp_path):
    with pytest.warns(scoretok.ScoretokWarning) as warned:
        scoretok.write(saints, tmp_path / "x.abc")
    assert [str(w.message).partition(";")[0] for w in warned] == [
        ".abc files hold no phonemes",
        ".abc files hold no velocities",
    ]


@given(st.integers(1, 6144))
def test_note_lengths_have_one_name(ticks):
    assert parse_duration(duration_text(ticks)) == ticks


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("hello", "line 1, column 1"),
        ("scoretok 1\nbar 2", "line 2, column 1"),
        ("scoretok 1\nbar 1 meter 4/4", "line 2, column 1"),
        ("scoretok 1\nbar 1 meter 4/x key C:maj", "line 2, column 13"),
        ("scoretok 1\ntrack piano\nbar 1 meter 4/4 key C:maj\n  piano 1 H4 q", "line 4, column 11"),
        ("scoretok 1\ntrack piano\nbar 1 meter 4/4 key C:maj\n  piano 5 C4 q", "line 4, column 9"),
        ("scoretok 1\ntrack piano\nbar 1 meter 4/4 key C:maj\n  piano 1 C4 h  2 C4 q", "line 4, column 19"),
        ("scoretok 1\ntrack piano\nbar 1 meter 4/4 key C:maj\n  piano 1 C4", "line 4, column 13"),
        ("scoretok 1\ntrack drums\nbar 1 meter 4/4 key C:maj\n  drums 1 kik", "line 4, column 11"),
        ('scoretok 1\ntrack vocal\nbar 1 meter 4/4 key C:maj\n  vocal 1 C4 q "la', "line 4, column 16"),
        ("scoretok 1\nbar 1 meter 4/4 key C:maj\n  chords 1 H:maj", "line 3, column 12"),
        ("scoretok 1\nbar 1 meter 4/4 key C:maj\n  tempo 1 0", "line 3, column 11"),
    ],
)
def test_lead_errors_name_line_and_column(text, place):
    with pytest.raises(scoretok.ScoretokError, match=place):
        parse(text)


def test_lead_allows_comments_blank_lines_and_defaults():
    sheet = parse("# a tune\nscoretok 1\ntrack piano\n\nbar 1 meter 3/4 key D:min\n  piano 1 D4 q F4 q  3 A4 h+e\n")
    assert sheet.tempos[0].bpm == 120
    assert [note.pitch for note in sheet.tracks[0].notes] == [62, 65, 69]
    assert sheet.tracks[0].notes[-1].duration_ticks == 60


def test_a_suffix_that_is_no_score_is_refused(tmp_path, saints):
    with pytest.raises(scoretok.ScoretokError, match="does not end like a score"):
        scoretok.write(saints, tmp_path / "x.docx")
