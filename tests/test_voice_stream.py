"""Conversion promises: pieces make no difference, the length stays, the same seed gives the same samples."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.codec.mel import SAMPLE_RATE
from renderer.voice import stream as stream_module
from renderer.voice.content import WHISPER_DIMS
from renderer.voice.envelope import FRAME_S
from renderer.voice.f0 import Pitch
from renderer.voice.features import VoiceFeatures, log_envelope
from renderer.voice.profile import enrol_voice
from renderer.voice.stream import BLOCK_SAMPLES, LOOKAHEAD_S, ConversionParams, ConversionStream
from renderer.voice.vocoder import VoiceDecoder
from renderer.voice.voice_dit import VoiceDiT


def heard_by_rule(samples, bandwidth_hz=SAMPLE_RATE / 2):
    """Hearing without networks: what is heard of a frame depends on its samples alone."""
    frames = len(samples) // 512
    cut = samples[: frames * 512].reshape(frames, 512)
    level = np.sqrt(np.square(cut).mean(1))
    hz = 120 + 300 * np.abs(cut).max(1, initial=0.0)
    pitch = Pitch(hz.astype(float), (level > 0.01).astype(float))
    features = np.tile(level[:, None], (1, WHISPER_DIMS)).astype(np.float32)
    return VoiceFeatures(log_envelope(samples, pitch), pitch, features, bandwidth_hz)


@pytest.fixture(scope="module")
def parts():
    torch.manual_seed(0)
    dit = VoiceDiT(content_dims=8, dim=32, coarse_layers=1, flow_layers=1, heads=2).eval().requires_grad_(False)
    dit.projection.normal_()
    dit.detail.normal_(std=0.01)
    rng = np.random.default_rng(0)
    reference = (rng.standard_normal(3 * SAMPLE_RATE) * 0.1).astype(np.float32)
    voice = enrol_voice(dit, heard_by_rule(reference))
    return dit, VoiceDecoder(32, 2).eval().requires_grad_(False), voice


def take(seconds):
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.3 * np.sin(2 * np.pi * 180 * times) * (0.6 + 0.4 * np.sin(2 * np.pi * 0.9 * times))).astype(np.float32)


def made(parts, samples, cuts=(), **manner):
    stream = ConversionStream(*parts, ConversionParams(nominal_log_power=0.0, **manner))
    out = [stream.push(piece) for piece in np.split(samples, sorted(cuts))]
    return np.concatenate([*out, stream.finish()])


@pytest.fixture(autouse=True)
def _no_networks(monkeypatch):
    monkeypatch.setattr(stream_module, "extract_features", heard_by_rule)


@pytest.mark.slow
@settings(max_examples=8)
@given(cuts=st.lists(st.integers(1, 9 * SAMPLE_RATE - 1), max_size=6))
def test_pieces_make_no_difference(parts, cuts):
    samples = take(9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream_module, "extract_features", heard_by_rule)
        assert np.array_equal(made(parts, samples), made(parts, samples, cuts))


@pytest.mark.parametrize("n", [0, 1, 511, 30_000, BLOCK_SAMPLES, BLOCK_SAMPLES + 1, 2 * BLOCK_SAMPLES + 777])
def test_as_many_samples_come_out_as_go_in(parts, n):
    out = made(parts, take(10)[:n])
    assert out.shape == (n,)
    assert np.isfinite(out).all()


def test_the_delay_is_what_is_said(parts):
    stream = ConversionStream(*parts, ConversionParams(nominal_log_power=0.0))
    given_samples = 0
    for number in range(40):
        given_samples += len(stream.push(take(12)[number * 12_000 : (number + 1) * 12_000]))
        late_s = ((number + 1) * 12_000 - given_samples) / SAMPLE_RATE
        assert late_s <= LOOKAHEAD_S + 12_000 / SAMPLE_RATE
    assert given_samples > 0


def test_what_comes_later_changes_nothing_before_the_look_ahead(parts):
    samples = take(14)
    other = samples.copy()
    other[round(10 * SAMPLE_RATE) :] *= 0.2
    a, b = made(parts, samples), made(parts, other)
    same = round((10 - LOOKAHEAD_S) * SAMPLE_RATE)
    assert np.array_equal(a[:same], b[:same])
    assert not np.array_equal(a, b)


def test_seeds_and_memory(parts):
    samples = take(9)
    assert np.array_equal(made(parts, samples, seed=1), made(parts, samples, seed=1))
    assert not np.array_equal(made(parts, samples, seed=1), made(parts, samples, seed=2))
    stream = ConversionStream(*parts, ConversionParams(nominal_log_power=0.0))
    held = []
    for _ in range(8):
        stream.push(take(4))
        held.append(len(stream._input) + stream._sources.shape[1])
    assert max(held[2:]) <= 2 * BLOCK_SAMPLES + 4 * SAMPLE_RATE


def test_no_step_hears_where_blocks_meet(parts):
    """At a seam the sound changes no more than elsewhere."""
    samples = (take(13) * 0 + 0.2 * np.sin(2 * np.pi * 200 * np.arange(13 * SAMPLE_RATE) / SAMPLE_RATE)).astype(
        np.float32
    )
    out = made(parts, samples, steps=0)
    seams = [BLOCK_SAMPLES, 2 * BLOCK_SAMPLES]
    jump = np.abs(np.diff(out))
    usual = jump[SAMPLE_RATE:-SAMPLE_RATE].max()
    assert all(jump[seam - 2 : seam + 2].max() <= usual for seam in seams)
    assert FRAME_S * SAMPLE_RATE == 512
