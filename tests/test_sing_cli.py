"""Singing through the command: sing, render, inpaint, song; settings in files; what is refused."""

import json

import numpy as np
import pytest
import soundfile
import yaml
from conftest import EXAMPLES, run

from editing import edit
from scoretok import read, write
from scoretok.parts import Note, Syllable, Track
from scoretok.sheet import LeadSheet

RATE = 44100
GRACE = EXAMPLES / "amazing-grace.lead"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sing")
    sheet = edit(read(GRACE), ["keep in bars 1-9"])
    write(sheet, folder / "a.lead")
    write(edit(sheet, ['lyrics "the sil-ver moon," in bars 4-5 of vocal']), folder / "b.lead")
    made = run("sing", "a.lead", "-o", "a.wav", cwd=folder)
    assert made.returncode == 0, made.stderr
    return folder


def samples(path):
    return soundfile.read(path, dtype="int32", always_2d=True)[0]


def pitch_at(audio, start_s, stop_s):
    """The pitch of a span in MIDI numbers, by the strongest period."""
    span = audio[round(start_s * RATE) : round(stop_s * RATE)].mean(1).astype(float)
    spectrum = np.abs(np.fft.rfft(span * np.hanning(len(span)), 1 << 17)) ** 2
    correlation = np.fft.irfft(spectrum)
    lags = np.arange(RATE // 900, RATE // 100)
    return 69 + 12 * np.log2(RATE / lags[correlation[lags].argmax()] / 440)


def test_the_notes_are_sung_at_their_pitch(folder):
    audio, sheet = samples(folder / "a.wav"), read(folder / "a.lead")
    assert len(audio) / RATE >= sheet.duration_s
    for note in [note for note in sheet.tracks[0].notes if note.duration_ticks >= 48]:
        start_s, end_s = sheet.seconds_at(note.start_ticks), sheet.seconds_at(note.end_ticks)
        middle = pitch_at(audio, start_s + 0.35 * (end_s - start_s), start_s + 0.6 * (end_s - start_s))
        assert abs(middle - note.pitch) < 0.5


def test_the_same_seed_gives_the_same_bytes_and_another_another_take(folder):
    for name, options in (("again.wav", []), ("other.wav", ["--seed", "4"])):
        assert run("sing", "a.lead", "-o", name, *options, cwd=folder).returncode == 0
    assert (folder / "again.wav").read_bytes() == (folder / "a.wav").read_bytes()
    assert (samples(folder / "other.wav") != samples(folder / "a.wav")).any()


def test_bars_are_the_same_samples_as_in_the_whole(folder):
    sheet = read(folder / "a.lead")
    assert run("sing", "a.lead", "-o", "part.wav", "--bars", "3-5", cwd=folder).returncode == 0
    start = round(sheet.seconds_at(sheet.bar_starts[2]) * RATE)
    part = samples(folder / "part.wav")
    assert (samples(folder / "a.wav")[start : start + len(part)] == part).all()


def shown(folder, name):
    """The phrases of the vocal track as `sing --show` tells them."""
    result = run("sing", name, "--show", "--json", cwd=folder)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)["tracks"]["vocal.1"]


def test_other_words_change_only_phrases_that_are_sung_otherwise(folder):
    assert run("sing", "b.lead", "-o", "b.wav", cwd=folder).returncode == 0
    old, new = shown(folder, "a.lead"), shown(folder, "b.lead")
    kept = [phrase for phrase in old if phrase in new]
    assert 0 < len(kept) < len(old)
    differs = (samples(folder / "a.wav") != samples(folder / "b.wav")).any(1)
    for phrase in kept:
        assert not differs[round(phrase["start_s"] * RATE) : round(phrase["end_s"] * RATE)].any()
    changed = [phrase for phrase in new if phrase not in old]
    assert all(differs[round(phrase["start_s"] * RATE) : round(phrase["end_s"] * RATE)].any() for phrase in changed)


def test_voices_and_amounts_are_heard_and_kept_in_files(folder):
    changed = run("edit", "a.lead", "-o", "low.lead", 'voice "low" of vocal', "vibrato 0", cwd=folder)
    assert changed.returncode == 0, changed.stderr
    text = (folder / "low.lead").read_text()
    assert 'voice "low" vibrato 0' in text
    for suffix in ("mid", "json"):
        assert run("convert", "low.lead", f"low.{suffix}", cwd=folder).returncode == 0
        assert read(folder / f"low.{suffix}").tracks[0].singing == read(folder / "low.lead").tracks[0].singing
    assert "singers" in run("convert", "low.lead", "low.musicxml", cwd=folder).stderr
    assert run("sing", "low.lead", "-o", "low.wav", cwd=folder).returncode == 0
    assert run("sing", "a.lead", "-o", "low2.wav", "--voice", "low", "--vibrato", "0", cwd=folder).returncode == 0
    assert (samples(folder / "low.wav") == samples(folder / "low2.wav")).all()
    assert (samples(folder / "low.wav") != samples(folder / "a.wav")).any()


def test_a_recording_lends_its_voice(folder):
    sung = run("sing", "a.lead", "-o", "as.wav", "--voice", "vocal=a.wav", "--bars", "1-4", cwd=folder)
    assert sung.returncode == 0, sung.stderr
    enrolled = run(
        "voice",
        "enrol",
        "a.wav",
        "--name",
        "her",
        "--consent",
        "a voice that is nobody's",
        "-o",
        "her.voice",
        cwd=folder,
    )
    assert enrolled.returncode == 0, enrolled.stderr
    assert run("sing", "a.lead", "-o", "her.wav", "--voice", "her.voice", "--bars", "1-4", cwd=folder).returncode == 0
    assert "nobody's" in soundfile.SoundFile(folder / "her.wav").comment


def test_known_words_are_told_to_voice_conversion(folder):
    (folder / "words.txt").write_text("Amazing grace, how sweet the sound that saved a wretch like me. I\n")
    made = {}
    for words in ("words.txt", "score", "auto"):
        options = ["--to", "a.wav", "--lyrics", words, "-o", "told.wav", "--score", "a.lead"]
        result = run("voice", "convert", "a.wav", *options, cwd=folder)
        assert result.returncode == 0, result.stderr
        made[words] = samples(folder / "told.wav")
        assert len(made[words]) == len(samples(folder / "a.wav"))
    assert run("voice", "convert", "a.wav", "--to", "a.wav", "-o", "plain.wav", cwd=folder).returncode == 0
    assert (made["score"] != samples(folder / "plain.wav")).any()
    refused = run("voice", "convert", "a.wav", "--to", "a.wav", "--lyrics", "score", "-o", "no.wav", cwd=folder)
    assert refused.returncode == 1
    assert "--score" in refused.stderr


def test_a_drawn_pitch_is_sung(folder):
    sheet = read(folder / "a.lead")
    start_s = sheet.seconds_at(sheet.bar_starts[1])
    rows = [f"{start_s + 0.3 + i * 0.05:.3f},55" for i in range(19)]
    (folder / "drawn.csv").write_text("seconds,midi\n" + "\n".join(rows) + "\n")
    assert run("sing", "a.lead", "-o", "drawn.wav", "--pitch", "drawn.csv", cwd=folder).returncode == 0
    assert abs(pitch_at(samples(folder / "drawn.wav"), start_s + 0.4, start_s + 1.1) - 55) < 0.3


def test_a_render_is_sung_and_a_changed_line_changes_nothing_else(folder):
    made = run("render", "a.lead", "-o", "mix.wav", "--steps", "0", "--room", "vocal=0", cwd=folder)
    assert made.returncode == 0, made.stderr
    changed = run(
        "inpaint", "mix.wav", "--before", "a.lead", "--after", "b.lead", "-o", "new.wav", "--json", cwd=folder
    )
    assert changed.returncode == 0, changed.stderr
    (span,) = json.loads(changed.stdout)["changed"]
    assert span["track"] == "vocal.1"
    old, new = samples(folder / "mix.wav"), samples(folder / "new.wav")
    differing = np.flatnonzero((old != new).any(1)) / RATE
    assert span["start_s"] <= differing.min() < differing.max() <= span["stop_s"]
    whole = run("render", "b.lead", "-o", "whole.wav", "--steps", "0", "--room", "vocal=0", cwd=folder)
    assert whole.returncode == 0, whole.stderr
    assert np.abs(samples(folder / "whole.wav") / 2**31 - new / 2**31).max() < 1e-3


def test_words_without_phonemes_are_sung_all_the_same(folder):
    assert run("convert", "a.lead", "bare.mid", cwd=folder).returncode == 0
    assert run("convert", "bare.mid", "bare.json", cwd=folder).returncode == 0
    assert run("sing", "bare.mid", "-o", "bare.wav", "--bars", "2-3", cwd=folder).returncode == 0
    assert np.abs(samples(folder / "bare.wav")).max() > 2**26


def test_words_are_pronounced_as_is_said(folder):
    def phones(*options):
        shown = run("sing", "a.lead", "--show", "--json", "--bars", "3-4", *options, cwd=folder)
        assert shown.returncode == 0, shown.stderr
        found = json.loads(shown.stdout)["tracks"]["vocal.1"]
        return [phone["symbol"] for phrase in found for phone in phrase["phones"]], shown.stderr

    (folder / "words.txt").write_text("# mine\nhow huː\n")
    assert "u" not in phones()[0]
    assert "u" in phones("--pronounce", "how=hˈu")[0]
    assert "u" in phones("--dictionary", "words.txt")[0]
    assert "does not hold" in phones("--pronounce", "elephant=hˈu")[1]


def test_openutau_gets_words_notes_and_curves(folder):
    assert run("convert", "a.lead", "a.ustx", cwd=folder).returncode == 0
    project, sheet = yaml.safe_load((folder / "a.ustx").read_text()), read(folder / "a.lead")
    (part,) = project["voice_parts"]
    assert [note["tone"] for note in part["notes"]] == [note.pitch for note in sheet.tracks[0].notes]
    assert [note["position"] for note in part["notes"]] == [20 * note.start_ticks for note in sheet.tracks[0].notes]
    assert [note["lyric"] for note in part["notes"]][:5] == ["Amazing", "+", "+", "+~", "grace,"]
    for curve in part["curves"]:
        low, high = (project["expressions"][curve["abbr"]][limit] for limit in ("min", "max"))
        assert len(curve["xs"]) == len(curve["ys"]) > 100
        assert low <= min(curve["ys"]) <= max(curve["ys"]) <= high
        assert curve["xs"] == sorted(set(curve["xs"]))


def test_phones_of_other_languages_are_replaced_and_that_is_said(folder):
    notes = (Note(0, 60, 48, 80, Syllable("tür", ("t", "ˈyː", "ʁ"))),)
    write(LeadSheet(2, (Track("vocal", notes, 52),)), folder / "german.lead")
    sung = run("sing", "german.lead", "-o", "german.wav", cwd=folder)
    assert sung.returncode == 0, sung.stderr
    assert "y as i, ʁ as ɹ" in sung.stderr


def test_the_rules_sing_too(folder):
    pytest.importorskip("hibari", reason="needs the extra 'singer'")
    sung = run("sing", "a.lead", "-o", "rule.wav", "--singer", "rule", cwd=folder)
    assert sung.returncode == 0, sung.stderr
    audio, sheet = samples(folder / "rule.wav"), read(folder / "a.lead")
    note = max(sheet.tracks[0].notes, key=lambda one: one.duration_ticks)
    start_s, end_s = sheet.seconds_at(note.start_ticks), sheet.seconds_at(note.end_ticks)
    assert abs(pitch_at(audio, start_s + 0.3, 0.5 * (start_s + end_s)) - note.pitch) < 0.5


def test_what_is_sung_can_be_drawn(folder):
    assert run("sing", "a.lead", "--plot", "sung.png", "--bars", "1-4", cwd=folder).returncode == 0
    assert (folder / "sung.png").read_bytes()[:4] == b"\x89PNG"


def test_odd_tracks_get_a_sensible_voice(folder):
    fast = tuple(Note(i, 60 + i % 12, 1, 80) for i in range(200))
    chord = (Note(300, 60, 48, 80), Note(300, 64, 48, 80), Note(360, 12, 24), Note(400, 110, 24))
    write(LeadSheet(6, (Track("vocal", (*fast, *chord), 52),)), folder / "odd.lead")
    sung = run("sing", "odd.lead", "-o", "odd.wav", cwd=folder)
    assert sung.returncode == 0, sung.stderr
    assert "top notes" in sung.stderr
    assert np.isfinite(soundfile.read(folder / "odd.wav")[0]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["a.lead"], "nothing to do"),
        (["a.lead", "-o", "x.wav", "--voice", "nobody"], "there is no voice 'nobody'"),
        (["a.lead", "-o", "x.wav", "--voice", "piano=low"], "no vocal track"),
        (["a.lead", "-o", "x.wav", "--voice", "a.lead"], "a.lead"),
        (["a.lead", "-o", "x.wav", "--singer", "none"], "nothing to sing"),
        (["a.lead", "-o", "x.wav", "--pronounce", "how"], "not a pronunciation"),
        (["a.lead", "-o", "x.wav", "--pronounce", "how=h%u"], "'%'"),
        (["a.lead", "-o", "x.wav", "--dictionary", "missing.txt"], "does not exist"),
        (["a.lead", "-o", "x.wav", "--pitch", "a.lead"], "not a pitch curve"),
        (["a.lead", "-o", "x.wav", "--tracks", "piano"], "no vocal track"),
        (["a.lead", "-o", "x.txt"], "x.txt"),
    ],
)
def test_bad_input_gets_one_sentence_and_writes_nothing(folder, options, message):
    result = run("sing", *options, cwd=folder)
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not (folder / "x.wav").exists()


def test_another_take_is_sung_wherever_bars_are_named(folder):
    made = run("render", "a.lead", "-o", "take.wav", "--steps", "0", cwd=folder)
    assert made.returncode == 0, made.stderr
    options = [
        "--before",
        "a.lead",
        "--bars",
        "2",
        "--bars",
        "7",
        "--tracks",
        "vocal",
        "--seed",
        "3",
        "-o",
        "take2.wav",
    ]
    changed = run("inpaint", "take.wav", *options, "--json", cwd=folder)
    assert changed.returncode == 0, changed.stderr
    bars = {bar for span in json.loads(changed.stdout)["changed"] for bar in span["bars"]}
    assert {2, 7} <= bars
