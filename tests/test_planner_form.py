"""How a song develops: chord styles, sections that grow, fills, an ending; with random weights, so that rules do it."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from planner.chord_style import allowed_qualities, style_of_genre
from planner.composition import compose, compose_bars, plan
from planner.language import ID, SIZE, CellNote, SyllableKind, metrical_weight
from planner.llama import PlannerConfig, PlannerModel
from planner.melody_score import MEASURES, measures, melody_bar, stress_share
from planner.plan_mask import PlanBarState
from planner.plan_writer import section_floors
from planner.prosody import STRONG, WEAK
from planner.request import BarRequest, Controls
from planner.rules.breath import BREATH_TICKS, breath_due, ticks_without_breath
from planner.rules.ending import LAST_DRUMS, MOST_LAST_HITS
from planner.rules.novelty import note_content
from planner.song import Part, PlanBar, Song, song_of
from planner.song_to_sheet import sheet_of_song
from planner.token_sampling import TokenSampling, TokenWriter
from scoretok.parts import Chord
from scoretok.theory import QUALITY_NAMES

BAND = Song((Part("lead.1", 73), Part("piano.1", 0), Part("bass.1", 33), Part("drums.1", 0)), (), key="A:min")
TRIADS = ("maj", "min", "dim", "aug", "sus2", "sus4", "5")


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    config = PlannerConfig(hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2)
    return PlannerModel(config).eval()


def form(*sections):
    return [BarRequest(None, name if not bar else None) for name, bars in sections for bar in range(bars)]


def qualities(song):
    return [chord.quality for bar in song.plan for chord in bar.chords if chord.root is not None]


@pytest.mark.parametrize("seed", range(3))
def test_chords_are_of_the_style_that_is_asked_for(model, seed):
    sampling = TokenSampling(seed=seed)
    rich = plan(model, BAND, form(("verse", 12)), Controls(chord_style="rich"), sampling)
    assert not set(qualities(rich)) & set(TRIADS)
    plain = plan(model, BAND, form(("verse", 12)), Controls(chord_style="plain"), sampling)
    for bar in plain.plan:
        for chord in bar.chords:
            # A is the tonic: E is the dominant.
            assert chord.root is None or chord.quality in TRIADS or (chord.root, chord.quality) == (4, "7")
    jazz = plan(model, Song(BAND.parts, (), key="A:min", genre="jazz"), form(("verse", 12)), None, sampling)
    assert not set(qualities(jazz)) & set(TRIADS)


def test_rich_chords_have_the_function_of_their_degree():
    def names(root, key="C:maj"):
        return {QUALITY_NAMES[n] for n in np.flatnonzero(allowed_qualities("rich", key, root))}

    assert names(0) == {"maj7", "maj6", "maj6(9)", "maj9"}
    assert "7" in names(7)
    assert "maj7" not in names(7)
    assert names(2) >= {"min7", "7"}
    assert names(2, "C:min") == {"hdim7", "min7", "7"}
    assert all(names(root) for root in range(12))
    assert (style_of_genre("jazz"), style_of_genre("pop")) == ("rich", "any")


@pytest.mark.parametrize("seed", range(3))
def test_the_last_bar_is_an_ending(model, seed):
    made = compose(model, BAND, form(("verse", 4), ("chorus", 4)), sampling=TokenSampling(seed=seed)).sheet
    start = made.bar_starts[7]
    (chord,) = [chord for chord in made.chords if chord.start_ticks >= start] or [made.chord_at(start)]
    assert chord.root == 9
    for number, track in enumerate(made.tracks):
        for note in made.notes_in(number, 7):
            assert note.start_ticks == start
            if track.is_drums:
                assert note.pitch in LAST_DRUMS
            else:
                assert note.duration_ticks == (84 if track.role == "lead" else 96)  # a flute breathes
                assert note.pitch % 12 in ((9,) if track.role == "bass" else chord.pitch_classes)
        assert not track.is_drums or len(made.notes_in(number, 7)) <= MOST_LAST_HITS
    free = [
        compose(model, BAND, form(("verse", 4)), sampling=TokenSampling(seed=n), develop=False).sheet for n in range(4)
    ]
    assert any(n.start_ticks > s.bar_starts[3] for s in free for t in range(4) for n in s.notes_in(t, 3))


def test_a_demand_that_no_ending_meets_goes_before_it(model):
    """The last chord has no tone of the scale, and every bar has to have notes."""
    asked = [BarRequest((Chord(0, 1, "maj", None),)) for _ in range(2)]
    demands = Controls(scale=frozenset({0, 2, 4}), density={"piano.1": (1, 4)})
    song = Song((Part("piano.1", 0),), (), {}, (4, 4), "C:maj")
    made = compose(model, song, asked, demands, TokenSampling(seed=0)).sheet
    for bar in range(2):
        assert made.notes_in(0, bar)
    assert {note.pitch % 12 for note in made.tracks[0].notes} <= {0, 2, 4}


def test_drums_are_those_of_general_midi(model):
    made = compose(model, BAND, form(("verse", 4)), sampling=TokenSampling(seed=1)).sheet
    (drums,) = [track for track in made.tracks if track.is_drums]
    assert drums.notes
    assert {note.pitch for note in drums.notes} <= set(range(27, 88))


@pytest.mark.parametrize("seed", range(3))
def test_drums_fill_the_last_bar_of_a_section(model, seed):
    made = compose(model, BAND, form(("verse", 4), ("chorus", 4), ("verse", 4)), sampling=TokenSampling(seed=seed))
    song = song_of(made.sheet)
    for bar in (3, 7):
        before = song.cells.get((3, bar - 1))
        assert not before or note_content(song.cells.get((3, bar), ())) != note_content(before)


@pytest.mark.parametrize("seed", range(4))
def test_sections_grow(model, seed):
    asked = form(("intro", 4), ("verse", 4), ("chorus", 4))
    intro, verse, chorus = (
        plan(model, BAND, asked, sampling=TokenSampling(seed=seed)).plan[n].densities for n in (0, 4, 8)
    )
    assert 0 in intro
    assert all(one <= other for one, other in zip(intro, verse, strict=True))
    assert all(one <= other for one, other in zip(verse, chorus, strict=True))


def test_what_is_asked_for_comes_before_the_growth(model):
    asked = form(("verse", 4), ("chorus", 4))
    asked[0] = BarRequest(None, "verse", (5, 5, 5, 5))
    asked[4] = BarRequest(None, "chorus", (1, 0, None, 1))
    planned = plan(model, BAND, asked).plan
    assert planned[4].densities[:2] == (1, 0)
    assert planned[4].densities[2] >= 5
    assert section_floors([PlanBar(), PlanBar((), "verse", (1, 2))], 2)["chorus"] == (1, 2)
    state = PlanBarState(96, 24, None, 8, ID["Section_chorus"], [None], [False], floors={"chorus": (7,)})
    state.advance(ID["Section_chorus"])
    assert np.flatnonzero(state.mask(SIZE - 1)).tolist() == [ID["Density_7"]]


def test_bars_are_handed_on_as_they_are_written(model):
    asked = form(("verse", 4), ("chorus", 4))
    seen = list(compose_bars(model, BAND, asked, sampling=TokenSampling(seed=2)))
    assert [one.bar for one in seen] == list(range(8))
    for one in seen:
        assert len(one.song.plan) == 8
        assert all(bar <= one.bar for _, bar in one.song.cells)
        assert one.cells == {
            part.name: one.song.cells.get((number, one.bar), ())
            for number, part in enumerate(one.song.parts)
            if part.name in one.cells
        }
    whole = compose(model, BAND, asked, sampling=TokenSampling(seed=2)).sheet
    assert sheet_of_song(seen[-1].song) == whole


def test_the_best_of_several_candidates_is_kept(model):
    made = compose(model, BAND, form(("verse", 6)), sampling=TokenSampling(seed=5, candidates=4))
    assert {choice.track for choice in made.choices} == {"lead.1"}
    assert any(len(choice.scores) == 4 for choice in made.choices)
    for choice in made.choices:
        assert sum(choice.terms.values()) == pytest.approx(max(choice.scores))
    alone = compose(model, BAND, form(("verse", 6)), sampling=TokenSampling(seed=5, candidates=1))
    assert all(len(choice.scores) == 1 for choice in alone.choices)


def test_tokens_that_are_taken_again_lead_on_as_when_they_were_drawn(model):
    anything = np.ones(SIZE, bool)
    writer = TokenWriter(model, TokenSampling(seed=1))
    writer.feed(1, 40, 50)
    mark = writer.mark()
    ids = [writer.sample(anything) for _ in range(5)]
    logits = writer.model.next_logits(writer.pending, writer.cache).clone()
    likelihood = writer.log_likelihood
    writer.rewind(mark)
    writer.sample(anything)
    writer.take(mark, ids, likelihood - mark[2], 5)
    assert (writer.length, writer.log_likelihood, writer.drawn) == (8, pytest.approx(likelihood), 5)
    assert torch.allclose(writer.model.next_logits(writer.pending, writer.cache), logits, atol=2e-3)


def test_measures_of_a_melody():
    cells = {(0, 0): (CellNote(0, 60, 24, 96), CellNote(24, 64, 24, 96)), (0, 1): (CellNote(0, 67, 48, 96),)}
    song = Song((Part("lead.1", 73),), (PlanBar((Chord(0, 0),)), PlanBar()), cells)
    found = measures([melody_bar(song, 0, 0), melody_bar(song, 0, 1)], "C:maj")
    assert set(found) == set(MEASURES)
    assert found["range"] == 7
    assert found["steps"] == found["leaps"] == found["turns"] == 0
    assert found["rests"] == 0.5
    assert found["in key"] == found["chord tones on beats"] == 1
    assert measures([melody_bar(Song(song.parts, song.plan), 0, 0)], "C:maj") is None


def test_stress_on_the_beat():
    assert [metrical_weight(tick, 96, 24) for tick in (0, 24, 48, 72, 12, 6)] == [4, 2, 3, 2, 1, 0]
    kinds = (SyllableKind(STRONG), SyllableKind(WEAK), SyllableKind(STRONG), SyllableKind(WEAK))
    right = tuple(CellNote(tick, 60, 12, 96, 2) for tick in (0, 24, 48, 72))
    late = tuple(CellNote(tick, 60, 12, 96, 2) for tick in (12, 24, 36, 48))
    assert stress_share(right, kinds, 96, 24) == 1
    assert stress_share(late, kinds, 96, 24) == 0
    assert stress_share(right, kinds[:1], 96, 24) == 0.5


def test_who_blows_has_time_to_breathe(model):
    flute = Song((Part("lead.1", 73), Part("piano.1", 0)), (), bpm=60.0)
    for seed in range(3):
        made = compose(model, flute, form(("verse", 12)), sampling=TokenSampling(seed=seed), develop=False)
        line = made.sheet.tracks_by_id["lead.1"].notes
        begun = line[0].start_ticks
        for note, following in pairwise(line):
            if following.start_ticks - note.end_ticks >= BREATH_TICKS:
                begun = following.start_ticks
            # Eight seconds at 60 are eight quarters, or the bar is over in which it began.
            assert following.start_ticks - begun <= 24 * 8
    cells = {0: (CellNote(0, 60, 96, 96),), 1: (CellNote(0, 60, 84, 96),), 2: (CellNote(0, 60, 96, 96),)}
    assert [breath_due(played, 192, [96, 96, 96]) for played in (0, 96, 150)] == [192, 96, 96]
    assert [ticks_without_breath(cells, [0, 96, 192, 288], bar) for bar in range(4)] == [0, 96, 0, 96]
