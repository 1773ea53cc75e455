"""Played onsets come back as they were written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mir.rhythm_quantisation import quantise_notes, quantise_onsets


@given(st.sampled_from([24, 12, 6, 8]), st.integers(8, 60), st.integers(0, 10_000))
def test_a_rhythm_of_one_division_comes_back(step, count, seed):
    rng = np.random.default_rng(seed)
    written = np.flatnonzero(rng.random(count * 4) < 0.8) * step
    played = written + rng.uniform(-0.7, 0.7, len(written))
    assert np.array_equal(quantise_onsets(played), written)


def test_a_beat_of_triplets_among_eighths_is_heard():
    written = np.array([*range(0, 96, 12), 96, 104, 112, *range(120, 192, 12)])
    played = written + np.random.default_rng(0).normal(0, 0.5, len(written))
    assert np.array_equal(quantise_onsets(played), written)


def test_swung_eighths_are_triplets():
    written = np.array([tick for beat in range(16) for tick in (24 * beat, 24 * beat + 16)])
    played = written + np.random.default_rng(1).normal(0, 0.6, len(written))
    assert np.array_equal(quantise_onsets(played), written)


@given(st.lists(st.floats(-1, 2000), max_size=40))
def test_onsets_move_little_and_in_order(ticks):
    played = np.sort(np.array(ticks))
    found = quantise_onsets(played)
    assert (np.diff(found) >= 0).all()
    assert (np.abs(found - played) <= 12).all()


@pytest.mark.parametrize("beat_ticks", [24, 36])
def test_notes_have_a_length(beat_ticks):
    starts, lengths = quantise_notes([0.2, 23.6, 50.0], [0.4, 47.1, 49.0], beat_ticks)
    assert lengths.min() >= 3
    assert starts[1] + lengths[1] == 48
    assert len(quantise_onsets([])) == 0
