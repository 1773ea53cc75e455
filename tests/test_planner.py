"""The planner's language: cells, sequences, what may follow what, and that what is demanded is kept."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from planner.examples import examples, make_example, pack_rows, transposed
from planner.incremental import KVCache
from planner.language import DURATIONS, VELOCITY_STEP, CellNote, SyllableKind, cell_tokens, nearest_duration, read_cell
from planner.llama import PlannerConfig, PlannerModel
from planner.note_writer import write_notes
from planner.plan_writer import write_plan
from planner.request import BarRequest, Controls, Request, given_plan
from planner.rules.syllables import LINE_END_TICKS, MOST_MELISMA_NOTES, SungCell
from planner.score_shards import ScoreShards, make_score_shard
from planner.sequence import read_sequence, sequence
from planner.song import Part, Song, song_of, song_window
from planner.song_to_sheet import given_note_spans, replace_cells, sheet_of_song
from planner.token_sampling import TokenSampling, TokenWriter
from scoretok import Grammar, LeadSheet, ScoretokError, write
from scoretok.encode import encode

TINY = PlannerConfig(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2)
PARTS = (Part("vocal.1", 53), Part("piano.1", 0), Part("bass.1", 33), Part("drums.1", 0))


@st.composite
def cells(draw, is_drums=False):
    """A cell with ascending onsets and pitches."""
    hits = []
    for position in sorted(draw(st.sets(st.integers(0, 95), max_size=5))):
        for pitch in sorted(draw(st.sets(st.integers(30, 80), min_size=1, max_size=3))):
            duration = 1 if is_drums else draw(st.sampled_from(DURATIONS))
            velocity = draw(st.integers(1, 127 // VELOCITY_STEP)) * VELOCITY_STEP
            hits.append(CellNote(position, pitch, duration, velocity, draw(st.integers(0, 2))))
    return tuple(hits)


@pytest.fixture(scope="module")
def model():
    """A tiny model with random weights."""
    torch.manual_seed(0)
    return PlannerModel(TINY).eval()


@given(st.data(), st.booleans())
def test_cells_survive_as_tokens(data, is_drums):
    cell = data.draw(cells(is_drums))
    assert read_cell(cell_tokens(cell, is_drums), is_drums) == cell


@given(st.integers(1, 6000))
def test_durations_are_rounded_to_the_nearest(ticks):
    nearest = nearest_duration(ticks)
    assert abs(nearest - ticks) == min(abs(duration - ticks) for duration in DURATIONS)


@given(st.data())
def test_any_cells_can_be_given_and_all_come_back(saints, data):
    song = song_of(saints)
    places = [(part, bar) for part in range(len(song.parts)) for bar in range(len(song))]
    given_places = data.draw(st.sets(st.sampled_from(places)))
    back, given_back = read_sequence(sequence(song, given_places))
    assert back.cells == song.cells
    assert back.plan == song.plan
    assert given_back == {place for place in given_places if place in song.cells}


@given(st.data())
def test_a_window_plays_what_the_song_plays_there(saints, data):
    song = song_of(saints)
    first = data.draw(st.integers(0, len(song) - 1))
    stop = data.draw(st.integers(first + 1, len(song)))
    view = song_window(song, range(first, stop))
    assert {(p, b + first): cell for (p, b), cell in view.cells.items()} == {
        place: cell for place, cell in song.cells.items() if first <= place[1] < stop
    }
    assert view.plan[0].label
    assert len(view.plan) == stop - first


@given(st.integers(-6, 6))
def test_transposition_can_be_undone(saints, semitones):
    song = song_of(saints)
    moved = transposed(song, semitones)
    assert moved is None or transposed(moved, -semitones) == song


@given(seed=st.integers(0, 2**32 - 1))
def test_examples_are_songs_and_fit(saints, seed):
    found = make_example(song_of(saints), 700, np.random.default_rng(seed))
    if found:
        assert len(found.ids) <= 700
        read_sequence(found.ids)


def controls(draw):
    """Demands that can all be met at once."""
    return Controls(
        scale=draw(st.none() | st.just(frozenset((0, 2, 4, 5, 7, 9, 11)))),
        spans={"bass.1": (28, 50)} if draw(st.booleans()) else {},
        polyphony={"piano.1": draw(st.integers(1, 4)), "vocal.1": 1},
        density={"piano.1": (draw(st.integers(0, 3)), draw(st.integers(3, 6))), "drums.1": (2, 8)},
    )


@pytest.mark.slow
@given(st.data())
def test_whatever_a_model_draws_is_legal_and_meets_the_demands(model, data):
    bars, asked = data.draw(st.integers(1, 6)), controls(data.draw)
    request = Request(Song(PARTS, ()), (BarRequest(),) * bars, controls=asked)
    request.check()
    writer = TokenWriter(model, TokenSampling(seed=data.draw(st.integers(0, 1000)), top_p=1.0, temperature=2.0))
    song = write_notes(writer, request, write_plan(writer, request))
    sheet = sheet_of_song(song)
    Grammar().check(encode(sheet))
    assert sheet.bar_count == bars
    check_controls(sheet, song, asked)


def check_controls(sheet, song, asked):
    for name, track in sheet.tracks_by_id.items():
        if asked.scale and not track.is_drums:
            assert all(note.pitch % 12 in asked.scale for note in track.notes)
        if name in asked.spans:
            assert all(asked.spans[name][0] <= note.pitch <= asked.spans[name][1] for note in track.notes)
        if name in asked.polyphony:
            for note in track.notes:
                sounding = [n for n in track.notes if n.start_ticks <= note.start_ticks < n.end_ticks]
                assert len(sounding) <= asked.polyphony[name]
        if name in asked.density:
            part = [p.name for p in song.parts].index(name)
            for bar in range(len(song)):
                if song.densities_at(bar)[part]:
                    onsets = {n.start_ticks for n in sheet.notes_in(sheet.track_ids.index(name), bar)}
                    assert asked.density[name][0] <= len(onsets) <= asked.density[name][1]


@pytest.mark.slow
@given(st.data())
def test_an_infill_changes_no_other_cell(model, saints, data):
    song = song_of(saints)
    part = data.draw(st.integers(0, len(song.parts) - 1))
    bars = data.draw(st.sets(st.integers(0, len(song) - 1), min_size=1, max_size=4))
    cut = {(part, bar) for bar in bars if song.densities_at(bar)[part]}
    everything = {(p, b) for p in range(len(song.parts)) for b in range(len(song))}
    kept = frozenset(everything - cut)
    stripped = Song(**{**vars(song), "cells": {k: c for k, c in song.cells.items() if k in kept}})
    novelty = {place: song.cells[place] for place in cut if place in song.cells}
    request = Request(stripped, given_plan(song), kept, Controls(novelty=novelty))
    request.check()
    writer = TokenWriter(model, TokenSampling(seed=1))
    made = write_notes(writer, request, write_plan(writer, request), given_note_spans(saints, song, cut))
    after = replace_cells(saints, made, sorted(cut))
    Grammar().check(encode(after))
    for number, name in enumerate(saints.track_ids):
        for bar in range(saints.bar_count):
            same = saints.notes_in(number, bar) == after.notes_in(number, bar)
            assert same or (name == song.parts[part].name and bar in bars)
    for place, cell in novelty.items():
        new = made.cells.get(place, ())
        assert [hit[:3] for hit in new] != [hit[:3] for hit in cell]


SUNG = (SyllableKind(1, 0), SyllableKind(2, 2), SyllableKind(0, 1))


def test_rhythm_contour_and_words_are_kept(model):
    line = (CellNote(0, 60, 24, 96), CellNote(24, 64, 24, 96), CellNote(48, 62, 48, 96))
    song = Song((Part("vocal.1", 53),), ())
    places = {(0, bar): line for bar in range(3)}
    for asked in (
        Controls(rhythm=places), Controls(contour=places, density={"vocal.1": (3, 3)}, polyphony={"vocal.1": 1}),
        Controls(syllables={(0, 0): SungCell(SUNG[:2]), (0, 1): SungCell(SUNG, 1), (0, 2): SungCell(SUNG[:1])}),
    ):  # fmt: skip
        request = Request(
            song, (BarRequest(densities=(2,), label="verse"), *[BarRequest(label=None)] * 2), controls=asked
        )
        request.check()
        writer = TokenWriter(model, TokenSampling(seed=3))
        made = write_notes(writer, request, write_plan(writer, request))
        for bar in range(3):
            cell = made.cells[0, bar]
            if asked.rhythm:
                assert {(hit.position, hit.duration) for hit in cell} == {(hit.position, hit.duration) for hit in line}
            elif asked.contour:
                lowest = [hit.pitch for hit in cell]
                assert lowest[0] < lowest[1] > lowest[2]
            else:
                sung = [hit.syllable for hit in cell if hit.syllable]
                assert sung == [1 + kind.ends_word for kind in asked.syllables[0, bar].kinds]
                if asked.syllables[0, bar].upbeat:
                    line_end, upbeat = (hit.position for hit in cell if hit.syllable == 2)
                    assert upbeat >= max(48, line_end + LINE_END_TICKS)
                assert len(cell) <= len(sung) + MOST_MELISMA_NOTES


def test_the_same_seed_writes_the_same(model):
    request = Request(Song(PARTS, ()), (BarRequest(),) * 3)
    songs = []
    for seed in (1, 1, 2):
        writer = TokenWriter(model, TokenSampling(seed=seed))
        songs.append(write_notes(writer, request, write_plan(writer, request)))
    assert songs[0] == songs[1]
    assert songs[0] != songs[2]


def test_songs_longer_than_the_context_are_written_in_windows():
    torch.manual_seed(0)
    small = PlannerModel(
        PlannerConfig(
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=640,
        )
    ).eval()
    request = Request(
        Song(PARTS[:2], ()), (BarRequest(label="verse", densities=(3, 3)), *[BarRequest(label=None)] * 15)
    )
    writer = TokenWriter(small, TokenSampling(seed=0))
    made = write_notes(writer, request, write_plan(writer, request))
    Grammar().check(encode(sheet_of_song(made)))
    assert len(made) == 16


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Controls(spans={"bass.1": (60, 50)}), "no pitch from 60 to 50"),
        (Controls(scale=frozenset((1,)), spans={"bass.1": (36, 36)}), "no pitch from 36 to 36"),
        (Controls(density={"piano.1": (5, 2)}), "5 to 2 onsets"),
        (Controls(syllables={(1, 0): SungCell(SUNG)}), "sung by a vocal track"),
        (Controls(syllables={(0, 0): SungCell(SUNG[:2])}, density={"vocal.1": (4, 5)}), "bar 1 has 2 syllables"),
    ],
)
def test_demands_that_contradict_each_other_are_refused(asked, message):
    with pytest.raises(ScoretokError, match=message):
        Request(Song(PARTS, ()), (BarRequest(),), controls=asked).check()


def test_step_by_step_gives_what_the_whole_sequence_gives(model):
    ids = torch.randint(0, TINY.vocab_size, (1, 20), generator=torch.Generator().manual_seed(1))
    cache = KVCache(TINY, 32)
    with torch.no_grad():
        whole = model(ids)[0]
    at = 0
    for stop in (7, 8, 9, 12, 20):
        logits = model.next_logits(ids[0, at:stop].tolist(), cache)
        assert torch.allclose(logits, whole[stop - 1], atol=2e-3)
        at = stop
    # Wound back, the cache is as it was there.
    cache.length = 8
    assert torch.allclose(model.next_logits(ids[0, 8:9].tolist(), cache), whole[8], atol=2e-3)


def test_after_training_the_copy_of_the_weights_is_made_anew(model):
    other = PlannerModel(TINY).eval()
    before = other.next_logits([1, 2, 3], KVCache(TINY, 8))
    other.train()
    with torch.no_grad():
        other.model.norm.weight.mul_(2)
    after = other.eval().next_logits([1, 2, 3], KVCache(TINY, 8))
    assert torch.allclose(after, 2 * before, rtol=1e-2, atol=1e-3)


def record(name, shift=0):
    notes = [[i * 12, 12, 60 + shift + i % 5, 80] for i in range(80)]
    return {
        "id": name, "bars": list(range(0, 960, 96)), "end": 960, "meter": [[0, "4/4"]], "tracks": {"vocal": notes},
        "lyrics": [[0, "la", 0]], "genre": ["Pop"], "licence": "CC0-1.0", "chords": [[0, "C:maj"]],
    }  # fmt: skip


def test_shards_are_cleaned_and_split_by_song(tmp_path):
    rows_ = [record(f"set/{i}") for i in range(3)] + [record("set/3", 1), {**record("set/4"), "licence": "GPL-3.0"}]
    rows_ += [{**record("set/5"), "tracks": {"vocal": record("x")["tracks"]["vocal"][:20]}}]
    rows_ += [{**record("set/6"), "tracks": {"vocal": [[i * 24, 12, 40 + i % 7, 80] for i in range(40)]}}]
    (tmp_path / "set.jsonl").write_text("\n".join(json.dumps(row) for row in rows_))
    counts = make_score_shard(tmp_path / "set.jsonl", tmp_path / "out", ("GPL",))
    assert counts == {
        "taken": 2, "the same notes as another": 3, "its licence": 1, "fewer than 32 notes": 1,
    }  # fmt: skip
    shards = ScoreShards(tmp_path / "out")
    assert [entry.name for _, entry in shards.entries] == ["set/0", "set/6"]
    assert shards.entries[0][1].genre == "pop"
    sheet = shards.sheet(0)
    assert isinstance(sheet, LeadSheet)
    assert sheet.tracks[0].notes[0].syllable
    packed = pack_rows(examples(shards, 512, np.random.default_rng(0)), 512)
    assert next(packed).shape == (512,)


def test_scores_of_any_format_make_a_shard(tmp_path, saints, grace):
    (tmp_path / "songs").mkdir()
    write(saints, tmp_path / "songs" / "saints.mid")
    write(grace, tmp_path / "songs" / "grace.musicxml")
    (tmp_path / "songs" / "broken.mid").write_bytes(b"no")
    counts = make_score_shard(tmp_path / "songs", tmp_path / "out")
    assert counts == {"taken": 2, "it cannot be read": 1}
