"""Voice features of a recording, frame by frame: envelope, pitch, content, bandwidth.

Axes: n samples, f frames, c content dims, k bands.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from renderer.codec.mel import HOP_SAMPLES, SAMPLE_RATE
from renderer.voice.content import RATE, extract_content, frame_times_s
from renderer.voice.envelope import SpectralEnvelope, band_centres_hz, loudness_of
from renderer.voice.f0 import Pitch, estimate_pitch
from renderer.voice.voice_dit import VoiceDiT, stack_conditioning, timbre_statistics
from scoretok.audio import resample

# Set by hand; benchmarks.voice measures what comes out.
AUDIBILITY_OFFSET = 5.5  # nepers of power below the usual at which a frame counts half
LOUDNESS_QUANTILE = 0.9  # the usual loudness is what this share of the frames stays below
UNRECORDED_LOG_POWER = -20.0  # log power of bands that were not recorded
# By hand, when 16 kHz files stored at 44.1 kHz passed for full-band (tests/test_voice_features.py).
BANDWIDTH_DROP = 13.8  # nepers below the bands of vowels at which a band was not recorded
CUTOFF_DROP, CUTOFF_BANDS = 4.5, 2  # nepers of drop, within so many bands, that mark a low-pass cut-off


@dataclass(frozen=True)
class VoiceFeatures:
    """Frames of a voice: log power `envelope` (f, k), `pitch`, Whisper's `features` (f, 512), `bandwidth_hz`."""

    envelope: Tensor
    pitch: Pitch
    content_features: np.ndarray
    bandwidth_hz: float

    def __len__(self) -> int:
        return len(self.pitch)

    @property
    def known_bands(self) -> Tensor:
        """1 for bands that were recorded, (k,)."""
        return (band_centres_hz() <= self.bandwidth_hz).float()

    @property
    def log_power(self) -> Tensor:
        """Natural logarithm of the A-weighted power, (f,)."""
        masked = torch.where(self.known_bands > 0, self.envelope, UNRECORDED_LOG_POWER)
        return loudness_of(masked[None])[0]

    @property
    def weight(self) -> np.ndarray:
        """Weights of frames by audibility, 0 to 1, (f,)."""
        log_power = self.log_power.numpy()
        return audibility(log_power - nominal_loudness(log_power))


def extract_features(samples: np.ndarray, bandwidth_hz: float = SAMPLE_RATE / 2, words: bool = True) -> VoiceFeatures:
    """Features of mono samples (n,) at 44.1 kHz, n / 512 frames; without `words`, content is (f, 0)."""
    frames = len(samples) // HOP_SAMPLES
    at_16k = resample(samples, SAMPLE_RATE, RATE)
    pitch = estimate_pitch(at_16k, frames)
    envelope = log_envelope(samples, pitch)
    content = extract_content(at_16k, frame_times_s(frames)) if words else np.zeros((frames, 0), np.float32)
    return VoiceFeatures(envelope, pitch, content, bandwidth_hz)


def log_envelope(samples: np.ndarray, pitch: Pitch) -> Tensor:
    """Log power envelope (f, k) of samples (n,) whose pitch is known."""
    used = torch.from_numpy(samples[: len(pitch) * HOP_SAMPLES].astype(np.float32))
    return _envelope()(used[None], torch.from_numpy(pitch.hz * pitch.voicing).float()[None])[0]


@lru_cache(maxsize=1)
def _envelope() -> SpectralEnvelope:
    return SpectralEnvelope()


def estimate_bandwidth_hz(envelope: Tensor, rate: int) -> float:
    """Up to which frequency a recording at a rate holds sound, by its envelope (f, k); telephones end at 3.4 kHz.

    Files that were resampled or compressed on their way hold less than their rate allows.
    """
    centres = band_centres_hz()
    loudness = loudness_of(envelope[None])[0]
    level = envelope[loudness >= loudness.quantile(0.5)].quantile(LOUDNESS_QUANTILE, 0)
    full = min(rate / 2, SAMPLE_RATE / 2) * 0.97
    above_speech = centres > 3000
    floor = level[(centres > 1000) & (centres < 3000)].mean() - BANDWIDTH_DROP
    loudest_above = level.flip(0).cummax(0).values.flip(0)
    falls = (level[:-CUTOFF_BANDS] - loudest_above[CUTOFF_BANDS:] > CUTOFF_DROP) & above_speech[:-CUTOFF_BANDS]
    end_hz = centres[:-CUTOFF_BANDS][falls].amin() if falls.any() else SAMPLE_RATE
    recorded = centres[above_speech & (level > floor) & (centres <= end_hz)]
    if not len(recorded):
        return min(full, 3400.0)
    reach = recorded.max() * 1.05
    return float(reach) if reach < full else full


def nominal_loudness(log_power: np.ndarray) -> float:
    """The log power that nine tenths of the frames (f,) stay below."""
    return float(np.quantile(log_power, LOUDNESS_QUANTILE)) if len(log_power) else 0.0


def audibility(loudness: np.ndarray) -> np.ndarray:
    """Logistic weight (f,), 0 to 1, of frames by loudness in nepers over nominal."""
    return 1 / (1 + np.exp(-(loudness + AUDIBILITY_OFFSET)))


def conditioning_of(model: VoiceDiT, features: VoiceFeatures, pitch: Pitch, nominal: float) -> Tensor:
    """Conditioning (1, f, c + 3) of frames at a given pitch, which may differ from the source's."""
    content = model.content(torch.from_numpy(features.content_features))
    loudness = features.log_power - nominal
    hz, voicing = torch.from_numpy(pitch.hz).float(), torch.from_numpy(pitch.voicing).float()
    return stack_conditioning(content[None], hz[None], voicing[None], loudness[None])


def normalised_envelope(model: VoiceDiT, features: VoiceFeatures) -> Tensor:
    """Normalised envelopes (1, f, k): log envelopes minus loudness, standardised by the model's mean and scale."""
    raw = features.envelope - features.log_power[:, None]
    return (((raw - model.mean) / model.scale).clamp(-5, 5) * features.known_bands)[None]


def timbre_of_features(model: VoiceDiT, features: VoiceFeatures) -> Tensor:
    """Timbre statistics (1, 4 k + 3)."""
    weight = torch.from_numpy(features.weight).float()[None]
    hz = torch.from_numpy(features.pitch.hz).float()[None]
    voicing = torch.from_numpy(features.pitch.voicing).float()[None]
    return timbre_statistics(normalised_envelope(model, features), hz, voicing, weight, features.known_bands[None])
