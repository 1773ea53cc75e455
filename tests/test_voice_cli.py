"""scoretok voice: from the real command, with the weights that ship, on singers made by rule."""

import json

import numpy as np
import pytest
import soundfile
from conftest import EXAMPLES, run

from editing.voice.conversion import first_seconds
from editing.voice.conversion_comment import is_converted
from editing.voice.source import analyse_source
from renderer.voice.f0 import estimate_pitch
from scoretok.audio import open_audio, resample


def pitch(path):
    samples = first_seconds(open_audio(path).blocks(44100), 60)
    return estimate_pitch(resample(samples, 44100, 16000), len(samples) // 512)


@pytest.fixture(scope="module")
def converted(rule_singers, tmp_path_factory):
    out = tmp_path_factory.mktemp("converted") / "out.wav"
    result = run("voice", "convert", rule_singers[0], "--to", rule_singers[1], "-o", out, "--json")
    assert result.returncode == 0, result.stderr
    return out, json.loads(result.stdout)


def test_the_melody_stays_and_moves_by_whole_octaves(rule_singers, converted):
    out, answer = converted
    assert answer["shift_semitones"] == -12
    take, made = pitch(rule_singers[0]), pitch(out)
    both = take.is_voiced & made.is_voiced
    assert both.sum() > 0.8 * take.is_voiced.sum()
    semitones = 12 * np.log2(made.hz[both] / take.hz[both])
    assert abs(np.median(semitones) + 12) < 0.1
    assert np.mean(np.abs(semitones + 12) < 0.5) > 0.9


def test_length_loudness_and_mark(rule_singers, converted):
    out, answer = converted
    info, before = soundfile.info(str(out)), soundfile.info(str(rule_singers[0]))
    assert (info.frames, info.samplerate, info.channels) == (before.frames, 44100, 1)
    a, b = (
        analyse_source(open_audio(rule_singers[0]).blocks(44100), "a"),
        analyse_source(open_audio(out).blocks(44100), "b"),
    )
    assert abs(a.nominal_log_power - b.nominal_log_power) < 0.5
    with soundfile.SoundFile(out) as file:
        assert is_converted(file.comment)
    assert answer["voice"] == "singer"


def test_the_same_seed_gives_the_same_file_and_a_kept_voice_the_same_sound(rule_singers, converted, tmp_path):
    again = run(
        "voice", "convert", rule_singers[0], "--to", rule_singers[1], "-o", "again.wav", "--quiet", cwd=tmp_path
    )
    assert again.returncode == 0
    assert again.stdout == again.stderr == ""
    assert (tmp_path / "again.wav").read_bytes() == converted[0].read_bytes()
    enrolled = run("voice", "enrol", rule_singers[1], "--name", "low", "--consent", "made by rule", cwd=tmp_path)
    assert enrolled.returncode == 0, enrolled.stderr
    run("voice", "convert", rule_singers[0], "--to", "low.voice", "-o", "kept.wav", "--seed", "0", cwd=tmp_path)
    kept, direct = soundfile.read(tmp_path / "kept.wav")[0], soundfile.read(converted[0])[0]
    assert np.sqrt(np.mean((kept - direct) ** 2)) < 0.1 * np.sqrt(np.mean(direct**2))
    with soundfile.SoundFile(tmp_path / "kept.wav") as file:
        assert "made by rule" in file.comment


def test_expression_tuning_and_shift(rule_singers, tmp_path):
    flat = run("voice", "convert", rule_singers[0], "--to", rule_singers[1], "-o", "flat.wav", "--shift", "-5",
               "--keep-expression", "0", "--steps", "0", cwd=tmp_path)  # fmt: skip
    assert flat.returncode == 0, flat.stderr
    take, made = pitch(rule_singers[0]), pitch(tmp_path / "flat.wav")
    both = take.is_voiced & made.is_voiced
    assert abs(np.median(12 * np.log2(made.hz[both] / take.hz[both])) + 5) < 0.15

    def wobble(one):
        steps = np.abs(np.diff(12 * np.log2(one.hz)))[both[1:] & both[:-1]]
        return np.mean(np.minimum(steps, 0.3))

    assert wobble(made) < 0.7 * wobble(take)


def test_only_the_bars_that_are_named_change(rule_singers, tmp_path):
    samples, rate = soundfile.read(rule_singers[0], dtype="int16")
    stereo = np.stack([samples, samples // 2], 1)
    soundfile.write(tmp_path / "take.wav", stereo, rate, "PCM_16")
    result = run("voice", "convert", "take.wav", "--to", rule_singers[1], "--score", EXAMPLES / "amazing-grace.lead",
                 "--bars", "3", "-o", "out.wav", "--json", cwd=tmp_path)  # fmt: skip
    assert result.returncode == 0, result.stderr
    ((start_s, stop_s),) = json.loads(result.stdout)["changed_s"]
    made, _ = soundfile.read(tmp_path / "out.wav", dtype="int16")
    inside = np.zeros(len(made), bool)
    inside[round(start_s * rate) : round(stop_s * rate)] = True
    assert np.array_equal(made[~inside], stereo[~inside])
    assert (made[inside] != stereo[inside]).any(1).mean() > 0.8
    with soundfile.SoundFile(tmp_path / "out.wav") as file:
        assert is_converted(file.comment)
    levels = [np.sqrt(np.mean(channel[inside].astype(float) ** 2)) for channel in made.T]
    assert levels[1] / levels[0] == pytest.approx(0.5, abs=0.05)


def test_a_voice_in_a_mix_is_replaced(rule_singers, tmp_path):
    samples, rate = soundfile.read(rule_singers[0], dtype="float32")
    times = np.arange(len(samples)) / rate
    band = 0.03 * sum(np.sin(2 * np.pi * hz * times) for hz in (98, 147, 196)).astype(np.float32)
    soundfile.write(tmp_path / "song.flac", np.stack([0.7 * samples + band, 0.7 * samples - band], 1), rate, "PCM_24")
    result = run("voice", "convert", "song.flac", "--to", rule_singers[1], "--in-mix", "-o", "new.flac", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    made, _ = soundfile.read(tmp_path / "new.flac")
    assert made.shape == (len(samples), 2)
    side = (made[:, 0] - made[:, 1]) / 2
    assert np.sqrt(np.mean((side - band)[rate:-rate] ** 2)) < 0.3 * np.sqrt(np.mean(band**2))
    found_pitch = pitch(tmp_path / "new.flac")
    assert found_pitch.is_voiced.any()


def test_a_mix_of_voices(rule_singers, tmp_path):
    both = f"{rule_singers[0]}:0.5,{rule_singers[1]}:0.5"
    result = run(
        *("voice", "convert", rule_singers[0], "--timbre-mix", both, "-o", "mixed.ogg"),
        *("--melody", EXAMPLES / "amazing-grace.lead", "--tune", "0.5", "--formant", "2", "--breath", "6"),
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    assert "take 0.50 + singer 0.50" in result.stderr
    assert soundfile.info(str(tmp_path / "mixed.ogg")).frames > 44100
