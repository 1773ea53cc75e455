"""A hummed melody becomes a score."""

from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mir.estimates import NoteEstimate
from mir.hum import grid_of, transcribe_hum
from scoretok import ScoretokError
from scoretok.audio import Recording

RATE = 16000
TUNE = (
    (0, 60, 1),
    (1, 62, 1),
    (2, 64, 1),
    (3, 65, 0.5),
    (3.5, 64, 0.5),
    (4, 62, 2),
    (6, 59, 1),
    (7, 60, 1),
    (8, 60, 4),
)


def hummed(bpm, cents=0.0, start_s=0.4):
    """A voice with a few overtones that slides a little into every note."""
    total = int((12 * 60 / bpm + start_s + 0.8) * RATE)
    samples = np.zeros(total)
    for beat, pitch, length in TUNE:
        begin, count = int((start_s + beat * 60 / bpm) * RATE), int(length * 60 / bpm * 0.88 * RATE)
        t = np.arange(count) / RATE
        hz = 440 * 2 ** ((pitch + cents / 100 - 69 - 0.3 * np.exp(-t / 0.02)) / 12)
        phase = 2 * np.pi * np.cumsum(hz) / RATE
        fade = np.minimum(1, np.minimum(t, t[::-1]) / 0.02)
        samples[begin : begin + count] += fade * sum(np.sin(k * phase) / k**2 for k in range(1, 6)) * 0.2
    return Recording(np.stack([samples, samples]).astype(np.float32), RATE, "hum.wav")


@given(st.floats(70, 150), st.integers(0, 10_000))
def test_the_grid_of_even_notes_is_theirs_or_half_of_it(bpm, seed):
    rng = np.random.default_rng(seed)
    beats = np.cumsum(rng.choice([0.5, 1, 1, 1, 2], 24))
    notes = [NoteEstimate(0.5 + beat * 60 / bpm + rng.normal(0, 0.008), 1 + beat * 60 / bpm, 60) for beat in beats]
    grid = grid_of(notes, 60.0)
    assert min(abs(grid.bpm / bpm / factor - 1) for factor in (0.5, 1, 2)) < 0.03
    assert abs(grid_of(notes, 60.0, tempo_bpm=bpm).bpm / bpm - 1) < 0.01


@pytest.mark.skipif(not find_spec("swift_f0") or not find_spec("soxr"), reason="swift-f0 is not installed")
@pytest.mark.parametrize(("bpm", "cents"), [(96, 0), (120, 35)])
def test_a_tune_comes_back_note_by_note(bpm, cents):
    sheet = transcribe_hum(hummed(bpm, cents))
    notes = sheet.tracks[0].notes
    assert [note.pitch for note in notes] == [pitch for _, pitch, _ in TUNE]
    first = notes[0].start_ticks
    assert [(note.start_ticks - first) / 24 for note in notes] == [beat for beat, _, _ in TUNE]
    assert abs(sheet.tempos[-1].bpm / bpm - 1) < 0.02
    assert sheet.keys[0].tonic == 0
    waltz = transcribe_hum(hummed(bpm, cents), tempo_bpm=bpm, meter=(3, 4), key="A minor")
    assert (waltz.meters[0].numerator, waltz.keys[0].is_minor) == (3, True)


@pytest.mark.skipif(not find_spec("swift_f0") or not find_spec("soxr"), reason="swift-f0 is not installed")
def test_noise_is_no_tune():
    noise = np.random.default_rng(0).normal(0, 0.05, (2, 3 * RATE)).astype(np.float32)
    with pytest.raises(ScoretokError, match="no note that can be heard"):
        transcribe_hum(Recording(noise, RATE, "noise.wav"))
