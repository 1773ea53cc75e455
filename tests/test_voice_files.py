"""Voice files, marks on converted files, clips and projections: what is kept comes back, what is foreign is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from test_voice_stream import heard_by_rule

from editing.voice.conversion import ConversionRequest
from editing.voice.conversion_comment import conversion_comment, is_converted
from renderer.voice.adapter import is_adapted, with_adapter
from renderer.voice.content import WHISPER_DIMS
from renderer.voice.profile import PROFILE_TENSORS, enrol_voice, heaviest_span, load_voice, mix_voices, save_voice
from renderer.voice.training.lda import fit_lda
from renderer.voice.training.voice_clips import VoiceClip, load_voice_clips, save_clip
from renderer.voice.voice_dit import VoiceDiT
from scoretok import ScoretokError
from scoretok.audio.comments import append_comment


@pytest.fixture(scope="module")
def dit():
    torch.manual_seed(0)
    return VoiceDiT(content_dims=8, dim=32, coarse_layers=1, flow_layers=1, heads=2)


def voice_of(dit, seed=0, name="anna", seconds=3):
    rng = np.random.default_rng(seed)
    reference = (rng.standard_normal(seconds * 44100) * 0.1 * (1 + seed)).astype(np.float32)
    return enrol_voice(dit, heard_by_rule(reference), name, "Anna Lee agreed")


def test_a_voice_comes_back(dit, tmp_path):
    voice = voice_of(dit)
    save_voice(voice, tmp_path / "anna.voice", "digest")
    again = load_voice(tmp_path / "anna.voice", dit, "digest")
    assert (again.name, again.consent) == ("anna", "Anna Lee agreed")
    assert (again.low_hz, again.median_hz, again.high_hz) == (voice.low_hz, voice.median_hz, voice.high_hz)
    assert torch.allclose(again.norm_envelope, voice.norm_envelope, atol=4e-3)
    assert torch.allclose(again.conditioning, voice.conditioning, atol=2e-2)
    assert (tmp_path / "anna.voice").stat().st_size < 500_000


def test_voices_of_other_weights_and_foreign_files_are_refused(dit, tmp_path):
    path = tmp_path / "anna.voice"
    save_voice(voice_of(dit), path, "digest")
    with pytest.raises(ScoretokError, match="other weights"):
        load_voice(path, dit, "another")
    whole = path.read_bytes()
    for content in (b"", b"RIFF....WAVE", whole[: len(whole) // 2], whole[:-1]):
        path.write_bytes(content)
        with pytest.raises(ScoretokError, match="not a whole voice file"):
            load_voice(path, dit, "digest")
    save_file({"weight": torch.zeros(3)}, path)
    with pytest.raises(ScoretokError, match="not a voice of scoretok"):
        load_voice(path, dit, "digest")


@pytest.mark.parametrize("fault", ["missing", "shape", "nan"])
def test_a_voice_that_lacks_or_twists_a_part_is_refused(dit, tmp_path, fault):
    voice = voice_of(dit)
    tensors = {key: getattr(voice, name) for name, key in PROFILE_TENSORS.items()}
    if fault == "missing":
        del tensors["shape"]
    elif fault == "shape":
        tensors["shape"] = tensors["shape"][..., :-1]
    else:
        tensors["timbre"] = tensors["timbre"] * float("nan")
    metadata = {"format": "scoretok voice 1", "weights": "digest", "name": "a", "note": "b", "seconds": "3",
            "range_hz": json.dumps([100, 150, 200])}  # fmt: skip
    save_file({name: value.contiguous() for name, value in tensors.items()}, tmp_path / "a.voice", metadata)
    with pytest.raises(ScoretokError, match="enrol it anew"):
        load_voice(tmp_path / "a.voice", dit, "digest")


@given(weight=st.floats(0.05, 0.95))
@settings(max_examples=10)
def test_a_mix_lies_between(dit, weight):
    a, b = voice_of(dit, 0), voice_of(dit, 1, "berta")
    between = mix_voices([(a, weight), (b, 1 - weight)])
    assert torch.allclose(between.timbre, weight * a.timbre + (1 - weight) * b.timbre, atol=1e-5)
    assert torch.allclose(
        between.speaker_transform, weight * a.speaker_transform + (1 - weight) * b.speaker_transform, atol=1e-5
    )
    assert between.conditioning.shape[1] % 2 == 0
    low, high = sorted((a.median_hz, b.median_hz))
    assert low - 1e-6 <= between.median_hz <= high + 1e-6


def test_a_mix_of_one_is_that_voice_and_nothing_is_refused(dit):
    a, b = voice_of(dit, 0), voice_of(dit, 1)
    only = mix_voices([(a, 2.0), (b, 0.0)])
    assert torch.equal(only.norm_envelope, a.norm_envelope)
    for weights in ((0.0, 0.0), (-1.0, 2.0)):
        with pytest.raises(ScoretokError, match="weights"):
            mix_voices(list(zip((a, b), weights, strict=True)))


@given(take_hz=st.floats(60, 600), voice_hz=st.floats(80, 400))
def test_melodies_move_by_octaves_to_where_a_voice_sings(dit, take_hz, voice_hz):
    voice = replace(voice_of(dit), median_hz=voice_hz, high_hz=3 * voice_hz)
    moved, apart = ConversionRequest().semitones(take_hz, voice), 12 * np.log2(take_hz / voice_hz)
    assert moved % 12 == 0
    assert -6 < apart + moved < 9
    if -4 <= apart <= 7:
        assert moved == 0
    assert ConversionRequest(shift="match").semitones(take_hz, voice) == pytest.approx(-apart)


@given(weights=st.lists(st.floats(0, 1), min_size=2, max_size=60), frames=st.integers(2, 40))
def test_the_fullest_stretch_holds_most(weights, frames):
    array = np.array(weights)
    chosen = heaviest_span(array, frames)
    length = chosen.stop - chosen.start
    assert length == min(frames, len(array)) // 2 * 2
    best = max(array[at : at + length].sum() for at in range(len(array) - length + 1))
    assert array[chosen].sum() == pytest.approx(best)


def test_an_adapter_changes_the_numbers_it_holds_and_no_others(dit):
    adapter = {name: value + 1 for name, value in dit.named_parameters() if is_adapted(name)}
    changed = with_adapter(dit, adapter)
    assert adapter
    for (name, own), (_, new) in zip(dit.named_parameters(), changed.named_parameters(), strict=True):
        assert torch.equal(own, new) != is_adapted(name)
    assert with_adapter(dit, None) is dit
    for wrong in ({"see_told.weight": dit.see_told.weight}, {"coarse_out.bias": torch.zeros(3)}):
        with pytest.raises(ScoretokError, match="adapted to another model"):
            with_adapter(dit, wrong)


@pytest.mark.parametrize("n", [1000, 1001])
def test_a_mark_leaves_every_sample(dit, tmp_path, n):
    path = tmp_path / "a.wav"
    samples = np.random.default_rng(0).integers(-9000, 9000, n).astype(np.int16)
    soundfile.write(path, samples, 48000, "PCM_16")
    comment = conversion_comment(voice_of(dit), -12.0, "rendered by scoretok: {}")
    append_comment(path, comment)
    with soundfile.SoundFile(path) as file:
        assert file.comment == comment
        assert np.array_equal(file.read(dtype="int16"), samples)
    assert is_converted(comment)
    assert "Anna Lee agreed" in comment
    assert path.stat().st_size == int.from_bytes(path.read_bytes()[4:8], "little") + 8


@pytest.mark.parametrize("order", ["C", "F"])
def test_clips_come_back_however_they_lie_in_memory(tmp_path, order):
    rng = np.random.default_rng(0)
    clip = VoiceClip(
        "anna", "anna/1", np.asarray(rng.standard_normal((30, 80)), order=order), np.full(30, 200.0), np.ones(30),
        np.asarray(rng.standard_normal((3, 30, 8)), order=order), 8000.0,
    )  # fmt: skip
    save_clip(clip, tmp_path / "0.safetensors")
    (again,) = load_voice_clips(tmp_path)
    assert (again.speaker, again.utterance, again.bandwidth_hz) == ("anna", "anna/1", 8000.0)
    assert np.allclose(again.envelope, clip.envelope, atol=4e-3)
    assert np.allclose(again.contents, clip.contents, atol=4e-3)
    (tmp_path / "1.safetensors").write_bytes(b"no")
    with pytest.raises(ScoretokError, match="not a clip"):
        load_voice_clips(tmp_path)


def test_a_projection_keeps_words_and_forgets_voices():
    """Of features that hold words in some directions and voices in others, the first are kept."""
    rng = np.random.default_rng(0)
    clips = []
    for speaker in range(6):
        words = rng.standard_normal((500, 4))
        own = rng.standard_normal(4) * 3
        variants = []
        for _ in range(3):
            content_frames = np.zeros((500, WHISPER_DIMS))
            content_frames[:, :4] = words
            content_frames[:, 4:8] = own
            content_frames[:, 8:12] = rng.standard_normal(4) * 3
            variants.append(content_frames + 0.05 * rng.standard_normal((500, WHISPER_DIMS)))
        clips.append((str(speaker), np.stack(variants)))
    _, projection = fit_lda(clips, 4)
    strength = np.abs(projection).sum(1)
    assert strength[:4].min() > 10 * strength[4:12].max()
