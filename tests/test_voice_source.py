"""Takes and references as people have them: what cannot be converted is said in a sentence, what can is."""

import numpy as np
import pytest
import soundfile
from conftest import run

from editing.voice.conversion import first_seconds
from editing.voice.source import analyse_source
from scoretok.audio import open_audio
from scoretok.errors import ScoretokError, ScoretokWarning

RATE = 44100


def test_blocks_are_the_file_at_the_rate_of_the_model(rule_singers, tmp_path):
    samples, rate = soundfile.read(rule_singers[0], dtype="float32")
    assert np.array_equal(np.concatenate(list(open_audio(rule_singers[0]).blocks(44100))), samples)
    soundfile.write(tmp_path / "stereo.flac", np.stack([samples, samples], 1)[::2], rate // 2)
    again = np.concatenate(list(open_audio(tmp_path / "stereo.flac").blocks(44100)))
    assert abs(len(again) - len(samples)) <= 2
    assert len(first_seconds(open_audio(rule_singers[0]).blocks(44100), 1.5)) == round(1.5 * rate)


def test_a_take_is_looked_over(rule_singers):
    survey = analyse_source(open_audio(rule_singers[0]).blocks(44100), "the take")
    assert 300 < survey.median_hz < 460
    assert survey.n_samples == soundfile.info(str(rule_singers[0])).frames
    low = analyse_source(open_audio(rule_singers[1]).blocks(44100), "the singer")
    assert low.median_hz < 260


def test_silence_and_noise_hold_no_voice():
    with pytest.raises(ScoretokError, match="silent"):
        analyse_source([np.zeros(3 * RATE, np.float32)], "nothing.wav")
    hiss = (0.1 * np.random.default_rng(0).standard_normal(3 * RATE)).astype(np.float32)
    with pytest.raises(ScoretokError, match=r"no voice is heard in hiss\.wav"):
        analyse_source([hiss], "hiss.wav")


def test_clipping_and_telephones_are_told(rule_singers):
    samples = first_seconds(open_audio(rule_singers[0]).blocks(44100), 4)
    with pytest.warns(ScoretokWarning, match="clipped"):
        analyse_source([(samples * 20).clip(-1, 1)], "loud.wav")
    from scoretok.audio import resample

    narrow = resample(resample(samples, RATE, 6800), 6800, RATE)
    with pytest.warns(ScoretokWarning, match=r"nothing above [34]\.\d kHz"):
        analyse_source([narrow], "phone.wav", 44100)


def test_several_instruments_are_told(saints, tmp_path):
    """A melody that jumps between voices is no one's."""
    rng = np.random.default_rng(0)
    times = np.arange(RATE // 12) / RATE
    tones = []
    for _ in range(60):
        hz = 110 * 2 ** rng.uniform(0, 3)
        tones.append(sum(np.sin(2 * np.pi * hz * n * times) / n for n in range(1, 6)) * 0.1)
    with pytest.warns(ScoretokWarning, match="leaps about"):
        analyse_source([np.concatenate(tones).astype(np.float32)], "many.wav")


BAD = {
    "no target": (("take.wav", "-o", "o.wav"), "name the singer with --to"),
    "both targets": (("take.wav", "--to", "a.wav", "--timbre-mix", "a.wav:1", "-o", "o.wav"), "name the singer"),
    "missing take": (("none.wav", "--to", "singer.wav", "-o", "o.wav"), "none.wav does not exist"),
    "missing target": (("take.wav", "--to", "none.wav", "-o", "o.wav"), "none.wav does not exist"),
    "missing voice": (("take.wav", "--to", "none.voice", "-o", "o.wav"), "make it with: scoretok voice enrol"),
    "short reference": (("take.wav", "--to", "short.wav", "-o", "o.wav"), "a reference needs 0.5 s"),
    "silent reference": (("take.wav", "--to", "silent.wav", "-o", "o.wav"), "silent.wav is silent"),
    "text as audio": (("take.wav", "--to", "text.wav", "-o", "o.wav"), "cannot be read as audio"),
    "bad mix": (("take.wav", "--timbre-mix", "singer.wav=1", "-o", "o.wav"), "write for example a.wav:0.7,b.wav:0.3"),
    "bad shift": (
        ("take.wav", "--to", "singer.wav", "--shift", "up", "-o", "o.wav"),
        "write auto, match, or semitones",
    ),
    "far shift": (("take.wav", "--to", "singer.wav", "--shift", "nan", "-o", "o.wav"), "at most 36 semitones"),
    "onto itself": (("take.wav", "--to", "singer.wav", "-o", "take.wav"), "name another output"),
    "no format": (("take.wav", "--to", "singer.wav", "-o", "o.wma"), "does not end like audio"),
    "no folder": (("take.wav", "--to", "singer.wav", "-o", "none/o.wav"), "does not exist"),
    "bars without score": (("take.wav", "--to", "singer.wav", "--bars", "1", "-o", "o.wav"), "--score song.lead"),
    "no such section": (
        ("take.wav", "--to", "singer.wav", "--score", "song.lead", "--section", "bridge", "-o", "o.wav"),
        "no section 'bridge'",
    ),
    "broken voice": (("take.wav", "--to", "broken.voice", "-o", "o.wav"), "not a whole voice file"),
}


@pytest.fixture(scope="module")
def bench(rule_singers, tmp_path_factory):
    from conftest import EXAMPLES

    folder = tmp_path_factory.mktemp("bench")
    for path, name in zip(rule_singers, ("take", "singer"), strict=True):
        (folder / f"{name}.wav").write_bytes(path.read_bytes())
    samples, rate = soundfile.read(rule_singers[1])
    soundfile.write(folder / "short.wav", samples[rate : rate + rate * 3 // 10], rate)
    soundfile.write(folder / "silent.wav", np.zeros(rate * 3), rate)
    (folder / "text.wav").write_text("this is no sound")
    (folder / "broken.voice").write_bytes(b"\x00" * 40)
    (folder / "song.lead").write_text((EXAMPLES / "amazing-grace.lead").read_text())
    return folder


@pytest.mark.parametrize("case", BAD)
def test_bad_requests_end_in_a_sentence_and_leave_nothing(bench, case):
    arguments, sentence = BAD[case]
    before = {path.name: path.read_bytes() for path in bench.iterdir()}
    result = run("voice", "convert", *arguments, cwd=bench)
    assert result.returncode == 1, result.stderr
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stderr.strip().count("\n") == 0
    assert {path.name: path.read_bytes() for path in bench.iterdir()} == before


def test_enrolling_needs_consent(bench):
    result = run("voice", "enrol", "singer.wav", "--name", "anna", "--consent", "yes", cwd=bench)
    assert result.returncode == 1
    assert "say whose voice it is" in result.stderr
    assert run("voice", "enrol", "singer.wav", "--name", "anna", cwd=bench).returncode == 2
    assert not (bench / "anna.voice").exists()
