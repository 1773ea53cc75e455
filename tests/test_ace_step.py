"""The adapter for ACE-Step, with a tiny pipeline of random weights built here."""

import numpy as np
import pytest
import torch

from renderer.ace_step import AceStepEngine, caption_of, key_words, lyrics_of
from renderer.engine import render
from scoretok import LeadSheet, Note, ScoretokError, Track, slice_bars
from scoretok.parts import Key

WORDS = ["<pad>", "<unk>", "piano", "drums", "bass", "saints", "go", "[verse]", "[chorus]"]
SIZES = {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8, "hidden_size": 16, "intermediate_size": 32}


@pytest.fixture(scope="module")
def pipeline():
    pytest.importorskip("transformers", reason="transformers is not installed (extra ace-step)")
    from diffusers import (
        AceStepPipeline,
        AceStepTransformer1DModel,
        AutoencoderOobleck,
        FlowMatchEulerDiscreteScheduler,
    )
    from diffusers.pipelines.ace_step.modeling_ace_step import (
        AceStepAudioTokenDetokenizer,
        AceStepAudioTokenizer,
        AceStepConditionEncoder,
    )
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3Model

    torch.manual_seed(0)
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    text = Qwen3Config(vocab_size=len(WORDS), num_hidden_layers=1, **SIZES)
    return AceStepPipeline(
        vae=AutoencoderOobleck(
            encoder_hidden_size=16, downsampling_ratios=[16, 20], channel_multiples=[1, 2], decoder_channels=4,
            decoder_input_channels=8, sampling_rate=8000,
        ),
        text_encoder=Qwen3Model(text),
        tokenizer=PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", unk_token="<unk>"),
        transformer=AceStepTransformer1DModel(
            num_hidden_layers=2, in_channels=24, audio_acoustic_hidden_dim=8, is_turbo=True, **SIZES
        ),
        condition_encoder=AceStepConditionEncoder(
            text_hidden_dim=16, timbre_hidden_dim=8, num_lyric_encoder_hidden_layers=1,
            num_timbre_encoder_hidden_layers=1, **SIZES,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(num_train_timesteps=1, shift=1.0),
        audio_tokenizer=AceStepAudioTokenizer(
            audio_acoustic_hidden_dim=8, fsq_dim=16, fsq_input_levels=[4, 4], num_attention_pooler_hidden_layers=1,
            **SIZES,
        ),
        audio_token_detokenizer=AceStepAudioTokenDetokenizer(
            audio_acoustic_hidden_dim=8, num_attention_pooler_hidden_layers=1, **SIZES
        ),
    )  # fmt: skip


def test_a_song_is_covered_at_its_length(pipeline, saints):
    engine = AceStepEngine(pipeline, steps=2)
    opening = slice_bars(saints, 0, 1)
    made = engine.cover(opening, seed=1)
    assert made.shape[0] == 2
    assert abs(made.shape[1] / engine.sample_rate - opening.duration_s) < 5
    assert np.array_equal(made, engine.cover(opening, seed=1))
    assert not np.array_equal(made, engine.cover(opening, seed=2))
    whole = render(opening, engine, seed=1)
    assert list(whole.stems) == ["mix"]


def test_a_repainted_span_leaves_the_rest_as_it_was(pipeline, saints):
    engine = AceStepEngine(pipeline, steps=1)
    audio = np.random.default_rng(0).normal(0, 0.1, (2, 3 * engine.sample_rate)).astype(np.float32)
    made = engine.repaint(slice_bars(saints, 0, 1), audio, 1.0, 2.0)
    rate = engine.sample_rate
    assert np.array_equal(made[:, :rate], audio[:, :rate])
    assert np.array_equal(made[:, 2 * rate :], audio[:, 2 * rate :])
    assert not np.array_equal(made[:, rate : 2 * rate], audio[:, rate : 2 * rate])


def test_the_score_becomes_words(saints):
    caption, lyrics = caption_of(saints, "dixieland"), lyrics_of(saints)
    assert caption.startswith("dixieland, ")
    assert "drums" in caption
    assert "[verse]" in lyrics or "[chorus]" in lyrics
    assert "saints" in lyrics
    assert key_words(Key(0, -3, "maj")) == "Eb major"
    assert key_words(Key(0, 3, "min")) == "F# minor"
    assert lyrics_of(LeadSheet(1, (Track("piano", (Note(0, 60, 24),)),))) == "[instrumental]"


def test_it_says_what_it_needs():
    with pytest.raises(ScoretokError, match="needs --model"):
        AceStepEngine()
