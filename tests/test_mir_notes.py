"""The transcription network: spectrogram, targets and what is picked from them, weights."""

import json
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mir.notes.log_spectrogram import BINS, FRAMES_PER_S, LOWEST_PITCH, RATE, WINDOWS, normalised, triangular_filters
from mir.notes.peak_picking import pick_drum_hits, pick_notes, pick_peaks
from mir.notes.targets import DRUM_CLASSES, NOTE_ROLES, PITCHES, NoteLabels, targets
from scoretok import ScoretokError

needs_torch = pytest.mark.skipif(not find_spec("torch"), reason="torch is not installed")
FRAMES = 400


def answers(notes=(), strokes=(), beats=()):
    """What is played: (start, end, pitch, role) and (time, drum)."""
    rows, hits = np.array(notes, float).reshape(-1, 4), np.array(strokes, float).reshape(-1, 2)
    return NoteLabels(
        rows[:, 0], rows[:, 1], rows[:, 2].astype(int), rows[:, 3].astype(int), hits[:, 0], hits[:, 1].astype(int),
        np.array(beats, float), np.array(beats[::4], float),
    )  # fmt: skip


@st.composite
def melodies(draw):
    """Notes of one pitch a role, apart from one another."""
    gaps = draw(st.lists(st.floats(0.12, 0.8), min_size=1, max_size=10))
    starts = 0.1 + np.cumsum(gaps)
    pitch, role = draw(st.integers(LOWEST_PITCH, LOWEST_PITCH + PITCHES - 1)), draw(st.integers(0, len(NOTE_ROLES) - 1))
    lengths = [draw(st.floats(0.08, 0.3)) for _ in gaps]
    return [(start, start + length, pitch, role) for start, length in zip(starts, lengths, strict=True) if start < 7]


@given(melodies())
def test_what_the_targets_say_is_picked_again(notes):
    said, _, _ = targets(answers(notes), FRAMES)
    for role in range(len(NOTE_ROLES)):
        found = pick_notes(said[2 * role], said[2 * role + 1], 0.3)
        wanted = [note for note in notes if note[3] == role]
        assert [note.pitch for note in found] == [note[2] for note in wanted]
        for note, (start, _, _, _) in zip(found, wanted, strict=True):
            assert abs(note.start_s - start) < 0.5 / FRAMES_PER_S
            assert note.end_s > note.start_s


def test_a_note_ends_where_its_frames_fall_silent():
    said, _, _ = targets(answers([(1.0, 2.0, 60, 1)]), FRAMES)
    note = pick_notes(said[2], said[3], 0.3)[0]
    assert abs(note.end_s - 2.0) < 2 / FRAMES_PER_S


@given(st.lists(st.tuples(st.integers(5, 300), st.integers(0, len(DRUM_CLASSES) - 1)), max_size=20, unique=True))
def test_strokes_are_picked_where_they_are(strokes):
    apart = [(at / 40, drum) for at, drum in strokes if (at - 1, drum) not in strokes and (at - 2, drum) not in strokes]
    _, said, _ = targets(answers(strokes=apart), FRAMES)
    found = pick_drum_hits(said, dict.fromkeys(DRUM_CLASSES, 0.3))
    for number, drum in enumerate(DRUM_CLASSES):
        times = [at_s for at_s, _ in found[drum]]
        assert np.allclose(times, sorted(at for at, other in apart if other == number), atol=0.5 / FRAMES_PER_S)


def test_targets_move_with_the_pitch_and_stay_within_the_range():
    notes = [(1.0, 1.5, 60, 0), (1.0, 1.5, LOWEST_PITCH + PITCHES - 1, 0), (30.0, 31.0, 60, 0)]
    plain, _, beats = targets(answers(notes, beats=[0.5, 1.0, 1.5, 2.0]), FRAMES)
    higher, _, _ = targets(answers(notes), FRAMES, shift=2)
    assert np.array_equal(higher[0][62 - LOWEST_PITCH], plain[0][60 - LOWEST_PITCH])
    assert (plain[0].max(1) > 0.5).sum() == 2
    assert (higher[0].max(1) > 0.5).sum() == 1
    assert beats[0].sum() > beats[1].sum() > 0


def test_peaks_are_the_highest_of_five_frames():
    levels = np.zeros((1, 20))
    levels[0, [4, 5, 6, 9]] = [0.4, 0.9, 0.5, 0.2]
    rows, moments, sure = pick_peaks(levels, 0.3)
    assert (rows.tolist(), sure.tolist()) == ([0], [0.9])
    assert 5.0 < moments[0] < 5.2


def test_filters_are_triangles_on_pitches():
    for window in WINDOWS:
        bank = triangular_filters(window)
        assert bank.shape == (window // 2 + 1, BINS)
        assert np.allclose(bank.sum(0), 1)
        peak_hz = bank.argmax(0) * RATE / window
        a4 = 1 + 3 * (69 - LOWEST_PITCH)
        assert abs(peak_hz[a4] - 440) <= RATE / window
    assert normalised(np.zeros(10, np.float32)).max() == 0


@needs_torch
@settings(deadline=None, max_examples=20)
@given(st.integers(36, 96))
def test_a_tone_is_loudest_at_its_pitch(pitch):
    from mir.notes.log_spectrogram import log_spectrogram

    tone = 0.3 * np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * np.arange(RATE) / RATE)
    levels = log_spectrogram(tone.astype(np.float32))
    assert levels.shape == (3, BINS, FRAMES_PER_S + 1)
    assert int(levels[0, :, 25].argmax()) == 1 + 3 * (pitch - LOWEST_PITCH)
    assert float(levels.min()) >= 0
    assert float(levels.max()) <= 1


@needs_torch
def test_the_network_says_something_about_every_frame_and_is_saved_whole(tmp_path):
    import torch

    from mir.notes.network import TranscriptionNet

    torch.manual_seed(0)
    model = TranscriptionNet(channels=8, context=16, context_blocks=2).eval()
    spectrogram = torch.rand(2, 3, BINS, 40)
    with torch.inference_mode():
        notes, drums, beats = model(spectrogram)
    assert notes.shape == (2, 2 * len(NOTE_ROLES), PITCHES, 40)
    assert drums.shape == (2, len(DRUM_CLASSES), 40)
    assert beats.shape == (2, 2, 40)
    model.save(tmp_path)
    with torch.inference_mode():
        again = TranscriptionNet.load(tmp_path)(spectrogram)
    assert all(torch.equal(a, b) for a, b in zip((notes, drums, beats), again, strict=True))
    assert json.loads((tmp_path / "config.json").read_text())["channels"] == 8
    (tmp_path / "model.safetensors").write_bytes(b"junk")
    with pytest.raises(ScoretokError, match="does not hold weights of the transcription"):
        TranscriptionNet.load(tmp_path)


@needs_torch
def test_every_harmonic_of_a_pitch_is_in_its_stack():
    import torch

    from mir.notes.network import HARMONICS, harmonic_stack

    levels = torch.zeros(1, 3, BINS, 1)
    pitch = 20
    for harmonic in HARMONICS:
        at = 3 * pitch + 1 + round(36 * np.log2(harmonic))
        levels[0, 0, at] = 1
    stack = harmonic_stack(levels)
    assert stack.shape == (1, 3 * len(HARMONICS) * 3, PITCHES, 1)
    assert stack[0, :, pitch].sum() >= len(HARMONICS)
