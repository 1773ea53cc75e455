"""The detail that predictions lack: measured, filled in, and only nearby."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as nnf

from editing.voice.detail import MOST_GAIN, REACH_FRAMES, SPAN, cosines, detailed, filters, movement
from editing.voice.envelope import BANDS


def shapes(seed, frames=600):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((1, frames, BANDS)).astype(np.float32))


def smoothed(shape):
    """Smoother over time, as predictions are."""
    return nnf.avg_pool1d(shape.transpose(1, 2), 3, 1, 1).transpose(1, 2)


def test_the_cosine_transform_keeps_lengths():
    assert torch.allclose(cosines() @ cosines().T, torch.eye(BANDS), atol=1e-5)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 100))
def test_sharpened_predictions_move_more_as_recordings_do(seed):
    recorded = shapes(seed)
    made = smoothed(recorded)
    added = filters(movement(recorded), movement(made))
    assert added.shape == (BANDS, SPAN + 1)

    def distance(shape):
        return float((movement(shape)[1:] / movement(recorded)[1:]).log().abs().mean())

    assert distance(detailed(made, added)) < 0.6 * distance(made)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 100), frame=st.integers(0, 199))
def test_a_frame_changes_only_what_is_near(seed, frame):
    shape = shapes(seed, 200)
    added = filters(movement(shapes(seed + 1)), movement(smoothed(shapes(seed + 1))))
    other = shape.clone()
    other[0, frame] += 1
    changed = (detailed(shape, added) - detailed(other, added)).abs().amax(-1)[0] > 1e-6
    far = (torch.arange(200) - frame).abs() > REACH_FRAMES
    if 0 < frame < 199:
        assert not changed[far].any()
    assert changed[frame]


def test_what_stands_still_and_what_moves_enough_stay():
    still = torch.ones(1, 200, 1) * shapes(3, 1)
    added = filters(movement(shapes(1)), movement(smoothed(shapes(1))))
    assert torch.allclose(detailed(still, added), still, atol=1e-4)
    moving = shapes(2)
    assert float(filters(movement(smoothed(moving)), movement(moving)).abs().max()) < 1e-3
    assert torch.equal(detailed(moving, torch.zeros(BANDS, SPAN + 1)), moving)


def test_gains_have_an_end():
    added = filters(torch.full((SPAN // 2 + 1, BANDS), 1e6), torch.full((SPAN // 2 + 1, BANDS), 1e-6))
    response = torch.fft.rfft(added, dim=1).abs()
    assert float(response.max()) < 1.5 * (MOST_GAIN - 1)
