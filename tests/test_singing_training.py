"""Training the singer: held phones, batches, losses that fall, a run through the command."""

import numpy as np
import pytest
import torch
from conftest import run
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.singing.hub import SingingDiTModel
from renderer.singing.phone_features import IS_NUCLEUS, NUMBER_DIMS, phone_features
from renderer.singing.phone_set import PHONE_IDS, PHONES
from renderer.singing.phoneme_singer import load_singer
from renderer.singing.stretch import read_at, stretched_places
from renderer.singing.training.singing_clips import SingingClip, load_singing_clips, save_singing_clip
from renderer.singing.training.singing_task import SingingTask, singing_window, sung_spans
from renderer.singing.training.train_singer import fit_densities, predicted
from renderer.voice.envelope import ENVELOPE_BANDS, FRAME_S
from renderer.voice.training.voice_task import WINDOW_FRAMES

DIMS = 8


def some_clip(seed=0, speaker="a", dims=DIMS):
    """An utterance whose envelope says which phone is said."""
    rng = np.random.default_rng(seed)
    symbols = rng.choice(["m", "ɑ", "s", "i", "t", "oʊ", "n", "ɛ"], 14)
    ids = np.array([PHONE_IDS[symbol] for symbol in symbols])
    ends = np.cumsum(rng.uniform(0.06, 0.2, len(ids)))
    spans = np.stack([ends - np.diff(ends, prepend=0.0), ends], 1).astype(np.float32)
    frames = int(ends[-1] / FRAME_S) + 1
    owner = np.clip(np.searchsorted(ends, np.arange(frames) * FRAME_S, side="right"), 0, len(ids) - 1)
    shapes = np.random.default_rng(7).normal(0, 1, (len(PHONES), ENVELOPE_BANDS))
    envelope = (shapes[ids[owner]] - 8).astype(np.float32)
    content = np.random.default_rng(8).normal(0, 1, (len(PHONES), dims))[ids[owner]].astype(np.float32)
    nuclei = np.array([symbol in ("ɑ", "i", "oʊ", "ɛ") for symbol in symbols])
    voiced = np.array([symbol not in ("s", "t") for symbol in symbols])[owner].astype(np.float32)
    hz = np.full(frames, 180.0, np.float32)
    return SingingClip(
        speaker, envelope, hz, voiced, np.stack([content] * 2), ids, np.zeros(len(ids)), nuclei, spans, 22050.0
    )


def tiny_model():
    torch.manual_seed(0)
    return SingingDiTModel(DIMS, 32, 1, 1, 2, 32, 1)


@given(st.integers(0, 1000))
@settings(deadline=None, max_examples=20)
def test_windows_hold_what_their_phones_say(seed):
    clip = some_clip(seed)
    frames, features = singing_window(clip, np.random.default_rng(seed))
    assert len(frames) == len(features) == WINDOW_FRAMES
    shapes = np.random.default_rng(7).normal(0, 1, (len(PHONES), ENVELOPE_BANDS))
    inside = np.flatnonzero((features.ids[:, 2] != PHONE_IDS["sil"]) & (features.numbers[:, 3] > 0.4)
                            & (features.numbers[:, 3] < 0.6))  # fmt: skip
    for frame in inside:
        shape = frames.envelope[frame] - frames.envelope[frame].mean()
        likeness = [np.corrcoef(shape, one)[0, 1] for one in shapes]
        assert np.argmax(likeness) == features.ids[frame, 2]


def test_vowels_are_held_and_consonants_last_as_sung():
    clip = some_clip(3)
    spans = np.stack([sung_spans(clip, np.random.default_rng(seed)) for seed in range(200)])
    lengths = np.median(np.diff(spans, axis=2)[..., 0], 0)
    assert (lengths[clip.is_nucleus] > 0.25).all()
    assert (lengths[~clip.is_nucleus] < 0.2).all()


def test_stretched_speech_begins_and_ends_where_the_phones_do():
    spoken, sung = [(0.1, 0.2), (0.2, 0.35), (0.35, 0.4)], [(0.5, 0.58), (0.58, 1.8), (1.8, 1.95)]
    places = stretched_places(spoken, sung, [False, True, False], np.zeros(60), 200)
    assert (np.diff(places) >= 0).all()
    for (a, b), (start, end) in zip(spoken, sung, strict=True):
        for moment, true in ((start, a), (end, b)):
            assert abs(np.interp(moment / FRAME_S, np.arange(200), places) * FRAME_S - true) < 0.03
    assert np.allclose(read_at(np.arange(10.0), np.array([0.5, 8.25])), [0.5, 8.25])


def test_features_say_phone_neighbours_and_place():
    ids = np.array([PHONE_IDS[symbol] for symbol in ("t", "u", "n")])
    spans = np.array([[0.1, 0.2], [0.2, 0.6], [0.6, 0.7]])
    features = phone_features(ids, spans, np.array([0, 2, 0]), np.array([False, True, False]), np.full(80, 400.0))
    assert features.numbers.shape == (80, NUMBER_DIMS)
    middle = round(0.4 / FRAME_S)
    assert [PHONES[n] for n in features.ids[middle]] == ["sil", "t", "u", "n", "sil"]
    assert features.numbers[middle, IS_NUCLEUS] == 1
    assert abs(features.numbers[middle, 3] - 0.5) < 0.03
    assert features.numbers[middle, -1] == 1  # an octave above 200 Hz
    assert PHONES[features.ids[0, 2]] == "sil"


def test_the_loss_falls_and_content_is_learned():
    model, clips = tiny_model(), [some_clip(seed) for seed in range(6)]
    task = SingingTask(model, clips[:5], clips[5:], 4)
    before = task.evaluate(model)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for _, batch in zip(range(40), task.batches(), strict=False):
        optimizer.zero_grad()
        task.losses(model, batch)["loss"].backward()
        optimizer.step()
    after = task.evaluate(model)
    assert after["held_out_loss"] < before["held_out_loss"]
    assert after["held_out_content"] < 0.8 * before["held_out_content"]
    fit_densities(model, clips)
    assert predicted(model, next(task.batches())).isfinite().all()


@pytest.mark.slow
@pytest.mark.models
def test_a_run_through_the_command_makes_a_singer(tmp_path):
    (tmp_path / "clips").mkdir()
    for seed in range(4):
        save_singing_clip(some_clip(seed, "ab"[seed % 2], 96), tmp_path / "clips" / f"{seed}.safetensors")
    assert len(load_singing_clips(tmp_path / "clips")) == 4
    options = ["--data", "clips", "--out", "run", "--encoder-steps", "2", "--batch", "2", "--evaluate-every", "1"]
    made = run("train", "singer", *options, "--steps", "1", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    again = run("train", "singer", *options, "--steps", "2", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert load_singer(tmp_path / "run" / "model").dit.content_dims == 96
    refused = run("train", "singer", "--data", "run", "--out", "other", "--steps", "1", cwd=tmp_path)
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
