"""A voice's correction: what the model misses and words tell is found, what is not recorded is left alone."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from editing.voice.correction import STRENGTH, corrected, correction_of, terms, terms_of
from editing.voice.envelope import BANDS
from editing.voice.model import TIMBRE, VoiceDiT, frames_of, tokens_of

DIMS = 6


def voice(frames, seed=0):
    torch.manual_seed(seed)
    model = VoiceDiT(content_dims=DIMS, dim=32, coarse_layers=1, flow_layers=1, heads=2).eval()
    told = torch.randn(1, frames, DIMS + 3)
    told[..., DIMS + 1] = (told[..., DIMS + 1] > 0).float()
    return model, told


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 50))
def test_what_follows_from_the_words_is_found(seed):
    """Shapes that are what the model predicts plus a linear map of the words: the map comes back, but for doubt."""
    frames = 2400
    model, told = voice(frames, seed)
    torch.nn.init.zeros_(model.coarse_out.weight)
    true = torch.randn(terms(DIMS), BANDS)
    shape = terms_of(told, DIMS) @ true
    timbre = torch.zeros(1, TIMBRE)
    found = correction_of(model, told, shape, timbre, torch.ones(1, frames), torch.ones(BANDS))
    assert torch.corrcoef(torch.stack([found.flatten(), true.flatten()]))[0, 1] > 0.97
    again = corrected(torch.zeros_like(shape), told, found / STRENGTH)
    assert (again - shape).square().mean() < 0.1 * shape.square().mean()


def test_doubt_shrinks_what_a_short_reference_says():
    sizes = []
    for frames in (2, 40, 400):
        model, told = voice(frames)
        shape = torch.ones(1, frames, BANDS)
        found = correction_of(model, told, shape, torch.zeros(1, TIMBRE), torch.ones(1, frames), torch.ones(BANDS))
        assert bool(found.isfinite().all())
        sizes.append(float(found.abs().sum()))
    assert sizes == sorted(sizes)


def test_what_is_inaudible_or_unknown_says_nothing():
    model, told = voice(100)
    shape, timbre = torch.randn(1, 100, BANDS), torch.zeros(1, TIMBRE)
    assert not correction_of(model, told, shape, timbre, torch.zeros(1, 100), torch.ones(BANDS)).any()
    known = (torch.arange(BANDS) < 40).float()
    found = correction_of(model, told, shape, timbre, torch.ones(1, 100), known)
    assert found[:, :40].any()
    assert not found[:, 40:].any()
    assert frames_of(tokens_of(shape)).equal(shape)
