"""Closed-form speaker adaptation: a ridge regression of the model's residual on content (as in MLLR).

Each half of a reference is predicted with the other half to look things up in; what is left is regressed on the words
(ridge regression), as acoustic models were adapted to speakers by linear maps (MLLR: Leggetter and Woodland, 1995).

Axes: f frames, c content dims, k bands.
"""

import torch
from torch import Tensor

from renderer.voice.voice_dit import FRAMES_PER_TOKEN, VoiceDiT, frames_of, tokens_of

# Ridges, gain: by trial on the held-out voices of benchmarks.voice, which so flatters them (card).
MAX_REFERENCE_FRAMES = 1032  # of a half that is looked things up in, 12 s
CONTENT_RIDGE, BIAS_RIDGE = 800.0, 20.0  # frames' worth of doubt about words, and about what all have in common
TRANSFORM_GAIN = 1.25  # more than what is found: doubt has made it smaller


def regressor_dims(content_dims: int) -> int:
    """Number of regressors: bias, voicing and content dims (c + 2)."""
    return content_dims + 2


def regressors(conditioning: Tensor, content_dims: int) -> Tensor:
    """Regressors (1, f, c + 2) from conditioning (1, f, c + 3): bias, voicing, content."""
    voicing = conditioning[..., content_dims + 1 : content_dims + 2]
    return torch.cat([torch.ones_like(voicing), voicing, conditioning[..., :content_dims]], -1)


@torch.no_grad()
def fit_speaker_transform(
    model: VoiceDiT, conditioning: Tensor, norm_envelope: Tensor, timbre: Tensor, weight: Tensor, known_bands: Tensor
) -> Tensor:
    """Fits the speaker transform (c + 2, k): conditioning (1, f, c + 3), normalised envelopes (1, f, k)."""
    half = conditioning.shape[1] // 2 // FRAMES_PER_TOKEN * FRAMES_PER_TOKEN
    size = regressor_dims(model.content_dims)
    square, product = torch.zeros(size, size), torch.zeros(size, norm_envelope.shape[-1])
    if not half:
        return product
    for known, asked in ((slice(0, half), slice(half, 2 * half)), (slice(half, 2 * half), slice(0, half))):
        seen = slice(known.start, min(known.stop, known.start + MAX_REFERENCE_FRAMES))
        reference = tokens_of(norm_envelope[:, seen])
        tokens = tokens_of(torch.cat([conditioning[:, seen], conditioning[:, asked]], 1))
        made, _ = model.predict(tokens, reference, torch.ones(reference.shape[:2]), timbre)
        causes = regressors(conditioning[:, asked], model.content_dims)[0]
        weighted = causes * weight[0, asked, None]
        square += weighted.T @ causes
        product += weighted.T @ (norm_envelope[:, asked] - frames_of(made))[0]
    doubt = torch.full((size,), CONTENT_RIDGE)
    doubt[:2] = BIAS_RIDGE
    return torch.linalg.solve(square + torch.diag(doubt), product) * known_bands


def apply_speaker_transform(norm_envelope: Tensor, conditioning: Tensor, transform: Tensor) -> Tensor:
    """Adds the speaker transform's residual to normalised envelopes (1, f, k), given conditioning (1, f, c + 3)."""
    content_dims = transform.shape[0] - 2
    return norm_envelope + TRANSFORM_GAIN * regressors(conditioning, content_dims) @ transform
