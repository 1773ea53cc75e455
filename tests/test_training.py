"""Training: clips, resumable loop, a person's own stems."""

import json
import shutil

import numpy as np
import pytest
import soundfile
import torch
from conftest import run
from hypothesis import given, settings
from hypothesis import strategies as st
from models import some_notes, tiny_codec, tiny_dit

from renderer.codec.exciter import excite
from renderer.codec.mel import SAMPLE_RATE
from renderer.note_array import DRUM_PROGRAM, NoteArray
from renderer.training import clip_augmentation
from renderer.training.clips import (
    CLIP_S,
    CLIP_SAMPLES,
    playable,
    read_pair_shard,
    trainable,
    write_pair_shard,
)
from renderer.training.codec_task import CodecTask
from renderer.training.dit_task import DiTTask
from renderer.training.losses import spectral_distance
from renderer.training.scores import excerpt, random_notes
from renderer.training.soundfonts import Preset
from renderer.training.stem_pairs import cut_clips, find_stems
from scoretok import LeadSheet, Note, ScoretokError, Track, write
from scoretok.nn.recipe import Recipe
from scoretok.nn.training import fit


@pytest.fixture(scope="module")
def shard(tmp_path_factory):
    path = tmp_path_factory.mktemp("pairs") / "pairs-0.safetensors"
    clips = []
    for seed in range(4):
        notes = some_notes(20, seed, program=DRUM_PROGRAM if seed == 3 else seed)
        clips.append((notes, (excite(notes, 0, CLIP_SAMPLES)[0] * 0.3).numpy(), seed))
    write_pair_shard(path, clips)
    return path


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), program=st.sampled_from([0, 33, 73, DRUM_PROGRAM]))
def test_random_playing_is_well_formed(seed, program):
    notes = random_notes(program, 8.0, np.random.default_rng(seed))
    assert (notes.end_s > notes.start_s).all()
    assert (notes.start_s >= 0).all()
    assert (notes.end_s <= 8.0).all()
    assert set(notes.velocity) <= set(range(1, 128))
    for pitch in set(notes.pitch):
        same = notes.pitch == pitch
        order = np.argsort(notes.start_s[same])
        assert (notes.end_s[same][order][:-1] <= notes.start_s[same][order][1:] + 1e-9).all()


@given(st.integers(0, 2**32 - 1))
def test_excerpts_begin_where_the_music_does(seed):
    part = excerpt(some_notes(40, length_s=60), 10.0, np.random.default_rng(seed))
    assert len(part)
    assert 0 <= part.start_s.min() < 0.31
    assert part.end_s.max() <= 10.0


def test_equalisers_are_causal_and_levels_are_usual():
    rng = np.random.default_rng(0)
    response = clip_augmentation.equaliser(rng)
    assert (response[:64] ** 2).sum() > 0.9 * (response**2).sum()
    tone = np.sin(np.arange(50_000) * 0.05).astype(np.float32) * 1e-3
    levelled = clip_augmentation.set_level(tone, 90.0, rng, spread_db=0.0)
    assert np.sqrt((levelled**2).mean()) == pytest.approx(0.1, rel=0.1)


def test_clips_come_back_from_a_shard(shard):
    clips = list(read_pair_shard(shard))
    assert [clip.notes.program for clip in clips] == [0, 1, 2, DRUM_PROGRAM]
    again = some_notes(20, 1)
    assert np.allclose(clips[1].notes.start_s, again.start_s, atol=1e-5)
    from renderer.codec.mel import LogMel

    frames = LogMel()(torch.from_numpy(clips[1].audio.astype(np.float32) / 32767)[None])[0]
    assert np.abs(frames.numpy() - clips[1].mel).mean() < 0.01
    assert not next(read_pair_shard(shard, with_audio=False)).audio.size


def test_the_spectral_distance_is_zero_only_between_equals():
    audio = torch.randn(2, 8192) * 0.1
    assert float(spectral_distance(audio, audio)) < 1e-3
    assert float(spectral_distance(audio, audio * 0.5)) > 0.3


def test_the_dit_learns_and_goes_on_from_its_state(shard, tmp_path):
    clips = list(read_pair_shard(shard, with_audio=False))
    codec = tiny_codec()
    codec.latent.pca.fit(torch.from_numpy(np.stack([clip.mel for clip in clips]).astype(np.float32)))
    task = DiTTask(codec.latent.pca, clips, clips, batch=2)
    seen = []

    def train(steps, every):
        torch.manual_seed(0)
        recipe = Recipe(steps, 3e-3, warmup_steps=2, evaluate_every=every, ema_decay=0.5, precision="fp32")
        return fit(task, tiny_dit(), tmp_path, recipe, lambda step, _: seen.append(step))

    first = train(5, 5)
    later = train(40, 20)
    assert seen == [5, 20, 40]
    assert later["held_out_mel"] < first["held_out_mel"]
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert {"state.safetensors", "log.jsonl", "loss.png", "config.json"} <= names
    assert not {name for name in names if name.endswith((".bin", ".pt", ".pkl"))}
    assert [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [5, 20, 40]


def test_the_codec_learns(shard, tmp_path):
    clips = list(read_pair_shard(shard))
    task = CodecTask(clips, clips, batch=1)
    codec = tiny_codec()
    task.prepare(codec)
    before = task.evaluate(codec)["held_out_spectral"]
    recipe = Recipe(6, 1e-2, warmup_steps=1, evaluate_every=6, ema_decay=0.5, precision="fp32")
    after = fit(task, codec, tmp_path, recipe)
    assert after["held_out_spectral"] < before


def test_stems_are_cut_into_clips_with_their_notes():
    notes = NoteArray(np.array([1.0, 14.0]), np.array([2.0, 15.0]), np.array([60, 64]), np.array([90, 90]), 0)
    audio = np.full(20 * SAMPLE_RATE, 0.1, np.float32)
    clips = cut_clips(audio, notes, 7)
    assert [len(clip[0]) for clip in clips] == [1, 1, 1]
    assert clips[1][0].start_s[0] == pytest.approx(14.0 - CLIP_S / 2, abs=1e-3)
    assert all(len(clip[1]) == CLIP_SAMPLES for clip in clips)
    assert not cut_clips(np.zeros_like(audio), notes, 7)


def test_training_on_own_stems_through_the_command(tmp_path):
    stems = tmp_path / "stems"
    stems.mkdir()
    sheet = LeadSheet(8, (Track("piano", tuple(Note(i * 24, 60 + i % 12, 24) for i in range(32))),))
    write(sheet, stems / "piano.mid")
    tone = 0.2 * np.sin(np.arange(20 * SAMPLE_RATE) * 0.05)
    soundfile.write(stems / "piano.wav", tone, SAMPLE_RATE)
    assert find_stems(stems) == [(stems / "piano.wav", stems / "piano.mid")]
    result = run("train", "renderer", "--data", stems, "--out", tmp_path / "run", "--steps", "1", "--batch", "1")
    assert result.returncode == 0, result.stderr
    assert "held_out_mel" in result.stderr
    assert (tmp_path / "run" / "ema" / "config.json").is_file()
    assert run("train", "bundle", "--renderer", tmp_path / "run", "--out", tmp_path / "model").returncode == 0
    assert (tmp_path / "model" / "model_index.json").is_file()


@pytest.mark.parametrize("what", ["missing", "empty"])
def test_data_that_is_not_there_gets_one_sentence(what, tmp_path):
    (tmp_path / "empty").mkdir()
    result = run("train", "renderer", "--data", tmp_path / what, "--out", tmp_path / "run")
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1
    with pytest.raises(ScoretokError):
        find_stems(tmp_path / "empty")


@pytest.mark.skipif(not shutil.which("fluidsynth"), reason="fluidsynth is not installed (it only makes training pairs)")
def test_pairs_are_made_from_a_soundfont(tmp_path):
    from renderer.draft import default_soundfont

    result = run("train", "pairs", "--soundfont", default_soundfont(), "--out", tmp_path, "--clips", "40")
    assert result.returncode == 0, result.stderr
    clips = list(read_pair_shard(next(tmp_path.glob("*.safetensors"))))
    assert len(clips) > 30
    assert all(clip.mel.shape == (1056, 128) for clip in clips)


def test_a_missing_soundfont_gets_one_sentence(tmp_path):
    result = run("train", "pairs", "--soundfont", tmp_path / "no.sf2", "--out", tmp_path)
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1


def test_what_is_left_out_of_training_is_what_is_tested_on():
    presets = [Preset("x.sf2", bank, number, "") for bank in (0, 8, 17, 128) for number in range(128)]
    left_out = [preset for preset in presets if playable(preset) and not trainable(preset)]
    assert left_out
    assert all(preset.bank == 8 for preset in left_out)
    assert not any(playable(preset) for preset in presets if preset.bank == 17)
