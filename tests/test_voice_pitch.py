"""What becomes of the pitch of a take: expression, tuning, register."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from renderer.voice.envelope import FRAME_S
from renderer.voice.f0 import Melody, Pitch, estimate_pitch, flatten_expression, octave_shift

FRAMES = 400
TIMES_S = np.arange(FRAMES) * FRAME_S


def vibrato(semitones, centre=60.0):
    midi = centre + semitones * np.sin(2 * np.pi * 5.5 * TIMES_S)
    return Pitch(440 * 2 ** ((midi - 69) / 12), np.ones(FRAMES))


def midi(pitch):
    return 69 + 12 * np.log2(pitch.hz / 440)


@given(depth=st.floats(0.1, 0.8), keep=st.floats(0, 1))
def test_expression_shrinks_to_what_is_kept(depth, keep):
    inside = slice(40, -40)
    left = midi(flatten_expression(vibrato(depth), keep))[inside] - 60
    assert abs(left.std() - keep * depth / np.sqrt(2)) < 0.2 * depth + 0.02
    assert abs(left.mean()) < 0.1


def test_all_expression_is_the_take_itself():
    take = vibrato(0.5)
    assert flatten_expression(take, 1.0) is take


@given(note=st.integers(48, 72), off=st.floats(-3, 3), octave=st.integers(-2, 2), strength=st.floats(0, 1))
def test_tuning_draws_to_the_note_in_the_octave_that_is_sung(note, off, octave, strength):
    melody = Melody(np.array([0.5]), np.array([3.0]), np.array([float(note + 12 * octave)]))
    tuned = midi(melody.tuned(0, vibrato(0.0, note + off), strength))
    inside = (TIMES_S > 0.7) & (TIMES_S < 2.8)
    assert np.abs(tuned[inside] - (note + off * (1 - strength))).max() < 0.05
    outside = TIMES_S > 3.3
    assert np.abs(tuned[outside] - (note + off)).max() < 1e-6


def test_tuning_depends_on_time_and_not_on_where_a_block_begins():
    melody = Melody(np.array([0.5, 1.5]), np.array([1.5, 3.0]), np.array([60.0, 62.0]))
    whole = melody.tuned(0, vibrato(0.3, 61.0), 1.0)
    part = melody.tuned(100, vibrato(0.3, 61.0)[100:300], 1.0)
    assert np.abs(part.hz[40:-40] / whole.hz[140:260] - 1).max() < 1e-9


@given(take=st.floats(80, 800), low=st.floats(80, 300), width=st.floats(1.0, 2.0))
def test_octaves_lead_into_the_range_where_any_do(take, low, width):
    octaves = octave_shift(take, low, low * width)
    moved = np.log2(take) + octaves
    apart = max(np.log2(low) - moved, moved - np.log2(low * width), 0)
    assert apart <= 0.5 + 0.06 * 3
    if low <= take <= low * width:
        assert octaves == 0


def test_a_voice_without_pitch_moves_nothing():
    assert octave_shift(0.0, 100, 200) == 0
    assert octave_shift(300.0, 0.0, 0.0) == 0


def test_a_tone_is_found_and_silence_is_not():
    times = np.arange(32000) / 16000
    tone = sum(np.sin(2 * np.pi * 220 * n * times) / n for n in range(1, 9)).astype(np.float32) * 0.1
    found = estimate_pitch(tone, 160)
    assert abs(found.median_hz / 220 - 1) < 0.01
    assert found.is_voiced[10:-10].all()
    nothing = estimate_pitch(np.zeros(32000, np.float32), 160)
    assert not nothing.is_voiced.any()
    assert nothing.median_hz == 0
