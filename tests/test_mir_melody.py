"""A voice alone becomes notes, in whatever tuning it sings."""

import numpy as np
import pytest

from mir.melody import melody_notes, pitch_curve, tuning_of_curve
from scoretok.audio import Recording

pytest.importorskip("swift_f0")
RATE = 44100
TUNE = [(60, 0.5, 0.4), (62, 0.5, 0.2), (64, 1.0, 0.4), (60, 0.25, 0.1), (67, 1.0, 0.4)]  # pitch, seconds, level


def sung(tuning=0.0, vibrato=0.2):
    """A buzzing voice that sings TUNE with a breath between its notes."""
    parts = [np.zeros(RATE // 2)]
    for pitch, seconds, level in TUNE:
        n = np.arange(int(seconds * RATE))
        bend = vibrato * np.sin(2 * np.pi * 5.5 * n / RATE)
        phase = 2 * np.pi * np.cumsum(440 * 2 ** ((pitch + tuning + bend - 69) / 12)) / RATE
        wave = sum(np.sin(k * phase) / k for k in range(1, 12))
        parts += [level * wave * np.minimum(1, np.minimum(n, n[::-1]) / 800), np.zeros(RATE // 10)]
    samples = np.concatenate(parts) * 0.5
    return Recording(np.stack([samples, samples]).astype(np.float32), RATE)


@pytest.mark.parametrize("tuning", [0.0, 0.3, -0.4])
def test_a_tune_comes_back_in_any_tuning(tuning):
    curve = pitch_curve(sung(tuning))
    notes = melody_notes(curve)
    assert [note.pitch for note in notes] == [pitch for pitch, _, _ in TUNE]
    assert abs(tuning_of_curve(curve) - tuning) < 0.1
    starts = 0.5 + np.cumsum([0, *(seconds + 0.1 for _, seconds, _ in TUNE[:-1])])
    assert np.abs([note.start_s for note in notes] - starts).max() < 0.05
    assert all(note.confidence > 0.6 for note in notes)


def test_louder_notes_have_higher_velocities():
    velocities = [note.velocity for note in melody_notes(pitch_curve(sung()))]
    assert velocities[0] > velocities[1] > velocities[3]
    assert max(velocities) == 112


def test_no_voice_is_no_melody():
    silence = Recording(np.zeros((2, RATE), np.float32), RATE)
    curve = pitch_curve(silence)
    assert melody_notes(curve) == []
    assert tuning_of_curve(curve) == 0.0
