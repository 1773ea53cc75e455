"""Test files of others: jazz-soft's MIDI files (MIT, some of them here) and the MusicXML test suite that music21 has.

`benchmarks/readers.py` compares all of them with other readers.
"""

from pathlib import Path

import pytest
from conftest import ROOT

import scoretok
from benchmarks.readers import by_mido, ours
from scoretok import ScoretokError

MIDI = sorted((ROOT / "tests" / "corpora" / "jazz-soft").glob("*.mid"))
DRUMS = {"gm2-doggy-78-00-38-4c": True, "gs-doggy-01-00-7b": False, "sysex-gs-40-1x-15-drum-part-change": "both"}


@pytest.mark.parametrize("path", MIDI, ids=lambda path: path.stem.removeprefix("test-"))
def test_midi_files_hold_the_notes_that_mido_finds(path):
    mine, theirs = ours(path), by_mido(path)
    if isinstance(theirs, str):  # mido stops; so do we, but where a file is sound all the same
        assert isinstance(mine, str) or path.stem in ("test-non-midi-track", "test-running-status-sysex")
    else:
        assert mine == theirs
        assert mine


@pytest.mark.parametrize(("name", "is_drums"), DRUMS.items())
def test_banks_and_part_modes_make_drums(name, is_drums):
    sheet = scoretok.read(ROOT / "tests" / "corpora" / "jazz-soft" / f"test-{name}.mid")
    assert sorted(track.is_drums for track in sheet.tracks) == ([False, True] if is_drums == "both" else [is_drums])


def suite():
    """The files of the test suite in music21's package; none without it."""
    try:
        import music21.musicxml
    except ImportError:
        return []
    return sorted(Path(music21.musicxml.__file__).with_name("lilypondTestSuite").glob("*.xml"))


@pytest.mark.skipif(not suite(), reason="music21 comes without the MusicXML test suite here")
def test_the_musicxml_suite_is_read():
    refused = {}
    for path in suite():
        try:
            sheet = scoretok.read(path)
        except ScoretokError as error:
            refused[path.name] = str(error)
        else:
            assert sheet.bar_count > 0
    assert len(suite()) > 100
    assert {name for name, why in refused.items() if "tracks are too many" not in why} <= {
        "90a-Compressed-MusicXML.xml", "52b-Breaks.xml"
    }, refused  # fmt: skip
