"""The room: the same however the signal is cut, and no change reaches before or beyond itself."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.reverb import Reverb, velvet

RATE = 8000


def echoes(signal, cuts=()):
    reverb = Reverb(RATE)
    return np.concatenate([reverb(part) for part in np.split(signal, sorted(cuts))], axis=1)


@settings(max_examples=20)
@given(st.lists(st.integers(1, 15_999), max_size=5, unique=True))
def test_blocks_do_not_matter(cuts):
    signal = np.random.default_rng(0).normal(size=16_000).astype(np.float32)
    assert np.array_equal(echoes(signal), echoes(signal, cuts))


def test_a_change_is_heard_after_it_and_no_further_than_the_reach():
    signal = np.random.default_rng(0).normal(size=30_000).astype(np.float32)
    changed = signal.copy()
    changed[8000:8100] += 0.3
    differing = np.flatnonzero((echoes(signal) != echoes(changed)).any(axis=0))
    assert differing[0] >= 8000
    assert differing[-1] < 8100 + Reverb(RATE).reach_samples


def test_both_ears_hear_something_else_and_it_fades():
    impulse = np.zeros(20_000, np.float32)
    impulse[0] = 1
    left, right = echoes(impulse)
    assert not np.array_equal(left, right)
    assert np.abs(left[: RATE // 4]).sum() > 2 * np.abs(left[RATE // 2 : 3 * RATE // 4]).sum()


def test_velvet_noise_has_unit_energy():
    assert np.isclose(sum(float(gain) ** 2 for _, gain in velvet(30, 0.5, 1.0, RATE, 0)), 1, atol=1e-5)
