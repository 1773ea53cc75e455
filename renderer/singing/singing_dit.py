"""The voice DiT conditioned on phonemes in the place of features that must be heard.

A convolutional encoder reads phones with times and pitch. It predicts the content features that the voice DiT would be
given of them, so that references, speaker transforms and all layers are those of voice conversion; and adds to each
token of the window what content features do not hold.

Axes: b batch, f frames, t tokens (pairs of frames), n neighbours, d numbers, c content dims.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from renderer.codec.blocks import Backbone
from renderer.singing.phone_features import NEIGHBOURS, NUMBER_DIMS
from renderer.singing.phone_set import PHONES
from renderer.voice.voice_dit import FRAMES_PER_TOKEN, VoiceDiT, tokens_of


class EncodedPhones(NamedTuple):
    """Predicted content (b, f, c), what is added to tokens (b, t, dim), loudness (b, f) in nepers over nominal."""

    content: Tensor
    added: Tensor
    loudness: Tensor


class PhoneEncoder(nn.Module):
    """Phones around each frame (b, f, n) and numbers (b, f, d) -> `EncodedPhones`."""

    def __init__(self, content_dims: int, token_dim: int, dim: int = 192, layers: int = 4, embedding: int = 48) -> None:
        super().__init__()
        self.phones = nn.ModuleList(nn.Embedding(len(PHONES), embedding) for _ in NEIGHBOURS)
        self.backbone = Backbone(len(NEIGHBOURS) * embedding + NUMBER_DIMS, dim, layers)
        self.content = nn.Linear(dim, content_dims)
        self.loudness = nn.Linear(dim, 1)
        self.added = nn.Linear(FRAMES_PER_TOKEN * dim, token_dim)
        nn.init.zeros_(self.added.weight)
        nn.init.zeros_(self.added.bias)

    def forward(self, ids: Tensor, numbers: Tensor) -> EncodedPhones:
        embedded = [embed(ids[..., place]) for place, embed in enumerate(self.phones)]
        hidden = self.backbone(torch.cat([*embedded, numbers], -1))
        return EncodedPhones(self.content(hidden), self.added(tokens_of(hidden)), self.loudness(hidden)[..., 0])


class SingingDiT(VoiceDiT):
    """A voice DiT with an encoder of phones."""

    encoder: PhoneEncoder
    phone_means: Tensor
    content_variance: Tensor

    def __init__(
        self, content_dims: int = 96, dim: int = 256, coarse_layers: int = 6, flow_layers: int = 3, heads: int = 4,
        encoder_dim: int = 192, encoder_layers: int = 4,
    ) -> None:  # fmt: skip
        super().__init__(content_dims, dim, coarse_layers, flow_layers, heads)
        self.encoder = PhoneEncoder(content_dims, dim, encoder_dim, encoder_layers)
        # The densities of content features in each phone, for forced alignment.
        self.register_buffer("phone_means", torch.zeros(len(PHONES), content_dims))
        self.register_buffer("content_variance", torch.ones(content_dims))
