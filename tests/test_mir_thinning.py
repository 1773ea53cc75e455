"""Parts are thinned to what players would play."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mir.estimates import NoteEstimate
from mir.notes.activations import ONSET_THRESHOLDS
from mir.thinning import playable, thinned, without_doublings
from scoretok.instrument_ranges import RANGES

heard = st.lists(
    st.builds(
        lambda start, length, pitch, sure: NoteEstimate(start / 8, (start + length) / 8, pitch, 80, sure / 100),
        st.integers(0, 40), st.integers(1, 12), st.integers(28, 100), st.integers(10, 99),
    ),
    max_size=60,
    unique_by=lambda note: (note.start_s, note.pitch),
)  # fmt: skip


def sounding(notes, at_s):
    return sorted(note.pitch for note in notes if note.start_s <= at_s < note.end_s)


@given(heard, st.sampled_from([0, 25, 33, 40, 73]))
def test_what_is_left_can_be_played(notes, program):
    instrument = RANGES[program]
    kept = playable(notes, instrument, two_hands=program == 0)
    begins = {(note.start_s, note.pitch): note for note in notes}
    for note in kept:
        assert begins[note.start_s, note.pitch]._replace(end_s=note.end_s) == note
        assert note.start_s < note.end_s <= begins[note.start_s, note.pitch].end_s
    for at_s in {note.start_s for note in kept}:
        pitches = sounding(kept, at_s)
        assert len(pitches) == len(set(pitches)) <= instrument.voices
        if program == 0:
            assert len([pitch for pitch in pitches if pitch > pitches[0] + 14]) <= 5
        else:
            assert pitches[-1] - pitches[0] <= instrument.chord_span


@given(heard)
def test_what_can_be_played_stays_as_it_is(notes):
    once = playable(notes, RANGES[25])
    assert playable(once, RANGES[25]) == once


def test_the_surest_notes_of_a_chord_stay_and_held_ones_give_way():
    chord = [NoteEstimate(1.0, 2.0, 60 + at, 80, 0.5 + 0.05 * at) for at in range(4)]
    assert playable(chord, RANGES[33]) == chord[2:]  # two strings at once
    held = NoteEstimate(0.0, 3.0, 48, 80, 0.9)
    assert playable([held, *chord], RANGES[33]) == [held._replace(end_s=1.0), *chord[2:]]


@pytest.mark.parametrize("late_s", [0.0, 0.03])
def test_what_two_roles_play_is_of_the_surer_one(late_s):
    def notes(role, sure, at_s):
        return [NoteEstimate(at_s + at, at_s + at + 0.5, 60 + at, 80, sure * ONSET_THRESHOLDS[role]) for at in range(8)]

    found = {"piano": notes("piano", 1.5, 0.0), "guitar": notes("guitar", 2.4, late_s), "bass": notes("bass", 1.1, 0.0)}
    single = without_doublings(found)
    assert single == {"piano": [], "guitar": found["guitar"], "bass": found["bass"]}
    for other in (notes("guitar", 2.4, 0.2), notes("guitar", 2.0, 0.0)):  # at other moments, or hardly surer
        assert without_doublings(found | {"guitar": other}) == found | {"guitar": other}
    assert "piano" not in thinned(found)


def test_nothing_is_thinned_to_nothing():
    assert thinned({}) == {}
    assert thinned({"lead": []}) == {}
