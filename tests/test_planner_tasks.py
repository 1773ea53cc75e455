"""Infill, vary, extend, accompany, harmonise and score with a tiny random model: what stays, stays."""

from dataclasses import replace
from itertools import groupby, pairwise

import pytest
import torch

from editing import edit
from planner.composition import GeneratedScore, compose
from planner.language import FIRST, REPEATS, CellNote
from planner.llama import PlannerConfig, PlannerModel
from planner.plan_writer import write_plan
from planner.playability import CHORD_SIZES, with_playability
from planner.request import BarRequest, Controls, Request
from planner.song import Part, PlanBar, Song, song_of
from planner.song_to_sheet import sheet_of_song
from planner.tasks import accompany, extend, harmonise, infill, requested_plan, score, vary
from planner.token_sampling import TokenSampling, TokenWriter
from planner.variants import are_near_duplicates, variants
from scoretok import Cell, Grammar, ScoretokError, diff, slice_bars
from scoretok.bars import rearrange_bars
from scoretok.encode import encode
from scoretok.instrument_ranges import range_of, unplayable
from scoretok.parts import Chord, Note
from scoretok.performance import SUBTICKS_PER_TICK

WRITTEN = {("piano.1", 3), ("bass.1", 6)}


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    config = PlannerConfig(hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2)
    return PlannerModel(config).eval()


@pytest.fixture(scope="module")
def song(saints):
    return slice_bars(saints, 0, 8)


def notes_by_cell(sheet):
    return {
        (name, bar): sheet.notes_in(number, bar)
        for number, name in enumerate(sheet.track_ids)
        for bar in range(sheet.bar_count)
    }


def test_infill_writes_the_cells_that_were_named_and_no_other(model, song):
    cells = {("piano.1", 2), ("piano.1", 3), ("bass.1", 6)}
    made = infill(model, song, cells, sampling=TokenSampling(seed=2))
    Grammar().check(encode(made.sheet))
    before, after = notes_by_cell(song), notes_by_cell(made.sheet)
    assert before.keys() == after.keys()
    assert {place for place in before if before[place] != after[place]} <= cells
    assert all(before[place] != after[place] for place in cells if before[place])
    assert made.sheet.chords == song.chords
    assert made.likelihood < 0


def test_the_performance_outside_what_is_written_stays(model, song):
    played = edit(
        song, ["humanise timing 2 seed 1", "pedal of piano", "bend 50 in bars 3-5 of piano", "volume 90 of bass"]
    )
    after = infill(model, played, WRITTEN, sampling=TokenSampling(seed=2)).sheet
    start, stop = played.bar_starts[3:5]
    for name, track in played.tracks_by_id.items():
        made = after.tracks_by_id[name]
        kept = [note for note in track.notes if (name, played.bar_at(note.start_ticks)) not in WRITTEN]
        assert set(kept) <= set(made.notes)
        if name != "piano.1":
            assert made.controls == track.controls
    piano = after.tracks_by_id["piano.1"]
    assert diff(played, after).cells == tuple(Cell(name, bar, bar) for name, bar in (("piano.1", 3), ("bass.1", 6)))
    for control in piano.controls:
        assert {control.value_at(tick * SUBTICKS_PER_TICK) for tick in range(start, stop)} == {control.neutral}


@pytest.mark.parametrize("keep", ["rhythm", "contour"])
def test_a_varied_melody_has_its_words(model, song, keep):
    (name,) = [name for name in song.track_ids if name.startswith("vocal")]
    made = vary(model, song, {(name, bar) for bar in range(4)}, keep).sheet
    before, after = (sheet.tracks_by_id[name].notes for sheet in (song, made))
    assert before != after
    assert [note.syllable for note in before if note.syllable] == [note.syllable for note in after if note.syllable]


def test_vary_keeps_the_rhythm(model, song):
    made = vary(model, song, {("bass.1", bar) for bar in range(8)}, "rhythm").sheet
    old, new = (song_of(sheet) for sheet in (song, made))
    part = [p.name for p in old.parts].index("bass.1")
    for bar in range(8):
        lines = [[(hit.position, hit.duration) for hit in s.cells.get((part, bar), ())] for s in (old, new)]
        assert {onset for onset, _ in lines[0]} == {onset for onset, _ in lines[1]}
    assert old.cells != new.cells


def test_extend_goes_on_and_leaves_what_was_there(model, song):
    made = extend(model, song, 5).sheet
    Grammar().check(encode(made))
    assert made.bar_count == 13
    before, after = notes_by_cell(song), notes_by_cell(made)
    assert all(after[place] == before[place] for place in before)
    assert any(notes for (_, bar), notes in after.items() if bar >= 8)
    assert [chord for chord in made.chords if chord.start_ticks < song.end_ticks] == list(song.chords)


def test_accompany_adds_tracks_to_a_melody(model, song):
    melody = song.with_tracks([song.tracks_by_id["vocal.1"]])
    made = accompany(model, melody, [Part("bass.1", 33), Part("drums.1", 0)]).sheet
    assert made.track_ids == ("vocal.1", "bass.1", "drums.1")
    assert made.tracks[0] == melody.tracks[0]
    assert all(track.notes for track in made.tracks)


def test_harmonise_changes_chords_only(model, song):
    made = harmonise(model, song, sampling=TokenSampling(seed=5)).sheet
    assert made.tracks == song.tracks
    assert made.sections == song.sections
    assert made.chords
    assert made.chords[0].start_ticks == 0


def test_compose_has_the_form_and_chords_that_were_given(model):
    from scoretok.harmony import parse_chord

    chords = [parse_chord(text) for text in ("Am", "F", "C", "G")]
    bars = [BarRequest(chords=(chords[i % 4],), label="verse" if i == 0 else "chorus" if i == 4 else None)
            for i in range(8)]  # fmt: skip
    made = compose(model, Song((Part("piano.1", 0), Part("drums.1", 0)), (), {}, (3, 4), "A:min", 90.0), bars).sheet
    assert [(s.bar, s.label) for s in made.sections] == [(0, "verse"), (4, "chorus")]
    assert [made.chord_at(start).root for start in made.bar_starts[:-1]] == [9, 5, 0, 7] * 2
    assert made.meter_at(0).numerator == 3
    assert made.track_ids == ("piano.1", "drums.1")
    assert all(track.notes for track in made.tracks)


def test_long_songs_are_composed_and_infilled(model):
    made = compose(model, Song((Part("piano.1", 0),), ()), (BarRequest(),) * 80, Controls(density={"piano.1": (1, 2)}))
    assert made.sheet.bar_count == 80
    again = infill(model, made.sheet, {("piano.1", 3), ("piano.1", 70)}).sheet
    before, after = notes_by_cell(made.sheet), notes_by_cell(again)
    assert {place for place in before if before[place] != after[place]} == {("piano.1", 3), ("piano.1", 70)}


def test_every_cell_gets_a_likelihood(model, song):
    found = score(model, song)
    cells = notes_by_cell(song)
    assert {place for place, notes in cells.items() if notes} <= found.keys() <= cells.keys()
    assert all(value < 0 for value in found.values())


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({("organ.1", 0)}, "there is no track organ.1"),
        ({("piano.1", 99)}, "there is no bar 100"),
        (set(), "no cell is to be written"),
    ],
)
def test_what_is_not_there_cannot_be_infilled(model, song, cells, message):
    with pytest.raises(ScoretokError, match=message):
        infill(model, song, cells)


def test_nothing_cannot_be_varied(model, song):
    quiet = [("vocal.1", bar) for bar in range(8) if not song.notes_in(0, bar)]
    if not quiet:
        pytest.skip("the singer never rests")
    with pytest.raises(ScoretokError, match="no notes to vary"):
        vary(model, song, quiet)


def test_a_demand_that_no_notes_can_meet_is_told(model, song):
    with pytest.raises(ScoretokError, match="no notes were found for piano"):
        infill(
            model,
            song,
            {("piano.1", 2)},
            Controls(
                rhythm={(1, 2): (CellNote(0, 60, 96, 96),)}, polyphony={"piano.1": 1}, density={"piano.1": (3, 3)}
            ),
        )


class Parrot(PlannerModel):
    """A model that repeats whenever it may."""

    def next_logits(self, ids, cache):
        logits = super().next_logits(ids, cache).clone()
        logits[FIRST["Repeat"] : FIRST["Repeat"] + len(REPEATS)] += 50
        return logits


def longest_rows(sheet):
    """By track, how many bars in a row hold the same notes at most."""
    song = song_of(sheet)
    found = {}
    for number, part in enumerate(song.parts):
        cells = [[(h.position, h.pitch, h.duration) for h in song.cells.get((number, bar), ())] for bar in range(12)]
        found[part.name] = max(len(list(row)) for cell, row in groupby(cells) if cell)
    return found


def test_no_more_bars_in_a_row_are_the_same_than_asked_for(model, song):
    parrot = Parrot(model.config)
    parrot.load_state_dict(model.state_dict())
    band = Song((Part("drums.1", 0), Part("drums.2", 0)), ())
    bars = [BarRequest(None, "verse" if bar % 8 == 0 else None, (4, 4) if bar % 8 == 0 else ()) for bar in range(12)]
    assert longest_rows(compose(parrot.eval(), band, bars, develop=False).sheet) == {"drums.1": 12, "drums.2": 12}
    controls = Controls(max_repeats={"drums.1": 1, "drums.2": 3})
    assert longest_rows(compose(parrot, band, bars, controls, develop=False).sheet) == {"drums.1": 1, "drums.2": 3}
    # An infill counts what stands on both sides.
    same = compose(parrot, band, bars).sheet
    made = infill(
        parrot, same, [("drums.2", bar) for bar in (3, 7)], Controls(max_repeats={"drums.2": 4}), is_new=False
    )
    assert longest_rows(made.sheet)["drums.2"] <= 4


def test_every_bar_is_told_as_it_is_made(model):
    reported = []
    band = Song((Part("piano.1", 0), Part("bass.1", 33)), ())
    made = compose(model, band, [BarRequest()] * 6, advance=lambda bar, cells: reported.append((bar, cells)))
    song = song_of(made.sheet)
    assert [bar for bar, _ in reported] == sorted({bar for _, bar in song.cells} | {bar for bar, _ in reported})
    written = {(name, bar): cell for bar, cells in reported for name, cell in cells.items() if cell}
    assert written == {(song.parts[part].name, bar): cell for (part, bar), cell in song.cells.items()}


def test_variants_differ_and_come_likeliest_first(song):
    def made(likelihood, *pitches):
        piano = song.tracks_by_id["piano.1"]
        notes = tuple(Note(24 * number, pitch, 24, 80) for number, pitch in enumerate(pitches))
        return GeneratedScore(song.with_tracks([replace(piano, notes=notes)]), likelihood)

    line = list(range(60, 80))
    answers = [made(-2.0, *line), made(-1.0, *line[:-1], 90), made(-3.0, *line[:-2], 90, 91), made(-1.5, *line[::-1])]
    seeds = []

    def make(sampling):
        seeds.append(sampling.seed)
        return answers[len(seeds) - 1]

    found = variants(make, 3, TokenSampling(seed=5))
    # The second shares 19 of 21 notes with the first.
    assert found == [answers[3], answers[0], answers[2]]
    assert seeds == [5, 6, 7, 8]
    # In a score that was there, only what is new is compared.
    before = made(0, *line[:-2]).sheet
    assert not are_near_duplicates(answers[0].sheet, answers[1].sheet, before)


def test_a_bar_that_does_not_fit_is_begun_again_with_less_around_it():
    torch.manual_seed(0)
    config = PlannerConfig(hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
                    max_position_embeddings=512)  # fmt: skip
    small = PlannerModel(config).eval()
    band = Song((Part("piano.1", 0), Part("guitar.1", 24), Part("bass.1", 33)), ())
    controls = Controls(density={"piano.1": (14, 16), "guitar.1": (14, 16), "bass.1": (8, 8)},
                        polyphony={"piano.1": 3, "guitar.1": 2, "bass.1": 1})  # fmt: skip
    made = compose(small, band, [BarRequest()] * 6, controls).sheet
    Grammar().check(encode(made))
    for bar in range(6):
        for number, (least, most) in enumerate(((14, 16), (14, 16), (8, 8))):
            assert least <= len({note.start_ticks for note in made.notes_in(number, bar)}) <= most
    most = Controls(density={part.name: (90, 96) for part in band.parts}, polyphony=controls.polyphony)
    with pytest.raises(ScoretokError, match="bar 1 does not fit into the context"):
        compose(small, band, [BarRequest()] * 2, most)


def test_what_is_written_is_playable_unless_the_request_or_the_track_says_otherwise(model, song):
    band = Song((Part("vocal.1", 53), Part("piano.1", 0), Part("bass.1", 33), Part("drums.1", 0)), ())
    made = compose(model, band, [BarRequest(None, "verse", (4, 4, 4, 4)), *[BarRequest(None, None)] * 7]).sheet
    for name, track in made.tracks_by_id.items():
        role = name.partition(".")[0]
        limits = range_of(track)
        assert track.notes
        if limits is not None:
            low, high = limits.comfortable
            assert all(low <= note.pitch <= high for note in track.notes)
            assert not unplayable(track)
        starts = [note.start_ticks for note in track.notes]
        assert max(map(starts.count, starts)) <= CHORD_SIZES[role]
    high = compose(model, band, [BarRequest()] * 4, Controls(spans={"bass.1": (90, 100)})).sheet
    assert all(90 <= note.pitch <= 100 for note in high.tracks_by_id["bass.1"].notes)
    # A track that goes further itself may go on to do so.
    cells = {(2, 0): (CellNote(0, 90, 24, 72),), (3, 1): tuple(CellNote(0, pitch, 1, 72) for pitch in range(35, 45))}
    controls = with_playability(Controls(), replace(band, cells=cells, plan=(PlanBar(),) * 2))
    assert (controls.spans["bass.1"], controls.chord_sizes["drums.1"]) == ((28, 90), 10)
    winds = Song((Part("lead.1", 73), Part("lead.2", 65), Part("strings.1", 40), Part("strings.2", 48)), ())
    controls = with_playability(Controls(), winds)
    assert [controls.polyphony.get(part.name) for part in winds.parts] == [1, 1, 1, None]
    together = tuple(CellNote(0, pitch, 24, 72) for pitch in (72, 76))
    controls = with_playability(Controls(), replace(winds, plan=(PlanBar(),), cells={(0, 0): together}))
    assert (controls.polyphony["lead.1"], controls.chord_spans["lead.1"]) == (2, 4)


def test_accompaniment_begins_bars_and_chords_with_their_tones(model, song):
    band = Song((Part("piano.1", 0), Part("guitar.1", 25), Part("strings.1", 48), Part("bass.1", 33)), ())
    asked = [BarRequest((Chord(0, 9, "min"), Chord(48, 2, "7"))), BarRequest(()), BarRequest((Chord(36, 5),))] * 2

    def strange(sheet, name):
        chords = {chord.start_ticks: chord for chord in sheet.chords}
        begins = {tick: sheet.chord_at(tick) for tick in {*chords, *sheet.bar_starts[:-1]}}
        notes = [note for note in sheet.tracks_by_id[name].notes if note.start_ticks in begins]
        return [note for note in notes if note.pitch % 12 not in begins[note.start_ticks].pitch_classes]

    demand = Controls(on_chord={"bass.1": True})
    made = [compose(model, band, asked, demand, TokenSampling(seed=seed)).sheet for seed in range(6)]
    assert not [note for sheet in made for name in sheet.track_ids for note in strange(sheet, name)]
    free = Controls(on_chord={"guitar.1": False}, density={"guitar.1": (96, 96)})
    assert strange(compose(model, replace(band, parts=band.parts[1:2]), asked[:2], free).sheet, "guitar.1")
    # A part that goes its own way may go on to do so.
    odd, fit = (CellNote(0, 61, 24, 72),), (CellNote(0, 60, 24, 72),)
    controls = with_playability(
        Controls(), replace(band, plan=(PlanBar((Chord(0, 0),)),), cells={(0, 0): odd, (1, 0): fit})
    )
    assert controls.on_chord == {"piano.1": False, "guitar.1": True, "strings.1": True, "bass.1": False}
    assert not with_playability(Controls(), replace(band, genre="art song")).on_chord["piano.1"]


def test_demands_on_an_added_track_hold_though_one_of_its_name_is_there(model, song):
    assert "piano.1" in song.track_ids
    controls = Controls(spans={"piano.1": (100, 104)})
    made = accompany(model, song, [Part("piano.1", 4)], controls).sheet
    assert made.tracks_by_id["piano.2"].notes
    assert all(100 <= note.pitch <= 104 for note in made.tracks_by_id["piano.2"].notes)
    assert made.tracks_by_id["piano.1"] == song.tracks_by_id["piano.1"]


def test_a_part_that_is_written_anew_throughout_is_planned_by_the_model(model, song):
    """Its density is drawn, never left out or silent."""
    view = song_of(song)
    here = {(0, bar) for bar in range(8)}
    request = Request(view, requested_plan(view, here), view.places - here)
    planned = write_plan(TokenWriter(model), request)
    assert all(1 <= bar.densities[0] <= 7 for bar in planned.plan if bar.densities is not None)
    assert [bar.densities[1:] for bar in planned.plan if bar.densities] == [
        bar.densities[1:] for bar in view.plan if bar.densities
    ]


def test_a_long_score_is_varied_in_windows(model, song):
    long = rearrange_bars(song, [*range(8)] * 5)
    cells = {("bass.1", bar) for bar in range(long.bar_count)}
    made = vary(model, long, cells, "rhythm").sheet
    old, new = (sheet.tracks_by_id["bass.1"].notes for sheet in (long, made))
    assert {note.start_ticks for note in old} == {note.start_ticks for note in new}
    assert [note.pitch for note in old] != [note.pitch for note in new]


@pytest.mark.parametrize("name", ["lead.1", "drums.1"])
def test_a_contour_with_repeated_notes_is_kept_to_its_end(model, name):
    line = [60, 60, 67, 67, 69, 69, 67] if name == "lead.1" else [36, 36, 38, 36, 36, 38, 38]
    hits = tuple(CellNote(12 * i, pitch, 1 if name == "drums.1" else 12, 72) for i, pitch in enumerate(line))
    song_in = Song((Part(name, 0),), (PlanBar((), "verse", (4,)), PlanBar()), {(0, 0): hits, (0, 1): hits})
    made = song_of(
        vary(model, sheet_of_song(song_in), {(name, 0), (name, 1)}, "contour", sampling=TokenSampling(seed=3)).sheet
    )
    for bar in (0, 1):
        new = [hit.pitch for _, group in groupby(made.cells[0, bar], lambda hit: hit.position) for hit in [next(group)]]
        signs = [(b > a) - (b < a) for a, b in pairwise(new)]
        assert signs == [(b > a) - (b < a) for a, b in pairwise(line)]


def test_a_density_holds_as_long_as_its_section(model):
    band = Song((Part("piano.1", 0), Part("drums.1", 0)), ())
    bars = [BarRequest(None, "verse", (4, 0)), *[BarRequest(None, None)] * 15]
    made = compose(model, band, bars).sheet
    assert made.tracks_by_id["drums.1"].notes == ()
    assert made.tracks_by_id["piano.1"].notes


def test_onsets_that_are_demanded_are_there_in_every_bar(model):
    band = Song((Part("piano.1", 0), Part("bass.1", 33)), ())
    made = compose(model, band, [BarRequest()] * 12, Controls(density={"bass.1": (1, 3)})).sheet
    number = made.track_ids.index("bass.1")
    assert all(1 <= len({n.start_ticks for n in made.notes_in(number, bar)}) <= 3 for bar in range(12))
    bars = [BarRequest(None, "verse", (3, 0)), *[BarRequest(None, None)] * 3]
    with pytest.raises(ScoretokError, match=r"bass.1 is silent in bar 1 by the plan, but is to have onsets"):
        compose(model, band, bars, Controls(density={"bass.1": (1, 3)}))


def test_polyphony_counts_notes_that_stay_behind_what_is_written(model):
    given = (CellNote(0, 40, 96, 72), CellNote(24, 44, 48, 72))
    song_in = Song((Part("piano.1", 0),), (PlanBar((), "verse", (4,)), PlanBar()), {(0, 1): given})
    sheet = sheet_of_song(song_in)
    for seed in range(12):
        controls = Controls(polyphony={"piano.1": 3}, density={"piano.1": (2, 4)})
        notes = infill(model, sheet, [("piano.1", 0)], controls, TokenSampling(seed=seed)).sheet.tracks[0].notes
        assert all(sum(n.start_ticks <= at < n.end_ticks for n in notes) <= 3 for at in {n.start_ticks for n in notes})


def test_extend_leaves_notes_that_ring_past_the_end(model, song):
    piano = song.tracks_by_id["piano.1"]
    last = Note(song.bar_starts[-1] - 24, 30, 200, 80)
    ringing = song.with_tracks(replace(t, notes=(*piano.notes, last)) if t == piano else t for t in song.tracks)
    made = extend(model, ringing, 2).sheet
    assert last in made.tracks_by_id["piano.1"].notes
    assert set(ringing.tracks_by_id["piano.1"].notes) <= set(made.tracks_by_id["piano.1"].notes)


def test_a_rounded_note_that_would_run_into_its_pitch_ends_there():
    cells = {(0, 0): (CellNote(0, 60, 96, 96),), (0, 1): (CellNote(0, 60, 48, 96),)}
    cells |= {(1, 0): (CellNote(0, 64, 108, 96),), (1, 1): (CellNote(2, 64, 24, 96),)}
    song = Song((Part("lead.1", 73), Part("piano.1", 0)), (PlanBar(),) * 2, cells)
    lead, piano = sheet_of_song(song).tracks
    assert [note.duration_ticks for note in lead.notes] == [96, 48]
    assert [note.duration_ticks for note in piano.notes] == [98, 24]
