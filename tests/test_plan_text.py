"""Plans as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.plan_text import parse_plan, print_plan
from planner.request import FREE, BarRequest
from planner.song import Part, Song
from scoretok import ScoretokError
from scoretok.parts import SECTION_LABELS, Chord
from scoretok.theory import QUALITY_NAMES

PARTS = (Part("vocal.1", 53), Part("piano.1", 0), Part("piano.2", 4), Part("drums.1", 0))
chords = st.builds(Chord, st.just(0), st.none() | st.integers(0, 11), st.sampled_from(QUALITY_NAMES))


@st.composite
def plans(draw):
    """A song and what is asked of its bars, a few sections."""
    bars = []
    for label in draw(st.lists(st.sampled_from((*SECTION_LABELS, "phrase")), min_size=1, max_size=4)):
        count = draw(st.integers(1, 5))
        has_chords = draw(st.booleans())
        levels = draw(st.just(()) | st.tuples(*[st.integers(0, 7)] * len(PARTS)))
        for bar in range(count):
            starts = sorted(draw(st.sets(st.sampled_from((0, 24, 48, 60)), max_size=3)))
            here = tuple(Chord(at, one.root, one.quality) for at, one in ((at, draw(chords)) for at in starts))
            bars.append(
                BarRequest(here if has_chords else None, label if bar == 0 else None, levels if bar == 0 else ())
            )
    return Song(PARTS, (), {}, (4, 4), draw(st.sampled_from(("C:maj", "F#:min"))), 96.0, "pop"), tuple(bars)


@given(plans())
def test_a_plan_survives_as_text(plan):
    song, bars = plan
    parsed, asked = parse_plan(print_plan(song, bars))
    assert (parsed.parts, parsed.meter, parsed.key, parsed.bpm, parsed.genre) == (
        PARTS,
        song.meter,
        song.key,
        96.0,
        "pop",
    )
    assert asked == bars


def test_chords_share_their_bar_and_are_played_again():
    song, bars = parse_plan("meter 3/4\ntracks piano bass\nverse 4\n chords Am F C | G\nfree 2  # as you like")
    assert [[chord.start_ticks for chord in bar.chords] for bar in bars[:4]] == [[0, 24, 48], [0], [0, 24, 48], [0]]
    assert [bar.label for bar in bars] == ["verse", None, None, None, FREE, FREE]
    assert [part.program for part in song.parts] == [0, 33]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("verse 8", "names no tracks"),
        ("tracks piano", "plans no section"),
        ("tracks piano\nverse", "line 2: say how many bars"),
        ("tracks kazoo", "line 1: 'kazoo' is no track"),
        ("tracks piano piano.1", "named twice"),
        ("tracks piano:200", "no General MIDI program"),
        ("meter 17/16", "does not know the meter"),
        ("tempo quick", "'quick' is no tempo"),
        ("genre zydeco", "does not know the genre"),
        ("key H", "line 1: 'H' is not a key"),
        ("tracks piano\nverse 1\nchords C | G", "2 bars of chords stand in a section of 1"),
        ("tracks piano\nverse 1\nchords | C G@0 |", "begin at once"),
        ("tracks piano\nverse 1\nchords C@200", "lies outside its bar"),
        ("tracks piano\nverse 1\nchords Zz", "line 3: 'Zz' is not a chord"),
        ("tracks piano\nverse 1\ndensity bass 2", "there is no track bass.1"),
        ("tracks piano\nverse 1\ndensity piano 9", "is no density"),
        ("chords C", "stands before its chords"),
        ("rhubarb", "neither a heading nor a section"),
    ],
)
def test_what_is_wrong_with_a_plan_is_told(text, message):
    with pytest.raises(ScoretokError, match=message):
        parse_plan(text)
