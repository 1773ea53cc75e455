"""Doubled tempos are halved, bars begin where chords change, a tempo that is known makes its own beats."""

from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mir.beats import (
    align_downbeats_to_chords,
    constant_tempo_beats,
    count_near_beats,
    fix_tempo_octave,
    librosa_beats,
    madmom_activations,
    mean_activations,
    network_activations,
    track_bars,
)
from mir.grid import BeatGrid, repair_beats


@given(st.floats(50, 90), st.integers(0, 3), st.floats(0, 0.03))
def test_a_doubled_tempo_is_halved_when_another_tracker_says_so(bpm, first, jitter):
    true = 0.3 + 60 / bpm * np.arange(40)
    doubled = BeatGrid(np.sort(np.concatenate([true, true + 30 / bpm])), first)
    chords = true[::4] + jitter
    half = fix_tempo_octave(doubled, bpm * 1.05, chords)
    assert np.allclose(half.times_s, true)
    assert fix_tempo_octave(half, bpm * 1.05, chords) is half


def test_chords_that_all_last_two_fast_bars_halve_it_too():
    grid = BeatGrid(60 / 176 * np.arange(160))
    chords = grid.times_s[::8]
    assert abs(fix_tempo_octave(grid, 117, chords).bpm - 88) < 0.1
    assert fix_tempo_octave(grid, 117, grid.times_s[::4]) is grid
    assert fix_tempo_octave(grid, 117) is grid


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 1000))
def test_bars_begin_where_chords_change(first_beat, true, seed):
    rng = np.random.default_rng(seed)
    grid = BeatGrid(0.5 * np.arange(64) + 0.2, first_beat, confidence=0.7)
    downbeats = BeatGrid(grid.times_s, true).downbeats_s
    chords = downbeats + rng.uniform(-0.04, 0.04, len(downbeats))
    assert align_downbeats_to_chords(grid, chords).first_beat == true
    assert align_downbeats_to_chords(grid, chords).confidence == 0.7
    assert align_downbeats_to_chords(grid, []) is grid
    assert count_near_beats(downbeats, chords) == len(chords)


def test_a_known_tempo_and_downbeat_make_the_grid():
    grid = constant_tempo_beats(10.0, 120, 1.37)
    assert np.isclose(grid.downbeats_s[0], 1.37)
    assert np.isclose(grid.times_s[0], 0.37)
    assert grid.bpm == pytest.approx(120)
    assert grid.times_s[-1] <= 10.0


def click_track(bpm, beats_per_bar, seconds, rate=22050):
    """A recording with clicks on beats, louder and lower on downbeats, over chords that change with the bars."""
    from scoretok.audio import Recording

    n = np.arange(int(seconds * rate))
    samples = np.zeros(len(n))
    for number, start in enumerate(np.arange(0.5, seconds - 0.1, 60 / bpm)):
        at = int(start * rate)
        is_downbeat = number % beats_per_bar == 0
        length = np.arange(min(2000, len(n) - at))
        wave = np.exp(-length / 300) * np.sin(2 * np.pi * (90 if is_downbeat else 900) * length / rate)
        samples[at : at + len(length)] += wave * (1.0 if is_downbeat else 0.4)
    return Recording(np.stack([samples, samples]).astype(np.float32), rate)


def madmom_beats(recording):
    return track_bars(madmom_activations(recording))


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
    assert len(repair_beats([])) == 0


def pulse_of(bpm, beats_per_bar, seconds=20, first_s=0.5):
    """What a network that is sure would say, (2, k), 50 a second."""
    frames = np.arange(seconds * 50) / 50
    beats = first_s + 60 / bpm * np.arange(int((seconds - first_s) * bpm / 60))
    return np.stack(
        [
            np.clip(1 - np.abs(frames[:, None] - times).min(1) * 40, 0.01, 0.9)
            for times in (beats, beats[::beats_per_bar])
        ]
    )


@pytest.mark.skipif(not find_spec("madmom"), reason="madmom is not installed")
@pytest.mark.parametrize(("bpm", "size"), [(72, 4), (132, 3)])
def test_bars_follow_a_pulse_that_is_sure(bpm, size):
    activations = network_activations(pulse_of(bpm, size))
    assert activations.shape == (2000, 2)
    for grid in (track_bars(activations), track_bars(mean_activations(activations, activations), (size, 4), bpm)):
        assert abs(grid.bpm / bpm - 1) < 0.02
        assert grid.beats_per_bar == size
        inside = grid.downbeats_s[(grid.downbeats_s > 2) & (grid.downbeats_s < 18)]
        assert np.abs((inside - 0.5 + 0.2) % (60 / bpm * size) - 0.2).max() < 0.05
    compound = track_bars(activations, (3 * size, 8))
    assert (compound.beats_per_bar, compound.beat_ticks) == (size, 36)


@pytest.mark.skipif(not find_spec("madmom"), reason="madmom is not installed")
def test_long_recordings_are_tracked_in_pieces_without_a_seam(monkeypatch):
    import mir.beats

    activations = network_activations(pulse_of(100, 4, 60))
    whole = track_bars(activations)
    monkeypatch.setattr(mir.beats, "PIECE_FRAMES", 1700)
    monkeypatch.setattr(mir.beats, "OVERLAP_FRAMES", 600)
    pieces = track_bars(activations)
    assert (pieces.first_beat, pieces.beats_per_bar) == (whole.first_beat, whole.beats_per_bar)
    assert np.abs(pieces.times_s - whole.times_s).max() < 0.03
