"""The detail that predictions lack: measured, filled in, and only nearby."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as nnf

from renderer.voice.envelope import ENVELOPE_BANDS
from renderer.voice.postfilter import (
    MAX_GAIN,
    MODULATION_FRAMES,
    POSTFILTER_HALO,
    apply_postfilter,
    dct_matrix,
    design_postfilter,
    modulation_power,
)


def shapes(seed, frames=600):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((1, frames, ENVELOPE_BANDS)).astype(np.float32))


def smoothed(shape):
    """Smoother over time, as predictions are."""
    return nnf.avg_pool1d(shape.transpose(1, 2), 3, 1, 1).transpose(1, 2)


def test_the_cosine_transform_keeps_lengths():
    assert torch.allclose(dct_matrix() @ dct_matrix().T, torch.eye(ENVELOPE_BANDS), atol=1e-5)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 100))
def test_sharpened_predictions_move_more_as_recordings_do(seed):
    recorded = shapes(seed)
    made = smoothed(recorded)
    added = design_postfilter(modulation_power(recorded), modulation_power(made))
    assert added.shape == (ENVELOPE_BANDS, MODULATION_FRAMES + 1)

    def distance(shape):
        return float((modulation_power(shape)[1:] / modulation_power(recorded)[1:]).log().abs().mean())

    assert distance(apply_postfilter(made, added)) < 0.6 * distance(made)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 100), frame=st.integers(0, 199))
def test_a_frame_changes_only_what_is_near(seed, frame):
    shape = shapes(seed, 200)
    added = design_postfilter(modulation_power(shapes(seed + 1)), modulation_power(smoothed(shapes(seed + 1))))
    other = shape.clone()
    other[0, frame] += 1
    changed = (apply_postfilter(shape, added) - apply_postfilter(other, added)).abs().amax(-1)[0] > 1e-6
    far = (torch.arange(200) - frame).abs() > POSTFILTER_HALO
    if 0 < frame < 199:
        assert not changed[far].any()
    assert changed[frame]


def test_what_stands_still_and_what_moves_enough_stay():
    still = torch.ones(1, 200, 1) * shapes(3, 1)
    added = design_postfilter(modulation_power(shapes(1)), modulation_power(smoothed(shapes(1))))
    assert torch.allclose(apply_postfilter(still, added), still, atol=1e-4)
    moving = shapes(2)
    assert float(design_postfilter(modulation_power(smoothed(moving)), modulation_power(moving)).abs().max()) < 1e-3
    assert torch.equal(apply_postfilter(moving, torch.zeros(ENVELOPE_BANDS, MODULATION_FRAMES + 1)), moving)


def test_gains_have_an_end():
    added = design_postfilter(
        torch.full((MODULATION_FRAMES // 2 + 1, ENVELOPE_BANDS), 1e6),
        torch.full((MODULATION_FRAMES // 2 + 1, ENVELOPE_BANDS), 1e-6),
    )
    response = torch.fft.rfft(added, dim=1).abs()
    assert float(response.max()) < 1.5 * (MAX_GAIN - 1)
