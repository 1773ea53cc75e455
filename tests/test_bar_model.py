"""The bar pointer model: its path is the likeliest of all, and follows a pulse to the frame."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mir.bar_model import (
    OBSERVATION_PARTS,
    beat_periods,
    decode_bars,
    struck_frames,
    tempo_transitions,
)


def viterbi(activations, beats_per_bar, periods):
    """The log-likelihood of the likeliest path through all states, frame by frame: slow, and plainly right."""
    states = [(beat, i, at) for beat in range(beats_per_bar) for i, n in enumerate(periods) for at in range(n)]
    number = {state: at for at, state in enumerate(states)}
    transitions = tempo_transitions(periods)
    struck = struck_frames(periods)

    def emitted(frame):
        beat, downbeat = np.log(activations[frame])
        neither = np.log((1 - activations[frame].sum()) / (OBSERVATION_PARTS - 1))
        return np.array([(downbeat if b == 0 else beat) if at < struck[i] else neither for b, i, at in states])

    best = np.full(len(states), -np.log(len(states))) + emitted(0)
    for frame in range(1, len(activations)):
        after = np.full(len(states), -np.inf)
        for state, score in zip(states, best, strict=True):
            beat, i, at = state
            if at + 1 < periods[i]:
                after[number[beat, i, at + 1]] = max(after[number[beat, i, at + 1]], score)
                continue
            for j in range(len(periods)):
                to = number[(beat + 1) % beats_per_bar, j, 0]
                after[to] = max(after[to], score + transitions[i, j])
        best = after + emitted(frame)
    return best.max()


@settings(max_examples=25)
@given(st.integers(2, 4), st.integers(5, 40), st.integers(0, 10**6))
def test_the_path_is_the_likeliest_of_all(beats_per_bar, frames, seed):
    rng = np.random.default_rng(seed)
    activations = rng.uniform(0.05, 0.45, (frames, 2))
    periods = np.array([4, 5, 7, 17])
    found = decode_bars(activations, beats_per_bar, periods)
    assert found.log_likelihood == pytest.approx(viterbi(activations, beats_per_bar, periods), abs=1e-9)
    assert (np.diff(found.frames) > 0).all()
    assert ((np.diff(found.numbers) - 1) % beats_per_bar == 0).all()


def pulse(period, beats_per_bar, frames, first=13):
    """Activations that are sure of every beat, (t, 2)."""
    activations = np.full((frames, 2), 0.01)
    for number, at in enumerate(range(first, frames, period)):
        activations[at, int(number % beats_per_bar == 0)] = 0.9
    return activations


@pytest.mark.parametrize(("period", "beats_per_bar"), [(30, 3), (48, 4), (71, 4), (100, 2)])
def test_a_pulse_is_followed_to_the_frame(period, beats_per_bar):
    found = decode_bars(pulse(period, beats_per_bar, 5000), beats_per_bar, beat_periods(55, 215, 100))
    assert found.frames.tolist() == list(range(13, 5000, period))
    assert found.numbers.tolist() == [number % beats_per_bar for number in range(len(found.frames))]


def test_the_right_number_of_beats_is_likelier():
    periods = beat_periods(55, 215, 100)
    for size in (3, 4):
        likely = {other: decode_bars(pulse(60, size, 4000), other, periods).log_likelihood for other in (2, 3, 4)}
        assert max(likely, key=likely.get) == size


def test_silence_has_no_beats_and_edges_are_left_out():
    quiet = np.full((500, 2), 1e-4)
    assert not len(decode_bars(quiet, 4, beat_periods(55, 215, 100)).frames)
    heard = np.concatenate([quiet, pulse(50, 4, 1000), quiet])
    found = decode_bars(heard, 4, beat_periods(55, 215, 100))
    assert found.frames.tolist() == list(range(513, 1500, 50))


@given(st.floats(30, 100), st.floats(1.05, 5))
def test_periods_rise_between_their_bounds(slowest, times):
    periods = beat_periods(slowest, slowest * times, 100)
    assert 1 <= len(periods) <= 60
    assert (np.diff(periods) > 0).all()
    assert 60 * 100 / (slowest * times) - 1 <= periods[0] <= periods[-1] <= 60 * 100 / slowest + 1
