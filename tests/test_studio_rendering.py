"""Rendering in the studio: what changed is made anew, and every other sample stays.

A stand-in makes the sound (studio_stand_ins).
"""

from itertools import islice

import numpy as np
import pytest
from studio_stand_ins import sound, stand_in_engines

from editing import edit
from editing.studio.rendering import BarState, bar_states, bars_by_span, move_takes, render_changes, render_take
from editing.studio.takes import TakeStore, bar_samples
from scoretok import LeadSheet, Note, Tempo, Track


@pytest.fixture
def engines():
    return stand_in_engines()


@pytest.fixture
def store(tmp_path):
    return TakeStore(tmp_path / "audio")


def song(role="piano"):
    notes = tuple(Note(bar * 96 + beat * 24, 50 + 2 * bar + beat, 24) for bar in range(8) for beat in range(4))
    return LeadSheet(8, (Track("bass"), Track(role, notes)), tempos=(Tempo(0, 97.0),))


def rendered(sheet, store, engines, ids=(), number=1):
    for take in render_changes(sheet, number, store, ids, engines):
        ids = take.layers
    return ids


def heard(sheet, store, ids):
    return store.read(ids, 0, bar_samples(sheet, sheet.bar_count - 1).stop)


@pytest.mark.parametrize("role", ["piano", "vocal"])
def test_all_is_rendered_at_first_and_bars_are_done_one_by_one(store, engines, role):
    sheet, states = song(role), []
    assert set(bar_states(sheet, 1, store, [])) == {BarState.DRAFT}
    for take in render_changes(sheet, 1, store, [], engines):
        ids = take.layers
        states.append(sum(state == BarState.RENDERED for state in bar_states(sheet, 1, store, ids)))
    assert states == sorted(states)
    assert states[-1] == 8
    assert states[0] < 8
    np.testing.assert_array_equal(heard(sheet, store, ids), sound(sheet, 1, 0, len(heard(sheet, store, ids))))
    assert rendered(sheet, store, engines, ids) == ids
    assert set(bar_states(sheet, 0, store, [])) == {BarState.EMPTY}


@pytest.mark.parametrize("role", ["piano", "vocal"])
def test_only_the_samples_of_changed_bars_change(store, engines, role):
    before = song(role)
    ids = rendered(before, store, engines)
    after = edit(before, f"transpose +5 in bars 3-4 of {role}")
    states = bar_states(after, 1, store, ids)
    assert [bar for bar, state in enumerate(states) if state == BarState.CHANGED] == [2, 3]
    new_ids = rendered(after, store, engines, ids)
    assert set(bar_states(after, 1, store, new_ids)) == {BarState.RENDERED}
    old, new = heard(before, store, ids), heard(after, store, new_ids)
    start, stop = bar_samples(after, 2).start, bar_samples(after, 3).stop
    np.testing.assert_array_equal(new[:start], old[:start])
    np.testing.assert_array_equal(new[stop + 44100 :], old[stop + 44100 :])
    np.testing.assert_array_equal(new[start:stop], sound(after, 1, start, stop))
    assert [state for state in bar_states(before, 1, store, ids) if state != BarState.RENDERED] == []


def test_a_render_that_was_broken_off_goes_on_with_the_score_as_it_is_then(store, engines):
    before = song()
    ids = list(islice(render_changes(before, 1, store, [], engines), 4))[-1].layers
    after = edit(before, "transpose +5 in bar 1 of piano")
    new_ids = rendered(after, store, engines, store.chosen(after, 1))
    assert new_ids[: len(ids)] == ids
    whole = bar_samples(after, 0).stop + 44100, bar_samples(after, 7).stop
    np.testing.assert_array_equal(store.read(new_ids, *whole), sound(after, 1, *whole))
    longer = edit(after, "insert 2 bars at end")
    last_ids = rendered(edit(longer, "copy in bars 1-2 to 9"), store, engines, new_ids)
    assert set(bar_states(edit(longer, "copy in bars 1-2 to 9"), 1, store, last_ids)) == {BarState.RENDERED}


def test_bars_whose_notes_are_gone_fall_silent(store, engines):
    before = song()
    ids = rendered(before, store, engines)
    after = edit(before, "clear in bars 3-4 of piano")
    assert bar_states(after, 1, store, ids)[2:4] == [BarState.CHANGED] * 2
    new_ids = rendered(after, store, engines, ids)
    assert bar_states(after, 1, store, new_ids)[2:4] == [BarState.EMPTY] * 2
    assert not heard(after, store, new_ids)[bar_samples(after, 2).start : bar_samples(after, 3).stop].any()


@pytest.mark.parametrize("role", ["piano", "vocal"])
def test_another_take_is_of_its_bars_alone(store, engines, role):
    sheet = song(role)
    ids = rendered(sheet, store, engines)
    takes = list(render_take(sheet, 1, store, ids, engines, 3, range(1, 3), "take 3"))
    assert {take.name for take in takes} == {"take 3"}
    old, new = heard(sheet, store, ids), heard(sheet, store, takes[-1].layers)
    changed = np.flatnonzero(old != new)
    assert changed[0] == bar_samples(sheet, 1).start
    assert 0 <= changed[-1] + 1 - bar_samples(sheet, 2).stop <= 0.5 * 44100  # what rings on
    assert bar_states(sheet, 1, store, [take.take_id for take in takes])[1] == BarState.RENDERED


def test_moved_bars_sound_as_they_did(store, engines):
    before = song()
    ids = rendered(before, store, engines)
    after = edit(before, "insert 1 bars before 3")
    moved = move_takes(before, after, store, {"piano.1": ids, "bass.1": ()})
    assert set(moved) == {"piano.1"}
    states = bar_states(after, 1, store, moved["piano.1"])
    assert states == [*[BarState.RENDERED] * 2, BarState.EMPTY, *[BarState.RENDERED] * 6]
    assert store.chosen(after, 1) == moved["piano.1"]
    assert store.chosen(before, 1) == ids
    old, new = heard(before, store, ids), heard(after, store, moved["piano.1"])
    cut, to = bar_samples(before, 2).start, bar_samples(after, 3).start
    fade = round(0.005 * 44100)
    np.testing.assert_array_equal(new[fade : cut - fade], old[fade : cut - fade])
    np.testing.assert_array_equal(new[to + fade :][: 44100 * 4], old[cut + fade :][: 44100 * 4])
    assert move_takes(before, edit(before, "transpose +1"), store, {"piano.1": ids}) == {}


def test_a_tempo_change_leaves_what_comes_before_it(store, engines):
    before = song()
    ids = rendered(before, store, engines)
    after = edit(before, "tempo 80 in bars 5-8")
    assert bar_states(after, 1, store, store.chosen(after, 1)) == [*[BarState.RENDERED] * 4, *[BarState.DRAFT] * 4]
    new_ids = rendered(after, store, engines, store.chosen(after, 1))
    assert set(bar_states(after, 1, store, new_ids)) == {BarState.RENDERED}
    assert store.chosen(edit(before, "tempo x2"), 1) == ()
    assert store.chosen(before, 1) == ids


def test_a_vocal_bar_in_which_nothing_is_heard_otherwise_is_done(store, engines):
    sheet = song("vocal")
    ids = rendered(sheet, store, engines)
    engines.sing.side_effect = lambda *_: []
    after = edit(sheet, "transpose +1 in bar 2 of vocal")
    new_ids = rendered(after, store, engines, ids)
    assert set(bar_states(after, 1, store, new_ids)) == {BarState.RENDERED}
    np.testing.assert_array_equal(heard(sheet, store, ids), heard(after, store, new_ids))


def test_a_bar_is_done_with_the_last_span_that_reaches_into_it():
    sheet = song()
    spans = [range(bar_samples(sheet, 1).stop), range(bar_samples(sheet, 2).start, bar_samples(sheet, 2).stop + 5)]
    assert bars_by_span(sheet, range(5), spans) == [[0, 1], [2, 3, 4]]
    assert bars_by_span(sheet, range(5), []) == []
