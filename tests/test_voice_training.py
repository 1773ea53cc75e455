"""Training voice conversion: disguises, batches, runs that go on, one singer learned."""

import json
import shutil

import numpy as np
import pytest
import soundfile
import torch
from conftest import run
from hypothesis import given, settings
from hypothesis import strategies as st

from editing.voice.speaker_adaptation import adapt_voice
from renderer.voice.envelope import ENVELOPE_BANDS, band_centres_hz
from renderer.voice.features import extract_features
from renderer.voice.hub import VoiceDecoderModel, VoiceDiTModel
from renderer.voice.pretrained import VoiceModels, load_models
from renderer.voice.training.augment import Frames, random_augmentation, speech_to_song
from renderer.voice.training.content_augment import CONVERTED_COPIES, ConversionAugmenter
from renderer.voice.training.decoder_task import DecoderClip, DecoderTask
from renderer.voice.training.fit_postfilter import fit_postfilter
from renderer.voice.training.prepare import analysed_pieces, conversion_augmenter, find_recordings
from renderer.voice.training.train_voice import split_voice_clips
from renderer.voice.training.voice_clips import VoiceClip
from renderer.voice.training.voice_task import WINDOW_FRAMES, VoiceTask
from scoretok.errors import ScoretokError
from scoretok.nn import training
from scoretok.nn.recipe import Recipe
from scoretok.nn.training import fit

DIMS = 8
TINY = {"content_dims": DIMS, "dim": 32, "coarse_layers": 1, "flow_layers": 1, "heads": 2}


def frames(n, seed=0, known=ENVELOPE_BANDS):
    rng = np.random.default_rng(seed)
    voicing = (np.sin(np.arange(n) / 9) > -0.5).astype(np.float32)
    return Frames(
        rng.standard_normal((n, ENVELOPE_BANDS)).cumsum(1).astype(np.float32) * 0.2,
        np.full(n, 180.0, np.float32),
        voicing,
        rng.standard_normal((n, DIMS)).astype(np.float32),
        (np.arange(ENVELOPE_BANDS) < known).astype(np.float32),
    )


def clip(speaker, seed, n=500, utterance=None, known_hz=20000.0):
    made = frames(n, seed)
    contents = np.stack([made.content, made.content + 0.1, made.content - 0.1])
    return VoiceClip(
        speaker, utterance or f"{speaker}/{seed}", made.envelope, made.hz, made.voicing, contents, known_hz
    )


@given(seed=st.integers(0, 500), known=st.integers(20, ENVELOPE_BANDS))
def test_a_disguise_is_the_same_for_every_frame_and_knows_what_it_knows(seed, known):
    voice = random_augmentation(np.random.default_rng(seed), DIMS)
    whole, part = voice(frames(40, 3, known)), voice(frames(40, 3, known)[10:20])
    assert np.allclose(whole.envelope[10:20], part.envelope, atol=1e-5)
    assert np.array_equal(whole.known_bands, part.known_bands)
    assert ((voice.formant > 0.6) & (voice.formant < 1.6)).all()
    assert (np.diff(np.log(band_centres_hz().numpy()) - np.log(voice.formant)) > 0).all()
    edges = np.diff(whole.known_bands)
    assert (edges <= 0).all()
    assert whole.known_bands.any()


@settings(max_examples=30)
@given(seed=st.integers(0, 500))
def test_song_out_of_speech_lasts_longer_and_keeps_its_order(seed):
    spoken = frames(120, 1)
    spoken = Frames(
        spoken.envelope, spoken.hz, spoken.voicing, np.arange(120)[:, None].astype(np.float32), spoken.known_bands
    )
    song = speech_to_song(spoken, np.random.default_rng(seed))
    assert len(song) > len(spoken)
    assert (np.diff(song.content[:, 0]) >= -1e-4).all()
    assert song.content[-1, 0] > 115
    assert ((song.hz >= 60) & (song.hz <= 1200)).all()
    assert len(song.hz) == len(song.voicing) == len(song.envelope)


def test_batches_hold_what_the_model_is_asked_for():
    model = VoiceDiTModel(**TINY)
    clips = [clip("a", 0), clip("a", 1, utterance="x"), clip("b", 2, utterance="x"), clip("c", 3, 200, known_hz=7000.0)]
    task = VoiceTask(model, clips, clips[:2], batch=6)
    task.prepare()
    assert bool((model.scale > 0).all())
    batches = task.batches()
    for _ in range(5):
        batch = next(batches)
        b, r = batch.reference_mask.shape
        assert batch.conditioning.shape == (6, r + WINDOW_FRAMES // 2, 2 * (DIMS + 3))
        assert batch.target.shape == batch.weight.shape == (b, WINDOW_FRAMES // 2, 2 * ENVELOPE_BANDS)
        assert all(bool(tensor.isfinite().all()) for tensor in batch)
        assert bool(((batch.weight >= 0) & (batch.weight <= 1)).all())
        losses = task.losses(model, batch)
        assert bool(losses["loss"].isfinite())
    again = [next(VoiceTask(model, clips, clips[:2], batch=6).batches()) for _ in range(2)]
    assert all(torch.equal(x, y) for x, y in zip(*again, strict=True))


def test_what_is_not_recorded_does_not_count():
    model = VoiceDiTModel(**TINY)
    clips = [clip("a", seed, known_hz=3500.0) for seed in range(3)]
    task = VoiceTask(model, clips, clips, batch=4, plain=True)
    task.prepare()
    batch = next(task.batches())
    known = torch.from_numpy(clips[0].known_bands).bool().repeat(2)
    assert not batch.weight[..., ~known].any()
    assert batch.weight[..., known].any()


def test_voices_that_say_the_same_share_their_chance():
    clips = [clip("a", 0), clip("b~1", 1, utterance="b/x"), clip("b~2", 2, utterance="b/x")]
    model = VoiceDiTModel(**TINY)
    chances = dict(zip(("a", "b~1", "b~2"), VoiceTask(model, clips, clips).probabilities, strict=True))
    assert np.isclose(chances["b~1"] + chances["b~2"], chances["a"])
    assert np.isclose(sum(chances.values()), 1)


def test_what_a_model_leaves_out_is_measured():
    model = VoiceDiTModel(**TINY)
    clips = [clip(speaker, seed) for seed, speaker in enumerate("aabbcc")]
    task = VoiceTask(model, clips, clips, batch=4)
    task.prepare()
    assert not model.detail.any()
    fit_postfilter(model, task)
    assert model.detail.isfinite().all()
    assert model.detail.any()
    first = model.detail.clone()
    fit_postfilter(model, task)
    assert torch.equal(model.detail, first)


def test_recordings_are_told_by_strangers_too(rule_singers, tmp_path):
    for path, name in zip(rule_singers, ("high", "low"), strict=True):
        (tmp_path / name).mkdir()
        shutil.copy(path, tmp_path / name)
    shares = []
    others = conversion_augmenter(tmp_path, load_models(), 0, shares.append)
    assert {name for name, _ in others.voices} == {"high", "low"}
    assert shares == [0.5, 1.0]
    ((samples, features),) = analysed_pieces(find_recordings(tmp_path)[0])
    samples = samples[: 2 * 44100]
    features = extract_features(samples)
    copies = list(others.converted_features(samples, features, "high", np.random.default_rng(0)))
    assert len(copies) == CONVERTED_COPIES
    for copy in copies:
        assert copy.shape == features.content_features.shape
        apart = np.corrcoef(copy.ravel(), features.content_features.ravel())[0, 1]
        assert 0.5 < apart < 0.999
    alone = ConversionAugmenter(others.models, [one for one in others.voices if one[0] == "high"])
    assert not list(alone.converted_features(samples, features, "high", np.random.default_rng(0)))


def test_a_run_goes_on_and_learns(tmp_path):
    clips = [clip("a", seed) for seed in range(4)]
    torch.manual_seed(0)
    model = VoiceDiTModel(**TINY)
    VoiceTask(model, clips, clips).prepare()
    recipe = {"learning_rate": 2e-3, "evaluate_every": 10, "warmup_steps": 2, "precision": "fp32"}
    task = VoiceTask(model, clips, clips[:2], batch=4, plain=True)
    first = fit(task, model, tmp_path, Recipe(steps=10, **recipe))
    second = fit(task, model, tmp_path, Recipe(steps=40, **recipe))
    assert second["held_out_loss"] < 0.97 * first["held_out_loss"]
    steps = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps == [10, 20, 30, 40]
    assert VoiceDiTModel.from_pretrained(tmp_path / "ema").content_dims == DIMS


def test_the_decoder_learns_from_sound(rule_singers):
    ((samples, features),) = analysed_pieces(find_recordings(rule_singers[0].parent)[0])
    take = DecoderClip(samples[: len(features) * 512], features.pitch, features.envelope, 9000.0)
    task = DecoderTask([take], [take], batch=2)
    torch.manual_seed(0)
    model = VoiceDecoderModel(32, 2)
    batch = next(task.batches())
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    losses = []
    for _ in range(8):
        loss = task.losses(model, batch)["loss"]
        losses.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < losses[0]
    assert task.evaluate(model)["held_out_envelope_db"] < 12


def test_held_out_clips_are_never_trained_on():
    voices = [clip(f"v{n:02d}", n) for n in range(40)]
    training, kept = split_voice_clips(voices)
    assert {c.speaker for c in training}.isdisjoint({c.speaker for c in kept})
    assert len(kept) == 2
    training, kept = split_voice_clips([clip("a", n) for n in range(7)])
    assert {c.utterance for c in training}.isdisjoint({c.utterance for c in kept})
    assert kept
    with pytest.raises(ScoretokError, match="at least two recordings"):
        split_voice_clips([clip("a", 0)])


def test_folders_name_voices_and_takes(tmp_path):
    for name in ("anna/1.wav", "berta/1.wav", "pair~1/x.flac", "pair~2/x.flac"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = {str(s.path.relative_to(tmp_path)): (s.speaker, s.utterance) for s in find_recordings(tmp_path)}
    assert found["anna/1.wav"][0] == "anna"
    assert found["anna/1.wav"][1] != found["berta/1.wav"][1]
    assert found["pair~1/x.flac"][1] == found["pair~2/x.flac"][1]
    assert found["pair~1/x.flac"][0] != found["pair~2/x.flac"][0]
    with pytest.raises(ScoretokError, match="is not a folder"):
        find_recordings(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScoretokError, match="holds no recordings"):
        find_recordings(tmp_path / "empty")


def pieces(rule_singers, folder, count):
    samples, rate = soundfile.read(rule_singers[1])
    for number, part in enumerate(np.array_split(samples, count)):
        soundfile.write(folder / f"{number}.wav", part, rate)


def test_one_singer_is_learned(rule_singers, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "faster_precision", lambda: "fp32")  # Accelerate keeps to one precision a process
    (tmp_path / "little").mkdir()
    pieces(rule_singers, tmp_path / "little", 3)
    shipped = load_models()
    torch.manual_seed(0)
    tiny = VoiceDiTModel(**{**TINY, "content_dims": shipped.dit.content_dims})
    for name in ("mean", "scale", "projection", "content_mean"):
        getattr(tiny, name).copy_(getattr(shipped.dit, name))
    tiny.save_pretrained(tmp_path / "tiny" / "dit")
    models = VoiceModels(tiny.eval().requires_grad_(False), shipped.decoder, "tiny", tmp_path / "tiny")
    with pytest.raises(ScoretokError, match="half a minute"):
        adapt_voice(models, tmp_path / "little", tmp_path / "run", "low", "made by rule", steps=2)
    (tmp_path / "more").mkdir()
    samples, rate = soundfile.read(rule_singers[1])
    for number in range(5):
        soundfile.write(tmp_path / "more" / f"{number}.wav", np.roll(samples, number * 20_000), rate)
    voice, figures = adapt_voice(models, tmp_path / "more", tmp_path / "run2", "low", "made by rule", steps=20)
    assert voice.adapter
    assert voice.name == "low"
    assert figures["held_out_distance_after"] < figures["held_out_distance_before"]
    stages: list[tuple[str, float]] = []
    again, _ = adapt_voice(
        models,
        tmp_path / "more",
        tmp_path / "run2",
        "low",
        "made by rule",
        20,
        report_stage=lambda *stage: stages.append(stage),
    )
    assert {stage for stage, _ in stages} == {"extracting features"}
    assert all(torch.equal(again.adapter[name], value) for name, value in voice.adapter.items())


def test_training_from_the_command(rule_singers, tmp_path):
    (tmp_path / "voices" / "low").mkdir(parents=True)
    pieces(rule_singers, tmp_path / "voices" / "low", 3)
    result = run("train", "voice", "--data", "voices", "--out", "run", "--steps", "1", "--batch", "1", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "step 1" in result.stderr
    converted = run("voice", "convert", rule_singers[0], "--to", rule_singers[1], "--model", "run/model", "-o", "o.wav",
                    "--steps", "0", cwd=tmp_path)  # fmt: skip
    assert converted.returncode == 0, converted.stderr
    shutil.copy(rule_singers[0], tmp_path / "voices" / "low" / "more.wav")
    refused = run("train", "voice", "--data", "voices", "--out", "run", "--steps", "2", cwd=tmp_path)
    assert refused.returncode == 1
    assert "other weights or recordings" in refused.stderr
    assert "Traceback" not in refused.stderr
