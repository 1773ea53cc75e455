"""The draft sound: the same bytes each time, and only the edited samples change."""

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from editing import edit
from renderer import load_engine, render, render_blocks
from renderer.engine import AudioBlock, split_blocks, trim_silent_blocks
from renderer.mixer import Level, limit, place
from scoretok import LeadSheet, Note, ScoretokError, Track, slice_bars
from scoretok.audio import write_audio


def test_it_is_stereo_at_44100_and_lasts_as_long_as_the_score(saints):
    result = render(saints, "draft")
    assert result.sample_rate == 44100
    assert result.mix.shape[0] == 2
    assert saints.duration_s <= result.mix.shape[1] / 44100 < saints.duration_s + 6
    assert 0.1 < np.abs(result.mix).max() <= 1
    assert list(result.stems) == list(saints.track_ids)


def test_the_same_score_gives_the_same_samples(grace):
    assert np.array_equal(render(grace, "draft").mix, render(grace, "draft").mix)


@pytest.mark.slow
def test_an_edit_changes_only_samples_of_its_bars_and_track(saints):
    after = edit(saints, ["transpose +4 in bars 9-10 of piano"])
    old, new = render(saints, "draft"), render(after, "draft")
    for name in saints.track_ids:
        if name != "piano.1":
            assert np.array_equal(old.stems[name], new.stems[name])
    differing = np.flatnonzero((old.mix != new.mix).any(axis=0))
    start, stop = (round(saints.seconds_at(saints.bar_starts[bar]) * 44100) for bar in (8, 10))
    assert start - 64 <= differing[0]
    assert differing[-1] < stop + 2 * 44100  # the last notes and their echoes die away
    assert differing.size


def test_stems_add_up_to_the_mix_before_the_limiter(saints):
    result = render(slice_bars(saints, 0, 4), "draft")
    total = np.sum(list(result.stems.values()), axis=0)
    assert np.allclose(limit(total), result.mix, atol=1e-6)


def test_muted_tracks_are_silent(saints):
    assert "drums.1" not in render(edit(saints, ["mute drums"]), "draft").stems


def test_pan_and_gain():
    tone = np.ones((2, 4), np.float32)
    assert np.allclose(place(tone, Level()), 1)
    assert np.allclose(place(tone, Level(pan=1.0)), [[0] * 4, [1] * 4], atol=1e-6)
    assert np.allclose(place(tone, Level(gain_db=-6.0206)), 0.5, atol=1e-4)
    assert np.abs(limit(tone * 50)).max() <= 1


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_audio_files(tmp_path, suffix):
    samples = np.zeros((2, 4410), np.float32)
    write_audio(samples, 44100, tmp_path / f"x{suffix}")
    info = soundfile.info(tmp_path / f"x{suffix}")
    assert (info.channels, info.samplerate, info.frames) == (2, 44100, 4410)


def test_nothing_to_hear_is_refused():
    with pytest.raises(ScoretokError, match="nothing to hear"):
        render(LeadSheet(4, (Track("piano", (Note(0, 60, 24),), muted=True),)), "draft")


def test_a_file_that_is_no_soundfont_is_refused(tmp_path):
    (tmp_path / "x.sf2").write_bytes(b"RIFF nonsense")
    for path in (tmp_path / "x.sf2", tmp_path / "missing.sf2"):
        with pytest.raises(ScoretokError, match="soundfont"):
            load_engine("draft", soundfont=path)


@given(st.lists(st.integers(0, 8), min_size=1, max_size=6), st.integers(0, 30))
def test_a_silent_end_is_cut_and_nothing_else(audible_until, least):
    """Blocks of 8 samples, each heard up to some sample."""
    blocks = []
    for count in audible_until:
        mix = np.zeros((2, 8), np.float32)
        mix[:, :count] = 1
        blocks.append(AudioBlock(mix, {"piano.1": mix}))
    whole = np.concatenate([block.mix for block in blocks], axis=1)
    kept = [block.mix for block in trim_silent_blocks(iter(blocks), least)]
    cut = np.concatenate([np.zeros((2, 0)), *kept], axis=1)
    last = max((8 * i + count for i, count in enumerate(audible_until) if count), default=0)
    assert cut.shape[1] == max(last, min(least, whole.shape[1]))
    assert np.array_equal(cut, whole[:, : cut.shape[1]])


def test_blocks_make_up_the_whole():
    samples = np.arange(20, dtype=np.float32).reshape(2, 10)
    blocks = list(split_blocks(samples, 4))
    assert [block.shape for block in blocks] == [(2, 4)] * 3
    assert np.array_equal(np.concatenate(blocks, axis=1)[:, :10], samples)
    assert np.array_equal(next(split_blocks(samples, 4, 2)), blocks[2])


def test_bars_of_the_draft_are_a_span_of_the_whole(saints):
    engine = load_engine("draft")
    whole = render(saints, engine, keep_stems=False).mix
    start, stop = 400_000, 700_000
    part = np.concatenate([block.mix for block in render_blocks(saints, engine, None, 0, start, stop)], axis=1)
    assert np.array_equal(part, whole[:, start:stop])


@pytest.mark.parametrize("program", [0, 24, 33, 73])
@pytest.mark.parametrize("pitch", [45, 60, 69, 76])
def test_the_draft_is_in_tune(program, pitch):
    sheet = LeadSheet(1, (Track("lead", (Note(0, pitch, 96),), program=program),))
    sound = load_engine("draft").render_track(sheet, 0).mean(0)[4410:61740]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 19))
    hz = 440 * 2 ** ((pitch - 69) / 12)
    strongest = []
    for octave in (1, 2, 3, 4):
        low, high = (round(hz * octave * 2 ** (cents / 1200) / 44100 * (1 << 19)) for cents in (-300, 300))
        strongest.append(
            (spectrum[low:high].max(), (low + spectrum[low:high].argmax()) / (1 << 19) * 44100 / octave / hz)
        )
    assert abs(1200 * np.log2(max(strongest)[1])) < 25
