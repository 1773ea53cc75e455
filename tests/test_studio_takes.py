"""Takes of the studio: laid over one another, kept for ever, and known by what they play."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from editing import edit
from editing.studio.takes import TakeStore, as_heard, bar_samples, bars_played
from scoretok import LeadSheet, Note, ScoretokError, Tempo, Track, read

SPANS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 10)), max_size=4)


@pytest.fixture
def store(tmp_path):
    return TakeStore(tmp_path / "audio")


def song(*notes):
    return LeadSheet(4, (Track("piano", notes),))


@given(SPANS, st.integers(0, 20), st.integers(0, 20))
def test_the_last_take_is_heard(tmp_path_factory, spans, start, stop):
    store, expected, ids = TakeStore(tmp_path_factory.mktemp("takes")), np.zeros(64, np.float32), []
    for number, (begin, length) in enumerate(spans, 1):
        expected[begin : begin + length] = number
        ids.append(store.add("piano.1", begin, np.full(length, number), {}).take_id)
    start, stop = sorted((start, stop))
    np.testing.assert_array_equal(store.read(ids, start, stop), expected[start:stop])


def test_takes_are_there_when_the_project_is_opened_again(store):
    plays = dict(enumerate(bars_played(song(Note(0, 60, 24), Note(96, 62, 24)), 0)))
    made = store.add("piano.1", 100, np.arange(5), plays, store.add("piano.1", 0, np.zeros(1), {}).layers, 3, "softer")
    again = TakeStore(store.folder)
    assert again.takes == store.takes
    assert again.takes[made.take_id] == made
    assert again.played([made.take_id]) == plays
    np.testing.assert_array_equal(again.read([made.take_id], 98, 103), [0, 0, 0, 1, 2])
    with pytest.raises(ScoretokError, match="no take"):
        again.read(["other"], 0, 1)


def test_the_takes_that_play_the_score_are_chosen(store):
    first = song(Note(0, 60, 24), Note(96, 62, 24))
    second, third = edit(first, "transpose +1 in bar 2"), edit(first, "transpose +2 in bar 1")

    def take(sheet, bars, over=(), name=""):
        played = bars_played(sheet, 0)
        return store.add("piano.1", 0, np.zeros(4), {bar: played[bar] for bar in bars}, over, name=name).layers

    assert store.chosen(first, 0) == ()
    base = take(first, range(4))
    changed = take(second, [1], base)
    assert store.chosen(first, 0) == base
    assert store.chosen(second, 0) == changed
    assert store.chosen(third, 0) == base
    asked = take(first, [0], base, "softer")
    assert store.chosen(first, 0) == base
    assert store.chosen(first, 0, asked) == asked
    later = take(second, [1], asked)
    assert store.chosen(second, 0, asked) == later
    assert store.chosen(second, 0) == changed


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans(), st.integers(0, 9)), max_size=12))
def test_the_takes_that_are_chosen_play_most(tmp_path_factory, made):
    """Beside the plain count: of all takes that go on from none, without a name, the first with most bars right."""
    store = TakeStore(tmp_path_factory.mktemp("takes"))
    first = song(Note(0, 60, 24), Note(96, 62, 24), Note(192, 64, 24), Note(288, 65, 24))
    scores = [edit(first, f"transpose +{by} in bars {by + 1}-4") if by else first for by in range(4)]
    takes = []
    for bar, score, is_named, below in made:
        over = takes[below % len(takes)].layers if takes and below else ()
        plays = {bar: bars_played(scores[score], 0)[bar]}
        takes.append(store.add("piano.1", 0, np.zeros(1), plays, over, name="asked" * is_named))
    for score in scores:
        wanted = bars_played(score, 0)

        def right(layers, wanted=wanted):
            played = store.played(layers)
            return sum(bar in played and played[bar].is_like(one) for bar, one in enumerate(wanted))

        plain = [take.layers for take in takes if not any(store.get(one).name for one in take.layers)]
        chosen = store.chosen(score, 0)
        assert right(chosen) == max(map(right, plain), default=0)
        assert chosen == () or chosen == next(layers for layers in plain if right(layers) == right(chosen))


def test_a_take_without_its_samples_is_none(store):
    made = store.add("piano.1", 0, np.arange(5), {})
    store.add("piano.1", 0, np.arange(5), {}, made.layers)
    (store.folder / f"{made.take_id}.f32").unlink()
    assert TakeStore(store.folder).takes == {}


def test_a_bar_is_known_by_what_is_heard():
    before = song(Note(0, 60, 24), Note(96, 62, 24), Note(288, 64, 24))
    digests = [one.digest for one in bars_played(before, 0)]
    changed = edit(before, "transpose +1 in bars 2-2")
    assert [a == b.digest for a, b in zip(digests, bars_played(changed, 0), strict=True)] == [True, False, True, True]
    named = edit(before, ["section verse in bars 1-2", 'chords "C" in bar 1'])
    assert [one.digest for one in bars_played(named, 0)] == digests
    slower = replace(before, tempos=(Tempo(0, 120.0), Tempo(288, 90.0)))
    assert [a == b.digest for a, b in zip(digests, bars_played(slower, 0), strict=True)] == [True, True, True, False]
    assert bars_played(replace(before, tracks=(replace(before.tracks[0], program=1),)), 0)[0].digest != digests[0]
    moved = edit(before, "insert 1 bars before 1")
    assert [one.digest for one in bars_played(moved, 0)] == [digests[2], *digests]


def test_what_was_heard_can_be_written_again():
    sheet = read("examples/when-the-saints.lead")
    number = sheet.track_ids.index("piano.1")
    played = dict(enumerate(bars_played(sheet, number)))
    assert as_heard(edit(sheet, "octave +1 in bars 3-4 of piano"), number, played) == sheet


def test_the_bars_of_a_song_follow_one_another_without_a_gap():
    sheet = read("examples/when-the-saints.lead")
    spans = [bar_samples(sheet, bar) for bar in range(sheet.bar_count)]
    assert all(one.stop == other.start for one, other in pairwise(spans))
    assert spans[-1].stop > sheet.duration_s * 44100


def test_a_bar_of_the_draft_is_that_of_the_whole_song():
    pytest.importorskip("tinysoundfont")
    from editing.studio.draft_bars import DraftBars

    sheet, bars = song(Note(0, 60, 24), Note(108, 62, 24), Note(300, 64, 12)), DraftBars()
    whole = bars.engine.render_track(sheet, 0)
    laid = np.zeros_like(whole)
    for bar in range(sheet.bar_count):
        own, start = bars.bar(sheet, 0, bar), bar_samples(sheet, bar).start
        laid[:, start : start + own.shape[1]] += own[:, : laid.shape[1] - start]
    assert bars.bar(sheet, 0, 2).shape == (2, 0)
    envelopes = [np.sqrt((one[:, : 44100 * 7].reshape(2, -1, 882) ** 2).mean((0, 2))) for one in (laid, whole)]
    assert np.abs(envelopes[0] - envelopes[1]).max() < 0.05 * envelopes[1].max()  # onsets differ by half a step at most
    assert bars.bar(edit(sheet, "transpose +1 in bar 4"), 0, 1) is bars.bar(sheet, 0, 1)
