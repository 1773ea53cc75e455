"""The grid of beats: repairs, tempo maps that follow, scores as long as the recording."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mir.grid import EARLIEST_S, TOLERANCE_S, BeatGrid, beats_of_meter, empty_score, repair_beats
from scoretok import ScoretokError

periods = st.floats(0.25, 1.2)
counts = st.integers(8, 120)


def beat_ticks_of(sheet, grid):
    """The ticks of a score at which the beats of a recording fall."""
    return np.array([sheet.ticks_at(time) for time in grid.times_s])


@given(periods, counts, st.sets(st.integers(2, 100), max_size=4), st.sets(st.integers(2, 100), max_size=4), st.data())
def test_missed_beats_come_back_and_doubled_ones_go(period, count, missed, doubled, data):
    true = 0.4 + period * np.arange(count)
    few = count // 8  # a tracker that is wrong more often than that is at another tempo
    missed = set(sorted(at for at in missed if at < count - 2 and not {at - 1, at + 1} & missed)[:few])
    doubled = set(sorted(at for at in doubled if at < count - 2 and not {at - 1, at, at + 1} & missed)[:few])
    shift = data.draw(st.floats(0.1, 0.5)) * period
    tracked = np.sort(np.concatenate([np.delete(true, sorted(missed)), true[sorted(doubled)] + shift]))
    assert np.allclose(repair_beats(tracked), true, atol=1e-6)


@given(periods, counts, st.integers(0, 10_000))
def test_beats_that_are_played_a_little_unevenly_stay_as_they_are(period, count, seed):
    times = np.cumsum(period * np.random.default_rng(seed).uniform(0.9, 1.1, count))
    assert np.array_equal(repair_beats(times), times)


@given(periods, counts, st.floats(0, 3), st.integers(0, 3), st.integers(0, 10_000))
@settings(deadline=None)
def test_a_steady_recording_has_one_tempo_behind_its_first_beat(period, count, start_s, first_beat, seed):
    jitter = np.random.default_rng(seed).uniform(-0.4, 0.4, count) * TOLERANCE_S
    grid = BeatGrid(start_s + 0.05 + period * np.arange(count) + jitter, first_beat)
    sheet = empty_score(grid, grid.times_s[-1] + period)
    first_ticks = round(sheet.ticks_at(grid.times_s[0]))
    assert len([tempo for tempo in sheet.tempos if tempo.start_ticks > first_ticks + 96]) == 0
    assert abs(sheet.tempos[-1].bpm * period / 60 - 1) < 0.3 / count + 0.01


@given(st.lists(periods, min_size=8, max_size=60), st.floats(0, 3), st.integers(0, 3), st.floats(0, 5))
@settings(deadline=None)
def test_the_score_follows_any_beats_and_is_as_long_as_the_recording(gaps, start_s, first_beat, rest_s):
    grid = BeatGrid(start_s + np.cumsum([0, *gaps]), first_beat)
    duration = grid.times_s[-1] + rest_s
    sheet = empty_score(grid, duration)
    ticks = beat_ticks_of(sheet, grid)
    begin = 0 if start_s <= EARLIEST_S else round(ticks[0])
    whole = np.round((ticks - ticks[0]) / 24) * 24 + begin
    error = np.abs([sheet.seconds_at(int(tick)) - time for tick, time in zip(whole, grid.times_s, strict=True)])
    assert error.max() <= max(TOLERANCE_S, EARLIEST_S) + 0.01
    assert len(set(whole)) == len(whole)
    assert {int(tick) for tick in whole[grid.numbers == 0]} <= set(sheet.bar_starts)
    assert duration - 1e-6 <= sheet.duration_s + TOLERANCE_S


def test_halves_doubles_and_phases():
    grid = BeatGrid(np.arange(16) * 0.5, 2)
    assert grid.bpm == 120
    assert list(grid.downbeats_s) == [1.0, 3.0, 5.0, 7.0]
    assert grid.halved().bpm == 60
    assert list(grid.halved().downbeats_s) == [3.0, 7.0]
    assert grid.halved(keep_odd=True).times_s[0] == 0.5
    assert list(grid.phased(1.6).downbeats_s) == [1.5, 3.5, 5.5, 7.5]
    compound = empty_score(BeatGrid(np.arange(8) * 0.5, 0, 2, 36), 4.0)
    assert (compound.meters[0].numerator, compound.meters[0].denominator) == (6, 8)
    assert compound.tempos[0].bpm == 180
    cut = empty_score(BeatGrid(np.arange(8) * 0.5, 0, *beats_of_meter(2, 2)), 4.0, (2, 2))
    assert (cut.meters[0].numerator, cut.meters[0].denominator, cut.bar_count) == (2, 2, 2)


def test_bad_grids_are_refused():
    with pytest.raises(ScoretokError, match="two beats"):
        BeatGrid(np.array([1.0]))
    with pytest.raises(ScoretokError, match="two beats"):
        BeatGrid(np.array([1.0, 1.0]))
    with pytest.raises(ScoretokError, match="beat 5 is not one"):
        BeatGrid(np.array([1.0, 2.0]), 4)
    with pytest.raises(ScoretokError, match="name a tempo"):
        empty_score(BeatGrid(np.arange(8) * 0.05), 1.0)
