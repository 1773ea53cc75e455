"""What was heard becomes a score: chords on beats, notes that a score can hold, syllables that stay together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mir.assemble import TrackEstimates, with_harmony, with_tracks, without_silent_end
from mir.estimates import ChordEstimate, NoteEstimate
from mir.grid import BeatGrid, empty_score
from scoretok.parts import MAX_DURATION_TICKS, Syllable


def empty(bars=8, bpm=120.0):
    return empty_score(BeatGrid(np.arange(4 * bars) * 60 / bpm), 4 * bars * 60 / bpm)


@given(st.integers(0, 1000), st.floats(0.0, 0.02))
def test_chords_stand_on_the_beats_that_they_were_heard_on(seed, spread_s):
    rng = np.random.default_rng(seed)
    beats_s = 0.5 * np.arange(40) + np.append(0, rng.normal(0, spread_s, 39).clip(-0.03, 0.03))
    sheet = empty_score(BeatGrid(beats_s), 20.0)
    symbols = ["C:maj", "F:maj", "G:maj"]
    chords = [
        ChordEstimate(float(beats_s[at]), float(beats_s[at + 4]), symbols[at // 4 % 3], 1.0) for at in range(0, 36, 4)
    ]
    found = with_harmony(sheet, chords, [], [], 24).chords
    assert [chord.start_ticks for chord in found] == [24 * at for at in range(0, 36, 4)]


def test_a_drone_is_as_long_as_a_score_can_say():
    sheet = empty(bars=120, bpm=200)
    drone = NoteEstimate(0.0, sheet.duration_s, 48, 90, 1.0)
    track = with_tracks(sheet, TrackEstimates({"strings": [drone]}, [], []), 24).tracks[0]
    assert track.notes[0].duration_ticks == MAX_DURATION_TICKS


def test_syllables_of_two_notes_on_one_tick_stay_together():
    halves = [
        (NoteEstimate(1.0, 1.01, 60, 90, 0.9), Syllable("ti", word_end=False)),
        (NoteEstimate(1.01, 1.03, 60, 90, 0.8), Syllable("me")),
    ]
    track = with_tracks(empty(), TrackEstimates({}, [], halves), 24).tracks[0]
    assert [note.syllable.text for note in track.notes] == ["time"]


def test_bars_behind_the_last_instrument_go_but_not_those_behind_a_voice_alone():
    note = NoteEstimate(0.0, 1.9, 60, 90, 1.0)
    played = with_tracks(empty(), TrackEstimates({"piano": [note]}, [], []), 24)
    assert without_silent_end(played).bar_count == 1
    sung = with_tracks(empty(), TrackEstimates({}, [], [(note, None)]), 24)
    assert without_silent_end(sung).bar_count == 8


@pytest.mark.parametrize("meter", [(5, 4), (6, 4), (7, 4), (3, 2), (9, 8), (12, 8), (7, 8), (2, 2), (12, 16)])
def test_a_bar_of_any_meter_may_begin_anywhere(meter):
    from mir.beats import constant_tempo_beats

    for downbeat_s in np.linspace(0.03, 3.97, 23):
        sheet = empty_score(constant_tempo_beats(20.0, 100.0, downbeat_s, meter), 20.0, meter)
        assert (sheet.meters[0].numerator, sheet.meters[0].denominator) == meter
        starts_s = [sheet.seconds_at(tick) for tick in sheet.bar_starts]
        assert min(abs(start - downbeat_s) for start in starts_s) < 0.05
