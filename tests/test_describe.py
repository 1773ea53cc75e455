"""A score in numbers and in prose."""

import pytest
from conftest import ROOT

from scoretok import Key, LeadSheet, Meter, Tempo, read
from scoretok.describe import describe, in_prose, key_in_words

SAINTS = read(ROOT / "examples" / "when-the-saints.lead")


def test_facts_are_those_of_the_score():
    facts = describe(SAINTS)
    assert facts["bars"] == SAINTS.bar_count
    assert facts["duration_s"] == pytest.approx(SAINTS.duration_s, abs=0.01)
    assert facts["tempo_bpm"] == pytest.approx(SAINTS.tempos[0].bpm, abs=0.01)
    assert [row["label"] for row in facts["sections"]] == [section.label for section in SAINTS.sections]
    assert facts["sections"][-1]["last_bar"] == SAINTS.bar_count
    assert sum(row["notes"] for row in facts["tracks"]) == SAINTS.note_count
    assert all(0 < row["share_of_bars"] <= 1 for row in facts["tracks"] if row["notes"])


def test_prose_names_key_form_and_tracks():
    prose = in_prose(describe(SAINTS))
    assert f"{SAINTS.bar_count} bars" in prose
    for name in SAINTS.tracks_by_id:
        assert f"{name}: " in prose
    for section in SAINTS.sections:
        assert section.label in prose
    assert "LUFS" not in prose
    assert "-9.5 LUFS" in in_prose({**describe(SAINTS), "loudness_lufs": -9.5, "peak_db": -0.1})


def test_changes_are_told():
    changed = LeadSheet(
        16,
        keys=(Key(0, 0), Key(8, 2)),
        meters=(Meter(0, 4, 4), Meter(8, 3, 4)),
        tempos=(Tempo(0, 90.0), Tempo(8 * 96, 180.0)),
    )
    prose = in_prose(describe(changed))
    assert "then D major from bar 9" in prose
    assert "then 3/4 from bar 9" in prose
    assert "on average" in prose


def test_an_empty_score_has_no_notes_to_tell():
    facts = describe(LeadSheet(4))
    assert facts["chords"] == facts["tracks"] == facts["sections"] == []
    assert in_prose(facts).startswith("The score: 4 bars of 4/4")
    assert key_in_words(Key(0, -1, "dorian")) == "G dorian"
