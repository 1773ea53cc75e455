"""Chord symbols, keys, spelling, and what is inferred from notes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoretok import Chord, Key, LeadSheet, ScoretokError, ScoretokWarning
from scoretok.harmony import chord_to_harte, chord_to_symbol, key_to_text, parse_chord, parse_key
from scoretok.infer import infer_chords, infer_key, note_arrays
from scoretok.theory import MODES, QUALITIES, QUALITY_NAMES, nearest_quality, parse_pitch, pitch_name

KEYS = st.builds(Key, st.just(0), st.integers(-7, 7), st.sampled_from(MODES))
CHORDS = st.builds(
    Chord, st.just(0), st.integers(0, 11), st.sampled_from(QUALITY_NAMES), st.none() | st.integers(0, 11)
)


@given(CHORDS, KEYS)
def test_chords_are_read_as_they_are_printed(chord, key):
    assert parse_chord(chord_to_harte(chord, key)) == chord
    assert parse_chord(chord_to_symbol(chord, key)) == chord


@given(KEYS)
def test_keys_are_read_as_they_are_printed(key):
    assert parse_key(key_to_text(key)) == key


@given(st.integers(0, 127), st.integers(-7, 7), st.booleans())
def test_pitches_are_read_as_they_are_printed(pitch, fifths, minor):
    assert parse_pitch(pitch_name(pitch, fifths, minor)) == pitch


@pytest.mark.parametrize(
    ("text", "root", "quality", "bass"),
    [
        ("Am7", 9, "min7", None), ("F#", 6, "maj", None), ("Bbmaj7", 10, "maj7", None), ("C/E", 0, "maj", 4),
        ("C:maj/3", 0, "maj", 4), ("G:7(b9)", 7, "7(b9)", None), ("D7sus4", 2, "sus4(b7)", None),
        ("Bm7b5", 11, "hdim7", None), ("Eb6/9", 3, "maj6(9)", None), ("Cadd9", 0, "maj(9)", None),
        ("F:maj7/5", 5, "maj7", 0), ("G:min7/b3", 7, "min7", 10), ("A:(1,5)", 9, "5", None),
    ],
)  # fmt: skip
def test_symbols_of_both_notations(text, root, quality, bass):
    assert parse_chord(text) == Chord(0, root, quality, bass)


def test_every_vocabulary_of_the_design_is_there():
    needed = [
        "maj",
        "min",
        "dim",
        "aug",
        "sus2",
        "sus4",
        "maj6",
        "min6",
        "7",
        "maj7",
        "min7",
        "minmaj7",
        "dim7",
        "hdim7",
        "9",
        "maj(9)",
    ]
    assert set(needed) <= set(QUALITY_NAMES)
    symbols = [quality.symbol for quality in QUALITIES]
    assert len(set(symbols)) == len(symbols)
    assert all(nearest_quality(frozenset(quality.intervals)).intervals == quality.intervals for quality in QUALITIES)


def test_unknown_symbols_become_the_nearest_and_are_said():
    with pytest.warns(ScoretokWarning, match=r"Cmaj7#11 is kept as maj7"):
        assert parse_chord("Cmaj7#11").quality == "maj7"


def test_no_chord_outside_the_key_is_spelled_with_cb_or_fb():
    minor = parse_key("Bb:min")
    assert [chord_to_symbol(parse_chord(text), minor) for text in ("Bm", "Em", "Gb")] == ["Bm", "Em", "Gb"]


@pytest.mark.parametrize("text", ["", "H7", "Cfoo", "C/x", "C:maj/99", "7"])
def test_what_is_no_chord_is_refused(text):
    with pytest.raises(ScoretokError):
        parse_chord(text)


@pytest.mark.parametrize("text", ["", "H", "C blue", "G#:maj:min"])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(ScoretokError):
        parse_key(text)


def test_spelling_follows_the_key():
    assert [pitch_name(61, fifths) for fifths in (-5, 2)] == ["Db4", "C#4"]
    assert pitch_name(68, 0, minor=True) == "G#4"


@pytest.mark.parametrize("name", ["saints", "grace"])
def test_key_and_chords_are_inferred_from_the_notes(name, request):
    sheet = request.getfixturevalue(name)
    assert infer_key(note_arrays(sheet)) == sheet.keys[0]
    guessed = LeadSheet(
        sheet.bar_count, chords=infer_chords(sheet), meters=sheet.meters, pickup_ticks=sheet.pickup_ticks
    )
    agree = 0
    ticks = range(sheet.bar_starts[1], sheet.end_ticks, 12)
    for tick in ticks:
        truth, guess = sheet.chord_at(tick), guessed.chord_at(tick)
        agree += guess is not None and truth.root == guess.root
    assert agree / len(ticks) > 0.85


def test_nothing_is_inferred_from_nothing():
    assert infer_key(np.zeros((0, 4), int)) == Key(0, 0)
    assert infer_chords(LeadSheet(4)) == ()
