"""The codec: one track's audio to latents at 21.5 Hz, and back with the help of the score's exciter.

Axes: b batch, n samples, f mel frames (4 a latent), k mel bands, t latent frames, d latent dims, q STFT bins.
"""

import torch
from torch import Tensor, nn

from renderer.codec.blocks import Backbone
from renderer.codec.exciter import SIGNALS
from renderer.codec.mel import FFT, FLOOR, FRAMES_PER_LATENT, SAMPLE_RATE, LogMel, MelPca, istft, mel_filters, stft
from scoretok.nn import spectra

BINS = FFT // 2 + 1
# Set by hand; benchmarks.renderer measures the codec.
MAX_LOG_GAIN = 7.0
HISS_RATIO = 1.15  # mel frames this little above the floor are silence that was not hit exactly
MIN_AMPLITUDE = 1e-5  # amplitudes below this, -100 dB, count as nothing


class PcaEncoder(nn.Module):
    """Latents in closed form: nothing to train beyond `MelPca.fit`."""

    def __init__(self, bands: int, latent_dims: int) -> None:
        super().__init__()
        self.pca = MelPca(bands, latent_dims)

    def encode(self, mel: Tensor) -> Tensor:
        return self.pca.encode(mel)

    def decode(self, latents: Tensor) -> Tensor:
        return self.pca.decode(latents)


class ConvEncoder(nn.Module):
    """Latents from a trained encoder, the other design that docs/benchmarks.md compares."""

    def __init__(self, bands: int, latent_dims: int, dim: int) -> None:
        super().__init__()
        self.down = nn.Sequential(Backbone(bands * FRAMES_PER_LATENT, dim, 3), nn.Linear(dim, latent_dims))
        self.up = nn.Sequential(Backbone(latent_dims, dim, 3), nn.Linear(dim, bands * FRAMES_PER_LATENT))

    def encode(self, mel: Tensor) -> Tensor:
        b, f, k = mel.shape
        return self.down(mel.reshape(b, f // FRAMES_PER_LATENT, k * FRAMES_PER_LATENT))

    def decode(self, latents: Tensor) -> Tensor:
        b, t, _ = latents.shape
        return self.up(latents).reshape(b, t * FRAMES_PER_LATENT, -1)


class ExciterHead(nn.Module):
    """Shapes the exciter's signals: a gain for every bin of the partials, one for every band of the noises.

    The gains start from what makes each signal alone match the mel frames; the network learns the rest.
    """

    filters: Tensor
    to_bins: Tensor

    def __init__(self, bands: int, dim: int) -> None:
        super().__init__()
        self.bands = bands
        self.register_buffer("filters", mel_filters(bands), persistent=False)
        self.register_buffer("to_bins", band_interpolation(bands), persistent=False)
        self.see_bins = nn.Linear(BINS, dim)
        self.out = nn.Linear(dim, BINS + (SIGNALS - 1) * bands)
        nn.init.normal_(self.out.weight, std=0.002)
        nn.init.constant_(self.out.bias, 0.0)
        with torch.no_grad():
            self.out.bias[BINS:] = -1.5

    @property
    def extra_dim(self) -> int:
        """Width of what `analyse` gives the backbone beside the mel frames."""
        return self.see_bins.out_features + SIGNALS * self.bands

    def analyse(self, excitation: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Exciter (b, s, n) -> spectra (b, s, q, f), their log-mel (b, s, f, k), features (b, f, extra_dim)."""
        b, s, n = excitation.shape
        spectra = stft(excitation.reshape(b * s, n))
        magnitude = spectra.abs()
        mel = torch.log((self.filters @ magnitude).clamp(min=MIN_AMPLITUDE)).transpose(-1, -2).unflatten(0, (b, s))
        spectra, magnitude = spectra.unflatten(0, (b, s)), magnitude.unflatten(0, (b, s))
        bins = self.see_bins(torch.log(magnitude[:, 0].clamp(min=MIN_AMPLITUDE)).transpose(1, 2) / 3 + 2)
        return spectra, mel, torch.cat([bins, mel.transpose(1, 2).flatten(2) / 3 + 2], -1)

    def forward(self, hidden: Tensor, mel: Tensor, spectra: Tensor, exciter_mel: Tensor) -> Tensor:
        """Hidden (b, f, dim), target log-mel (b, f, k) and what `analyse` gave -> spectrum (b, q, f)."""
        gains = self.out(hidden).float()
        above_hiss = torch.exp(mel.float()) - HISS_RATIO * FLOOR
        wanted = torch.log(above_hiss.clamp(min=MIN_AMPLITUDE))
        lacking = (wanted[:, None] - exciter_mel).clamp(-12, MAX_LOG_GAIN)
        partials = lacking[:, 0] @ self.to_bins + gains[..., :BINS]
        bands = gains[..., BINS:].unflatten(-1, (SIGNALS - 1, self.bands)).transpose(1, 2)
        noises = (lacking[:, 1:] + bands) @ self.to_bins
        every = torch.cat([partials[:, None], noises], 1).clamp(max=MAX_LOG_GAIN + 2)
        audible = (above_hiss > 0).float() @ self.to_bins
        return (spectra * (torch.exp(every) * audible[:, None]).transpose(-1, -2)).sum(1)


class PhaseHead(nn.Module):
    """Magnitudes and phases from the mel frames alone, as Vocos does; the other design of docs/benchmarks.md."""

    to_bins: Tensor
    extra_dim = 0

    def __init__(self, bands: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("to_bins", band_interpolation(bands), persistent=False)
        self.out = nn.Linear(dim, 2 * BINS)
        nn.init.normal_(self.out.weight, std=0.02)

    def forward(self, hidden: Tensor, mel: Tensor) -> Tensor:
        """Hidden (b, f, dim) and log-mel (b, f, k) -> spectrum (b, q, f)."""
        magnitude, phase = self.out(hidden).float().transpose(1, 2).chunk(2, 1)
        magnitude = torch.exp((magnitude + (mel @ self.to_bins).transpose(1, 2) - 1).clamp(max=2))
        return torch.polar(magnitude, phase)


class ScoreCodec(nn.Module):
    """Mono audio of one track (b, n) <-> latents (b, t, d); n is a multiple of 2048.

    Decoding takes the exciter of the track's notes (`renderer.codec.exciter.excite`) for its phase.
    """

    def __init__(
        self,
        bands: int = 128,
        latent_dims: int = 128,
        dim: int = 256,
        layers: int = 6,
        encoder: str = "pca",
        head: str = "exciter",
    ) -> None:
        super().__init__()
        self.bands, self.latent_dims = bands, latent_dims
        self.mel = LogMel(bands)
        self.latent = PcaEncoder(bands, latent_dims) if encoder == "pca" else ConvEncoder(bands, latent_dims, dim)
        self.shaper: ExciterHead | PhaseHead = (ExciterHead if head == "exciter" else PhaseHead)(bands, dim)
        self.backbone = Backbone(bands + self.shaper.extra_dim, dim, layers)

    def encode(self, audio: Tensor) -> Tensor:
        """Audio (b, n) -> latents (b, n / 2048, d)."""
        return self.latent.encode(self.mel(audio))

    def decode(self, latents: Tensor, excitation: Tensor) -> Tensor:
        """Latents (b, t, d) and exciter (b, 4, 2048 t) -> audio (b, 2048 t)."""
        return self.decode_mel(self.latent.decode(latents), excitation)

    def decode_mel(self, mel: Tensor, excitation: Tensor) -> Tensor:
        """Log-mel (b, f, k) and exciter (b, 4, 512 f) -> audio (b, 512 f)."""
        seen = mel / 3 + 2
        if isinstance(self.shaper, ExciterHead):
            spectra, exciter_mel, features = self.shaper.analyse(excitation)
            hidden = self.backbone(torch.cat([seen, features], -1))
            spectrum = self.shaper(hidden, mel, spectra, exciter_mel)
        else:
            spectrum = self.shaper(self.backbone(seen), mel)
        return istft(spectrum, excitation.shape[-1])

    def forward(self, audio: Tensor, excitation: Tensor) -> Tensor:
        """There and back: audio (b, n), exciter (b, 4, n) -> audio (b, n)."""
        return self.decode(self.encode(audio), excitation)


def band_interpolation(bands: int) -> Tensor:
    """Matrix (bands, bins) that turns values at band centres into values at STFT bins, linear in between."""
    edges = spectra.mel_edges_hz(bands, SAMPLE_RATE / 2)
    centres = edges[1:-1]
    bins_hz = torch.linspace(0, float(edges[-1]), BINS).clamp(centres[0], centres[-1])
    right = torch.searchsorted(centres, bins_hz).clamp(1, bands - 1)
    share = (bins_hz - centres[right - 1]) / (centres[right] - centres[right - 1])
    matrix = torch.zeros(bands, BINS)
    columns = torch.arange(BINS)
    matrix[right - 1, columns] = 1 - share
    matrix[right, columns] += share
    return matrix
