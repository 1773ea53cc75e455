"""Stress and line ends of words, and what the model is told of them."""

import numpy as np
import pytest

from planner.examples import LEAD_PROGRAMS, octaves_into, played_melody
from planner.language import FIRST, SyllableKind, syllable_kind
from planner.lyric_text import read_lyrics
from planner.prosody import LINE, PART, STRONG, UNKNOWN, WEAK, WORD, line_ends, syllable_kinds
from planner.sequence import read_sequence, sequence
from planner.song import song_of, song_window
from scoretok.errors import ScoretokWarning
from scoretok.lyrics import pronounced, syllabify


def kinds(text):
    return syllable_kinds(pronounced(syllabify(text)))


def test_dictionary_words_are_stressed_where_the_dictionary_says():
    assert kinds("upon the river") == [
        SyllableKind(WEAK, PART), SyllableKind(STRONG, WORD), SyllableKind(WEAK, WORD), SyllableKind(STRONG, PART),
        SyllableKind(WEAK, LINE),
    ]  # fmt: skip
    assert [kind.stress for kind in kinds("my heart and thy love")] == [WEAK, STRONG, WEAK, WEAK, STRONG]


def test_lines_end_with_a_stop_or_before_a_capital():
    text = "amazing grace how sweet the sound That saved a wretch like me. I once was lost but now am found Was blind"
    words = text.split()
    ends = line_ends(words, [1] * len(words))
    assert [word for word, end in zip(words, ends, strict=True) if end] == ["sound", "me.", "found", "blind"]
    # Where every other word has a capital they say nothing, and names behind an article end no line.
    for text in ("Sah ein Knab ein Röslein Stehn Röslein", "we walked all day to Jordan again with them my dear"):
        assert not any(line_ends(text.split(), [1] * len(text.split()))[:-1])


def test_without_a_dictionary_stress_is_unknown_and_that_is_said(monkeypatch):
    monkeypatch.setenv("PATH", "")  # no espeak-ng
    with pytest.warns(ScoretokWarning, match="no dictionary for the language 'de' here: its words are set without"):
        sections = read_lyrics("Sah ein Knab ein Röslein stehn", "de")
    assert {kind.stress for kind in syllable_kinds(sections[0].lines[0].syllables)} == {UNKNOWN}


def test_the_words_of_a_score_stand_before_its_notes(saints):
    song = song_window(song_of(saints), range(8))
    assert song.words
    ids = sequence(song)
    back, _ = read_sequence(ids)
    assert back.words == song.words
    assert back.cells == song.cells
    kind = next(iter(song.words.values()))[0]
    assert syllable_kind(kind.token) == kind
    assert sum(FIRST["Syllable"] <= token for token in ids) == sum(map(len, song.words.values()))


def test_a_melody_is_sometimes_played_in_training(saints):
    song = song_of(saints)
    played = played_melody(song, np.random.default_rng(1))
    (lead,) = [number for number, part in enumerate(played.parts) if part.name == "lead.1"]
    assert played.parts[lead].program in LEAD_PROGRAMS
    assert not any(part.name.startswith("vocal") for part in played.parts)
    assert not played.words
    assert not any(hit.syllable for (part, _), cell in played.cells.items() if part == lead for hit in cell)
    assert octaves_into([60, 72], (48, 60)) == -12
    assert octaves_into([], (48, 60)) == 0
