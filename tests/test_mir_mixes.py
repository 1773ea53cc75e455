"""Training of transcription: mixes whose notes are where they are said to be, runs that go on."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoretok import ScoretokError

pytestmark = pytest.mark.skipif(
    not all(find_spec(name) for name in ("torch", "tinysoundfont", "pretty_midi", "scipy", "soxr", "safetensors")),
    reason="the packages for training are not installed",
)
EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="module")
def soundfont():
    import pretty_midi

    return Path(pretty_midi.__file__).with_name("TimGM6mb.sf2")


@pytest.fixture(scope="module")
def songs():
    from mir.training.mixes import mix_song

    return [mix_song(path) for path in sorted(EXAMPLES.glob("*.lead"))]


@pytest.mark.parametrize("role", ["lead", "piano", "bass"])
@pytest.mark.parametrize("widest", [0, 4])
def test_a_part_sounds_at_its_pitches_when_it_says(role, widest, soundfont):
    from mir.notes.log_spectrogram import BINS_PER_SEMITONE, LOWEST_PITCH, RATE, log_spectrogram
    from mir.training.mixes import SYNTH_RATE, MixPart, SoundfontBand
    from scoretok.audio import resample

    base = {"lead": 72, "piano": 60, "bass": 40}[role]
    rows = np.array([(0.5 + at, 1.3 + at, base + step, 100) for at, step in enumerate((0, 4, 7, 11, 2))], float)
    sound = SoundfontBand([soundfont]).play(MixPart(role, rows), 6.0, np.random.default_rng(3), widest)
    levels = log_spectrogram(resample(sound.mean(0)[None], SYNTH_RATE, RATE)[0]).numpy()
    loudest = levels[0, 1::BINS_PER_SEMITONE]
    for start, _, pitch, _ in rows:
        at = round((start + 0.4) * 50)
        found_pitch = int(loudest[:, at].argmax()) + LOWEST_PITCH
        assert (found_pitch - pitch) % 12 in (0, 7)  # the note or one of its first overtones
        assert levels[1, :, round((start + 0.2) * 50)].sum() > levels[1, :, round((start - 0.1) * 50)].sum()


def test_shards_are_the_same_for_the_same_seed_and_say_what_is_played(songs, soundfont, tmp_path):
    from mir.training.mixes import EXCERPT_FRAMES, MixShards, SoundfontBand, write_mix_shard

    band = SoundfontBand([soundfont])
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_mix_shard(tmp_path / name / "mixes-0000.safetensors", songs, band, 3, seed=5)
    first, again = (MixShards(tmp_path / name) for name in ("a", "b"))
    assert len(first) == 3
    for number in range(3):
        (levels, played), (other, _) = first[number], again[number]
        assert levels.shape == (3, 300, EXCERPT_FRAMES)
        assert np.array_equal(levels, other)
        assert len(played.start_s) == len(played.pitch) == len(played.role)
        assert (np.diff(played.beat_s) > 0).all()


def test_beats_of_a_pickup_lead_to_the_first_bar(songs):
    grace = next(song for song in songs if "amazing-grace" in song.name)
    assert grace.beat_s[0] < grace.downbeat_s[0]
    assert set(np.round(grace.downbeat_s, 6)) <= set(np.round(grace.beat_s, 6))


def test_what_is_no_bass_is_a_guitar():
    from mir.training.mixes import with_valid_basses
    from scoretok.parts import Note, Track
    from scoretok.sheet import LeadSheet

    bass = Track("bass", (Note(0, 17, 24), Note(24, 40, 24), Note(24, 64, 24), Note(48, 55, 24)))
    tracks = with_valid_basses(LeadSheet(bar_count=1, tracks=(bass,))).tracks
    assert [(track.role, [note.pitch for note in track.notes]) for track in tracks] == [
        ("bass", [29, 40, 55]), ("guitar", [64]),
    ]  # fmt: skip


def test_a_folder_without_scores_says_so(tmp_path):
    from mir.training.mixes import score_files

    with pytest.raises(ScoretokError, match="no scores"):
        score_files(tmp_path, held_out=False)


def test_what_is_no_soundfont_is_refused(tmp_path):
    from mir.training.mixes import SoundfontBand

    (tmp_path / "x.sf2").write_bytes(b"junk")
    with pytest.raises(ScoretokError, match="is not a soundfont"):
        SoundfontBand([tmp_path / "x.sf2"])


def test_a_run_learns_and_goes_on_where_it_stopped(songs, soundfont, tmp_path):
    import json

    from mir.notes.network import TranscriptionNet
    from mir.training.mixes import SoundfontBand, write_mix_shard
    from mir.training.train_transcriber import RECIPE, train

    (tmp_path / "data").mkdir()
    write_mix_shard(tmp_path / "data" / "mixes-0000.safetensors", songs, SoundfontBand([soundfont]), 2, seed=1)
    folders = [str(tmp_path / "data"), str(tmp_path / "data"), tmp_path / "run"]
    recipe = replace(RECIPE, steps=4, batch=2, evaluate_every=2, warmup_steps=1)
    steps = []
    for length in (4, 6):
        train(*folders, replace(recipe, steps=length), None, 8, 2, lambda step, _: steps.append(step))
    assert steps == [2, 4, 6]
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 4, 6]
    assert rows[-1]["held_out_onsets"] < rows[0]["held_out_onsets"]
    assert TranscriptionNet.load(tmp_path / "run" / "model").config["channels"] == 8
    with pytest.raises(ScoretokError, match="holds no shards"):
        train(str(tmp_path), str(tmp_path), tmp_path / "other", recipe)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "state.pt").write_bytes(b"")
    with pytest.raises(ScoretokError, match="of an earlier version"):
        train(folders[0], folders[0], tmp_path / "old", recipe, None, 8, 2)


def test_runs_are_averaged_if_they_are_alike(tmp_path):
    from mir.notes.network import TranscriptionNet
    from scoretok.nn.weights import average_weights

    for name, channels in (("a", 8), ("b", 8), ("wide", 16)):
        TranscriptionNet(channels, context=16, context_blocks=2).save(tmp_path / name)
    average_weights([tmp_path / "a", tmp_path / "b"], tmp_path / "mean")
    first, second, both = (TranscriptionNet.load(tmp_path / name).notes.weight for name in ("a", "b", "mean"))
    assert np.allclose(both.detach(), ((first + second) / 2).detach())
    for names, message in (([], "cannot be averaged"), (["a", "wide"], "of one size")):
        with pytest.raises(ScoretokError, match=message):
            average_weights([tmp_path / name for name in names], tmp_path / "out")


def test_transposing_levels_moves_them_by_semitones():
    from mir.training.train_transcriber import augment_levels

    levels = np.zeros((3, 300, 4), np.float32)
    levels[:, 100] = 0.6
    moved = augment_levels(levels, 2, np.random.default_rng(0))
    assert moved[0, :, 0].argmax() == 106


@pytest.mark.skipif(find_spec("transkun") is None, reason="transkun is not installed")
def test_transkun_hears_a_piano(soundfont):
    from mir.notes.piano_notes import piano_notes
    from mir.training.mixes import SYNTH_RATE, MixPart, SoundfontBand
    from scoretok.audio import SAMPLE_RATE, Recording, resample

    rows = np.array([(0.5, 0.9, 60, 90), (1.0, 1.4, 64, 90), (1.5, 1.9, 67, 90)])
    sound = SoundfontBand([soundfont], {"piano": (0,)}).play(MixPart("piano", rows), 2.5, np.random.default_rng(0))
    found = piano_notes(Recording(resample(sound, SYNTH_RATE, SAMPLE_RATE)))["piano"]
    assert [note.pitch for note in found] == [60, 64, 67]
    assert np.abs(np.array([note.start_s for note in found]) - rows[:, 0]).max() < 0.05


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_a_kit_strikes_when_it_is_told_and_alike_for_the_same_seed(seed):
    from mir.training.drum_synth import SynthDrumKit

    for key in (36, 38, 42, 60):
        rows = np.array([(0.2, 0.3, key, 100)], float)
        first, again = (SynthDrumKit(32000, np.random.default_rng(seed)).play(rows, 1.0) for _ in range(2))
        assert np.array_equal(first, again)
        assert first.shape == (2, 32000)
        assert not first[:, :6400].any()
        assert np.abs(first[:, 6400:6600]).max() > 0.3 * np.abs(first).max()


def test_a_kit_has_every_key_and_a_closed_hat_ends_an_open_one():
    from mir.training.drum_synth import SynthDrumKit

    kit = SynthDrumKit(32000, np.random.default_rng(2))
    sounds = [kit.sound(key) for key in range(27, 88)]
    assert all(np.isfinite(sound).all() and np.abs(sound).max() > 0.05 for sound in sounds)
    ringing = kit.play(np.array([(0, 0.1, 46, 100)], float), 1.0)
    ended = kit.play(np.array([(0, 0.1, 46, 100), (0.1, 0.2, 42, 1)], float), 1.0)
    assert np.abs(ended[:, 16000:]).sum() < 0.2 * np.abs(ringing[:, 16000:]).sum()
