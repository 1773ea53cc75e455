"""A voice's correction: what the model misses and words tell is found, what is not recorded is left alone."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.voice.envelope import ENVELOPE_BANDS
from renderer.voice.speaker_transform import (
    TRANSFORM_GAIN,
    apply_speaker_transform,
    fit_speaker_transform,
    regressor_dims,
    regressors,
)
from renderer.voice.voice_dit import TIMBRE_DIMS, VoiceDiT, frames_of, tokens_of

DIMS = 6


def voice(frames, seed=0):
    torch.manual_seed(seed)
    model = VoiceDiT(content_dims=DIMS, dim=32, coarse_layers=1, flow_layers=1, heads=2).eval()
    conditioning = torch.randn(1, frames, DIMS + 3)
    conditioning[..., DIMS + 1] = (conditioning[..., DIMS + 1] > 0).float()
    return model, conditioning


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 50))
def test_what_follows_from_the_words_is_found(seed):
    """Shapes that are what the model predicts plus a linear map of the words: the map comes back, but for doubt."""
    frames = 2400
    model, conditioning = voice(frames, seed)
    torch.nn.init.zeros_(model.coarse_out.weight)
    true = torch.randn(regressor_dims(DIMS), ENVELOPE_BANDS)
    shape = regressors(conditioning, DIMS) @ true
    timbre = torch.zeros(1, TIMBRE_DIMS)
    found = fit_speaker_transform(model, conditioning, shape, timbre, torch.ones(1, frames), torch.ones(ENVELOPE_BANDS))
    assert torch.corrcoef(torch.stack([found.flatten(), true.flatten()]))[0, 1] > 0.97
    again = apply_speaker_transform(torch.zeros_like(shape), conditioning, found / TRANSFORM_GAIN)
    assert (again - shape).square().mean() < 0.1 * shape.square().mean()


def test_doubt_shrinks_what_a_short_reference_says():
    sizes = []
    for frames in (2, 40, 400):
        model, conditioning = voice(frames)
        shape = torch.ones(1, frames, ENVELOPE_BANDS)
        found = fit_speaker_transform(
            model, conditioning, shape, torch.zeros(1, TIMBRE_DIMS), torch.ones(1, frames), torch.ones(ENVELOPE_BANDS)
        )
        assert bool(found.isfinite().all())
        sizes.append(float(found.abs().sum()))
    assert sizes == sorted(sizes)


def test_what_is_inaudible_or_unknown_says_nothing():
    model, conditioning = voice(100)
    shape, timbre = torch.randn(1, 100, ENVELOPE_BANDS), torch.zeros(1, TIMBRE_DIMS)
    assert not fit_speaker_transform(
        model, conditioning, shape, timbre, torch.zeros(1, 100), torch.ones(ENVELOPE_BANDS)
    ).any()
    known = (torch.arange(ENVELOPE_BANDS) < 40).float()
    found = fit_speaker_transform(model, conditioning, shape, timbre, torch.ones(1, 100), known)
    assert found[:, :40].any()
    assert not found[:, 40:].any()
    assert frames_of(tokens_of(shape)).equal(shape)
