"""Bars follow a pulse, begin where chords change, at the tempo that is played; a tempo that is known is kept."""

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mir.bar_phase import choose_bar_phase
from mir.beats import (
    align_downbeats_to_chords,
    beatnet_activations,
    constant_tempo_beats,
    count_near_beats,
    librosa_beats,
    madmom_activations,
    mean_activations,
    network_activations,
    track_bars,
)
from mir.grid import BeatGrid, repair_beats
from mir.metrical_evidence import MetricalEvidence
from mir.tempo_octave import choose_octave


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


def test_long_recordings_are_tracked_without_a_seam():
    activations = network_activations(pulse_of(100, 4, 600))
    grid = track_bars(activations)
    assert grid.beats_per_bar == 4
    assert np.abs(grid.downbeats_s - (0.5 + 2.4 * np.arange(len(grid.downbeats_s)))).max() < 0.03


def evidence_of(grid, onsets=(0.0,)):
    """Onsets at places of beats, a kick on odd and a snare on even ones, a bass note and a chord a bar."""
    gaps = np.diff(grid.times_s, append=2 * grid.times_s[-1] - grid.times_s[-2])
    every = np.sort(np.concatenate([grid.times_s + share * gaps for share in onsets]))
    odd = grid.numbers % 2 == 0
    chroma = np.zeros((int(50 * grid.times_s[-1]) + 50, 12))
    at = np.arange(len(chroma))
    chroma[at, np.searchsorted(grid.downbeats_s, at / 50, "right") % 12] = 1
    return MetricalEvidence(every, grid.downbeats_s, grid.times_s[odd], grid.times_s[~odd], every, chroma, 0.0)


@pytest.mark.parametrize("bpm", [72, 84, 96])
def test_a_doubled_tempo_is_halved_where_drums_and_chords_say_so(bpm):
    """A network that is nearly as sure of every eighth as of the beats, and knows no bars: what is played tells."""
    eighths = pulse_of(2 * bpm, 4, 60)
    true = constant_tempo_beats(60.0, bpm, 0.5)
    heard = network_activations(eighths)
    from_beat = np.abs((np.arange(len(heard)) / 100 - 0.5 + 15 / bpm) % (60 / bpm) - 15 / bpm)
    heard = (heard.sum(1) * np.where(from_beat < 7.5 / bpm, 1.0, 0.9))[:, None] * [0.6, 0.4]
    tracked = track_bars(heard)
    chosen = choose_octave(tracked, heard, evidence_of(true, (0.0, 0.5)))
    assert abs(chosen.bpm / bpm - 1) < 0.03
    double = choose_octave(tracked, heard, evidence_of(true, (0.0, 0.5)), octave="double")
    assert abs(double.bpm / (2 * bpm) - 1) < 0.03


@pytest.mark.parametrize("size", [3, 4])
@pytest.mark.parametrize("wrong", [1, 2])
def test_bars_begin_where_bass_kick_and_harmony_say(size, wrong):
    """Beats that are heard alike, tracked with bars from another beat on."""
    true = replace(constant_tempo_beats(40.0, 100, 0.5, (size, 4)), first_beat=0)
    level = np.zeros((4000, 2))
    level[np.round(100 * true.times_s).astype(int)] = 0.4
    tracked = replace(true, first_beat=wrong)
    chosen = choose_bar_phase(tracked, level, evidence_of(true, (0.0, 0.5)))
    assert chosen.first_beat == 0
    assert np.array_equal(chosen.times_s, true.times_s)


def test_bars_stay_where_nothing_is_heard():
    tracked = BeatGrid(2 + 0.6 * np.arange(12), 2)
    silent = MetricalEvidence(*[np.zeros(0)] * 5, np.zeros((500, 12)), 0.0)
    assert choose_bar_phase(tracked, np.zeros((800, 2)), silent).first_beat == 2


def test_a_half_of_what_is_chosen_can_be_asked_for():
    heard = network_activations(pulse_of(100, 4, 60))
    grid = track_bars(heard)
    evidence = evidence_of(constant_tempo_beats(60.0, 100, 0.5), (0.0, 0.5))
    assert abs(choose_octave(grid, heard, evidence, octave="half").bpm - 50) < 2
    assert choose_octave(grid, heard, evidence, meter=(3, 4)).beats_per_bar == grid.beats_per_bar


def test_the_networks_that_ship_hear_clicks():
    recording = click_track(100, 4, 20)
    activations = beatnet_activations(recording)
    assert activations.shape[1] == 2
    assert abs(len(activations) - 2000) < 5
    assert (activations >= 0).all()
    assert (activations.sum(1) <= 1 + 1e-6).all()
    grid = track_bars(activations)
    assert abs(grid.bpm - 100) < 2
