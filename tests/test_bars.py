"""Slicing, rearranging and comparing scores."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import lead_sheets, walked_sheets

from scoretok import Note, ScoretokError, Track, diff, slice_bars
from scoretok.bars import join_notes, lay_bars, rearrange_bars


@given(lead_sheets())
def test_all_bars_in_order_is_the_same_score(sheet):
    assert rearrange_bars(sheet, range(sheet.bar_count)) == sheet


@given(lead_sheets(), st.data())
def test_a_slice_holds_what_its_bars_hold(sheet, data):
    first = data.draw(st.integers(0, sheet.bar_count - 1))
    stop = data.draw(st.integers(first + 1, sheet.bar_count))
    part = slice_bars(sheet, first, stop)
    assert part.bar_count == stop - first
    shift = sheet.bar_starts[first]
    for number, track in enumerate(sheet.tracks):
        wanted = [
            (n.start_ticks - shift, n.pitch, n.velocity)
            for bar in range(first, stop)
            for n in sheet.notes_in(number, bar)
        ]
        assert [(n.start_ticks, n.pitch, n.velocity) for n in part.tracks[number].notes] == wanted
        assert part.tracks[number].role == track.role
    assert part.tempo_at(0).bpm == sheet.tempo_at(shift).bpm
    assert part.duration_s == pytest.approx(sheet.seconds_at(sheet.bar_starts[stop]) - sheet.seconds_at(shift))


@given(lead_sheets(), st.data())
def test_any_order_of_bars_is_a_legal_score(sheet, data):
    order = data.draw(st.lists(st.none() | st.integers(0, sheet.bar_count - 1), min_size=1, max_size=8))
    assert rearrange_bars(sheet, order).bar_count == len(order)


def test_bars_outside_are_refused(saints):
    for order in ([0, 99], [-1]):
        with pytest.raises(ScoretokError, match="there is no bar"):
            rearrange_bars(saints, order)


def test_the_deleted_bar_is_named(saints):
    for bar in (0, 4, 19):
        shorter = rearrange_bars(saints, [b for b in range(20) if b != bar])
        gone = {cell.before_bar for cell in diff(saints, shorter).cells if cell.after_bar is None}
        assert len(gone) == 1
        kept = [bars for bars in diff(saints, shorter).bar_pairs if None not in bars]
        assert all(saints.notes_in(4, a)[0].velocity == shorter.notes_in(4, b)[0].velocity for a, b in kept)


def test_a_slice_outside_is_refused(saints):
    with pytest.raises(ScoretokError, match="not within 1-20"):
        slice_bars(saints, 5, 99)


@given(walked_sheets())
def test_a_score_does_not_differ_from_itself(sheet):
    assert not diff(sheet, sheet)


def test_diff_names_the_changed_cells(saints):
    piano = saints.tracks[1]
    moved = [n._replace(pitch=n.pitch + 1) if saints.bar_at(n.start_ticks) in (4, 6) else n for n in piano.notes]
    after = saints.with_tracks([saints.tracks[0], replace(piano, notes=tuple(moved)), *saints.tracks[2:]])
    cells = diff(saints, after).cells
    assert [(cell.track, cell.before_bar, cell.after_bar) for cell in cells] == [("piano.1", 4, 4), ("piano.1", 6, 6)]


def test_diff_finds_inserted_and_deleted_bars(grace):
    shorter = rearrange_bars(grace, [bar for bar in range(grace.bar_count) if bar != 7])
    deleted = diff(grace, shorter)
    assert {cell.before_bar for cell in deleted.cells if cell.after_bar is None} == {7}
    assert {cell.after_bar for cell in diff(shorter, grace).cells if cell.before_bar is None} == {7}


def test_diff_names_headers(saints):
    after = replace(saints, title="Other", tracks=saints.tracks[:-1])
    assert diff(saints, after).headers == ("drums.1 removed", "title")


NOTE = st.builds(
    Note, st.integers(0, 200), st.integers(60, 64), st.integers(1, 90), st.integers(1, 127), st.none(), st.none()
)
NOTES = st.lists(NOTE)


@given(NOTES)
def test_any_notes_joined_are_legal_for_a_track(notes):
    joined = join_notes(notes)
    assert Track("piano", joined).notes == joined
    assert {(n.start_ticks, n.pitch) for n in joined} == {(n.start_ticks, n.pitch) for n in notes}


@given(st.lists(st.tuples(st.sampled_from([(4, 4), (3, 4), (6, 8), (5, 8)]), st.integers(0, 9000)), min_size=1))
def test_every_measure_has_room_for_what_is_written_in_it(measures):
    layout = lay_bars([signature for signature, _ in measures], [ticks for _, ticks in measures])
    lengths = [stop - start for start, stop in pairwise(layout.measure_starts)]
    assert all(length >= ticks for length, (_, ticks) in zip(lengths, measures, strict=True))
    bars = [meter.bar_ticks for meter in layout.meters]
    shortened = bars[0] - layout.pickup_ticks if layout.pickup_ticks else 0
    assert sum(bars) - shortened == layout.measure_starts[-1]
