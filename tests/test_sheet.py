"""The score as a value: bars, time, and what it refuses."""

from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import lead_sheets

from scoretok import Chord, Key, LeadSheet, Meter, Note, ScoretokError, Section, Syllable, Tempo, Track


@pytest.mark.parametrize(
    ("meter", "ticks"), [((4, 4), 96), ((3, 4), 72), ((6, 8), 72), ((5, 4), 120), ((7, 8), 84), ((2, 1), 192)]
)
def test_bar_lengths_follow_the_meter(meter, ticks):
    sheet = LeadSheet(3, meters=(Meter(0, *meter),))
    assert sheet.bar_starts == (0, ticks, 2 * ticks, 3 * ticks)


def test_changes_of_meter_and_pickup():
    sheet = LeadSheet(4, meters=(Meter(0, 3, 4), Meter(2, 7, 8)), pickup_ticks=24)
    assert sheet.bar_starts == (0, 24, 96, 180, 264)
    assert [sheet.bar_at(tick) for tick in (0, 23, 24, 95, 96, 180, 9999)] == [0, 0, 1, 1, 2, 3, 3]
    assert sheet.meter_at(1) == Meter(0, 3, 4)


def test_seconds_follow_the_tempo_map():
    sheet = LeadSheet(2, tempos=(Tempo(0, 60), Tempo(96, 120)))
    assert sheet.seconds_at(48) == 2.0
    assert sheet.seconds_at(96) == 4.0
    assert sheet.duration_s == 6.0


@given(lead_sheets(), st.floats(0, 1))
def test_seconds_and_ticks_are_inverse(sheet, share):
    tick = share * sheet.end_ticks
    assert sheet.ticks_at(sheet.seconds_at(int(tick))) == pytest.approx(int(tick), abs=1e-6)


def test_it_is_immutable_and_hashable(saints):
    with pytest.raises(FrozenInstanceError):
        saints.title = "x"
    assert hash(saints) == hash(replace(saints))


def test_entries_that_change_nothing_are_dropped():
    plain = LeadSheet(4)
    assert LeadSheet(4, meters=(Meter(2, 4, 4), Meter(0, 4, 4)), keys=(Key(0, 0), Key(3, 0))) == plain


def test_track_notes_are_sorted_and_drums_have_no_length():
    assert Track("piano", (Note(24, 60, 12), Note(0, 64, 12))).notes[0].start_ticks == 0
    assert Track("drums", (Note(0, 36, 48),)).notes == (Note(0, 36, 1),)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: LeadSheet(0), "1 to 9999 bars"),
        (lambda: LeadSheet(10**5), "1 to 9999 bars"),
        (lambda: Meter(0, 4, 3), "meter 4/3"),
        (lambda: Meter(0, 0, 4), "meter 0/4"),
        (lambda: Meter(0, 32, 1), "meter 32/1"),
        (lambda: Tempo(0, 0), "tempo 0"),
        (lambda: Key(0, 9), "fifths"),
        (lambda: Section(0, "drop"), "section 'drop'"),
        (lambda: Chord(0, 0, "major"), "'major' is not a chord quality"),
        (lambda: Track("kazoo"), "role 'kazoo'"),
        (lambda: Track("piano", (Note(0, 128, 1),)), "out of range"),
        (lambda: Track("piano", (Note(0, 60, 10), Note(5, 60, 10))), "still sounds"),
        (lambda: Track("piano", (Note(0, 60, 10, 80, Syllable("la")),)), "only vocal"),
        (lambda: Track("vocal", (Note(0, 60, 9), Note(0, 64, 9, 80, Syllable("la")))), "lowest note"),
        (lambda: Track("vocal", (Note(0, 60, 9, 80, Syllable("la-")),)), "hyphen"),
        (lambda: LeadSheet(1, (Track("piano", (Note(96, 60, 1),)),)), "starts after the last bar"),
        (lambda: LeadSheet(1, title="a\nb"), "control character"),
        (lambda: LeadSheet(1, pickup_ticks=96), "pickup"),
        (lambda: LeadSheet(1, chords=(Chord(0, 0), Chord(0, 2))), "given twice"),
        (lambda: LeadSheet(1, sections=(Section(1, "verse"),)), "outside the score"),
        (lambda: LeadSheet(1, tuple(Track("piano") for _ in range(17))), "too many"),
    ],
)
def test_what_is_not_a_score_is_refused(make, words):
    with pytest.raises(ScoretokError, match=words.replace("(", r"\(")):
        make()


@pytest.mark.parametrize(
    ("key", "tonic", "scale"),
    [
        (Key(0, 0), 0, (0, 2, 4, 5, 7, 9, 11)),
        (Key(0, 0, "min"), 9, (9, 11, 0, 2, 4, 5, 7)),
        (Key(0, 0, "dorian"), 2, (2, 4, 5, 7, 9, 11, 0)),
        (Key(0, -3, "min"), 0, (0, 2, 3, 5, 7, 8, 10)),
    ],
)
def test_keys_know_tonic_and_scale(key, tonic, scale):
    assert (key.tonic, key.scale) == (tonic, scale)
