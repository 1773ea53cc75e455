"""Envelopes and sources: pitch leaves no trace, and what is made piece by piece is what is made at once."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.codec.mel import SAMPLE_RATE
from renderer.voice.envelope import (
    ENVELOPE_BANDS,
    SpectralEnvelope,
    band_centres_hz,
    loudness_of,
    normalised_istft,
    normalised_stft,
    warp_formants,
)
from renderer.voice.excitation import noise, phase_of, pulses
from renderer.voice.vocoder import VoiceDecoder
from scoretok.nn.spectra import minimum_phase

FRAMES = 120
N = FRAMES * 512


def colour(centre_hz):
    """An envelope (1, f, k) with one formant."""
    hz = band_centres_hz()
    return torch.log(1e-3 + torch.exp(-((torch.log(hz / centre_hz) / 0.4) ** 2)))[None, None].expand(
        1, FRAMES, ENVELOPE_BANDS
    )


@settings(max_examples=15)
@given(hz=st.floats(80, 500))
def test_pulses_of_any_pitch_are_white(hz):
    steady = np.full(N, hz)
    made = torch.from_numpy(pulses(steady, phase_of(steady)[0]))[None]
    found = SpectralEnvelope()(made, torch.full((1, FRAMES), hz))[0, 10:-10]
    inside = (band_centres_hz() > 1.5 * hz) & (band_centres_hz() < 18000)
    assert found[:, inside].abs().max() < 0.35


def test_noise_is_as_strong_as_pulses():
    found = SpectralEnvelope()(torch.from_numpy(noise(0, N, 3))[None], torch.zeros(1, FRAMES))[0, 10:-10]
    assert abs(float(torch.logsumexp(found, 0).mean() - np.log(len(found)))) < 0.1


@settings(max_examples=15)
@given(low_hz=st.floats(90, 150), formant_hz=st.floats(1000, 3000))  # several partials lie within a formant
def test_a_formant_stays_where_it_is_whatever_is_sung(low_hz, formant_hz):
    decoder = VoiceDecoder()
    found = []
    for hz in (low_hz, 1.6 * low_hz):
        steady = np.full(N, hz)
        sources = torch.from_numpy(np.stack([pulses(steady, phase_of(steady)[0]), noise(0, N, 1)]))[None]
        pitch = torch.full((1, FRAMES), hz)
        with torch.no_grad():
            made = decoder(colour(formant_hz), pitch, torch.ones(1, FRAMES), sources)
        found.append(SpectralEnvelope()(made, pitch)[0, 20:-20].mean(0))
    peaks = [float(band_centres_hz()[envelope.argmax()]) for envelope in found]
    assert abs(np.log2(peaks[0] / peaks[1])) < 0.2
    assert abs(np.log2(peaks[0] / formant_hz)) < 0.25


@given(at=st.integers(1, N - 1), seed=st.integers(0, 9))
@settings(max_examples=20)
def test_sources_made_in_two_pieces_are_the_same(at, seed):
    hz = np.linspace(100, 300, N)
    phase, end = phase_of(hz)
    first, middle = phase_of(hz[:at])
    second, last = phase_of(hz[at:], middle)
    again = np.concatenate([first, second])
    assert np.abs((again - phase + 0.5) % 1 - 0.5).max() < 1e-6
    assert abs((last - end + 0.5) % 1 - 0.5) < 1e-6
    assert np.array_equal(noise(0, N, seed), np.concatenate([noise(0, at, seed), noise(at, N - at, seed)]))


@given(ratio=st.floats(0.85, 1.18), formant_hz=st.floats(600, 4000))
def test_warping_moves_formants_by_the_ratio_and_back(ratio, formant_hz):
    before = colour(formant_hz)[:, :1]
    moved = warp_formants(before, torch.tensor([ratio], dtype=torch.float32))
    hz = band_centres_hz()
    step = 0.08  # two bands
    assert abs(np.log(float(hz[moved[0, 0].argmax()]) / float(hz[before[0, 0].argmax()])) - np.log(ratio)) < step
    back = warp_formants(moved, torch.tensor([1 / ratio], dtype=torch.float32))
    assert (back - before)[..., 5:-12].abs().max() < 0.6
    same = warp_formants(before, torch.ones(1))
    assert torch.allclose(same, before, atol=1e-4)


def test_spectra_come_back_as_audio():
    audio = torch.from_numpy(noise(0, N, 5))[None]
    assert (normalised_istft(normalised_stft(audio), N) - audio)[:, 1024:-1024].abs().max() < 1e-4


@given(gain=st.floats(-4, 4))
def test_loudness_follows_power(gain):
    envelope = colour(1000)
    assert torch.allclose(loudness_of(envelope + gain), loudness_of(envelope) + gain, atol=1e-4)


def test_filters_have_the_gain_asked_for_and_least_delay():
    log_gain = torch.randn(1, 1025, 3).cumsum(1) * 0.02
    filters = minimum_phase(log_gain)
    assert torch.allclose(filters.abs(), torch.exp(log_gain), rtol=1e-3)
    response = torch.fft.irfft(filters, dim=1)[0, :, 0]
    assert response[:512].square().sum() > 0.95 * response.square().sum()


def test_breath_is_noise_where_there_is_a_pitch():
    steady = np.full(N, 150.0)
    sources = torch.from_numpy(np.stack([pulses(steady, phase_of(steady)[0]), noise(0, N, 1)]))[None]
    decoder, pitch = VoiceDecoder(), torch.full((1, FRAMES), 150.0)
    with torch.no_grad():
        plain, breathy, silent = (
            decoder(colour(900), pitch, torch.ones(1, FRAMES), sources * scale, breath)[0]
            for scale, breath in ((1, 0.0), (1, 2.0), (0, 2.0))
        )
    assert (breathy - plain).square().mean() > 0.01 * plain.square().mean()
    assert silent.abs().max() == 0
    assert len(plain) == N
    assert SAMPLE_RATE == 44100
