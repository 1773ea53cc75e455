"""Recordings of any kind become stereo at one rate, or one sentence says why not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoretok import ScoretokError
from scoretok.audio import SAMPLE_RATE, Recording, common_period, open_audio, read_mono, read_recording, resample
from scoretok.audio.comments import CONVERTED, INPAINTED, RENDERED, append_comment, comment_with, fields_of
from scoretok.audio.writer import write_audio

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


@pytest.mark.parametrize("suffix", ["mp3", "ogg"])
def test_spans_of_compressed_files_are_those_of_the_whole(tmp_path, suffix):
    path = tmp_path / f"noise.{suffix}"
    noise = np.random.default_rng(0).normal(0, 0.1, (8 * SAMPLE_RATE, 2))
    soundfile.write(path, noise, SAMPLE_RATE)
    whole = soundfile.read(path, always_2d=True)[0]
    file = open_audio(path)
    for start in range(0, file.n_samples - 5000, 20_011):
        assert np.array_equal(file.stored(start, start + 5000), whole[start : start + 5000])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_not_written(tmp_path, bad):
    path = tmp_path / "old.wav"
    path.write_bytes(b"precious")
    with pytest.raises(ScoretokError, match="no numbers"):
        write_audio(np.full((1, 100), bad), SAMPLE_RATE, path)
    assert path.read_bytes() == b"precious"


def write_m4a(path):
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        frame = av.AudioFrame.from_ndarray(tone(SAMPLE_RATE, 2.0, 2).T.astype(np.float32).copy(), "fltp", "stereo")
        frame.sample_rate = SAMPLE_RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def test_sound_that_only_ffmpeg_reads(tmp_path):
    path = tmp_path / "tone.m4a"
    write_m4a(path)
    recording = read_recording(path)
    assert abs(recording.duration_s - 2.0) < 0.1
    assert abs(peak_hz(recording) - 440) < 2


def test_stereo_stays_stereo_and_stems_may_be_mono(tmp_path):
    path = tmp_path / "pan.wav"
    soundfile.write(path, tone(SAMPLE_RATE, 1.0, 2) * [1, 0], SAMPLE_RATE)
    recording = read_recording(path)
    assert np.abs(recording.samples[0]).max() > 0.4
    assert np.abs(recording.samples[1]).max() < 1e-3
    stem = recording.with_samples(recording.samples[0])
    assert np.array_equal(stem.samples[0], stem.samples[1])
    assert Recording(np.zeros((2, SAMPLE_RATE), np.float32)).is_silent


@pytest.mark.parametrize(("make", "told"), [
    (lambda path: None, "does not exist"),
    (lambda path: path.write_text("no sound at all"), "cannot be read as audio"),
    (lambda path: path.write_bytes(b""), "cannot be read as audio"),
    (lambda path: soundfile.write(path, tone(8000, 0.2), 8000), "at least 0.5 s"),
    (lambda path: soundfile.write(path, np.zeros(190_000), 100), "cut it into pieces of 30 minutes"),
    (lambda path: soundfile.write(path, np.full(8000, np.nan, np.float32), 8000, "FLOAT"), "no numbers"),
])  # fmt: skip
def test_what_cannot_be_used_is_refused_in_one_sentence(tmp_path, make, told):
    path = tmp_path / "song.wav"
    make(path)
    with pytest.raises(ScoretokError, match=told):
        read_recording(path)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "m4a"])
def test_whole_spans_and_blocks_are_the_same_samples(tmp_path, suffix):
    path = tmp_path / f"tone.{suffix}"
    if suffix == "m4a":
        write_m4a(path)
    else:
        soundfile.write(path, tone(SAMPLE_RATE, 2.0, 2) * [1, 0.5], SAMPLE_RATE)
    file = open_audio(path)
    whole = file.read(0, file.n_samples)
    assert whole.shape == (2, file.n_samples)
    assert np.array_equal(file.read(5000, 9000), whole[:, 5000:9000])
    assert np.array_equal(file.read(-10, 20)[:, :10], np.zeros((2, 10)))
    assert np.array_equal(file.read(file.n_samples - 5, file.n_samples + 5)[:, 5:], np.zeros((2, 5)))
    for block_s in (0.3, 1.0, 5.0):
        blocks = np.concatenate(list(file.blocks(SAMPLE_RATE, block_s)))
        assert np.allclose(blocks, whole.mean(0), atol=1e-6)
    assert np.allclose(read_mono(path), whole.mean(0), atol=1e-6)
    assert len(read_mono(path, longest_s=0.5)) == SAMPLE_RATE // 2
    assert np.array_equal(file.read_at(SAMPLE_RATE, 100, 300), whole[:, 100:300])


def test_a_span_at_another_rate_is_a_span_of_the_whole(tmp_path):
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, (48000 * 2, 1)), 48000, "DOUBLE")
    file = open_audio(path)
    whole = file.read_at(SAMPLE_RATE, 0, 2 * SAMPLE_RATE)
    assert np.allclose(file.read_at(SAMPLE_RATE, 30_000, 31_000), whole[:, 30_000:31_000], atol=1e-6)


@given(st.integers(1, 192_000), st.integers(1, 192_000))
def test_a_common_period_is_as_long_at_both_rates(a, b):
    here, there = common_period(a, b)
    assert here * b == there * a
    assert here <= a


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_resampling_keeps_type_and_channels(dtype):
    samples = np.zeros((2, 4410), dtype)
    assert resample(samples, 44100, 22050).shape == (2, 2205)
    assert resample(samples, 44100, 22050).dtype == dtype
    assert resample(samples[0], 44100, 22050).shape == (2205,)
    assert resample(samples, 44100, 44100) is samples


def test_comments_say_how_a_file_was_made_and_nothing_else_is_read(tmp_path):
    assert len(INPAINTED.rstrip()) <= len(RENDERED)
    assert fields_of(comment_with(RENDERED, {"seed": 3}), RENDERED) == {"seed": 3}
    for other in ("", "by hand", CONVERTED + "{}", RENDERED + "{", RENDERED + "[1]"):
        assert fields_of(other, RENDERED) is None
    soundfile.write(tmp_path / "a.wav", tone(8000), 8000)
    before = soundfile.read(tmp_path / "a.wav", dtype="int16")[0]
    append_comment(tmp_path / "a.wav", "odd")
    assert open_audio(tmp_path / "a.wav").comment == "odd"
    assert np.array_equal(soundfile.read(tmp_path / "a.wav", dtype="int16")[0], before)
