"""The commands of the planner, with a tiny model of random weights: what they promise holds whatever a model writes."""

import json
from dataclasses import replace

import pytest
import torch
from conftest import SAINTS, run

import scoretok
from planner.checkpoint import save_model
from planner.llama import PlannerConfig, PlannerModel
from scoretok.audio.recording import read_mono
from scoretok.parts import Key


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model and eight bars of a band."""
    folder = tmp_path_factory.mktemp("planning")
    torch.manual_seed(0)
    config = PlannerConfig(hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2)
    save_model(PlannerModel(config), folder / "model")
    scoretok.write(scoretok.slice_bars(scoretok.read(SAINTS), 0, 8), folder / "a.lead")
    return folder


def made(folder, *arguments):
    result = run(*arguments, "--model", "model", cwd=folder)
    assert result.returncode == 0, result.stderr
    return result


def test_a_prompt_becomes_a_plan_and_the_plan_a_score(folder):
    said = made(folder, "plan", "--prompt", "slow waltz in D minor for piano and cello, 12 bars", "-o", "plan.txt")
    assert "understood key: D minor" in said.stderr
    text = (folder / "plan.txt").read_text()
    assert "key D:min" in text
    assert "tracks piano:0 strings:42" in text
    made(folder, "compose", "--plan", "plan.txt", "-o", "b.lead", "-q")
    sheet = scoretok.read(folder / "b.lead")
    assert (sheet.bar_count, sheet.track_ids, sheet.meter_at(0).numerator) == (12, ("piano.1", "strings.1"), 3)
    made(folder, "plan", "--prompt", "slow waltz in D minor for piano and cello, 12 bars", "-o", "again.txt", "-q")
    assert (folder / "again.txt").read_text() == text


def test_what_options_ask_for_is_kept(folder):
    made(folder, "compose", "--form", "verse 4, chorus 4", "--chords", "Am F", "--key", "A minor", "--tempo", "90",
         "--tracks", "piano bass:32 drums", "--scale", "key", "--range", "bass=E1-G2", "--polyphony", "piano=2",
         "--density", "drums=2-4", "--seed", "4", "-o", "c.lead")  # fmt: skip
    sheet = scoretok.read(folder / "c.lead")
    assert [(section.bar, section.label) for section in sheet.sections] == [(0, "verse"), (4, "chorus")]
    assert [sheet.chord_at(start).root for start in sheet.bar_starts[:-1]] == [9, 5] * 4
    assert sheet.tempos[0].bpm == pytest.approx(90, rel=0.05)
    bass = sheet.tracks_by_id["bass.1"]
    assert bass.program == 32
    assert all(28 <= note.pitch <= 43 for note in bass.notes)
    assert all(note.pitch % 12 in (9, 11, 0, 2, 4, 5, 7) for t in sheet.tracks if not t.is_drums for note in t.notes)


def test_what_is_left_open_the_model_chooses(folder):
    keys, tempos = set(), set()
    for seed in ("1", "2", "3"):
        made(folder, "compose", "--prompt", "a sad song", "--bars", "2", "--seed", seed, "-o", "o.lead", "-q")
        sheet = scoretok.read(folder / "o.lead")
        keys.add((sheet.keys[0].tonic, sheet.keys[0].is_minor))
        tempos.add(sheet.tempos[0].bpm)
        assert sheet.track_ids == ("lead.1", "piano.1", "bass.1", "drums.1")
    assert len(keys) > 1
    assert all(is_minor for _, is_minor in keys)
    assert len(tempos) > 1
    assert all(48 <= tempo <= 95 for tempo in tempos)
    made(folder, "compose", "--chords", "Dm Gm A7 Dm", "--bars", "4", "-o", "o.lead", "-q")
    assert scoretok.read(folder / "o.lead").keys[0].tonic == 2


def test_chords_go_on_through_the_sections_and_share_bars(folder):
    made(folder, "compose", "--form", "intro 2, verse 4", "--chords", "Am F | C | G", "-o", "h.lead", "-q")
    sheet = scoretok.read(folder / "h.lead")
    assert [(chord.root, chord.start_ticks) for chord in sheet.chords] == [
        (9, 0), (5, 48), (0, 96), (7, 192), (9, 288), (5, 336), (0, 384), (7, 480)
    ]  # fmt: skip


def test_a_scale_of_the_key_is_that_of_its_mode(folder):
    made(folder, "compose", "--key", "D dorian", "--scale", "key", "--bars", "4", "-o", "d.lead", "-q")
    pitches = {n.pitch % 12 for t in scoretok.read(folder / "d.lead").tracks if not t.is_drums for n in t.notes}
    assert pitches <= {0, 2, 4, 5, 7, 9, 11}


def test_a_plan_may_leave_key_and_tempo_open(folder):
    (folder / "open.txt").write_text("tracks piano\nverse 2\n  density piano 3\n")
    tempos = set()
    for seed in ("1", "2", "3"):
        made(folder, "compose", "--plan", "open.txt", "--seed", seed, "-o", "p.lead", "-q")
        tempos.add(scoretok.read(folder / "p.lead").tempos[0].bpm)
    assert len(tempos) > 1


def test_all_tracks_are_those_that_can_be_written(folder):
    song = scoretok.read(folder / "a.lead")
    muted = song.with_tracks(replace(track, muted=track.role == "piano") for track in song.tracks)
    scoretok.write(muted, folder / "muted.lead")
    made(folder, "infill", "muted.lead", "--bars", "2", "-o", "m.lead", "-q")
    after = scoretok.read(folder / "m.lead")
    assert after.tracks_by_id["piano.1"] == muted.tracks_by_id["piano.1"]
    assert after.tracks_by_id["bass.1"] != muted.tracks_by_id["bass.1"]


def test_a_melody_is_given_a_band(folder):
    tune = scoretok.read(folder / "a.lead")
    scoretok.write(tune.with_tracks([tune.tracks_by_id["vocal.1"]]), folder / "tune.lead")
    made(folder, "compose", "--melody", "tune.lead", "--prompt", "swing with bass and drums", "-o", "band.lead", "-q")
    band = scoretok.read(folder / "band.lead")
    assert band.track_ids == ("vocal.1", "bass.1", "drums.1")
    assert band.tracks_by_id["vocal.1"] == tune.tracks_by_id["vocal.1"]
    assert band.chords == tune.chords


def test_bars_stream_out_as_they_are_made(folder):
    said = made(folder, "compose", "--bars", "5", "--tracks", "piano", "--stream", "-o", "s.lead", "-q").stdout
    lines = [json.loads(line) for line in said.splitlines()]
    assert [line["bar"] for line in lines] == [1, 2, 3, 4, 5]
    sheet = scoretok.read(folder / "s.lead")
    assert sum(len(line["notes"]["piano.1"]) for line in lines) == len(sheet.tracks[0].notes)


def test_words_are_sung_as_they_stand(folder):
    (folder / "words.txt").write_text("Morning light on the water\n\nwait-ing for you\n")
    made(folder, "compose", "--bars", "6", "--tracks", "vocal piano", "--lyrics", "words.txt", "-o", "w.lead")
    sheet = scoretok.read(folder / "w.lead")
    notes = [note for note in sheet.tracks_by_id["vocal.1"].notes if note.syllable]
    sung = [note.syllable for note in notes]
    assert "".join(s.text + " " * s.word_end for s in sung) == "Morning light on the water waiting for you "
    bars = {sheet.bar_at(note.start_ticks) for note in notes if note.syllable.text in ("wait", "you")}
    assert min(bars) == 3


def test_variants_are_drafted_to_listen_to_and_told_apart(folder):
    said = made(folder, "compose", "--bars", "2", "--tracks", "lead piano", "--variants", "2", "--audition", "drafts",
                "--explain", "-o", "d.lead").stderr  # fmt: skip
    assert read_mono(folder / "drafts" / "variant-2.wav").any()
    lines = (folder / "drafts" / "variants.txt").read_text().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["variant-1.wav", "variant-2.wav"]
    assert lines[0].partition(":")[2] != lines[1].partition(":")[2]
    assert f"drafts/{lines[0]}" in said.replace("\n", " ") or "drafts/variant-1.wav: " in said
    assert "weights: likelihood 0.3 a nat" in said
    assert "bar 2 of lead.1: the best of " in said


def test_a_song_is_like_a_score_where_nothing_else_is_said(folder):
    made(folder, "compose", "--like", "a.lead", "--bars", "2", "-o", "like.lead", "-q")
    sheet, source = scoretok.read(folder / "like.lead"), scoretok.read(folder / "a.lead")
    assert sheet.track_ids == source.track_ids
    assert [track.program for track in sheet.tracks] == [track.program for track in source.tracks]
    assert sheet.meters[0] == source.meters[0]
    assert sheet.tempos[0].bpm == pytest.approx(source.tempos[0].bpm, rel=0.05)
    made(folder, "compose", "--like", "a.lead", "--tracks", "piano", "--tempo", "60", "--bars", "2", "-o", "own.lead")
    sheet = scoretok.read(folder / "own.lead")
    assert (sheet.track_ids, sheet.tempos[0].bpm) == (("piano.1",), pytest.approx(60, rel=0.05))


def test_chords_are_of_a_style(folder):
    made(folder, "compose", "--bars", "8", "--tracks", "piano", "--chord-style", "rich", "-o", "rich.lead", "-q")
    chords = [chord for chord in scoretok.read(folder / "rich.lead").chords if chord.root is not None]
    assert not {chord.quality for chord in chords} & {"maj", "min", "dim", "aug"}


def test_words_stay_when_their_notes_are_written_anew(folder):
    (folder / "words.txt").write_text("Morning light on the water\nwait-ing for you\n")
    made(folder, "compose", "--bars", "4", "--tracks", "vocal piano", "--lyrics", "words.txt", "-o", "w.lead", "-q")
    made(folder, "infill", "w.lead", "--bars", "1-2", "--tracks", "vocal", "-o", "sung.lead", "-q")
    before, after = (scoretok.read(folder / name).tracks_by_id["vocal.1"].notes for name in ("w.lead", "sung.lead"))
    assert before != after
    assert [n.syllable for n in before if n.syllable] == [n.syllable for n in after if n.syllable]


def test_variants_differ_and_stand_in_order(folder):
    out = made(folder, "compose", "--bars", "4", "--variants", "3", "-o", "v.lead", "--json").stdout
    rows = json.loads(out)["made"]
    assert [row["output"] for row in rows] == ["v.lead", "v-2.lead", "v-3.lead"]
    assert rows[0]["likelihood"] >= rows[1]["likelihood"] >= rows[2]["likelihood"]
    assert len({(folder / row["output"]).read_text() for row in rows}) == 3


@pytest.mark.parametrize(
    ("command", "options", "cells"),
    [
        ("infill", ("--bars", "3-4", "--tracks", "piano"), {("piano.1", 2), ("piano.1", 3)}),
        ("vary", ("--bars", "5", "--tracks", "bass", "--keep", "contour"), {("bass.1", 4)}),
    ],
)
def test_only_what_is_named_changes(folder, command, options, cells):
    made(folder, command, "a.lead", *options, "-o", "d.lead", "-q")
    before, after = scoretok.read(folder / "a.lead"), scoretok.read(folder / "d.lead")
    changed = {(cell.track, cell.after_bar) for cell in scoretok.diff(before, after).cells}
    assert changed == cells


def test_a_score_goes_on_is_accompanied_and_harmonised(folder):
    made(folder, "continue", "a.lead", "--bars", "4", "-o", "e.lead")
    assert scoretok.read(folder / "e.lead").bar_count == 12
    made(folder, "accompany", "a.lead", "--tracks", "strings", "-o", "f.lead")
    assert scoretok.read(folder / "f.lead").track_ids[-1] == "strings.1"
    made(folder, "harmonise", "a.lead", "-o", "g.lead", "--seed", "3")
    old, new = (scoretok.read(folder / name) for name in ("a.lead", "g.lead"))
    assert old.tracks == new.tracks
    assert old.chords != new.chords


def test_a_score_is_scored_as_table_and_picture(folder):
    result = made(folder, "score", "a.lead", "--plot", "s.png", "--json")
    answer = json.loads(result.stdout)
    assert answer["total"] == pytest.approx(sum(cell["nats"] for cell in answer["cells"]), abs=0.1)
    assert (folder / "s.png").stat().st_size > 1000
    assert "piano.1" in made(folder, "score", "a.lead").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("compose", "--bars", "4", "-o", "x.lead", "--tracks", "kazoo"), "'kazoo' is no track"),
        (("compose", "--bars", "4", "-o", "x.lead", "--chords", "Am Q"), "'Q' is not a chord"),
        (("compose", "--bars", "4", "--form", "verse 8", "-o", "x.lead"), "--form has 8 bars and --bars 4"),
        (("compose", "--prompt", "x" * 5000, "-o", "x.lead"), "the prompt has 5000 characters"),
        (("compose", "--plan", "no.txt", "-o", "x.lead"), "no.txt does not exist"),
        (("compose", "--plan", "a.lead", "--bars", "4", "-o", "x.lead"), "--bars is said by the plan"),
        (("compose", "--genre", "zydeco", "-o", "x.lead"), "does not know the genre"),
        (("compose", "-o", "x.lead", "--range", "bass=high"), "'high' is not understood"),
        (("compose", "-o", "x.lead", "--polyphony", "flute=1"), "there is no track flute"),
        (("compose", "-o", "x.lead", "--density", "piano=5-2"), "piano.1 cannot have 5 to 2 onsets"),
        (("compose", "-o", "x.lead", "--scale", "C major", "--range", "bass=C#2-C#2"), "no pitch from 37 to 37"),
        (("compose", "-o", "x.lead", "--stream", "--variants", "2"), "leave out --variants"),
        (("compose", "-o", "-", "--variants", "2"), "2 variants need files"),
        (("compose", "-o", "x.lead", "--melody", "a.lead", "--bars", "4"), "--bars is said by the score of --melody"),
        (("compose", "-o", "x.lead", "--chords", "|"), "--chords names none"),
        (("compose", "-o", "x.lead", "--tracks", "piano.2 bass"), "piano.2 comes before piano.1"),
        (("compose", "-o", "x.lead", "--prompt", "verse, chorus, bridge", "--bars", "2"), "too few for 3 sections"),
        (("compose", "-o", "x.lead", "--repeats", "bass=0"), "'0' is not understood"),
        (("infill", "keys.lead", "--tracks", "piano", "--scale", "key", "-o", "x.lead"), "have several keys"),
        (("score", "bare.lead"), "has no tracks"),
        (("infill", "a.lead", "-o", "x.lead"), "name what is to be written"),
        (("infill", "a.lead", "--bars", "90", "-o", "x.lead"), "the score has the bars 1-8"),
        (("infill", "a.lead", "--tracks", "flute", "-o", "x.lead"), "has no track 'flute'"),
        (("accompany", "a.lead", "--tracks", "kazoo", "-o", "x.lead"), "'kazoo' is no track"),
        (("compose", "-o", "none/x.lead"), "does not exist"),
        (("compose", "-o", "x.lead", "--lyrics", "few.txt", "--tracks", "piano"), "words need a vocal track"),
        (("compose", "-o", "x.lead", "--lyrics", "few.txt", "--tracks", "vocal", "--bars", "1"), "2 lines of words"),
        (("compose", "-o", "x.lead", "--lyrics", "none.txt", "--tracks", "vocal"), "hold no syllables"),
        (("compose", "-o", "x.lead", "--lyrics", "long.txt", "--tracks", "vocal", "--bars", "1"), "too many for 1 bar"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_and_nothing_is_written(folder, arguments, message):
    for name, text in (("few", "one\ntwo"), ("none", "... !"), ("long", "la " * 50)):
        (folder / f"{name}.txt").write_text(text)
    song = scoretok.read(folder / "a.lead")
    scoretok.write(replace(song, keys=(Key(0, 0), Key(4, 2))), folder / "keys.lead")
    scoretok.write(song.with_tracks([]), folder / "bare.lead")
    result = run(*arguments, "--model", "model", cwd=folder)
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not (folder / "x.lead").exists()


def test_a_folder_without_a_model_is_told(folder):
    result = run("compose", "-o", "x.lead", "--model", ".", cwd=folder)
    assert result.returncode == 1
    assert "holds no model" in result.stderr
