"""What slow stages found is found again, and a file that was cut off is as good as none."""

from dataclasses import dataclass

import numpy as np
import pytest

from mir.stage_cache import StageCache
from scoretok import ScoretokError


@dataclass(frozen=True)
class Found:
    rows: np.ndarray
    names: tuple[str, ...] = ()


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "song.wav"
    path.write_bytes(b"sound")
    return path


def counted(calls):
    calls.append(1)
    return Found(np.arange(len(calls) + 2), ("a", "b"))


def test_a_stage_is_computed_once_for_the_same_recording_and_options(recording, tmp_path):
    calls = []
    for _ in range(2):
        found = StageCache(tmp_path / "kept", recording).get(Found, "beats", [1], lambda: counted(calls))
        assert (found.rows.tolist(), found.names) == ([0, 1, 2], ("a", "b"))
    StageCache(tmp_path / "kept", recording).get(Found, "beats", [2], lambda: counted(calls))
    recording.write_bytes(b"other sound")
    StageCache(tmp_path / "kept", recording).get(Found, "beats", [1], lambda: counted(calls))
    StageCache(None, recording).get(Found, "beats", [1], lambda: counted(calls))
    assert len(calls) == 4


@pytest.mark.parametrize("length", [0, 10, 200])
def test_a_file_that_was_cut_off_is_made_anew(length, recording, tmp_path):
    calls = []
    for _ in range(2):
        StageCache(tmp_path / "kept", recording).get(Found, "beats", [], lambda: counted(calls))
        (path,) = (tmp_path / "kept").iterdir()
        path.write_bytes(path.read_bytes()[:length])
    assert len(calls) == 2


def test_a_folder_that_cannot_be_written_to_is_one_sentence(recording, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ScoretokError, match="cannot be written to"):
        StageCache(tmp_path / "file", recording).get(Found, "beats", [], lambda: counted([]))


def damaged(path, how):
    if how == "deflate":
        data = bytearray(path.read_bytes())
        data[len(data) // 3 : len(data) // 3 + 20] = bytes(20)
        path.write_bytes(data)
    elif how == "other fields":
        np.savez(path, other=np.zeros(2))
    elif how == "an array":
        with path.open("wb") as file:
            np.save(file, np.zeros(2))
    else:
        np.savez(path, rows=np.zeros(2), names=np.array("[" * 100_000))


@pytest.mark.parametrize("how", ["deflate", "other fields", "an array", "deep"])
def test_a_damaged_entry_is_made_anew(how, recording, tmp_path):
    calls = []
    for _ in range(2):
        found = StageCache(tmp_path / "kept", recording).get(Found, "beats", [], lambda: counted(calls))
        assert found.names == ("a", "b")
        (path,) = (tmp_path / "kept").iterdir()
        damaged(path, how)
    assert len(calls) == 2
