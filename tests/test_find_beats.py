"""Performances without bars: beats are found from the notes, and every note sounds when it did."""

from dataclasses import replace

import mido
import numpy as np
import pytest
from conftest import EXAMPLES, run
from hypothesis import given
from hypothesis import strategies as st
from strategies import lead_sheets

import scoretok
from editing import edit
from mir.beats import NoBeatError, constant_tempo_beats
from mir.grid import beat_times_s
from mir.onset_beats.beat_network import OnsetBeatNet
from mir.onset_beats.onset_features import FEATURES, onset_features
from mir.performance_beats import find_beats, on_grid, swing_share
from mir.training.played_scores import RECIPE, train
from scoretok import LeadSheet, Note, ScoretokError, Tempo, Timing, Track
from scoretok.infer import is_off_its_grid
from scoretok.performance import SUBTICKS_PER_TICK
from scoretok.splits import is_held_out

TICKS_PER_S = 48  # at 120 quarter notes a minute


def without_click(sheet, rng):
    """A score as somebody plays it against no click: its notes at their times, on a grid of 120 that means nothing."""
    bends = tuple(Tempo(start, 100 * float(np.exp(rng.normal(0, 0.15)))) for start in sheet.bar_starts[:-1])
    played = replace(sheet, tempos=bends)
    tracks = []
    for track in played.tracks:
        notes = []
        for note in track.notes:
            times = [played.seconds_at(tick) * TICKS_PER_S for tick in (note.start_ticks, note.end_ticks)]
            start, end = round(times[0]), max(round(times[0]) + 1, round(times[1]))
            off = [round((time - tick) * SUBTICKS_PER_TICK) for time, tick in zip(times, (start, end), strict=True)]
            notes.append(Note(start, note.pitch, end - start, note.velocity, None, Timing(*off)))
        tracks.append(Track("piano" if track.role == "vocal" else track.role, tuple(notes), track.program))
    bars = int(played.duration_s / 2) + 2
    return played, LeadSheet(bars, tuple(tracks), tempos=(Tempo(0, 120.0),))


def onsets(sheet):
    return [[sheet.seconds_at(note.played_start_ticks) for note in sorted(track.notes)] for track in sheet.tracks]


@pytest.fixture(scope="module")
def song():
    pitched = scoretok.read(EXAMPLES / "when-the-saints.lead")
    return pitched.with_tracks(track for track in pitched.tracks if not track.is_drums)


def test_beats_are_found_and_every_note_sounds_when_it_did(song):
    truth, recorded = without_click(song, np.random.default_rng(3))
    assert is_off_its_grid(recorded)
    found = find_beats(recorded)
    beats, _ = beat_times_s(truth)
    near = np.abs(found.grid.times_s[:, None] - beats).min(0) < 0.07
    assert near.mean() > 0.8
    for before, after in zip(onsets(recorded), onsets(found.sheet), strict=True):
        assert sorted(after) == pytest.approx(sorted(before), abs=0.001)
    assert not is_off_its_grid(scoretok.LeadSheet(found.sheet.bar_count, tracks=edit(found.sheet, ["plain"]).tracks))


@given(lead_sheets(), st.floats(60, 200), st.floats(0, 1))
def test_on_any_grid_every_note_sounds_when_it_did(sheet, bpm, first_s):
    grid = constant_tempo_beats(sheet.duration_s + 20, bpm, first_s)
    written = on_grid(sheet, grid).sheet
    for before, after in zip(sheet.tracks, written.tracks, strict=True):
        old = sorted((note.pitch, sheet.seconds_at(note.played_start_ticks)) for note in before.notes)
        new = sorted((note.pitch, written.seconds_at(note.played_start_ticks)) for note in after.notes)
        assert [pitch for pitch, _ in old] == [pitch for pitch, _ in new]
        assert [time for _, time in new] == pytest.approx([time for _, time in old], abs=0.002)


def test_files_on_their_grid_are_left_alone(song):
    assert not is_off_its_grid(song)
    assert not is_off_its_grid(edit(song, ["humanise timing 1 seed 2"]))
    late = song.with_tracks(
        replace(track, notes=tuple(note._replace(timing=Timing(150, 150)) for note in track.notes))
        for track in song.tracks
    )
    assert not is_off_its_grid(late)


def test_swing_is_told_from_straight_and_from_triplets():
    beats = np.arange(0, 24 * 40, 24.0)
    assert swing_share(np.concatenate([beats, beats + 12])) == 0.5
    assert swing_share(np.concatenate([beats, beats + 15])) == pytest.approx(0.625)
    assert swing_share(np.concatenate([beats, beats + 8, beats + 16])) == 0.5


def test_nothing_to_find_beats_in_is_said():
    with pytest.raises(NoBeatError, match="no notes"):
        find_beats(LeadSheet(1))


def test_features_say_what_begins_when():
    rows = onset_features(np.array([0.1, 0.1]), np.array([0.2, 0.6]), np.array([36, 72]), np.array([127, 60]), 10)
    assert rows.shape == (10, FEATURES)
    assert (rows.any(1) == (np.arange(10) == 5)).all()


def test_the_command_finds_beats_by_itself_and_says_so(song, tmp_path):
    _, recorded = without_click(song, np.random.default_rng(5))
    file, voice = mido.MidiFile(ticks_per_beat=480), mido.MidiTrack()
    events = []
    for note in (note for track in recorded.tracks for note in track.notes):
        spans = ((note.played_start_ticks, 1), (note.played_end_ticks, 0))
        events += [(round(ticks * 20), is_on, note.pitch) for ticks, is_on in spans]
    now = 0
    for tick, is_on, pitch in sorted(events):
        voice.append(mido.Message("note_on", note=pitch, velocity=80 * is_on, time=tick - now))
        now = tick
    file.tracks.append(voice)
    file.save(tmp_path / "recorded.mid")
    done = run("convert", tmp_path / "recorded.mid", tmp_path / "found.lead")
    assert done.returncode == 0, done.stderr
    assert "beats and bars were found from the notes" in done.stderr
    kept = run("convert", tmp_path / "recorded.mid", tmp_path / "kept.lead", "--keep-beats")
    assert "were found" not in kept.stderr
    assert len(scoretok.read(tmp_path / "kept.lead").tempos) == 1 < len(scoretok.read(tmp_path / "found.lead").tempos)
    wrong = run("convert", tmp_path / "recorded.mid", tmp_path / "x.lead", "--meter", "3/4")
    assert (wrong.returncode, "--find-beats" in wrong.stderr) == (1, True)


def test_the_network_is_trained_on_a_folder_of_scores(song, tmp_path):
    names = [f"song-{number}.lead" for number in range(200)]
    for name in (next(name for name in names if is_held_out(name) is held) for held in (True, False)):
        scoretok.write(song, tmp_path / name)
    recipe = replace(RECIPE, steps=2, batch=2, evaluate_every=1, precision="fp32")
    figures = train(tmp_path, tmp_path / "run", recipe, channels=8)
    assert np.isfinite(figures["held_out_loss"])
    assert OnsetBeatNet.load(tmp_path / "run" / "model").config == {"channels": 8}
    with pytest.raises(ScoretokError, match="no scores to train on"):
        train(tmp_path / "run", tmp_path / "other", recipe)
