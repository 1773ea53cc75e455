"""The codec: frames, latents, exciter, decoder."""

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from models import LATENT_DIMS, some_notes, tiny_codec

from renderer.codec.exciter import excite, partials_of, white_noise
from renderer.codec.mel import LATENT_SAMPLES, SAMPLE_RATE, SILENCE, LogMel, MelPca, istft, mel_edges_hz, stft
from renderer.hub import ScoreCodecModel
from renderer.note_array import DRUM_PROGRAM, NoteArray


def test_the_spectrum_of_audio_gives_it_back():
    audio = torch.randn(2, 4 * LATENT_SAMPLES) * 0.1
    back = istft(stft(audio), audio.shape[1])
    assert torch.allclose(back[:, :-2048], audio[:, :-2048], atol=1e-5)


def test_a_sine_of_full_scale_has_a_peak_of_one():
    sine = torch.sin(2 * torch.pi * 1000 * torch.arange(LATENT_SAMPLES * 2) / SAMPLE_RATE)
    assert float(stft(sine[None]).abs()[0, :, 4].max()) == pytest.approx(0.93, abs=0.08)


def test_mel_bands_cover_the_spectrum_and_find_a_tone():
    sine = 0.5 * torch.sin(2 * torch.pi * 3000 * torch.arange(LATENT_SAMPLES * 2) / SAMPLE_RATE)
    frames = LogMel()(sine[None])[0]
    band = int(frames[4].argmax())
    assert mel_edges_hz()[band] <= 3000 <= mel_edges_hz()[band + 2]
    assert torch.allclose(LogMel()(torch.zeros(1, LATENT_SAMPLES)), torch.tensor(SILENCE))


def test_principal_components_keep_what_they_can():
    torch.manual_seed(0)
    low_rank = (torch.randn(80, 6) @ torch.randn(6, 40)).reshape(40, 8, 10)
    pca = MelPca(bands=10, latent_dims=6)
    assert pca.fit(low_rank) == pytest.approx(1.0, abs=1e-6)
    assert torch.allclose(pca.decode(pca.encode(low_rank)), low_rank, atol=1e-3)
    assert pca.encode(low_rank).reshape(-1, 6).std(0) == pytest.approx(np.ones(6), abs=0.1)


@pytest.mark.slow
@example(start=246_817, length=1, seed=1)  # the tail of a short stroke
@given(start=st.integers(0, 300_000), length=st.integers(1, 60_000), seed=st.integers(0, 5))
def test_any_span_of_the_exciter_is_a_span_of_the_whole(start, length, seed):
    notes = some_notes(seed=seed, program=DRUM_PROGRAM if seed % 2 else 4)
    whole = excite(notes, 0, 400_000, seed)
    assert torch.allclose(excite(notes, start, length, seed), whole[:, start : start + length], atol=1e-5)


def test_the_exciter_is_silent_before_a_note_and_in_tune_while_it_sounds():
    notes = NoteArray(np.array([0.5]), np.array([1.5]), np.array([69]), np.array([100]), 73)
    partials = excite(notes, 0, 2 * SAMPLE_RATE)[0]
    onset = round(0.5 * SAMPLE_RATE)
    assert not partials[: onset - 1].any()
    assert partials[onset : onset + 200].any()
    second = partials[onset : onset + SAMPLE_RATE].numpy() * np.hanning(SAMPLE_RATE)
    assert int(np.abs(np.fft.rfft(second)).argmax()) == 440


def test_noise_depends_on_its_place_the_seed_and_nothing_else():
    whole = white_noise(0, 200_000, 3, 0)
    assert torch.equal(white_noise(70_000, 1000, 3, 0), whole[70_000:71_000])
    assert not torch.equal(white_noise(0, 1000, 4, 0), whole[:1000])
    assert white_noise(-5000, 10_000, 3, 0).shape == (10_000,)


def test_partials_stay_below_half_the_rate_and_pianos_are_stretched():
    for pitch in range(128):
        assert partials_of(pitch, 73, 0.0)[0].max() < SAMPLE_RATE / 2
    flute, piano = partials_of(60, 73, 0.0)[0], partials_of(60, 0, 0.0)[0]
    assert piano[10] > flute[10] * 1.01


@pytest.mark.parametrize("head", ["exciter", "phase"])
@pytest.mark.parametrize("encoder", ["pca", "conv"])
def test_there_and_back_keeps_the_length(head, encoder):
    codec = tiny_codec(head=head, encoder=encoder)
    audio, excitation = torch.randn(2, 4 * LATENT_SAMPLES) * 0.1, torch.randn(2, 4, 4 * LATENT_SAMPLES) * 0.1
    assert codec.encode(audio).shape == (2, 4, LATENT_DIMS)
    assert codec(audio, excitation).shape == audio.shape


def test_a_codec_is_saved_and_loaded_as_diffusers_models_are(tmp_path):
    codec = tiny_codec()
    codec.save_pretrained(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "diffusion_pytorch_model.safetensors"]
    again = ScoreCodecModel.from_pretrained(tmp_path)
    audio, excitation = torch.randn(1, 2 * LATENT_SAMPLES), torch.randn(1, 4, 2 * LATENT_SAMPLES)
    assert torch.equal(codec(audio, excitation), again(audio, excitation))
