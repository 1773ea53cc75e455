"""Envelopes and pitch of a phrase to sound, with the breath before it.

Axes: f frames (86.13 Hz), k bands, n samples.
"""

from functools import cache
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from renderer.codec.mel import HOP_SAMPLES, SAMPLE_RATE
from renderer.singing.phrase_frames import PhraseFrames
from renderer.voice.envelope import FRAME_S, band_centres_hz, loudness_of
from renderer.voice.stream import decode_envelope
from renderer.voice.vocoder import VoiceDecoder

# Set by hand against what the renderer makes of other tracks; no benchmark varies it.
NOMINAL_LOG_POWER = -5.6  # A-weighted, of a loud vowel at the usual velocity
THRESHOLD, RATIO = -1.0, 2.0  # of the compression of loud frames: nepers of power over nominal
# An inhaled breath: noise with wide formants that is louder in its middle (Nakano et al., "Automatic detection of
# breath events in solo singing", 2008, found their peaks near these); the level set by hand.
BREATH_FORMANTS_HZ, BREATH_WIDTH_OCTAVES = (1600.0, 3200.0, 6500.0), 0.35
BREATH_LOUDNESS = -5.5  # nepers of power over nominal
FADE_IN_SAMPLES, TAIL_SAMPLES = 662, 2205  # before what is sung first and behind what is sung last: 15 and 50 ms


class Singer(Protocol):
    """What makes envelopes of phrases."""

    def envelope(self, frames: PhraseFrames) -> Tensor:
        """Log envelopes (f, k); a loud vowel at the usual velocity has 0 nepers of loudness."""
        ...


def sing_phrase(singer: Singer, decoder: VoiceDecoder, frames: PhraseFrames) -> np.ndarray:
    """Samples (n,) at 44.1 kHz of a phrase: those of the song that `samples_of` names."""
    envelope = with_breath(compressed(singer.envelope(frames)), frames) + NOMINAL_LOG_POWER
    samples = decode_envelope(decoder, envelope, frames.pitch, frames.seed)
    sounding = samples_of(frames)
    first = sounding.start - frames.first_frame * HOP_SAMPLES
    heard = samples[first : first + len(sounding)].copy()
    heard[:FADE_IN_SAMPLES] *= np.linspace(0, 1, FADE_IN_SAMPLES, dtype=np.float32)
    heard[-TAIL_SAMPLES:] *= np.linspace(1, 0, TAIL_SAMPLES, dtype=np.float32)
    return heard


def compressed(envelope: Tensor) -> Tensor:
    """Envelopes (f, k) whose loud frames stick out less, frame by frame, as a vocal's compressor makes them."""
    over = (loudness_of(envelope[None])[0] - THRESHOLD).clamp(min=0)
    return envelope - (over * (1 - 1 / RATIO))[:, None]


def with_breath(envelope: Tensor, frames: PhraseFrames) -> Tensor:
    """Envelopes (f, k) with the breath before the phrase, if one is taken."""
    if frames.timed.breath_s is None:
        return envelope
    start_s, end_s = frames.timed.breath_s
    times_s = frames.start_s + np.arange(len(frames)) * FRAME_S
    place = (times_s - start_s) / (end_s - start_s)
    inside = torch.from_numpy((place > 0) & (place < 1))
    swell = np.log(np.clip(np.sin(np.pi * np.clip(place, 0, 1)) ** 2, 1e-4, None)) + BREATH_LOUDNESS
    shape = _breath_shape()[None] + torch.from_numpy(swell).float()[:, None]
    return torch.where(inside[:, None], shape, envelope)


@cache
def _breath_shape() -> Tensor:
    """The log envelope (k,) of a breath whose loudness is 0 nepers."""
    octaves = torch.log2(band_centres_hz())
    bumps = [
        torch.exp(-((octaves - float(np.log2(hz))) ** 2) / (2 * BREATH_WIDTH_OCTAVES**2)) for hz in BREATH_FORMANTS_HZ
    ]
    shape = torch.log(torch.stack(bumps).sum(0) + 1e-3)
    return shape - loudness_of(shape[None, None])[0, 0]


def samples_of(frames: PhraseFrames) -> range:
    """The samples of the song that a phrase sounds in; no phrase reaches into another's."""
    timed = frames.timed
    return range(round(timed.begin_s * SAMPLE_RATE) - FADE_IN_SAMPLES, round(timed.end_s * SAMPLE_RATE) + TAIL_SAMPLES)
