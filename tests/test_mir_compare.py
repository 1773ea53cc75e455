"""How much of a score another one holds."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from editing import edit
from scoretok import Chord, read
from scoretok.theory import QUALITY_BY_NAME, QUALITY_NAMES

pytestmark = pytest.mark.skipif(not find_spec("mir_eval"), reason="mir_eval is not installed")
SAINTS = Path(__file__).parent.parent / "examples" / "when-the-saints.lead"


@pytest.fixture(scope="module")
def sheet():
    return read(SAINTS)


def test_a_score_holds_all_of_itself(sheet):
    from mir.compare import compare

    measures = compare(sheet, sheet)
    assert {"beats", "downbeats", "key", "majmin", "melody", "bass", "pitched", "kick"} <= measures.keys()
    assert all(value == pytest.approx(1) for value in measures.values())


@pytest.mark.parametrize("quality", QUALITY_NAMES)
@pytest.mark.parametrize("bass", [None, 7])
def test_every_chord_can_be_compared(quality, bass):
    from mir_eval.chord import encode

    from mir.compare import harte

    label = harte(Chord(0, 3, quality, bass))
    root, bitmap, _ = encode(label, reduce_extended_chords=True)
    assert root == 3
    if "(" in label:  # spelled out
        assert {step for step in range(12) if bitmap[step]} - ({4} if bass else set()) <= {
            step % 12 for step in QUALITY_BY_NAME[quality].intervals
        }


def test_what_is_missing_or_wrong_lowers_its_own_measure_only(sheet):
    from mir.compare import compare

    plain = compare(sheet, sheet)
    silent = compare(sheet, sheet.with_tracks(track for track in sheet.tracks if track.role != "bass"))
    assert silent["bass"] == 0
    assert silent["pitched"] < 1
    assert {name: value for name, value in silent.items() if not name.startswith(("bass", "pitched"))} == {
        name: value for name, value in plain.items() if not name.startswith(("bass", "pitched"))
    }
    higher = compare(sheet, edit(sheet, ["transpose +1 of bass"]))
    assert higher["bass"] < 0.1
    assert higher["majmin"] == pytest.approx(1)
    flat = replace(sheet, keys=(replace(sheet.keys[0], fifths=-7),))
    assert compare(flat, flat)["key"] == 1  # Cb major, which mir_eval calls B
    relative = replace(sheet, keys=(replace(sheet.keys[0], mode="min"),))
    assert compare(sheet, relative)["key"] == pytest.approx(0.3)
    late = replace(sheet, tempos=(replace(sheet.tempos[0], bpm=sheet.tempos[0].bpm * 1.07),))
    assert compare(sheet, late)["beats"] < 0.5
