"""What the model misses of a voice, as far as it follows from the words: found in closed form when the voice is heard.

Each half of a reference is predicted with the other half to look things up in; what is left is regressed on the words
(ridge regression), as acoustic models were adapted to speakers by linear maps (MLLR: Leggetter and Woodland, 1995).

Axes: f frames, c content dims, k bands.
"""

import torch
from torch import Tensor

from editing.voice.model import FRAMES_PER_TOKEN, VoiceDiT, frames_of, tokens_of

LONGEST_FRAMES = 1032  # of a half that is looked things up in, 12 s
WORDS_RIDGE, MEANS_RIDGE = 800.0, 20.0  # frames' worth of doubt about words, and about what all have in common
STRENGTH = 1.25  # more than what is found: doubt has made it smaller


def terms(content_dims: int) -> int:
    """How many numbers a correction follows from: one for all frames, one for voicing, and the content."""
    return content_dims + 2


def terms_of(told: Tensor, content_dims: int) -> Tensor:
    """What a correction follows from (1, f, c + 2), of what is told (1, f, c + 3)."""
    voicing = told[..., content_dims + 1 : content_dims + 2]
    return torch.cat([torch.ones_like(voicing), voicing, told[..., :content_dims]], -1)


@torch.no_grad()
def correction_of(
    model: VoiceDiT, told: Tensor, shape: Tensor, timbre: Tensor, weight: Tensor, known_bands: Tensor
) -> Tensor:
    """The correction (c + 2, k) of a reference: told (1, f, c + 3), shapes (1, f, k), timbre, weights (1, f)."""
    half = told.shape[1] // 2 // FRAMES_PER_TOKEN * FRAMES_PER_TOKEN
    size = terms(model.content_dims)
    square, product = torch.zeros(size, size), torch.zeros(size, shape.shape[-1])
    if not half:
        return product
    for known, asked in ((slice(0, half), slice(half, 2 * half)), (slice(half, 2 * half), slice(0, half))):
        seen = slice(known.start, min(known.stop, known.start + LONGEST_FRAMES))
        reference = tokens_of(shape[:, seen])
        tokens = tokens_of(torch.cat([told[:, seen], told[:, asked]], 1))
        made, _ = model.predict(tokens, reference, torch.ones(reference.shape[:2]), timbre)
        causes = terms_of(told[:, asked], model.content_dims)[0]
        weighted = causes * weight[0, asked, None]
        square += weighted.T @ causes
        product += weighted.T @ (shape[:, asked] - frames_of(made))[0]
    doubt = torch.full((size,), WORDS_RIDGE)
    doubt[:2] = MEANS_RIDGE
    return torch.linalg.solve(square + torch.diag(doubt), product) * known_bands


def corrected(shape: Tensor, told: Tensor, correction: Tensor) -> Tensor:
    """Shapes (1, f, k) with what the model misses, of what is told (1, f, c + 3)."""
    content_dims = correction.shape[0] - 2
    return shape + STRENGTH * terms_of(told, content_dims) @ correction
