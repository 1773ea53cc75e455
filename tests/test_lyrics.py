"""Words to syllables to phonemes."""

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoretok import Note, ScoretokError, ScoretokWarning, Syllable
from scoretok.lyrics import lay_syllables, pronounce, split_into_syllables, syllabify, with_phonemes
from scoretok.phonemes import BASES, SYMBOLS, is_phoneme, phoneme_symbols, split_phonemes


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("amazing", "a-maz-ing"), ("twinkle", "twin-kle"), ("wonderful", "won-der-ful"), ("saved", "saved"),
        ("forgotten", "for-got-ten"), ("yes-ter-day", "yes-ter-day"), ("over", "o-ver"), ("people", "peo-ple"),
        ("table", "ta-ble"), ("river", "riv-er"), ("desire", "de-sire"), ("idea", "i-de-a"), ("quiet", "qui-et"),
        ("couldn't", "could-n't"), ("rhythm", "rhy-thm"), ("fire", "fire"), ("year", "year"),
    ],
)  # fmt: skip
def test_english_words_split_as_they_are_sung(word, parts):
    syllables = syllabify(word)
    assert "-".join(s.text for s in syllables) == parts
    assert [s.word_end for s in syllables] == [False] * (len(syllables) - 1) + [True]


def test_unknown_words_are_pronounced_too():
    known, unknown = pronounce(["grace", "zorblation"])
    assert known == ("ɡ", "ɹ", "ˈeɪ", "s")
    assert len(unknown) > 6
    assert all(is_phoneme(p) for p in (*known, *unknown))


def test_consonants_go_to_the_syllable_they_can_begin():
    assert split_into_syllables(("ə", "m", "ˈeɪ", "z", "ɪ", "ŋ"), 3) == [("ə",), ("m", "ˈeɪ"), ("z", "ɪ", "ŋ")]
    assert split_into_syllables(("s", "ˈɪ", "s", "t", "ɚ"), 2) == [("s", "ˈɪ"), ("s", "t", "ɚ")]


@given(st.lists(st.sampled_from([*BASES]), min_size=1, max_size=9), st.integers(1, 5))
def test_every_syllable_gets_its_share(phonemes, count):
    parts = split_into_syllables(phonemes, count)
    assert len(parts) == count
    assert all(is_phoneme(p) for part in parts for p in part)


@given(st.lists(st.sampled_from(SYMBOLS)).map("".join))
def test_any_ipa_splits_into_phonemes(ipa):
    for phoneme in split_phonemes(ipa):
        assert "".join(phoneme_symbols(phoneme)) == phoneme


def test_words_are_laid_on_notes():
    notes = [Note(24 * i, 60, 24) for i in range(4)]
    laid = lay_syllables(notes, [Syllable("one"), Syllable("_"), Syllable("two"), Syllable("three")])
    assert [n.syllable.text if n.syllable else None for n in laid] == ["one", None, "two", "three"]
    with pytest.raises(ScoretokError, match=r"5 syllables and the notes 4 onsets; 'e'"):
        lay_syllables(notes, [Syllable(c) for c in "abcde"])
    with pytest.warns(ScoretokWarning, match="2 syllables and the notes 4 onsets"):
        lay_syllables(notes, [Syllable("a"), Syllable("b")])


def test_missing_phonemes_are_filled_and_others_kept(grace):
    bare = grace.with_tracks([_without(grace.tracks[0]), grace.tracks[1]])
    assert with_phonemes(bare) == grace
    assert with_phonemes(grace) == grace


def _without(track):
    from dataclasses import replace

    return replace(
        track,
        notes=tuple(n._replace(syllable=n.syllable._replace(phonemes=()) if n.syllable else None) for n in track.notes),
    )


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed (an optional GPL program)")
def test_other_languages_by_espeak():
    assert pronounce(["Haus"], "de")[0][0] == "h"


@pytest.mark.skipif(shutil.which("espeak-ng") is not None, reason="espeak-ng is installed")
def test_other_languages_say_what_they_need():
    with pytest.raises(ScoretokError, match="espeak-ng"):
        pronounce(["Haus"], "de")
