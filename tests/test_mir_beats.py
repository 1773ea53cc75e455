"""Doubled tempos are halved, bars begin where chords change, a tempo that is known makes its own beats."""

from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mir.beats import hits, librosa_beats, madmom_beats, phased_by_chords, steady_beats, without_doubling
from mir.grid import BeatGrid, repaired


@given(st.floats(50, 90), st.integers(0, 3), st.floats(0, 0.03))
def test_a_doubled_tempo_is_halved_when_another_tracker_says_so(bpm, first, jitter):
    true = 0.3 + 60 / bpm * np.arange(40)
    doubled = BeatGrid(np.sort(np.concatenate([true, true + 30 / bpm])), first)
    chords = true[::4] + jitter
    half = without_doubling(doubled, bpm * 1.05, chords)
    assert np.allclose(half.times_s, true)
    assert without_doubling(half, bpm * 1.05, chords) is half


def test_chords_that_all_last_two_fast_bars_halve_it_too():
    grid = BeatGrid(60 / 176 * np.arange(160))
    chords = grid.times_s[::8]
    assert abs(without_doubling(grid, 117, chords).bpm - 88) < 0.1
    assert without_doubling(grid, 117, grid.times_s[::4]) is grid
    assert without_doubling(grid, 117) is grid


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 1000))
def test_bars_begin_where_chords_change(told, true, seed):
    rng = np.random.default_rng(seed)
    grid = BeatGrid(0.5 * np.arange(64) + 0.2, told, confidence=0.7)
    downbeats = BeatGrid(grid.times_s, true).downbeats_s
    chords = downbeats + rng.uniform(-0.04, 0.04, len(downbeats))
    assert phased_by_chords(grid, chords).first_beat == true
    assert phased_by_chords(grid, chords).confidence == 0.7
    assert phased_by_chords(grid, []) is grid
    assert hits(downbeats, chords) == len(chords)


def test_a_known_tempo_and_downbeat_make_the_grid():
    grid = steady_beats(10.0, 120, 1.37)
    assert np.isclose(grid.downbeats_s[0], 1.37)
    assert np.isclose(grid.times_s[0], 0.37)
    assert grid.bpm == pytest.approx(120)
    assert grid.times_s[-1] <= 10.0


def click_track(bpm, beats_per_bar, seconds, rate=22050):
    """A recording with clicks on beats, louder and lower on downbeats, over chords that change with the bars."""
    from mir.audio import Recording

    n = np.arange(int(seconds * rate))
    samples = np.zeros(len(n))
    for number, start in enumerate(np.arange(0.5, seconds - 0.1, 60 / bpm)):
        at = int(start * rate)
        is_downbeat = number % beats_per_bar == 0
        length = np.arange(min(2000, len(n) - at))
        wave = np.exp(-length / 300) * np.sin(2 * np.pi * (90 if is_downbeat else 900) * length / rate)
        samples[at : at + len(length)] += wave * (1.0 if is_downbeat else 0.4)
    return Recording(np.stack([samples, samples]).astype(np.float32), rate)


@pytest.mark.parametrize(("package", "track"), [("madmom", madmom_beats), ("librosa", librosa_beats)])
def test_the_trackers_find_clicks(package, track):
    if find_spec(package) is None:  # madmom itself does not load without our alias
        pytest.skip(f"{package} is not installed")
    grid = track(click_track(100, 4, 15))
    assert abs(grid.bpm - 100) < 2
    inside = grid.times_s[(grid.times_s > 2) & (grid.times_s < 14)]
    offset = (inside - 0.5) % 0.6
    assert np.median(np.minimum(offset, 0.6 - offset)) < 0.06
    assert 0 <= grid.confidence <= 1


def test_no_beats_at_all_is_no_grid():
    assert len(repaired([])) == 0
