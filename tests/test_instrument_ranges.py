"""What instruments can play, and the edit that makes tracks playable."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editing import edit
from editing.range_edits import into_range, one_voice
from scoretok import LeadSheet, ScoretokError
from scoretok.bars import join_notes
from scoretok.describe import describe, in_prose
from scoretok.errors import ScoretokWarning
from scoretok.instrument_ranges import RANGES, beyond_voices, range_of, unplayable
from scoretok.parts import Note, Track

FLUTE, VIOLIN, ALTO_SAX, TRUMPET, ELECTRIC_BASS, STRINGS = 73, 40, 65, 56, 33, 48
notes = st.lists(
    st.builds(Note, st.integers(0, 300), st.integers(0, 127), st.integers(1, 100), st.just(80), st.none(), st.none()),
    max_size=12,
).map(join_notes)


def test_every_program_has_a_range_and_is_comfortable_inside_it():
    assert len(RANGES) == 128
    for limits in RANGES:
        low, high = limits.comfortable
        assert 0 <= limits.lowest <= low < high <= limits.highest <= 127
        assert limits.voices >= 1
        assert not (limits.is_monophonic and limits.chord_span)


def test_ranges_are_those_of_the_instruments():
    def spoken(program):
        return RANGES[program].lowest, RANGES[program].highest, RANGES[program].voices

    assert spoken(FLUTE) == (60, 96, 1)  # C4 to C7
    assert spoken(VIOLIN) == (55, 100, 1)  # G3 to E7
    assert spoken(ALTO_SAX) == (49, 81, 1)  # Db3 to A5
    assert spoken(TRUMPET)[2] == 1
    assert spoken(STRINGS)[2] > 1
    assert spoken(ELECTRIC_BASS)[:2] == (23, 67)
    assert [number for number, limits in enumerate(RANGES) if limits.is_monophonic] == [
        *range(40, 44), *range(56, 61), *range(64, 80), 109, 110, 111
    ]  # fmt: skip
    assert range_of(Track("drums")) is None
    assert range_of(Track("vocal", program=FLUTE)).is_monophonic


def test_what_cannot_be_played_is_found_and_said():
    low, chord = Note(0, 57, 24), (Note(24, 72, 24), Note(24, 76, 24))
    track = Track("lead", (low, *chord, Note(48, 100, 24)), FLUTE)
    found = unplayable(track)
    assert (found.too_low, found.too_high, found.too_many) == ((low,), (Note(48, 100, 24),), (chord[0],))
    facts = describe(LeadSheet(1, (track,)))
    row = facts["tracks"][0]["unplayable"]
    assert (row["too_low"], row["too_high"], row["too_many_at_once"]) == (1, 1, 1)
    assert row["instrument_range"] == ["C4", "C7"]
    assert "1 note below C4, 1 note above C7, 1 note more than one voice" in in_prose(facts)
    assert not unplayable(Track("piano", chord))
    assert not unplayable(Track("drums", (Note(0, 1, 1),)))


@given(notes, st.integers(0, 127))
def test_fitted_tracks_are_playable_and_what_fits_is_left_as_it_is(given_notes, program):
    role = "bass" if 32 <= program < 40 else "lead"
    sheet = LeadSheet(5, (Track(role, given_notes, program), Track("piano", given_notes)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoretokWarning)
        fitted = edit(sheet, [f"fit ranges of {role}"])
    assert not unplayable(fitted.tracks[0])
    assert fitted.tracks[1] == sheet.tracks[1]
    if not unplayable(sheet.tracks[0]):
        assert fitted == sheet


def test_notes_outside_the_bars_stay_and_a_line_ends_before_them():
    sheet = LeadSheet(2, (Track("lead", (Note(0, 50, 300), Note(96, 40, 24)), FLUTE),))
    fitted = edit(sheet, ["fit ranges in bar 1"]).tracks[0].notes
    assert fitted == (Note(0, 62, 96), Note(96, 40, 24))
    with pytest.raises(ScoretokError, match="'ranges' is expected"):
        edit(sheet, ["fit range"])


def test_what_is_dropped_is_said():
    sheet = LeadSheet(1, (Track("lead", (Note(0, 72, 24), Note(0, 76, 24)), FLUTE),))
    with pytest.warns(ScoretokWarning, match="lead: 1 note beyond the voices of its instrument dropped"):
        assert edit(sheet, ["fit ranges"]).tracks[0].notes == (Note(0, 76, 24),)


def test_of_a_chord_the_highest_note_stays_with_the_word_and_of_a_bass_the_lowest():
    chord = [Note(0, 60, 48), Note(0, 64, 48), Note(24, 62, 24)]
    assert one_voice(chord) == [Note(0, 64, 24), Note(24, 62, 24)]
    assert one_voice(chord, lowest_stays=True) == [Note(0, 60, 24), Note(24, 62, 24)]


@given(st.integers(0, 127), st.integers(0, 127))
def test_pitches_move_by_octaves(pitch, program):
    limits = RANGES[program]
    moved = into_range(pitch, limits)
    assert limits.reaches(moved)
    assert (moved - pitch) % 12 == 0 or limits.highest - limits.lowest < 11 or moved == limits.lowest
    if limits.reaches(pitch):
        assert moved == pitch


def test_notes_beyond_the_voices_are_the_lower_ones_of_a_chord():
    chord = [Note(0, pitch, 24) for pitch in (60, 64, 67)]
    assert list(beyond_voices(chord, 2)) == [chord[0]]
    assert list(beyond_voices([*chord[:1], Note(12, 72, 24)], 1)) == [Note(12, 72, 24)]
