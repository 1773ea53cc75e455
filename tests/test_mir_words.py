"""Words: aligned to what was heard, and laid on notes by syllables."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mir.estimates import NoteEstimate, WordEstimate
from mir.word_recognition import RecognisedWords, _monotone_assignment, align_lyrics, align_syllables
from scoretok import ScoretokError

pytest.importorskip("pyphen")
pytest.importorskip("gruut")
TEXT = "twinkle twinkle little star how I wonder what you are"


@given(st.lists(st.floats(0, 10), min_size=1, max_size=7), st.data())
def test_syllables_go_to_the_nearest_notes_in_order(starts, data):
    starts = np.sort(starts)
    count = data.draw(st.integers(1, len(starts)))
    moments = np.sort(data.draw(st.lists(st.floats(0, 10), min_size=count, max_size=count)))
    places = _monotone_assignment(starts, moments)
    assert places == sorted(set(places))
    best = min(sum(abs(starts[list(way)] - moments)) for way in combinations(range(len(starts)), count))
    assert np.isclose(sum(abs(starts[places] - moments)), best)


def spoken(text, step_s=0.5):
    return [WordEstimate(step_s * at, step_s * at + 0.4, word) for at, word in enumerate(text.split())]


def test_known_words_have_the_times_of_those_that_were_heard():
    found = align_lyrics(TEXT, spoken(TEXT), 10)
    assert [(word.text, round(word.start_s, 3)) for word in found] == [
        (word.text, word.start_s) for word in spoken(TEXT)
    ]
    assert all(word.confidence == 1 for word in found)


@given(st.sets(st.integers(0, 9), max_size=6))
def test_words_that_were_not_heard_lie_between_those_that_were(missed):
    recognised_words = [word for at, word in enumerate(spoken(TEXT)) if at not in missed]
    found = align_lyrics(TEXT, recognised_words, 10)
    starts = [word.start_s for word in found]
    assert [word.text for word in found] == TEXT.split()
    assert starts == sorted(starts)


def test_words_to_align_must_be_there():
    with pytest.raises(ScoretokError, match="empty"):
        align_lyrics("  ", [], 3)


@given(st.integers(1, 20), st.integers(0, 100))
def test_every_word_with_a_note_is_sung_whole(count, seed):
    rng = np.random.default_rng(seed)
    starts = np.cumsum(rng.uniform(0.1, 0.6, count))
    notes = [NoteEstimate(float(start), float(start) + 0.09, 60) for start in starts]
    rows = align_syllables(notes, spoken(TEXT), "en")
    texts = "".join(syllable.text for _, syllable in rows if syllable)
    rest = TEXT.replace(" ", "")
    for word in TEXT.split():
        if texts.startswith(word) and rest.startswith(word):
            texts = texts.removeprefix(word)
        rest = rest.removeprefix(word)
    assert texts == ""
    assert len(rows) >= count
    assert [note.start_s for note, _ in rows] == sorted(note.start_s for note, _ in rows)


def test_a_voice_without_words_is_sung_without_syllables():
    notes = [NoteEstimate(0.0, 0.9, 60)]
    assert align_syllables(notes, [], "") == [(notes[0], None)]


def test_a_word_of_more_syllables_than_notes_divides_them():
    rows = align_syllables([NoteEstimate(0.0, 0.9, 60)], [WordEstimate(0.0, 0.8, "beautiful")], "en")
    assert [syllable.text for _, syllable in rows] == ["beau", "ti", "ful"]
    assert rows[-1][0].end_s == 0.9


def test_languages_without_patterns_keep_words_whole():
    rows = align_syllables([NoteEstimate(0.0, 0.9, 60)], [WordEstimate(0.0, 0.8, "kamusta")], "tl")
    assert [syllable.text for _, syllable in rows] == ["kamusta"]
    assert RecognisedWords((("0", "1", "a"),)).words[0].text == "a"
