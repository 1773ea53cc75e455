"""Recordings of any kind become stereo at one rate, or one sentence says why not."""

import numpy as np
import pytest

from mir.audio import RATE, Recording, read_recording
from scoretok import ScoretokError

soundfile = pytest.importorskip("soundfile")


def tone(rate, seconds=1.0, channels=1):
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)
    return np.stack([wave] * channels, 1)


def peak_hz(recording):
    spectrum = np.abs(np.fft.rfft(recording.mono))
    return np.argmax(spectrum) / recording.duration_s


@pytest.mark.parametrize(("rate", "channels", "suffix"), [
    (8000, 1, "wav"), (48000, 2, "flac"), (22050, 7, "wav"), (44100, 2, "ogg"), (44100, 1, "mp3"), (11025, 1, "aiff"),
])  # fmt: skip
def test_any_rate_number_of_channels_and_format_is_read(tmp_path, rate, channels, suffix):
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, tone(rate, 1.0, channels), rate)
    recording = read_recording(path)
    assert recording.samples.shape[0] == 2
    assert recording.samples.dtype == np.float32
    assert abs(recording.duration_s - 1.0) < 0.06
    assert abs(peak_hz(recording) - 440) < 2
    assert 0.4 < np.abs(recording.samples).max() < 0.6
    assert not recording.is_silent
    assert len(recording.mono_at(16000)) == round(16000 * recording.duration_s)


def test_sound_that_only_ffmpeg_reads(tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "tone.m4a"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=RATE, layout="stereo")
        frame = av.AudioFrame.from_ndarray(tone(RATE, 2.0, 2).T.astype(np.float32).copy(), "fltp", "stereo")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    recording = read_recording(path)
    assert abs(recording.duration_s - 2.0) < 0.1
    assert abs(peak_hz(recording) - 440) < 2


def test_stereo_stays_stereo_and_stems_may_be_mono(tmp_path):
    path = tmp_path / "pan.wav"
    soundfile.write(path, tone(RATE, 1.0, 2) * [1, 0], RATE)
    recording = read_recording(path)
    assert np.abs(recording.samples[0]).max() > 0.4
    assert np.abs(recording.samples[1]).max() < 1e-3
    stem = recording.with_samples(recording.samples[0])
    assert np.array_equal(stem.samples[0], stem.samples[1])
    assert Recording(np.zeros((2, RATE), np.float32)).is_silent


@pytest.mark.parametrize(("make", "message"), [
    (lambda path: None, "does not exist"),
    (lambda path: path.write_text("no sound at all"), "cannot be read as audio"),
    (lambda path: path.write_bytes(b""), "cannot be read as audio"),
    (lambda path: soundfile.write(path, tone(8000, 0.2), 8000), "at least 0.5 s"),
    (lambda path: soundfile.write(path, np.zeros(190_000), 100), "cut it into pieces of 30 minutes"),
    (lambda path: soundfile.write(path, np.full(8000, np.nan, np.float32), 8000, "FLOAT"), "no numbers"),
])  # fmt: skip
def test_what_cannot_be_used_is_refused_in_one_sentence(tmp_path, make, message):
    path = tmp_path / "song.wav"
    make(path)
    with pytest.raises(ScoretokError, match=message):
        read_recording(path)
