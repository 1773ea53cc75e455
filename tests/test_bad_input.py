"""Bad files get one clear sentence, exit status 1, and existing output stays."""

import subprocess
import sys
import warnings

import pytest
from conftest import ROOT

import scoretok
from scoretok import ScoretokError

BAD_FILES = sorted((ROOT / "tests" / "bad").iterdir())
# What the sentence must say, for some of them.
WORDS = {
    "empty.mid": "is empty", "text.mid": "does not begin with a MIDI header", "truncated-track.mid": "cut off",
    "missing-track.mid": "promises 3 tracks and holds 1", "no-notes.mid": "no complete note",
    "never-ending-notes.mid": "beginning and its end", "tempo-zero.mid": "tempo at tick 0 is 0",
    "meter-zero.mid": "0/4", "ten-hours.mid": "more than 9999 bars", "200-tracks.mid": "200 of its 200 tracks",
    "smpte.mid": "SMPTE", "bomb.musicxml": "entities, which are refused", "meter-absurd.musicxml": "4/7",
    "external-entity.musicxml": "entities, which are refused", "zip-bomb.mxl": "256 MB", "latin1.lead": "not UTF-8",
    "bad-pitch.lead": "line 4, column 11", "deep.json": "nested too deeply", "latin1.abc": "not UTF-8",
    "missing.json": "bar_count", "bad-music.abc": "line 3: column 5", "open-quote.lead": "line 2",
}  # fmt: skip


@pytest.mark.parametrize("path", BAD_FILES, ids=lambda path: path.name)
def test_it_is_refused_in_one_sentence(path):
    with pytest.raises(ScoretokError) as error:
        scoretok.read(path)
    sentence = str(error.value)
    assert path.name in sentence
    assert "\n" not in sentence
    assert len(sentence) < 400
    assert WORDS.get(path.name, "") in sentence


@pytest.mark.parametrize(
    "name", ["text.mid", "bomb.musicxml", "truncated.mxl", "bad-pitch.lead", "deep.json", "bad-music.abc"]
)
def test_the_command_keeps_existing_output(name, tmp_path):
    target = tmp_path / "out.lead"
    target.write_text("precious")
    command = [sys.executable, "-m", "editing.cli", "convert", ROOT / "tests" / "bad" / name, target]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert result.returncode == 1
    assert result.stderr.startswith("scoretok: ")
    assert result.stderr.count("\n") == 1
    assert target.read_text() == "precious"


def test_a_folder_and_a_missing_file_are_named(tmp_path):
    (tmp_path / "x.mid").mkdir()
    with pytest.raises(ScoretokError, match="is a folder"):
        scoretok.read(tmp_path / "x.mid")
    with pytest.raises(ScoretokError, match="does not exist"):
        scoretok.read(tmp_path / "gone.mid")


def test_cut_files_never_crash(foreign_midi, tmp_path):
    """A real file cut anywhere is refused; with bytes changed it is read or refused, nothing else."""
    data = foreign_midi.read_bytes()
    path = tmp_path / "cut.mid"
    for end in range(0, len(data), 997):
        path.write_bytes(data[:end])
        with pytest.raises(ScoretokError):
            scoretok.read(path)
    for at in range(30, len(data), 499):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                scoretok.read(path)
            except ScoretokError as error:
                assert "cut.mid" in str(error)  # noqa: PT017
