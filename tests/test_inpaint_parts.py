"""The parts of inpainting: seams, stored samples, clocks, timelines, alignment, separation."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from conftest import EXAMPLES
from hypothesis import given
from hypothesis import strategies as st

import scoretok
from editing import edit
from editing.inpainting.align import align, dtw
from editing.inpainting.fill_spans import add_up, at_rate
from editing.inpainting.regions import Region, audible_regions, join_cells
from editing.inpainting.score_informed import SeparatedStems, wiener_masks
from editing.inpainting.spans import InpaintSpan, join_spans
from editing.inpainting.splice import FADE_S, SEARCH_S, Change, crossfade, splice
from editing.inpainting.time_map import IDENTITY_MAP, TimeMap
from editing.inpainting.timeline import plan_timeline
from editing.inpainting.trend_filter import trend_filter
from renderer import render
from renderer.codec.mel import LATENT_SAMPLES, istft, stft
from renderer.inpaint_track import fill_windows
from renderer.mixer import limit, unlimit
from scoretok import LeadSheet, Note, ScoretokError, Track
from scoretok.audio import AudioFile, check_output_of, open_audio, write_changed
from scoretok.audio.changes import as_stored
from scoretok.difference import diff

RATE = 8000
signals = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).normal(0, 0.1, (2, 8000)))


@given(old=signals, new=signals, begin=st.integers(0, 5000), length=st.integers(500, 3000))
def test_a_splice_changes_nothing_outside_its_seams(old, new, begin, length):
    change = splice(old, new, begin, begin + length, RATE)
    assert change.start >= begin - round(FADE_S * RATE)
    assert change.stop <= begin + length + round((SEARCH_S + 2 * FADE_S) * RATE)
    result = old.copy()
    result[:, change.start : change.stop] += change.samples
    assert np.allclose(result[:, begin : begin + length], new[:, begin : begin + length])


@given(signal=signals)
def test_a_crossfade_keeps_the_power(signal):
    same = crossfade(signal, signal)
    assert np.allclose(same, signal)
    other = np.random.default_rng(1).normal(0, 0.1, signal.shape)
    assert (crossfade(signal, other) ** 2).mean() == pytest.approx(0.01, rel=0.1)


def test_the_seam_lies_where_both_sound_alike():
    rng = np.random.default_rng(0)
    old = rng.normal(0, 0.1, (1, 8000))
    new = old.copy()
    new[:, 2000:4200] = rng.normal(0, 0.1, (1, 2200))  # the tail rings on for 200 samples behind the stop
    change = splice(old, new, 2000, 4000, RATE)
    assert change.stop >= 4200
    assert not change.samples[:, 2205 + 240 :].any()


@pytest.mark.parametrize(
    ("suffix", "subtype", "channels"),
    [(".wav", "PCM_16", 2), (".wav", "PCM_24", 1), (".wav", "PCM_32", 2), (".wav", "FLOAT", 2), (".wav", "DOUBLE", 1),
     (".wav", "PCM_U8", 2), (".flac", "PCM_16", 2), (".flac", "PCM_24", 1), (".aiff", "PCM_16", 3)],
)  # fmt: skip
def test_all_other_samples_stay_as_they_are_stored(tmp_path, suffix, subtype, channels):
    samples = np.random.default_rng(0).uniform(-1, 1, (600_000, channels))
    soundfile.write(tmp_path / f"a{suffix}", samples, 22050, subtype=subtype)
    recording = open_audio(tmp_path / f"a{suffix}")
    fresh = np.random.default_rng(1).uniform(-1, 1, (channels, 3000))
    spans = [(100, fresh[:, :1000]), (299_000, fresh[:, 1000:])]
    write_changed(recording, tmp_path / f"b{suffix}", spans)
    old, new = (soundfile.read(tmp_path / f"{name}{suffix}", dtype="float64", always_2d=True)[0] for name in "ab")
    changed = np.zeros(len(old), bool)
    for start, part in spans:
        changed[start : start + part.shape[1]] = True
        assert np.allclose(new[start : start + part.shape[1]].T, part, atol=2**-7 if subtype == "PCM_U8" else 2**-14)
    assert np.array_equal(old[~changed], new[~changed])
    a, b = (soundfile.info(tmp_path / f"{name}{suffix}") for name in "ab")
    assert (a.samplerate, a.channels, a.subtype, a.frames) == (b.samplerate, b.channels, b.subtype, b.frames)


@given(st.lists(st.integers(-(2**15), 2**15 - 1), min_size=1, max_size=50))
def test_stored_samples_survive_being_read_as_floats(values):
    stored = AudioFile(Path("a.wav"), 44100, 1, len(values), "WAV", "PCM_16", "")
    floats = np.array(values)[None] / 2**15
    assert np.array_equal(as_stored(floats, stored)[:, 0] >> 16, values)


def test_compressed_audio_is_not_compressed_again(tmp_path):
    soundfile.write(tmp_path / "a.ogg", np.zeros((44100, 1)), 44100)
    recording = open_audio(tmp_path / "a.ogg")
    with pytest.raises(ScoretokError, match="compressed"):
        check_output_of(recording, tmp_path / "b.ogg")
    check_output_of(recording, tmp_path / "b.flac")
    write_changed(recording, tmp_path / "b.flac", [])
    assert soundfile.info(tmp_path / "b.flac").frames == 44100


@given(st.integers(-(10**6), 10**6).map(lambda x: x / 10**6))
def test_the_limiter_can_be_undone(sample):
    mix = np.array([[sample]])
    assert unlimit(limit(mix)) == pytest.approx(mix, abs=1e-3)


def test_changes_that_overlap_add_up():
    sums = add_up([Change(5, np.ones((1, 4))), Change(7, np.ones((1, 4))), Change(20, np.ones((1, 2)))])
    assert [(change.start, change.stop) for change in sums] == [(5, 11), (20, 22)]
    assert sums[0].samples.tolist() == [[1, 1, 2, 2, 1, 1]]


@pytest.mark.parametrize("rate", [48000, 22050, 96000, 44101])
def test_a_change_lies_at_the_same_moment_at_any_rate(rate):
    pulse = np.zeros((1, 4000))
    pulse[0, 2000] = 1
    change = at_rate(Change(100_000, pulse), rate)
    at = (change.start + np.abs(change.samples[0]).argmax()) / rate
    assert at == pytest.approx(102_000 / 44100, abs=1.5 / min(rate, 44100))


@given(length=st.integers(1, 400), before=st.integers(0, 40), after=st.integers(0, 40))
def test_windows_make_every_frame_of_a_span_once(length, before, after):
    frames, span = range(before + length + after), range(before, before + length)
    made = [frame for window, part in fill_windows(span, frames) for frame in part]
    assert made == list(span)
    assert all(len(window) <= 128 and part.start in window for window, part in fill_windows(span, frames))


def test_a_clock_runs_on_beyond_its_ends():
    clock = TimeMap(np.array([1.0, 2.0, 4.0]), np.array([2.0, 4.0, 5.0]))
    assert clock.to_audio(np.array([0.0, 1.5, 6.0])).tolist() == [0.0, 3.0, 6.0]


def test_spans_of_a_track_that_would_meet_become_one():
    spans = [
        InpaintSpan("piano.1", (Region("piano.1", range(i, i + 1)),), 2.0 * i, 2.0 * i + 1.9) for i in range(3)
    ] + [InpaintSpan("bass.1", (), 0.0, 1.0)]  # fmt: skip
    joined = join_spans(spans)
    assert [(span.track_id, span.start_s, span.stop_s) for span in joined] == [
        ("bass.1", 0.0, 1.0), ("piano.1", 0.0, 5.9)
    ]  # fmt: skip
    assert joined[1].bars == [0, 1, 2]


def test_cells_are_joined_along_a_track():
    assert join_cells([("a", 3), ("a", 2), ("b", 4), ("a", 7)]) == [
        Region("a", range(2, 4)), Region("a", range(7, 8)), Region("b", range(4, 5))
    ]  # fmt: skip


def test_only_what_is_heard_sounds_anew(saints):
    def regions(*phrases):
        after = edit(saints, list(phrases))
        return audible_regions(diff(saints, after), saints, after)

    assert regions("transpose +4 in bars 9-10 of piano") == [Region("piano.1", range(8, 10))]
    assert regions('rename piano to "Uncle\'s piano"', "section chorus in bars 1-4") == []
    assert {region.track_id for region in regions("mute drums")} == {"drums.1"}
    assert {region.track_id for region in regions("program 19 of piano")} == {"piano.1"}


@pytest.mark.parametrize(
    ("phrase", "new_bars", "joints"),
    [
        ("delete in bars 5-6", (), (4,)),
        ("insert 2 bars before 5", (4, 5), (4, 6)),
        ("repeat x2 in bars 5-8", (), (8,)),
        ("tempo 90 in bars 9-10", (8, 9), (8, 10)),
        ("delete in bars 17-20", (), (16,)),
        ("delete in bars 1-2", (), (0,)),
    ],
)
def test_bars_that_last_as_long_as_before_are_moved(saints, phrase, new_bars, joints):
    after = edit(saints, [phrase])
    n_samples = round(saints.duration_s * 44100) + 40_000
    timeline = plan_timeline(saints, after, diff(saints, after), IDENTITY_MAP, n_samples, 44100)
    assert timeline.new_bars == new_bars
    assert timeline.joints == joints
    assert timeline.moves
    assert timeline.pieces[0].start == 0
    assert all(a.stop == b.start for a, b in zip(timeline.pieces, timeline.pieces[1:], strict=False))
    assert timeline.time_map.to_audio(after.duration_s) == pytest.approx(after.duration_s, abs=1e-6)


def test_an_edit_of_notes_moves_nothing(saints):
    after = edit(saints, ["transpose +4 in bars 9-10 of piano"])
    assert not plan_timeline(saints, after, diff(saints, after), IDENTITY_MAP, 10**6, 44100).moves


def test_warping_finds_its_way():
    rng = np.random.default_rng(0)
    a = rng.normal(0, 1, (80, 5))
    b = np.concatenate([rng.normal(0, 1, (10, 5)), np.repeat(a[:40], 2, 0), a[40:], rng.normal(0, 1, (7, 5))])
    path = dtw(a, b)
    assert path[path[:, 0] == 40, 1].mean() == pytest.approx(90, abs=1)
    assert path[0, 1] == pytest.approx(10, abs=1)
    assert path[-1, 1] == pytest.approx(129, abs=1)
    banded = dtw(a, b, path, 4)
    assert np.array_equal(path, banded)


@pytest.mark.slow
def test_a_score_is_laid_along_a_recording_at_another_tempo(saints, tmp_path):
    slow = edit(saints, ["tempo 140", "tempo 120 in bars 9-12"])
    samples = np.pad(render(slow, "draft").mix.T, ((20_000, 0), (0, 0)))
    soundfile.write(tmp_path / "slow.flac", samples, 44100)
    found = align(open_audio(tmp_path / "slow.flac"), saints)
    lines_s = [found.time_map.to_audio(saints.seconds_at(tick)) for tick in saints.bar_starts[1:-1]]
    true_s = [slow.seconds_at(tick) + 20_000 / 44100 for tick in slow.bar_starts[1:-1]]
    assert np.median(np.abs(np.array(lines_s) - true_s)) < 0.03
    assert found.error_s < 0.03
    for other in ("amazing-grace", "greensleeves"):
        with pytest.raises(ScoretokError, match="does not fit"):
            align(open_audio(tmp_path / "slow.flac"), scoretok.read(EXAMPLES / f"{other}.lead"))


@given(st.floats(0.6, 1.6), st.integers(0, 2**32 - 1))
def test_a_steady_clock_goes_past_knots_that_lie_off(pace, seed):
    rng = np.random.default_rng(seed)
    score_s = np.arange(0, 60, 0.5)
    heard_s = score_s * pace
    off = rng.choice(len(score_s), 12, replace=False)
    found = trend_filter(
        TimeMap(score_s, heard_s + np.isin(np.arange(len(score_s)), off) * rng.uniform(-0.3, 0.3)), 20.0
    )
    assert np.abs(found.to_audio(score_s) - heard_s).max() < 0.03


def test_a_steady_clock_follows_a_tempo_that_changes():
    score_s = np.arange(0, 60, 0.5)
    heard_s = np.interp(score_s, [0, 30, 60], [0, 30, 54])
    error_s = np.abs(trend_filter(TimeMap(score_s, heard_s), 20.0).to_audio(score_s) - heard_s)
    assert error_s.max() < 0.25
    assert error_s[np.abs(score_s - 30) > 5].max() < 0.01


def test_tracks_are_told_apart_by_what_they_should_sound_like():
    n = 20 * LATENT_SAMPLES
    time = np.arange(n) / 44100
    low, high = np.sin(2 * np.pi * 220 * time), np.sin(2 * np.pi * 3000 * time)
    played = np.stack([low * 0.1, high * 0.5]).astype(np.float32)
    mix = np.stack([0.3 * low + 0.2 * high, 0.3 * low])
    shares, _ = wiener_masks(mix, played)
    stems = istft(stft(torch.from_numpy(mix).float()) * shares[0], n).numpy()
    middle = slice(4096, -4096)
    assert np.abs(stems[:, middle] - 0.3 * low[middle]).max() < 0.03


def test_a_track_of_which_nothing_is_heard_is_as_loud_against_the_model_as_the_recording(monkeypatch):
    stems = object.__new__(SeparatedStems)
    stems.gains, stems.usual = {}, 0
    monkeypatch.setattr(stems, "_masks", lambda *_: (None, 2.5, None), raising=False)
    stems.measure_level("piano.2", np.zeros((2, 4 * 44100)))
    assert stems.gains["piano.2"].tolist() == [[2.5], [2.5]]


def test_nothing_but_the_pitch_of_a_note_is_needed_to_tell_that_it_changed():
    one = LeadSheet(1, (Track("piano", (Note(0, 60, 24),)),))
    two = LeadSheet(1, (Track("piano", (Note(0, 61, 24),)),))
    assert audible_regions(diff(one, two), one, two) == [Region("piano.1", range(1))]


def test_a_changed_pedal_or_timing_is_heard_and_a_changed_pan_is_not(saints):
    def regions(phrase):
        after = edit(saints, [phrase])
        return audible_regions(diff(saints, after), saints, after)

    assert regions("pedal in bars 5-6 of piano") == [Region("piano.1", range(4, 6))]
    assert regions("humanise timing 2 velocity 0 seed 1 in bar 7 of bass") == [Region("bass.1", range(6, 7))]
    assert regions("expression 30 in bar 9 of guitar") == [Region("guitar.1", range(8, 9))]
    assert regions("pan -20 of piano") == []
