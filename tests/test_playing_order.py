"""Repeats, endings and jumps: which measures sound, in which order."""

import pytest

from scoretok.errors import ScoretokError
from scoretok.formats.playing_order import Marks, playing_order

START, BACK = Marks(repeat_from=True), Marks(repeat_times=2)


def first(*passes, **more):
    return Marks(endings=frozenset(passes), **more)


@pytest.mark.parametrize(
    ("marks", "order"),
    [
        ([Marks(), BACK, Marks()], "121 2 3"),
        ([Marks(repeat_times=4)], "1111"),
        ([START, BACK, START, BACK], "1212 3434"),
        ([START, START, BACK, BACK], "1 23 23 4 1 23 23 4"),
        ([Marks(), START, BACK, BACK], "1 23 23 4 4"),
        ([START, first(1, repeat_times=2), first(2, ends_ending=True), Marks()], "1 2 1 3 4"),
        ([START, first(1, 2, repeat_times=2), first(3, ends_ending=True), Marks()], "12 12 13 4"),
        ([Marks(), Marks(fine=True), Marks(jump="capo")], "123 12"),
        ([Marks(), Marks(segno=True), Marks(fine=True), Marks(jump="segno", until="fine")], "1234 23"),
        ([Marks(), Marks(to_coda=True), Marks(jump="capo", until="coda"), Marks(coda=True), Marks()], "123 12 45"),
        ([Marks(), Marks(fine=True), Marks(to_coda=True), Marks(jump="capo", until="coda"), Marks(coda=True)],
         "1234 123 5"),
        ([START, first(1, repeat_times=2), first(2, ends_ending=True, fine=True), Marks(jump="capo")], "12 13 4 13"),
        ([Marks(), Marks(jump="capo"), Marks()], "12 12 3"),
    ],
)  # fmt: skip
def test_measures_sound_in_this_order(marks, order):
    assert [number + 1 for number in playing_order(marks)] == [int(one) for one in order.replace(" ", "")]


def test_repeats_without_end_are_refused():
    nested = [Marks(repeat_from=True)] * 20 + [Marks(repeat_times=9)] * 20
    with pytest.raises(ScoretokError, match="more than 9999 bars"):
        playing_order(nested)
    with pytest.raises(ScoretokError, match="more than 9999 bars"):
        playing_order([Marks(repeat_times=10**9)])
