"""What is heard of a singer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.voice.f0 import Pitch
from renderer.voice.features import estimate_bandwidth_hz, log_envelope
from scoretok.audio import resample

FRAMES = 86


def envelope_by(rate, seed, loss_db_an_octave=6.0):
    """Envelope of hiss that was recorded at a rate and stored at 44.1 kHz in 16 bits."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.normal(size=rate))
    hz = np.maximum(np.fft.rfftfreq(rate, 1 / rate), 100.0)
    hiss = np.fft.irfft(spectrum * (hz / 100) ** (-loss_db_an_octave / 6.02))
    samples = resample((0.1 * hiss / hiss.std()).astype(np.float32), rate, 44100)
    stored = (np.round(samples * 32767 + rng.uniform(-0.5, 0.5, len(samples))) / 32767).astype(np.float32)
    return log_envelope(stored, Pitch(np.full(FRAMES, 150.0), np.zeros(FRAMES)))


@settings(max_examples=20)
@given(rate=st.sampled_from([8000, 11025, 16000, 22050, 24000, 32000]), seed=st.integers(0, 99))
def test_recordings_end_where_they_were_recorded_to(rate, seed):
    assert estimate_bandwidth_hz(envelope_by(rate, seed), 44100) == pytest.approx(rate / 2, rel=0.15)


@settings(max_examples=10)
@given(seed=st.integers(0, 99), loss=st.floats(0, 12))
def test_voices_that_fade_upwards_end_nowhere(seed, loss):
    assert estimate_bandwidth_hz(envelope_by(44100, seed, loss), 44100) > 20_000


def test_no_more_is_held_than_the_rate_allows():
    assert estimate_bandwidth_hz(envelope_by(44100, 0), 16000) < 8000
