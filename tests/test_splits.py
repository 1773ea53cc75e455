"""One rule of what is held out, by the song."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoretok.splits import is_held_out, song_of, split_of


@pytest.mark.parametrize(
    "name",
    ["pop909/001", "pop909_mma/001/0", "pop909_mma/001/12", "pop909-001__pop909_mma-001-0.mid", "POP909-001 (2).mid",
     "pop909-001 copy.lead", "some/folder/pop909-001.musicxml", "pop909-001_v2.mid"],
)  # fmt: skip
def test_versions_are_one_song(name):
    assert song_of(name) == "pop909-001"


def test_other_songs_are_others():
    names = ["openewld/0", "openewld/1", "hymn/A_Child", "gamemidi/freedoom/d_dm01", "gamemidi/freedoom/d_dm02"]
    assert len({song_of(name) for name in names}) == len(names)


@given(st.text("abcdefgh0123456789 _", min_size=1, max_size=20), st.integers(0, 40))
def test_a_song_and_its_versions_are_held_out_together(song, number):
    records = [f"set/{song}", f"set_mma/{song}/{number}"]
    assert len({is_held_out(name) for name in records}) == 1


def test_a_twelfth_or_so_is_held_out():
    splits = [split_of(f"song-{number}") for number in range(5000)]
    assert 0.03 < splits.count("test") / 5000 < 0.05
    assert 0.03 < splits.count("validation") / 5000 < 0.05


def test_every_room_asks_the_same(tmp_path):
    from mir.training.mixes import score_files
    from planner.score_shards import score_sources

    names = [f"song-{number}.mid" for number in range(100)]
    for name in names:
        (tmp_path / name).touch()
    left_out = {path.name for path in score_files(str(tmp_path), True)}
    assert left_out == {name for name in names if is_held_out(name)}
    assert {source.name.rpartition("/")[2]: split_of(source.song) != "train" for source in score_sources(tmp_path)} == {
        name: name in left_out for name in names
    }
