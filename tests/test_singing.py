"""What is sung when: phones on notes, breaths, pitch; the same wherever nothing was edited."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.singing.expression import dynamics, pitch_curve
from renderer.singing.phone_set import CONSONANT_S, PHONE_IDS, VOWELS, nearest, phones_of, replaced_phones
from renderer.singing.phone_timing import CODA_SHARE, time_phones
from renderer.singing.phrase_frames import frames_of_phrase
from renderer.singing.synthesis import samples_of
from renderer.singing.vocal_phrases import (
    BREATH_REACH_S,
    LEAST_PHRASE_S,
    LEGATO_S,
    split_at_nucleus,
    vocal_phrases,
    vocal_syllables,
)
from scoretok import LeadSheet, Note, Track, parts
from scoretok.parts import Syllable
from scoretok.phonemes import BASES
from scoretok.singing import AMOUNTS, Singing, parse_singing

WORDS = (
    ("la", ("l", "ˈɑ")), ("strengths", ("s", "t", "ɹ", "ˈɛ", "ŋ", "k", "θ", "s")), ("I", ("ˈaɪ",)),
    ("the", ("ð", "ə")), ("hmm", ("h", "m")), ("pst", ("p", "s", "t")), ("fire", ("f", "ˈaɪ", "ɚ")), ("oh,", ("ˈoʊ",)),
)  # fmt: skip


def sheet_of(notes, bpm=120.0):
    end = max(note.end_ticks for note in notes)
    return LeadSheet(end // 96 + 2, (Track("vocal", tuple(notes), 52),), tempos=(parts.Tempo(0, bpm),))


@st.composite
def melodies(draw):
    """Notes with rests and words, from a 32nd note to three whole notes long."""
    tick, notes = draw(st.integers(0, 60)), []
    for _ in range(draw(st.integers(1, 14))):
        length = draw(st.sampled_from([1, 3, 6, 12, 24, 24, 48, 96, 300]))
        text, phonemes = draw(st.sampled_from(WORDS))
        syllable = draw(st.sampled_from([None, Syllable(text, phonemes, draw(st.booleans()))]))
        notes.append(Note(tick, draw(st.integers(36, 84)), length, draw(st.integers(1, 127)), syllable))
        tick += length + draw(st.sampled_from([0, 0, 0, 2, 12, 48]))
    return sheet_of(notes, draw(st.sampled_from([40.0, 120.0, 300.0])))


def phrases_of(sheet):
    return vocal_phrases(sheet, sheet.tracks[0])


@given(melodies(), st.floats(0.5, 2.0), st.floats(0, 3))
@settings(deadline=None)
def test_phones_follow_one_another_and_vowels_begin_on_their_notes(sheet, consonants, breath):
    before, singing = None, Singing(consonants=consonants, breath=breath)
    for phrase in phrases_of(sheet):
        timed = time_phones(phrase, singing.consonants, singing.breath)
        for one, two in pairwise(timed.phones):
            assert one.start_s < one.end_s <= two.start_s + 1e-9
        nuclei = {phone.syllable: phone for phone in timed.phones if phone.is_nucleus}
        assert sorted(nuclei) == list(range(len(phrase.syllables)))
        for number, syllable in enumerate(phrase.syllables):
            late_s = nuclei[number].start_s - syllable.start_s
            # Only where nothing lies before a phrase that the consonants could be taken from is a vowel late.
            assert abs(late_s) < 1e-9 or (
                number == 0 and 0 < late_s <= CODA_SHARE * (syllable.end_s - syllable.start_s) + 1e-9
            )
        assert timed.start_s >= -1e-9
        assert timed.end_s <= phrase.end_s + 1e-9
        if before is not None:
            assert before <= samples_of(frames_of_phrase(phrase, singing)).start
        before = samples_of(frames_of_phrase(phrase, singing)).stop
        if timed.breath_s:
            assert phrase.start_s - phrase.gap_s <= timed.breath_s[0] < timed.breath_s[1] < timed.start_s


@given(melodies())
@settings(deadline=None)
def test_every_note_is_sung_once_and_phrases_do_not_overlap(sheet):
    found = phrases_of(sheet)
    assert sum(len(phrase.notes) for phrase in found) == sheet.note_count
    for one, two in pairwise(found):
        assert one.end_s <= two.start_s + 1e-9
        assert two.gap_s == pytest.approx(two.start_s - one.end_s)


@given(melodies())
@settings(deadline=None)
def test_the_middle_of_a_note_is_in_tune(sheet):
    for phrase in phrases_of(sheet):
        for note in phrase.notes:
            middle_s = np.arange(note.start_s + 0.4 * (note.end_s - note.start_s), note.end_s, 0.01)
            middle_s = middle_s[middle_s < note.start_s + 0.6 * (note.end_s - note.start_s)]
            if note.end_s - note.start_s > 0.3 and len(middle_s):
                sung = pitch_curve(phrase, middle_s, Singing(), 3)
                assert np.abs(sung - note.pitch).max() < 0.75
                assert np.abs(np.median(sung) - note.pitch) < 0.4


@given(melodies(), st.data())
@settings(deadline=None)
def test_other_words_change_only_phrases_that_held_them(sheet, data):
    notes = list(sheet.tracks[0].notes)
    place = data.draw(st.integers(0, len(notes) - 1))
    text, phonemes = data.draw(st.sampled_from(WORDS))
    before = notes[place].syllable
    # A comma that comes or goes, or a word that ends elsewhere, moves breaths: those are changes of phrases.
    syllable = Syllable(text.strip(","), phonemes, before.word_end if before else False)
    if before is None or before.text.endswith(","):
        return
    notes[place] = notes[place]._replace(syllable=syllable)
    other = sheet_of(notes, sheet.tempos[0].bpm)
    old, new = phrases_of(sheet), phrases_of(other)
    at_s = sheet.seconds_at(notes[place].start_ticks)
    reach_s = BREATH_REACH_S + LEAST_PHRASE_S
    far = [p for p in old if p.end_s < at_s - reach_s or p.start_s > at_s + reach_s]
    untouched = [frames_of_phrase(phrase) for phrase in far]
    now = {(phrase.start_s, phrase.end_s): frames_of_phrase(phrase) for phrase in new}
    for frames in untouched:
        same = now[frames.phrase.start_s, frames.phrase.end_s]
        assert np.array_equal(same.pitch.hz, frames.pitch.hz)
        assert np.array_equal(same.dynamics, frames.dynamics)
        assert (same.seed, same.first_frame) == (frames.seed, frames.first_frame)


def test_every_phoneme_of_a_score_is_sung_by_phones_that_are_known():
    for base in BASES:
        assert all(phone in PHONE_IDS for phone in nearest(base)), base
    assert set(PHONE_IDS) == {"sil", *VOWELS, *CONSONANT_S}
    assert replaced_phones(["ˈyː", "t", "ʁ"]) == {"y": "i", "ʁ": "ɹ"}


def test_a_syllable_is_held_on_its_vowel_or_what_comes_nearest():
    def parts_of(*phonemes):
        onset, nucleus, coda = split_at_nucleus(phones_of(phonemes))
        return [p.symbol for p in onset], nucleus.symbol, [p.symbol for p in coda]

    assert parts_of("s", "t", "ɹ", "ˈɛ", "ŋ", "θ") == (["s", "t", "ɹ"], "ɛ", ["ŋ", "θ"])
    assert parts_of("h", "m") == (["h"], "m", [])  # hummed
    assert parts_of("p", "s", "t") == (["p", "s", "t"], "ə", [])  # no vowel
    assert parts_of("f", "ˈaɪ", "ɚ") == (["f"], "aɪ", ["ɚ"])  # two vowels on one note
    assert parts_of() == ([], "ɑ", [])  # no words: "ah"


def test_notes_without_words_hold_the_syllable_before_them_or_are_sung_ah():
    la = Syllable("la", ("l", "ˈɑ"))
    held = vocal_syllables(sheet := sheet_of([Note(0, 60, 24, 80, la), Note(24, 62, 24)]), sheet.tracks[0])
    assert [(s.text, [n.pitch for n in s.notes]) for s in held] == [("la", [60, 62])]
    wordless = sheet_of([Note(0, 60, 24), Note(24, 62, 24), Note(96, 64, 24)])
    assert [[n.pitch for n in s.notes] for s in vocal_syllables(wordless, wordless.tracks[0])] == [[60, 62], [64]]
    assert all(s.nucleus.symbol == "ɑ" for s in vocal_syllables(wordless, wordless.tracks[0]))


def test_of_chords_the_top_note_is_sung():
    sheet = sheet_of([Note(0, 60, 24, 80, Syllable("la", ("l", "ˈɑ"))), Note(0, 64, 24), Note(0, 67, 12)])
    (phrase,) = phrases_of(sheet)
    assert [note.pitch for note in phrase.notes] == [67]
    assert phrase.syllables[0].text == "la"


def test_reduced_vowels_are_sung_in_full_on_long_notes():
    the = Syllable("the", ("ð", "ə"))
    apple = Syllable("ap", ("ˈæ",), False)
    long, short = [Note(0, 60, 48, 80, the)], [Note(0, 60, 6, 80, the)]
    assert phrases_of(sheet_of(long))[0].syllables[0].nucleus.symbol == "ʌ"
    assert phrases_of(sheet_of(short))[0].syllables[0].nucleus.symbol == "ə"
    before_vowel = sheet_of([Note(0, 60, 6, 80, the), Note(6, 60, 24, 80, apple)])
    assert phrases_of(before_vowel)[0].syllables[0].nucleus.symbol == "i"


def test_a_breath_is_taken_at_a_rest_and_never_inside_a_word():
    part, whole = Syllable("a", ("ˈɑ",), False), Syllable("la", ("l", "ˈɑ"))
    rest = [Note(0, 60, 24, 80, whole), Note(96, 60, 24, 80, whole)]
    inside = [Note(0, 60, 24, 80, part), Note(96, 60, 24, 80, whole)]
    assert time_phones(phrases_of(sheet_of(rest))[1]).breath_s
    assert time_phones(phrases_of(sheet_of(inside))[1]).breath_s is None
    assert time_phones(phrases_of(sheet_of(rest))[1], breath=0).breath_s is None


def test_a_long_line_is_parted_by_breaths_and_legato_is_not():
    la = Syllable("la", ("l", "ˈɑ"))
    line = [Note(i * 36, 60 + i % 5, 36, 80, la) for i in range(64)]
    found = phrases_of(sheet_of(line))
    assert len(found) > 2
    assert max(phrase.end_s - phrase.start_s for phrase in found) < 4 * BREATH_REACH_S
    sheet = sheet_of([Note(0, 60, 24, 80, la), Note(24 + int(LEGATO_S * 40), 62, 24, 80, la)])
    assert len(phrases_of(sheet)) == 1


def test_velocity_is_loudness():
    la = Syllable("la", ("l", "ˈɑ"))
    loud, soft = (phrases_of(sheet_of([Note(0, 60, 48, velocity, la)]))[0] for velocity in (110, 50))
    times_s = np.arange(0.2, 0.6, 0.01)
    assert (dynamics(loud, times_s) > dynamics(soft, times_s) + 1).all()


def test_vibrato_begins_late_and_can_be_left_out():
    (phrase,) = phrases_of(sheet_of([Note(0, 60, 96, 80, Syllable("la", ("l", "ˈɑ")))]))
    times_s = np.arange(0, 2, 0.005)
    usual, none = (pitch_curve(phrase, times_s, Singing(vibrato=v), 1) for v in (1, 0))
    moved = np.abs(usual - none)
    assert moved[times_s < 0.2].max() < 0.01
    assert 0.2 < moved[times_s > 1].max() < 0.5


@given(
    st.text(st.characters(codec="utf-8", exclude_characters='"', exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs"))),
    st.dictionaries(st.sampled_from(sorted(AMOUNTS)), st.integers(50, 200).map(lambda n: n / 100)),
)
def test_how_a_track_is_sung_survives_its_text(voice, amounts):
    singing = Singing(voice[:200], **amounts)
    assert parse_singing(singing.text()) == singing
