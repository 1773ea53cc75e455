"""Inpainting through the command: what an edit changes, in our renders, in stems and in recordings of others."""

import json

import numpy as np
import pytest
import soundfile
from conftest import run

from editing import edit
from renderer import render
from scoretok import LeadSheet, Note, Track, parts, write

RATE = 44100


def song():
    """Eight bars of two tracks at 120: a melody and a bass."""
    steps = (0, 4, 7, 4, 9, 7, 5, 2)
    piano = tuple(Note(i * 24, 60 + steps[i % 8], 22, 90) for i in range(32))
    bass = tuple(Note(i * 48, 36 + steps[i % 8], 46, 90) for i in range(16))
    return LeadSheet(
        8, (Track("piano", piano), Track("bass", bass, program=33)), tempos=(parts.Tempo(0, 120.0),)
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A song, its render with stems, an edit, and a recording by another instrument at another tempo."""
    folder = tmp_path_factory.mktemp("inpaint")
    sheet = song()
    write(sheet, folder / "a.lead")
    write(edit(sheet, ["transpose +5 in bars 4 of piano"]), folder / "b.lead")
    made = run("render", "a.lead", "-o", "a.wav", "--steps", "1", "--stems", "stems", cwd=folder)
    assert made.returncode == 0, made.stderr
    slow = render(edit(sheet, ["tempo 104"]), "draft").mix
    soundfile.write(folder / "other.flac", np.pad(slow.T * 0.5, ((9000, 0), (0, 0))), RATE, subtype="PCM_24")
    return folder


def inpaint(folder, source, *options, before="a.lead"):
    result = run("inpaint", source, "--before", before, *options, "--json", cwd=folder)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)["changed"]


def samples(path):
    return soundfile.read(path, dtype="int32", always_2d=True)[0]


def changed_s(folder, old, new):
    """First and last second in which two files of one length differ."""
    a, b = samples(folder / old), samples(folder / new)
    differing = np.flatnonzero((a != b).any(axis=1))
    assert a.shape == b.shape
    return differing[0] / RATE, differing[-1] / RATE


def spectrum_of(audio, start_s, stop_s):
    span = audio[round(start_s * RATE) : round(stop_s * RATE)].mean(1)
    return np.fft.rfftfreq(1 << 17, 1 / RATE), np.abs(np.fft.rfft(span * np.hanning(len(span)), 1 << 17))


def energy(audio, pitch, start_s, stop_s):
    hz, spectrum = spectrum_of(audio, start_s, stop_s)
    return (spectrum[np.abs(np.log2(hz.clip(1) / 440) * 12 + 69 - pitch) < 0.3] ** 2).sum()


def loudest_pitch(audio, start_s, stop_s):
    hz, spectrum = spectrum_of(audio, start_s, stop_s)
    band = (hz > 240) & (hz < 800)
    return round(69 + 12 * np.log2(hz[band][spectrum[band].argmax()] / 440))


def test_only_the_edit_of_our_own_render_is_heard(folder):
    (span,) = inpaint(folder, "a.wav", "--after", "b.lead", "-o", "b.wav")
    assert (span["track"], span["bars"]) == ("piano.1", [4])
    first_s, last_s = changed_s(folder, "a.wav", "b.wav")
    assert span["start_s"] <= first_s
    assert last_s <= span["stop_s"]
    assert first_s > 6.0 - 0.04
    assert last_s < 8.0 + 2.0  # tails, the seam, and echoes
    new = soundfile.read(folder / "b.wav")[0]
    assert [loudest_pitch(new, 6 + i / 2, 6.4 + i / 2) for i in range(4)] == [74, 72, 70, 67]


def test_edits_of_one_render_add_up(folder):
    inpaint(folder, "a.wav", "--after", "b.lead", "-o", "one.wav")
    write(edit(song(), ["transpose +5 in bars 4 of piano", "transpose -3 in bars 8 of piano"]), folder / "two.lead")
    (first, second) = inpaint(folder, "a.wav", "--after", "two.lead", "-o", "two.wav")
    assert (first["bars"], second["bars"]) == ([4], [8])
    first_s, last_s = changed_s(folder, "one.wav", "two.wav")
    assert second["start_s"] <= first_s < last_s <= second["stop_s"]


def test_an_inpainted_file_does_not_pass_as_a_render(folder):
    inpaint(folder, "a.wav", "--after", "b.lead", "-o", "c.wav")
    with soundfile.SoundFile(folder / "a.wav") as old, soundfile.SoundFile(folder / "c.wav") as new:
        assert old.comment.startswith("rendered by scoretok")
        assert new.comment.startswith("inpainted by scoretok")


def test_a_recording_of_others_is_changed_where_the_score_is_heard(folder):
    (span,) = inpaint(folder, "other.flac", "--after", "b.lead", "-o", "other2.flac")
    scale, offset_s = 120 / 104, 9000 / RATE
    first_s, last_s = changed_s(folder, "other.flac", "other2.flac")
    assert first_s == pytest.approx(6 * scale + offset_s, abs=0.1)
    assert 8 * scale + offset_s - 0.1 < last_s < 8 * scale + offset_s + 1.0
    assert span["start_s"] <= first_s
    new = soundfile.read(folder / "other2.flac")[0]
    old = soundfile.read(folder / "other.flac")[0]
    for i, pitch in ((0, 74), (2, 70), (3, 67)):  # the second note, 72, is also a partial of the bass
        span_s = ((6 + i / 2) * scale + offset_s, (6.4 + i / 2) * scale + offset_s)
        assert energy(new, pitch, *span_s) > 100 * energy(old, pitch, *span_s)
    info = soundfile.info(folder / "other2.flac")
    assert (info.subtype, info.samplerate) == ("PCM_24", RATE)


def test_a_compressed_recording_is_decoded_once(folder):
    decoded, _ = soundfile.read(folder / "other.flac")
    soundfile.write(folder / "other.mp3", decoded, RATE)
    result = run("inpaint", "other.mp3", "--before", "a.lead", "--after", "b.lead", "-o", "mp3.wav", cwd=folder)
    assert result.returncode == 0, result.stderr
    assert "decoded once" in result.stderr
    old, new = samples(folder / "other.mp3"), samples(folder / "mp3.wav")
    same = np.abs(old / 2**31 - new / 2**31).max(1) < 2**-22
    assert same[: 6 * RATE].all()
    assert not same.all()
    assert same[-2 * RATE :].all()


def test_stems_tell_the_tracks_apart(folder):
    (folder / "anon.wav").write_bytes((folder / "a.wav").read_bytes().replace(b"rendered by", b"RENDERED by"))
    (span,) = inpaint(folder, "anon.wav", "--after", "b.lead", "-o", "d.wav", "--stems", "stems")
    assert span["track"] == "piano.1"
    first_s, last_s = changed_s(folder, "anon.wav", "d.wav")
    assert 5.9 < first_s < last_s < 9.5


def test_another_take_differs_and_the_same_seed_gives_the_same_bytes(folder):
    for name, seed in (("t1", 1), ("t1b", 1), ("t2", 2)):
        spans = inpaint(folder, "a.wav", "--bars", "3-4", "--bars", "7", "--tracks", "bass", "--seed", seed,
                        "-o", f"{name}.wav")  # fmt: skip
        assert [span["bars"] for span in spans] == [[3, 4], [7]]
    assert (folder / "t1.wav").read_bytes() == (folder / "t1b.wav").read_bytes()
    assert not np.array_equal(samples(folder / "t1.wav"), samples(folder / "t2.wav"))
    assert not np.array_equal(samples(folder / "t1.wav"), samples(folder / "a.wav"))


def test_what_comes_after_a_deleted_bar_moves(folder):
    write(edit(song(), ["delete in bars 3"]), folder / "short.lead")
    inpaint(folder, "a.wav", "--after", "short.lead", "-o", "short.wav")
    old, new = samples(folder / "a.wav"), samples(folder / "short.wav")
    assert len(new) == len(old) - 2 * RATE
    assert np.array_equal(new[: round(3.9 * RATE)], old[: round(3.9 * RATE)])
    after = round(6.5 * RATE)
    assert np.array_equal(new[after:], old[after + 2 * RATE :])


def test_a_song_goes_on(folder):
    longer = edit(song(), ["insert 2 bars at end", "copy in bars 1-2 to 9"])
    write(edit(longer, ["transpose +2 in bars 9-10"]), folder / "longer.lead")
    spans = inpaint(folder, "a.wav", "--after", "longer.lead", "--continue", "2", "-o", "longer.wav")
    assert {bar for span in spans for bar in span["bars"]} == {9, 10}
    old, new = samples(folder / "a.wav"), samples(folder / "longer.wav")
    assert len(new) >= 20 * RATE
    assert np.array_equal(new[: round(15.9 * RATE)], old[: round(15.9 * RATE)])
    assert loudest_pitch(new / 2**31, 17.0, 17.4) == 69


def test_a_plot_is_drawn(folder):
    inpaint(folder, "a.wav", "--after", "b.lead", "-o", "p.wav", "--plot", "p.png")
    assert (folder / "p.png").stat().st_size > 10_000


def spoil(folder):
    """Files that are no good, each in its way."""
    rng = np.random.default_rng(0)
    soundfile.write(folder / "silence.wav", np.zeros((10 * RATE, 2)), RATE)
    soundfile.write(folder / "none.wav", np.zeros((0, 2)), RATE)
    soundfile.write(folder / "noise.wav", rng.normal(0, 0.1, (16 * RATE, 1)), RATE)
    broken = np.zeros((16 * RATE, 1))
    broken[RATE] = np.nan
    soundfile.write(folder / "nan.wav", broken, RATE, subtype="FLOAT")
    (folder / "broken.mp3").write_bytes(b"ID3\x04" + bytes(2000))
    (folder / "text.wav").write_text("no audio")
    (folder / "wrong").mkdir()
    soundfile.write(folder / "wrong" / "piano.1.wav", np.zeros((RATE, 2)), RATE)


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("a.wav", ("--after", "a.lead"), "nothing would change"),
        ("a.wav", ("--bars", "7-12"), "has the bars 1-8"),
        ("a.wav", ("--bars", "2", "--tracks", "kazoo"), "no track"),
        ("a.wav", ("--after", "b.lead", "--bars", "2"), "another take"),
        ("a.wav", ("--after", "b.lead", "--continue", "2"), "must be 2 bars longer"),
        ("a.wav", ("--after", "b.lead", "--stems", "wrong"), "is no stem of it"),
        ("other.flac", ("--after", "b.lead", "-o", "x.wav"), "name a .flac file"),
        ("missing.wav", ("--after", "b.lead"), "does not exist"),
        ("silence.wav", ("--after", "b.lead"), "is silent"),
        ("none.wav", ("--after", "b.lead"), "at least 0.1 s are needed"),
        ("noise.wav", ("--after", "b.lead"), "does not fit"),
        ("nan.wav", ("--after", "b.lead"), "no numbers"),
        ("broken.mp3", ("--after", "b.lead", "-o", "x.wav"), "cannot be read"),
        ("text.wav", ("--after", "b.lead"), "cannot be read"),
    ],
)
def test_bad_input_gets_one_sentence_and_writes_nothing(folder, source, options, message):
    if not (folder / "silence.wav").exists():
        spoil(folder)
    output = () if "-o" in options else ("-o", "x.wav")
    result = run("inpaint", source, "--before", "a.lead", *options, *output, cwd=folder)
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not (folder / "x.wav").exists()


def test_the_input_is_not_overwritten(folder):
    result = run("inpaint", "a.wav", "--before", "a.lead", "--after", "b.lead", "-o", "a.wav", cwd=folder)
    assert result.returncode == 1
    assert "--overwrite" in result.stderr
    copy = folder / "copy.wav"
    copy.write_bytes((folder / "a.wav").read_bytes())
    result = run("inpaint", copy, "--before", "a.lead", "--after", "b.lead", "-o", copy, "--overwrite", cwd=folder)
    assert result.returncode == 0, result.stderr
    assert copy.read_bytes() != (folder / "a.wav").read_bytes()


def test_a_score_of_another_song_is_refused(folder):
    other = LeadSheet(8, (Track("guitar", tuple(Note(i * 36, 60, 10) for i in range(20))),))
    write(other, folder / "other.lead")
    result = run("inpaint", "a.wav", "--before", "a.lead", "--after", "other.lead", "-o", "x.wav", cwd=folder)
    assert result.returncode == 1
    assert "no bar in common" in result.stderr
