"""The spectral envelope of a voice: what its vocal tract does to the sound, freed from pitch.

The power spectrum is smoothed over one pitch period of frequencies, so that the partials between which a vowel's
formants hide leave no trace (Kawahara et al., TANDEM-STRAIGHT, 2008), and read in mel bands.

Axes: b batch, n samples, f frames (86.13 Hz), q STFT bins, k bands.
"""

from functools import cache

import torch
from torch import Tensor, nn

from renderer.codec.mel import FFT, HOP_SAMPLES, SAMPLE_RATE, mel_filters
from renderer.codec.score_codec import band_interpolation
from scoretok.nn import spectra

# Set by hand; the shipped weights were trained with them, nothing else was compared.
ENVELOPE_BANDS = 80
WINDOW_SAMPLES = 1280
BIN_HZ = SAMPLE_RATE / FFT
FRAME_S = HOP_SAMPLES / SAMPLE_RATE
FLOOR = 1e-9  # of power; -90 dB
# Set by hand; benchmarks.voice measures what comes out.
UNVOICED_HZ = 160.0  # the width that is smoothed over where there is no pitch
MIN_WIDTH_HZ = 90.0


def normalised_stft(audio: Tensor) -> Tensor:
    """Complex spectrum (b, q, f) of audio (b, n), one frame each 512 samples; white noise of power 1 has power 1."""
    window = torch.hann_window(WINDOW_SAMPLES, device=audio.device)
    return spectra.stft(audio, FFT, HOP_SAMPLES, window) / window.square().sum().sqrt()


def normalised_istft(spectrum: Tensor, n_samples: int) -> Tensor:
    """Audio (b, n) of a spectrum (b, q, f) as `spectra` gives it."""
    window = torch.hann_window(WINDOW_SAMPLES, device=spectrum.device)
    return spectra.istft(spectrum * window.square().sum().sqrt(), FFT, HOP_SAMPLES, window, n_samples)


def smooth_spectrum(power: Tensor, width_hz: Tensor) -> Tensor:
    """Power (b, q, f) averaged over a width (b, f) around every bin, mirrored at both ends."""
    q = power.shape[1]
    mirrored = torch.cat([power[:, 1:].flip(1), power, power[:, :-1].flip(1)], 1)
    sums = nn.functional.pad(mirrored.double().cumsum(1), (0, 0, 1, 0))
    half = (width_hz / BIN_HZ / 2)[:, None]
    centres = torch.arange(q, device=power.device)[None, :, None] + q - 0.5
    above, below = _between(sums, centres + half), _between(sums, centres - half)
    return ((above - below) / (2 * half)).to(power.dtype)


def _between(sums: Tensor, places: Tensor) -> Tensor:
    """Running sums (b, s, f) read at fractional places (b, q, f)."""
    places = places.clamp(0, sums.shape[1] - 1.001)
    left = places.long()
    share = (places - left).to(sums.dtype)
    return sums.gather(1, left) * (1 - share) + sums.gather(1, left + 1) * share


class SpectralEnvelope(nn.Module):
    """Audio (b, n) and its pitch (b, f) in Hz, 0 where there is none -> log power envelope (b, f, k)."""

    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        filters = mel_filters(ENVELOPE_BANDS)
        self.register_buffer("filters", filters / filters.sum(1, keepdim=True), persistent=False)

    def forward(self, audio: Tensor, hz: Tensor) -> Tensor:
        power = normalised_stft(audio).abs().square()
        width_hz = torch.where(hz > 0, hz, UNVOICED_HZ).clamp(min=MIN_WIDTH_HZ)
        twice = smooth_spectrum(smooth_spectrum(power, width_hz), width_hz / 2)
        return torch.log(self.filters @ twice + FLOOR).transpose(1, 2)


@cache
def band_centres_hz() -> Tensor:
    """The middle of every band in Hz, (k,)."""
    return spectra.mel_edges_hz(ENVELOPE_BANDS, SAMPLE_RATE / 2)[1:-1]


def to_bins() -> Tensor:
    """Matrix (k, q) that turns values at bands into values at STFT bins."""
    return band_interpolation(ENVELOPE_BANDS)


def warp_formants(envelope: Tensor, ratio: Tensor) -> Tensor:
    """Envelope (b, f, k) with its formants moved by a ratio (b,), or (b, k) by band: above 1 a shorter vocal tract."""
    centres = band_centres_hz().to(envelope.device)
    wanted = centres[None] / ratio.reshape(len(ratio), -1)
    right = torch.searchsorted(centres, wanted.clamp(centres[0], centres[-1])).clamp(1, ENVELOPE_BANDS - 1)
    share = ((wanted - centres[right - 1]) / (centres[right] - centres[right - 1])).clamp(0, 1)
    index = right[:, None].expand(-1, envelope.shape[1], -1)
    low, high = envelope.gather(2, index - 1), envelope.gather(2, index)
    return low + (high - low) * share[:, None]


def loudness_of(envelope: Tensor) -> Tensor:
    """Natural logarithm of the power (b, f) that an envelope (b, f, k) has, A-weighted (IEC 61672)."""
    return torch.logsumexp(envelope + _log_a_weights().to(envelope.device), -1)


@cache
def _log_a_weights() -> Tensor:
    """Logarithm of the A-weighted share of power that every band has, (k,)."""
    edges = spectra.mel_edges_hz(ENVELOPE_BANDS, SAMPLE_RATE / 2)
    hz = edges[1:-1]
    squared = hz**2
    weight = 12194**2 * squared**2 / (
        (squared + 20.6**2) * ((squared + 107.7**2) * (squared + 737.9**2)).sqrt() * (squared + 12194**2)
    )  # fmt: skip
    width = (edges[2:] - edges[:-2]) / 2 / (SAMPLE_RATE / 2)
    return torch.log(weight.square() * width + 1e-12)
