"""Sections that come again are as they were, unless something else is asked for."""

from itertools import pairwise

import pytest
import torch

from planner.composition import compose, plan
from planner.llama import PlannerConfig, PlannerModel
from planner.request import BarRequest, Controls
from planner.section_repeats import repeat_sources, source_bar
from planner.song import PHRASE, Part, PlanBar, Song
from planner.token_sampling import TokenSampling
from scoretok import Grammar
from scoretok.encode import encode
from scoretok.parts import Chord

BAND = Song((Part("vocal.1", 53), Part("piano.1", 0), Part("bass.1", 33), Part("drums.1", 0)), ())
LEVELS = (3, 2, 2, 3)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    config = PlannerConfig(hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2)
    return PlannerModel(config).eval()


def form(*sections, levels=()):
    return [BarRequest(None, name if not bar else None, levels) for name, bars in sections for bar in range(bars)]


def cells(sheet, bar):
    """The notes of every track of a bar, counted from its bar line."""
    start = sheet.bar_starts[bar]
    return [
        [note._replace(start_ticks=note.start_ticks - start) for note in sheet.notes_in(number, bar)]
        for number in range(len(sheet.tracks))
    ]


def chords(sheet, bar):
    """The chord on every beat."""
    found = [sheet.chord_at(sheet.bar_starts[bar] + tick) for tick in range(0, 96, 24)]
    return [chord and (chord.root, chord.quality, chord.bass) for chord in found]


def labelled(*labels):
    return [PlanBar(label=label) for label in labels]


def test_where_a_bar_comes_back_from():
    song = labelled("verse", None, PHRASE, None, "chorus", None, "verse", None, PHRASE, None, None)
    assert [source_bar(song, bar, song[bar].label) for bar in range(11)] == [None] * 6 + [0, 1, 2, 3, None]
    assert source_bar(song[:6], 6, "chorus") == 4
    assert source_bar(song[:6], 6, "bridge") is None
    assert source_bar(labelled(PHRASE, None), 1) is None


def test_other_chords_meters_and_keys_do_not_come_back():
    sections = labelled("verse", None, None, "chorus", "verse", None, None)
    assert repeat_sources(Song((), tuple(sections))) == {4: 0, 5: 1}
    for change in (PlanBar((Chord(0, 5),)), PlanBar(meter=(3, 4)), PlanBar(key="D:maj")):
        assert repeat_sources(Song((), (*sections[:5], change, sections[6]))) == {4: 0}


@pytest.mark.parametrize("seed", range(3))
def test_a_second_verse_is_the_first_one_but_for_its_last_bar(model, seed):
    asked = form(("verse", 4), ("chorus", 4), ("verse", 4), ("chorus", 5))
    made = compose(model, BAND, asked, sampling=TokenSampling(seed=seed)).sheet
    Grammar().check(encode(made))
    for bar in (0, 1, 2, 4, 5, 6):
        assert chords(made, bar) == chords(made, bar + 8)
        assert cells(made, bar)[-1] == cells(made, bar + 8)[-1]
    # A note that still rings may be in the way of one that comes back; drums do not ring.
    alike = [
        one == other for bar in (1, 2, 5, 6) for one, other in zip(cells(made, bar), cells(made, bar + 8), strict=True)
    ]
    assert sum(alike) > len(alike) / 2
    free = compose(model, BAND, asked, sampling=TokenSampling(seed=seed), repeat_sections=False).sheet
    assert any(cells(free, bar)[-1] != cells(free, bar + 8)[-1] for bar in (0, 1, 2, 4, 5, 6))


def test_what_is_demanded_comes_before_the_reprise(model):
    asked = form(("verse", 4), ("chorus", 4), ("verse", 4), levels=LEVELS)
    asked[9] = BarRequest((Chord(0, 6, "dim"),), None, ())
    made = compose(model, BAND, asked, Controls(max_repeats={"piano.1": 1})).sheet
    assert chords(made, 9) == [(6, "dim", None)] * 4
    piano = made.track_ids.index("piano.1")
    tunes = [[(n.start_ticks - made.bar_starts[bar], n.pitch, n.duration_ticks) for n in made.notes_in(piano, bar)]
             for bar in range(12)]  # fmt: skip
    assert all(one != other for one, other in pairwise(tunes) if one)


def test_in_another_key_the_chords_are_chosen_anew(model):
    asked = form(("verse", 8), ("verse", 8))
    asked[8] = BarRequest(None, "verse", key="Eb:maj")
    planned = [plan(model, BAND, asked, sampling=TokenSampling(seed=seed)).plan for seed in range(3)]
    assert any([bar.chords for bar in one[:8]] != [bar.chords for bar in one[8:]] for one in planned)
    assert not repeat_sources(Song((), planned[0]))


def test_a_plan_has_its_chords_again_and_a_song_that_is_planned_so_is_played_so(model):
    asked = form(("verse", 8), ("chorus", 4), ("verse", 8))
    planned = plan(model, BAND, asked, sampling=TokenSampling(seed=4), develop=False)
    assert [bar.chords for bar in planned.plan[1:8]] == [bar.chords for bar in planned.plan[13:20]]
    assert planned.plan[0].densities == planned.plan[12].densities
    assert repeat_sources(planned) == {bar: bar - 12 for bar in range(12, 19)}
    assert not planned.cells
