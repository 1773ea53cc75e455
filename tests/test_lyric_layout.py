"""Words that are given before their notes: tags, stanzas, backing words, and which bar sings what."""

import pytest

from planner.language import TOKENS, CellNote, SyllableKind
from planner.lyric_layout import assign_lines, form_of_lyrics, parallel_lines, with_words
from planner.lyric_text import read_lyrics
from planner.prompt_request import PromptOptions, request_from
from planner.request import NOT_SILENT, Controls
from planner.word_fitting import fit_words
from scoretok.errors import ScoretokError, ScoretokWarning

SONG = """[Intro]

[Verse 1]
The kettle hums a tune
beside my room (my room)
[Chorus x2]
Hold on
[Guitar Solo]
[Chorus]
Outro:
Good night
"""


def texts(sections):
    return [(one.label, [" ".join(s.text for s in line.syllables) for line in one.lines]) for one in sections]


def test_tags_name_sections_and_are_not_sung():
    sections = read_lyrics(SONG)
    assert texts(sections) == [
        ("intro", []),
        ("verse", ["The ket tle hums a tune", "be side my room"]),
        ("chorus", ["Hold on"]),
        ("chorus", ["Hold on"]),
        ("solo", []),
        ("chorus", ["Hold on"]),
        ("outro", ["Good night"]),
    ]
    assert [s.text for s in sections[1].lines[1].backing] == ["my", "room"]
    assert form_of_lyrics(sections) == (
        ("intro", 4), ("verse", 4), ("chorus", 2), ("chorus", 2), ("solo", 4), ("chorus", 2), ("outro", 2),
    )  # fmt: skip


def test_stanzas_without_tags_are_verses_and_what_comes_again_is_the_chorus():
    words = "Morning light\n\nHold on\n\nEvening light\n\nHold on\n"
    assert [label for label, _ in form_of_lyrics(read_lyrics(words))] == ["verse", "chorus", "verse", "chorus"]
    assert form_of_lyrics(read_lyrics("Morning light\non the sea")) == ()
    assert texts(read_lyrics("Morning\n[chorus]\nHold on"))[0] == ("verse", ["Morn ing"])


def test_what_is_no_section_is_said():
    with pytest.warns(ScoretokWarning, match=r"left out: \[key change\], \[whisper\]"):
        sections = read_lyrics("[key change]\n[whisper] hold on\n")
    assert texts(sections) == [(None, ["hold on"])]
    with pytest.warns(ScoretokWarning, match=r"left out: \[\]"):
        assert texts(read_lyrics("[]\nShe said:\nhold on")) == [(None, ["She said:", "hold on"])]
    with pytest.warns(ScoretokWarning, match="section bridge of the words has no words"):
        assert texts(read_lyrics("[Bridge]\n[Verse]\nla la"))[0] == ("bridge", [])
    for words, message in (("...\n", "no syllables"), ("[chorus x99]\nla", "at most 8"), ("", "no syllables")):
        with pytest.raises(ScoretokError, match=message):
            read_lyrics(words)


def request(words, **options):
    sections = read_lyrics(words)
    asked = request_from(PromptOptions(form_of_words=form_of_lyrics(sections), **options))
    return asked, *with_words(asked.song, asked.bars, Controls(), sections)


def test_every_section_sings_its_words_and_the_others_are_silent():
    asked, bars, controls, words = request(SONG.replace("(my room)", ""), tracks="vocal piano")
    labels = [bar.label for bar in asked.bars if bar.label]
    assert labels == ["intro", "verse", "chorus", "chorus", "solo", "chorus", "outro"]
    sung = ["".join(s.text for s in words.syllables[0, bar]) for bar in range(len(bars))]
    assert sung[:4] == ["", "", "", ""]
    # "be" is the upbeat of the second line.
    assert sung[4:8] == ["Thekettlehumsa", "tunebe", "sidemyroom", ""]
    assert [bar.densities[0] for bar in bars[:6]] == [0, 0, 0, 0, NOT_SILENT, NOT_SILENT]
    kinds = controls.syllables[0, 4].kinds + controls.syllables[0, 5].kinds
    assert [TOKENS[kind.token] for kind in kinds[:7]] == [
        "Syllable_weak.word", "Syllable_strong.part", "Syllable_weak.word", "Syllable_strong.word",
        "Syllable_weak.word", "Syllable_strong.line", "Syllable_weak.part",
    ]  # fmt: skip
    assert asked.understood == ("form: that of the words",)


def test_a_form_that_is_given_comes_first_and_has_to_fit():
    _, bars, _, words = request(
        "[verse]\nla la\n[chorus]\nlo lo", form="intro 2, verse 4, solo 2, chorus 4", tracks="vocal"
    )
    assert [bar for bar in range(len(bars)) if words.syllables[0, bar]] == [2, 8]
    with pytest.raises(ScoretokError, match="section 2 of the words is a chorus, and the form has none left"):
        request("[verse]\nla la\n[chorus]\nlo lo", form="verse 4", tracks="vocal")
    # Stanzas without tags take what sections there are.
    _, bars, _, words = request("la la\n\nlo lo", form="intro 2, verse 8", tracks="vocal")
    assert [bar for bar in range(len(bars)) if words.syllables[0, bar]] == [2, 6]


def test_backing_words_need_a_second_voice():
    with pytest.warns(ScoretokWarning, match="second vocal track"):
        *_, words = request("[verse]\nhold on (hold on)", tracks="vocal piano")
    assert {part for part, _ in words.syllables} == {0}
    *_, words = request("[verse]\nhold on (so long)", tracks="vocal vocal piano")
    assert [s.text for s in words.syllables[1, 0]] == ["so", "long"]
    with pytest.raises(ScoretokError, match="need a vocal track"):
        request("la", tracks="piano")


def laid_bars(words, bars):
    laid, upbeat = assign_lines([line.syllables for line in read_lyrics(words)[0].lines], [96] * bars)
    sung = [zip(bar.syllables, bar.kinds, strict=True) for bar in laid]
    texts = ["".join(syllable.text + " /"[kind.ends_line] for syllable, kind in bar) for bar in sung]
    return texts, [bar.upbeat for bar in laid], [s.text for s in upbeat.syllables]


def test_lines_share_the_bars_and_say_where_they_end():
    texts, upbeats, before = laid_bars("one two three four five six\nseven", 4)
    assert texts == ["one two three ", "four five six/", "sev en/", ""]
    assert upbeats == [0] * 4
    assert before == []
    with pytest.raises(ScoretokError, match="2 lines of words need"):
        laid_bars("one\ntwo", 1)
    with pytest.raises(ScoretokError, match="line 1 has 18 syllables, too many for 1 bar"):
        laid_bars("la " * 18, 1)


def test_bars_begin_with_stressed_syllables_and_weak_ones_lead_to_them():
    texts, upbeats, before = laid_bars("The kettle hums a quiet tune\nbeside the window of my room", 4)
    assert texts == ["ket tle hums a ", "qui et tune/be ", "side the win dow of my ", "room/"]
    assert upbeats == [0, 1, 0, 0]
    assert before == ["The"]


def test_lines_take_up_the_melody_of_those_that_they_are_like():
    def like(words):
        return parallel_lines([line.syllables for line in read_lyrics(words)[0].lines])

    assert like("Hold on tight\nthe river bends\nhold on tight\nand never ends") == [None, None, 0, 1]
    assert like("I saw the light\nit was so bright\nand then the day\nit went away") == [None, 0, 0, 2]
    assert like("Hello\nthis is a line of many syllables") == [None, None]


def test_other_words_are_fitted_to_a_melody():
    cell = (CellNote(0, 60, 24, 96, 2), CellNote(24, 62, 12, 96, 1), CellNote(36, 64, 12, 96, 2))
    weak, end = SyllableKind(1, 0), SyllableKind(2, 1)
    assert [hit.syllable for hit in fit_words(cell, (weak, end, end))] == [1, 2, 2]
    split = fit_words(cell, (end,) * 4)
    assert [hit[:3] for hit in split] == [(0, 60, 12), (12, 60, 12), (24, 62, 12), (36, 64, 12)]
    assert [hit.syllable for hit in fit_words(cell, (weak, end))] == [1, 0, 2]
    assert fit_words(cell, (end,) * 6) is None
    assert fit_words((CellNote(0, 60, 6, 96, 2),), (end, end)) is None
    assert fit_words((), (end,)) is None
