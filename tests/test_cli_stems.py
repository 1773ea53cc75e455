"""scoretok stems: recordings told apart by their score, through the real command."""

import json

import numpy as np
import pytest
import soundfile
from conftest import run

from editing import edit
from renderer import render
from scoretok import LeadSheet, Note, Track, parts, write
from scoretok.audio import resample

pytest.importorskip("torch")
pytest.importorskip("tinysoundfont")
LATE = 7000  # samples at 44.1 kHz before the music begins


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sixteen seconds of piano and bass in turn, by a soundfont: 24 bits at 48 kHz, and as an MP3."""
    folder = tmp_path_factory.mktemp("stems")
    steps = (0, 2, 4, 5, 7, 9, 11, 12)
    piano = tuple(Note(24 * at, 72 + steps[at % 8], 22, 90) for at in range(32) if at % 8 < 4)
    bass = tuple(Note(24 * at, 36 + steps[at % 8], 22, 90) for at in range(32) if at % 8 >= 4)
    sheet = LeadSheet(8, (Track("piano", piano), Track("bass", bass, program=33)), tempos=(parts.Tempo(0, 120.0),))
    write(sheet, folder / "a.lead")
    silent = Track("piano", (Note(0, 60, 24, 90),), muted=True)
    write(edit(sheet.with_tracks([silent, *sheet.tracks]), ["mute bass"]), folder / "piano.lead")
    mix = np.pad(0.5 * render(sheet, "draft").mix, ((0, 0), (LATE, 0)))
    soundfile.write(folder / "a.wav", resample(mix, 44100, 48000).T, 48000, subtype="PCM_24")
    soundfile.write(folder / "a.mp3", mix.T, 44100)
    return folder


def read_wav(path):
    return soundfile.read(path, dtype="float64", always_2d=True)[0]


@pytest.fixture(scope="module")
def told_apart(folder):
    done = run("stems", "a.wav", "--score", "a.lead", "-o", "out", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_stems_add_up_to_every_sample_of_the_recording(folder, told_apart):
    assert told_apart["written"] == ["piano.1.wav", "bass.1.wav", "rest.wav"]
    total = sum(read_wav(folder / "out" / name) for name in told_apart["written"])
    assert np.array_equal(total, read_wav(folder / "a.wav"))
    assert soundfile.info(folder / "out" / "rest.wav").samplerate == 48000


def test_each_stem_sounds_where_its_track_plays(folder, told_apart):
    """Four beats of half a second each in turn, after the silence at the beginning."""
    first = LATE * 48000 // 44100
    power = {name: (read_wav(folder / "out" / f"{name}.1.wav")[first:] ** 2).mean(1) for name in ("piano", "bass")}
    turn = np.arange(len(power["piano"])) // (2 * 48000) % 2
    assert power["piano"][turn == 0].sum() > 5 * power["piano"][turn == 1].sum()
    assert power["bass"][turn == 1].sum() > 5 * power["bass"][turn == 0].sum()


def test_a_track_is_left_out(folder, told_apart):
    done = run("stems", "a.wav", "--score", "a.lead", "--mute", "bass", "-o", "minus.flac", cwd=folder)
    assert done.returncode == 0, done.stderr
    minus = read_wav(folder / "minus.flac")
    others = read_wav(folder / "a.wav") - read_wav(folder / "out" / "bass.1.wav")
    assert np.abs(minus - others).max() <= 2**-15


def test_of_compressed_sound_all_is_there_but_rounding(folder):
    done = run("stems", "a.mp3", "--score", "piano.lead", "-o", "mp3", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    written = json.loads(done.stdout)["written"]
    assert written == ["piano.2.wav", "rest.wav"]  # named as in the score, whose first piano is muted
    total = sum(read_wav(folder / "mp3" / name) for name in written)
    decoded = read_wav(folder / "a.mp3")
    assert np.abs(total - decoded[: len(total)]).max() <= 2**-23


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--score", "a.lead", "-o", "a.lead"], "name a folder"),
        (["--score", "a.lead", "--mute", "bass", "-o", "a.wav"], "is the recording"),
        (["--score", "a.lead", "--mute", "bass", "-o", "out.xyz"], "does not end like audio"),
        (["--score", "a.lead", "--mute", "flute", "-o", "b.wav"], "flute"),
        (["--score", "a.lead", "--mute", ",", "-o", "b.wav"], "names no track"),
        (["--score", "none.lead", "-o", "new"], "none.lead"),
    ],
)
def test_what_cannot_be_told_apart_is_said_in_one_sentence(folder, options, said):
    done = run("stems", "a.wav", *options, cwd=folder)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (folder / "new").exists()
    assert not (folder / "b.wav").exists()
