"""The weights that ship, through the engine and the command: determinism, spans, references, bad input."""

import json
import warnings

import numpy as np
import pytest
import soundfile
from conftest import SAINTS, run

from editing import edit
from renderer import load_engine, render
from renderer.dit_engine import RENDERER_WEIGHTS, DitEngine
from scoretok import LeadSheet, Note, ScoretokError, Track, slice_bars


@pytest.fixture(scope="module")
def engine():
    return DitEngine(steps=2)


@pytest.fixture(scope="module")
def opening(request):
    return slice_bars(request.getfixturevalue("saints"), 0, 4)


def test_what_ships_is_small_and_without_pickles():
    files = [path for path in RENDERER_WEIGHTS.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".md", ".toml"}
    assert max(path.stat().st_size for path in files) < 40e6
    assert json.loads((RENDERER_WEIGHTS / "model_index.json").read_text())["_class_name"] == "ScoreToAudioPipeline"


def test_every_track_sounds_and_the_same_seed_gives_the_same_samples(opening, engine):
    first, second = render(opening, engine), render(opening, engine)
    assert np.array_equal(first.mix, second.mix)
    assert not np.array_equal(first.mix, render(opening, engine, seed=1).mix)
    assert list(first.stems) == list(opening.track_ids)
    assert all(np.abs(stem).max() > 0.01 for stem in first.stems.values())
    assert opening.duration_s <= first.mix.shape[1] / 44100 < opening.duration_s + 6
    assert np.abs(first.mix).max() <= 1


def test_an_edit_leaves_other_tracks_bit_identical(opening, engine):
    old, new = render(opening, engine), render(edit(opening, ["transpose +4 in bars 2 of piano"]), engine)
    for name in opening.track_ids:
        length = min(old.stems[name].shape[1], new.stems[name].shape[1])
        same = np.array_equal(old.stems[name][:, :length], new.stems[name][:, :length])
        assert same == (name != "piano.1")


def test_notes_are_in_tune_and_in_time(engine):
    note = LeadSheet(2, (Track("lead", (Note(48, 69, 96),), program=73),))
    sound = render(note, engine, {"lead": load_level()}).mix[0]
    onset = round(note.seconds_at(48) * 44100)
    assert np.abs(sound[: onset - 2400]).max() < 0.1 * np.abs(sound).max()
    held = sound[onset + 8820 : onset + 44100]
    spectrum = np.abs(np.fft.rfft(held * np.hanning(len(held))))
    peak_hz = spectrum[: round(2000 / 44100 * len(held))].argmax() * 44100 / len(held)
    assert min(abs(1200 * np.log2(peak_hz / (440 * k))) for k in (1, 2, 3)) < 15


def load_level():
    from renderer.mixer import Level

    return Level()


def test_bars_are_a_span_of_the_whole(tmp_path):
    common = ("render", SAINTS, "--steps", "1", "--quiet")
    for name, more in (("whole", ("--stems", tmp_path / "stems")), ("part", ("--bars", "7-8"))):
        assert run(*common, "-o", tmp_path / f"{name}.wav", *more).returncode == 0
    whole, part = (soundfile.read(tmp_path / f"{name}.wav", dtype="int16")[0] for name in ("whole", "part"))
    import scoretok

    sheet = scoretok.read(SAINTS)
    start = round(sheet.seconds_at(sheet.bar_starts[6]) * 44100)
    assert np.array_equal(whole[start : start + len(part)], part)
    assert sorted(path.stem for path in (tmp_path / "stems").iterdir()) == sorted(sheet.track_ids)


def test_a_reference_changes_one_track(tmp_path, opening, engine):
    noise = np.random.default_rng(0).normal(0, 0.1, 3 * 44100)
    soundfile.write(tmp_path / "ref.wav", noise, 44100)
    other = DitEngine(steps=2, references={"piano.1": tmp_path / "ref.wav"})
    plain, changed = render(opening, engine), render(opening, other)
    assert not np.array_equal(plain.stems["piano.1"], changed.stems["piano.1"])
    assert np.array_equal(plain.stems["bass.1"], changed.stems["bass.1"])


def test_every_pitch_program_and_velocity_is_rendered(engine):
    notes = tuple(
        Note(i * 12, pitch, 12, velocity) for i, (pitch, velocity) in enumerate([(0, 1), (127, 127), (20, 64)])
    )
    for program, role in ((127, "lead"), (0, "drums")):
        sheet = LeadSheet(1, (Track(role, notes, program=program),))
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            assert np.isfinite(render(sheet, engine, keep_stems=False).mix).all()
        warned = [str(warning.message) for warning in said if "never heard" in str(warning.message)]
        assert [text[:17] for text in warned] == ([] if role == "drums" else ["lead.1 has 3 note"])


def test_bad_models_and_references_get_one_sentence(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "model_index.json").write_text("{")
    (tmp_path / "text.wav").write_text("no audio")
    soundfile.write(tmp_path / "silent.wav", np.zeros(44100), 44100)
    out = tmp_path / "out.wav"
    cases = [
        ("--model", tmp_path / "empty", "model_index.json"),
        ("--model", tmp_path / "missing", "no model folder"),
        ("--model", tmp_path / "foreign", "not a model of this engine"),
        ("--model", tmp_path / "broken", "not a model of this engine"),
        ("--reference", f"piano={tmp_path / 'text.wav'}", "cannot be read as audio"),
        ("--reference", f"piano={tmp_path / 'silent.wav'}", "is silent"),
        ("--reference", f"piano={tmp_path / 'missing.wav'}", "does not exist"),
        ("--reference", f"kazoo={tmp_path / 'silent.wav'}", "kazoo"),
    ]
    for option, value, message in cases:
        result = run("render", SAINTS, "-o", out, option, value)
        assert result.returncode == 1, result.stderr
        assert message in result.stderr
        assert "Traceback" not in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1
        assert not out.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--engine", "draft", "--steps", "3"), "--steps is for the engine"),
        (("--soundfont", "x.sf2"), "--soundfont is for the engine draft"),
        (("--engine", "ace-step"), "needs --model"),
        (("--engine", "ace-step", "--model", "x", "--stems", "y"), "at once"),
    ],
)
def test_options_of_other_engines_are_refused(options, message, tmp_path):
    result = run("render", SAINTS, "-o", tmp_path / "x.wav", *options)
    assert result.returncode == 1
    assert message in result.stderr


def test_too_long_or_too_large_is_told_before_it_is_tried(monkeypatch):
    long = LeadSheet(4000, (Track("piano", (Note(0, 60, 24),)),))
    with pytest.raises(ScoretokError, match="hours"):
        render(long, load_engine("draft"))
    monkeypatch.setattr("scoretok.audio.memory.available_bytes", lambda: 1000)
    with pytest.raises(ScoretokError, match="memory"):
        render(slice_bars(long, 0, 4), load_engine("draft"))


def test_loudness(tmp_path):
    import pyloudnorm

    result = run("render", SAINTS, "-o", tmp_path / "x.wav", "--engine", "draft", "--loudness", "-20")
    assert result.returncode == 0
    samples, rate = soundfile.read(tmp_path / "x.wav")
    assert pyloudnorm.Meter(rate).integrated_loudness(samples) == pytest.approx(-20, abs=0.5)


def test_spectrograms(tmp_path):
    soundfile.write(tmp_path / "x.wav", np.sin(np.arange(44100) * 0.1), 44100)
    assert run("plot", tmp_path / "x.wav", "-o", tmp_path / "x.png").returncode == 0
    assert (tmp_path / "x.png").read_bytes()[:4] == b"\x89PNG"
