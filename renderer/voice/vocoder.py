"""Source-filter vocoder: pulse and noise sources, filtered by the envelope and learned gains.

The source-filter model of speech with the gains learned, as in DDSP (Engel et al., 2020); the same design as
`renderer.codec.score_codec.ExciterHead` over a source that follows a pitch curve instead of notes.

Axes: b batch, f frames, k bands, q STFT bins, n samples.
"""

import torch
from torch import Tensor, nn

from renderer.codec.blocks import Backbone
from renderer.voice.envelope import ENVELOPE_BANDS, normalised_istft, normalised_stft, to_bins
from scoretok.nn.spectra import minimum_phase

# Set by hand: where the decoder's training begins; benchmarks.voice measures what came out.
VOICED_NOISE_GAIN = -3.5  # nepers that the noise begins below the envelope where there is a pitch
RECEPTIVE_FRAMES = 24  # frames on either side that a frame's sound depends on


class VoiceDecoder(nn.Module):
    """Envelope (b, f, k), pitch (b, f), voicing (b, f) and sources (b, 2, 512 f) -> audio (b, 512 f)."""

    to_bins: Tensor

    def __init__(self, dim: int = 192, layers: int = 5) -> None:
        super().__init__()
        self.register_buffer("to_bins", to_bins(), persistent=False)
        self.backbone = Backbone(ENVELOPE_BANDS + 2, dim, layers)
        self.out = nn.Linear(dim, 2 * ENVELOPE_BANDS)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def gains(self, envelope: Tensor, hz: Tensor, voicing: Tensor) -> tuple[Tensor, Tensor]:
        """Log amplitudes (b, f, k) of the pulses and of the noise."""
        pitch = torch.log2(hz.clamp(min=40) / 200)
        seen = torch.cat([envelope / 4 + 2, pitch[..., None], voicing[..., None]], -1)
        pulse, noise = self.out(self.backbone(seen)).float().chunk(2, -1)
        quiet = torch.where(voicing[..., None] > 0.5, VOICED_NOISE_GAIN, 0.0)
        return envelope / 2 + pulse, envelope / 2 + noise + quiet

    def forward(self, envelope: Tensor, hz: Tensor, voicing: Tensor, sources: Tensor, breath: float = 0.0) -> Tensor:
        """`breath` is in nepers: what is added to the noise where there is a pitch."""
        pulse, noise = self.gains(envelope, hz, voicing)
        noise = noise + breath * voicing[..., None]
        b, _, n = sources.shape
        spectrum = normalised_stft(sources.reshape(2 * b, n)).unflatten(0, (b, 2))
        filters = minimum_phase((pulse @ self.to_bins).transpose(1, 2))
        audible = voicing.clamp(0, 1)[:, None]
        return normalised_istft(
            spectrum[:, 0] * filters * audible + spectrum[:, 1] * torch.exp(noise @ self.to_bins).transpose(1, 2), n
        )
