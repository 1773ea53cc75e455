"""Hearing a singer: what a stretch of recording says and how it sounds, frame by frame.

Axes: n samples, f frames, c content dims, k bands.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from editing.voice.content import RATE, features, frame_times_s
from editing.voice.envelope import Envelope, band_centres_hz, loudness_of
from editing.voice.model import VoiceDiT, tell, timbre_of
from editing.voice.pitch import Pitch, pitch_of
from renderer.codec.mel import HOP_SAMPLES, SAMPLE_RATE
from scoretok.audio import resample

AUDIBLE = 5.5  # nepers of power below the usual at which a frame counts half
USUAL = 0.9  # the usual loudness is what this share of the frames stays below
UNKNOWN = -20.0  # log power of bands that were not recorded
FAINT = 13.8  # nepers below the bands of vowels at which a band was not recorded
CLIFF, CLIFF_BANDS = 4.5, 2  # nepers that a voice does not fall by, for good, within so many bands; a filter does


@dataclass(frozen=True)
class Heard:
    """Frames of a voice: log power `envelope` (f, k), `pitch`, Whisper's `features` (f, 512), `bandwidth_hz`."""

    envelope: Tensor
    pitch: Pitch
    features: np.ndarray
    bandwidth_hz: float

    def __len__(self) -> int:
        return len(self.pitch)

    @property
    def known_bands(self) -> Tensor:
        """1 for bands that were recorded, (k,)."""
        return (band_centres_hz() <= self.bandwidth_hz).float()

    @property
    def log_power(self) -> Tensor:
        """Natural logarithm of the power that is heard, (f,)."""
        masked = torch.where(self.known_bands > 0, self.envelope, UNKNOWN)
        return loudness_of(masked[None])[0]

    @property
    def weight(self) -> np.ndarray:
        """How much frames count by how well they are heard, 0 to 1, (f,)."""
        log_power = self.log_power.numpy()
        return audible(log_power - usual_loudness(log_power))


def hear(samples: np.ndarray, bandwidth_hz: float = SAMPLE_RATE / 2, words: bool = True) -> Heard:
    """What mono samples (n,) at 44.1 kHz hold, in n / 512 frames; without `words`, features (f, 0)."""
    frames = len(samples) // HOP_SAMPLES
    at_16k = resample(samples, SAMPLE_RATE, RATE)
    pitch = pitch_of(at_16k, frames)
    envelope = envelope_of(samples, pitch)
    said = features(at_16k, frame_times_s(frames)) if words else np.zeros((frames, 0), np.float32)
    return Heard(envelope, pitch, said, bandwidth_hz)


def envelope_of(samples: np.ndarray, pitch: Pitch) -> Tensor:
    """Log power envelope (f, k) of samples (n,) whose pitch is known."""
    used = torch.from_numpy(samples[: len(pitch) * HOP_SAMPLES].astype(np.float32))
    return _envelope()(used[None], torch.from_numpy(pitch.hz * pitch.voicing).float()[None])[0]


@lru_cache(maxsize=1)
def _envelope() -> Envelope:
    return Envelope()


def bandwidth_of(envelope: Tensor, rate: int) -> float:
    """Up to which frequency a recording at a rate holds sound, by its envelope (f, k); telephones end at 3.4 kHz.

    Files that were resampled or compressed on their way hold less than their rate allows.
    """
    centres = band_centres_hz()
    loudness = loudness_of(envelope[None])[0]
    level = envelope[loudness >= loudness.quantile(0.5)].quantile(USUAL, 0)
    full = min(rate / 2, SAMPLE_RATE / 2) * 0.97
    above_speech = centres > 3000
    floor = level[(centres > 1000) & (centres < 3000)].mean() - FAINT
    loudest_above = level.flip(0).cummax(0).values.flip(0)
    falls = (level[:-CLIFF_BANDS] - loudest_above[CLIFF_BANDS:] > CLIFF) & above_speech[:-CLIFF_BANDS]
    end_hz = centres[:-CLIFF_BANDS][falls].amin() if falls.any() else SAMPLE_RATE
    heard = centres[above_speech & (level > floor) & (centres <= end_hz)]
    return float(min(full, heard.max() * 1.05)) if len(heard) else min(full, 3400.0)


def usual_loudness(log_power: np.ndarray) -> float:
    """The log power that nine tenths of the frames (f,) stay below."""
    return float(np.quantile(log_power, USUAL)) if len(log_power) else 0.0


def audible(loudness: np.ndarray) -> np.ndarray:
    """How much frames of a loudness (f,) in nepers over the usual count, 0 to 1."""
    return 1 / (1 + np.exp(-(loudness + AUDIBLE)))


def told_of(model: VoiceDiT, heard: Heard, pitch: Pitch, usual: float) -> Tensor:
    """What the model is told (1, f, c + 3) of frames, at a pitch that need not be that of the take."""
    content = model.content(torch.from_numpy(heard.features))
    loudness = heard.log_power - usual
    hz, voicing = torch.from_numpy(pitch.hz).float(), torch.from_numpy(pitch.voicing).float()
    return tell(content[None], hz[None], voicing[None], loudness[None])


def shape_of(model: VoiceDiT, heard: Heard) -> Tensor:
    """Shapes (1, f, k) as the model knows them: envelopes without loudness, over their usual mean and spread."""
    raw = heard.envelope - heard.log_power[:, None]
    return (((raw - model.mean) / model.scale).clamp(-5, 5) * heard.known_bands)[None]


def timbre_vector(model: VoiceDiT, heard: Heard) -> Tensor:
    """The voice in numbers (1, 4 k + 3)."""
    weight = torch.from_numpy(heard.weight).float()[None]
    hz = torch.from_numpy(heard.pitch.hz).float()[None]
    voicing = torch.from_numpy(heard.pitch.voicing).float()[None]
    return timbre_of(shape_of(model, heard), hz, voicing, weight, heard.known_bands[None])
