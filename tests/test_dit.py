"""The DiT: order-free conditions, masks, windows, sampling."""

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from hypothesis import given
from hypothesis import strategies as st
from models import LATENT_DIMS, some_notes, tiny_dit, tiny_pipeline

from renderer.codec.mel import LATENT_SAMPLES, SAMPLE_RATE
from renderer.dit.conditioning import FRAME_S, ScoreEncoder, collate_pairs, note_pairs, soft_one_hot
from renderer.dit.harmonics import harmonic_frames
from renderer.dit.masks import SHORTEST, random_keep_mask
from renderer.dit.timbres import loudest_stretch
from renderer.dit.windows import ANCHOR, CONTEXT, GAP, PERIOD, Windows
from renderer.dit_engine import load_pipeline
from renderer.hub import ScoreToAudioPipeline
from renderer.note_array import DRUM_PROGRAM, NoteArray
from renderer.pipeline import PERIOD_SAMPLES, FlowSampling, ScoreToAudio, centres_s


def encode(notes, frames=60):
    torch.manual_seed(0)
    encoder = ScoreEncoder(24, 16)
    return encoder(collate_pairs([note_pairs(notes, centres_s(0, frames))], frames), 1, frames)


def test_the_order_of_notes_does_not_matter():
    notes = some_notes()
    back = np.argsort(-notes.start_s)
    other = NoteArray(notes.start_s[back], notes.end_s[back], notes.pitch[back], notes.velocity[back], notes.program)
    assert torch.allclose(encode(notes), encode(other), atol=1e-4)


def test_a_note_is_heard_only_where_it_sounds():
    notes = NoteArray(np.array([1.0]), np.array([1.2]), np.array([60]), np.array([90]), 0)
    frames = np.unique(note_pairs(notes, centres_s(0, 100))[0])
    assert frames[0] == pytest.approx(1.0 / FRAME_S, abs=1.5)
    assert frames[-1] < 3.0 / FRAME_S


@pytest.mark.parametrize("shift_s", [0.005, 0.01])
def test_onsets_are_placed_finer_than_a_frame(shift_s):
    notes = NoteArray(np.array([1.0]), np.array([1.5]), np.array([60]), np.array([90]), 0)
    later = NoteArray(notes.start_s + shift_s, notes.end_s, notes.pitch, notes.velocity, 0)
    assert not torch.allclose(encode(notes), encode(later), atol=1e-4)


def test_soft_one_hots_add_up_to_one_on_their_grid():
    assert torch.allclose(soft_one_hot(torch.linspace(0, 1, 23), 0, 1, 6).sum(1), torch.ones(23))
    assert not soft_one_hot(torch.tensor([-1.0, 2.0]), 0, 1, 6).any()


def test_harmonics_lie_where_the_partials_are():
    notes = NoteArray(np.array([0.0]), np.array([2.0]), np.array([69]), np.array([127]), 73)
    frame = harmonic_frames(notes, centres_s(0, 20))[10].reshape(4, -1)[0]
    from renderer.codec.mel import mel_edges_hz

    for partial in (440, 880, 1320):
        band = int(torch.searchsorted(mel_edges_hz(), partial)) - 1
        assert frame[max(band - 1, 0) : band + 2].max() > np.median(frame[:60]) + 1
    assert (harmonic_frames(some_notes(program=DRUM_PROGRAM), centres_s(0, 20)) < -7).all()


@given(frames=st.integers(2 * SHORTEST + 1, 200), seed=st.integers(0, 2**32 - 1))
def test_a_keep_mask_always_leaves_something_to_generate(frames, seed):
    rng = np.random.default_rng(seed)
    keep = random_keep_mask(frames, np.unique(rng.integers(1, frames, 5)), rng)
    assert set(np.unique(keep)) <= {0.0, 1.0}
    assert keep.min() == 0
    changes = np.flatnonzero(np.diff(keep))
    assert len(changes) <= 2


def count_windows(order):
    """Latents of periods asked for in some order, from a generator that marks frame numbers."""

    def generate(first, known, keep_mask):
        fresh = torch.arange(first, first + ANCHOR).float()[:, None].expand(-1, 2) + 0.5 * keep_mask.max()
        return torch.where(keep_mask[:, None] > 0, known, fresh)

    windows = Windows(generate, 2)
    return {number: windows.period(number) for number in order}


@given(st.lists(st.integers(0, 6), min_size=1, max_size=12))
def test_a_period_is_the_same_in_whatever_order_windows_are_made(order):
    straight = count_windows(range(7))
    for number, latents in count_windows(order).items():
        assert torch.equal(latents, straight[number])
        assert latents.shape == (PERIOD, 2)
        assert torch.equal(latents[:, 0].floor(), torch.arange(number * PERIOD, (number + 1) * PERIOD).float())


def test_windows_remember_only_a_few():
    windows = Windows(lambda first, known, keep_mask: torch.zeros(ANCHOR, 2), 2)
    for number in range(50):
        windows.around(number, 8)
    assert len(windows.anchors) + len(windows.periods) < 12
    assert ANCHOR == 2 * CONTEXT + GAP


def test_known_frames_come_out_as_they_went_in():
    pipeline, notes = tiny_pipeline(), some_notes()
    known, keep = torch.randn(1, 40, LATENT_DIMS), torch.zeros(1, 40)
    keep[:, :10] = keep[:, 30:] = 1
    reference = pipeline.timbres.reference(0)
    made = pipeline.sample(notes, 5, known, keep, reference, FlowSampling(steps=2))
    assert torch.equal(made[:, :10], known[:, :10])
    assert torch.equal(made[:, 30:], known[:, 30:])
    assert not torch.equal(made[:, 10:30], known[:, 10:30])


@pytest.mark.slow
def test_seeds_steps_and_names_decide():
    pipeline, notes = tiny_pipeline(), some_notes()

    def once(**sampling):
        return pipeline(notes, FlowSampling(**sampling))

    assert np.array_equal(once(seed=1), once(seed=1))
    assert not np.array_equal(once(seed=1), once(seed=2))
    assert not np.array_equal(once(steps=0), once(steps=4))
    assert not np.array_equal(once(name="piano.1"), once(name="piano.2"))


def test_a_track_ends_when_its_last_note_has_died_away_and_is_silent_where_nobody_plays():
    notes = NoteArray(np.array([12.0]), np.array([12.5]), np.array([60]), np.array([90]), 0)
    audio = tiny_pipeline()(notes)
    assert 12.5 < len(audio) / SAMPLE_RATE < 15
    assert not audio[: 11 * SAMPLE_RATE].any()
    assert audio[12 * SAMPLE_RATE :].any()
    assert not len(tiny_pipeline()(some_notes(0)))


def test_blocks_do_not_depend_on_the_ones_before():
    pipeline, notes = tiny_pipeline(), some_notes(60, length_s=25)
    whole = pipeline.track(notes, FlowSampling(steps=1))
    blocks = [whole.block(i) for i in range(3)]
    assert np.array_equal(pipeline.track(notes, FlowSampling(steps=1)).block(2), blocks[2])
    assert blocks[0].shape == (PERIOD_SAMPLES,)


def test_a_pipeline_is_saved_and_loaded_without_pickles(tmp_path):
    pipeline, notes = tiny_pipeline(), some_notes()
    pipeline.save_pretrained(tmp_path)
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".json", ".safetensors"}
    again = ScoreToAudioPipeline.from_pretrained(str(tmp_path))
    assert np.allclose(pipeline(notes), again(notes), atol=1e-4)


@pytest.mark.slow
def test_a_folder_plays_the_same_with_and_without_diffusers(tmp_path):
    pipeline, notes = tiny_pipeline(), some_notes()
    pipeline.save_pretrained(tmp_path)
    plain = load_pipeline(tmp_path, "cpu")
    assert isinstance(plain, ScoreToAudio)
    assert not isinstance(plain, ScoreToAudioPipeline)
    assert np.array_equal(pipeline(notes), plain(notes))
    pipeline.scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    pipeline.save_pretrained(tmp_path)
    assert np.allclose(load_pipeline(tmp_path, "cpu")(notes), pipeline(notes), atol=1e-5)
    assert not np.allclose(plain(notes), pipeline(notes), atol=1e-5)


def test_the_scheduler_can_be_swapped():
    pipeline, notes = tiny_pipeline(), some_notes()
    plain = pipeline(notes)
    pipeline.scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    assert not np.array_equal(plain, pipeline(notes))


def test_a_reference_is_the_loudest_stretch_and_changes_the_sound():
    audio = np.zeros(10 * SAMPLE_RATE, np.float32)
    audio[5 * SAMPLE_RATE : 6 * SAMPLE_RATE] = 0.5
    stretch = loudest_stretch(audio, 2 * SAMPLE_RATE)
    assert (stretch > 0).sum() == SAMPLE_RATE
    assert len(loudest_stretch(audio[:100], 500)) == 500
    pipeline, notes = tiny_pipeline(), some_notes()
    reference = pipeline.encode_reference(np.random.default_rng(0).normal(0, 0.1, 100_000).astype(np.float32))
    assert reference[0].shape == (1, 64, LATENT_DIMS)
    assert not np.array_equal(pipeline(notes), pipeline(notes, reference=reference))


def test_the_flow_does_not_move_when_its_last_layer_is_zero():
    dit = tiny_dit()
    torch.nn.init.zeros_(dit.flow_out.weight)
    frames = torch.randn(1, 8, LATENT_DIMS)
    hidden = torch.randn(1, 8, 32)
    assert not dit(frames, torch.tensor([500.0]), frames, hidden, frames, torch.zeros(1, 8)).any()


def test_latent_frames_are_as_long_as_the_codec_says():
    assert centres_s(10, 2)[1] - centres_s(10, 2)[0] == pytest.approx(LATENT_SAMPLES / SAMPLE_RATE)
