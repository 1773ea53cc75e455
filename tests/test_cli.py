"""The real command, end to end."""

import json
from pathlib import Path

import pytest
import soundfile
from conftest import SAINTS, run

import scoretok


@pytest.mark.slow
def test_the_main_job(tmp_path, foreign_midi):
    assert run("convert", foreign_midi, "song.lead", cwd=tmp_path).returncode == 0
    edited = run(
        "edit",
        "song.lead",
        "-o",
        "new.lead",
        "transpose +2 in bars 9-12 of guitar",
        "remove drums in bar 5",
        cwd=tmp_path,
    )
    assert edited.returncode == 0
    assert edited.stderr == "drums: changed bars 5\nguitar: changed bars 9-12\n"
    assert run("diff", "song.lead", "new.lead", cwd=tmp_path).stdout == edited.stderr
    for target in ("new.mid", "new.musicxml", "new.abc", "new.json"):
        assert run("convert", "new.lead", target, cwd=tmp_path).returncode == 0
        assert scoretok.read(tmp_path / target).note_count == scoretok.read(tmp_path / "new.lead").note_count
    draft = ("--engine", "draft", "--bars", "1-4")
    assert run("render", "new.lead", "-o", "new.wav", *draft, "--stems", "stems", cwd=tmp_path).returncode == 0
    assert soundfile.info(tmp_path / "new.wav").duration > 5
    song = scoretok.read(tmp_path / "new.lead")
    sounding = [f"{name}.wav" for name, track in song.tracks_by_id.items() if track.notes]
    assert sorted(path.name for path in (tmp_path / "stems").iterdir()) == sorted(sounding)
    for picture in ("roll.png", "sheet.pdf", "sheet.svg"):
        assert run("plot", "new.lead", "-o", picture, "--bars", "1-4", cwd=tmp_path).returncode == 0
        assert (tmp_path / picture).stat().st_size > 1000


def test_show_prints_bars_chords_words_and_notes():
    shown = run("show", SAINTS, "--bars", "4-6").stdout
    for word in ("chorus", "G7", "C4 “Oh,”", "march-", "kick+ride"):
        assert word in shown
    assert "│ 7 " not in shown


def test_show_tokens():
    lines = run("show", SAINTS, "--bars", "1", "--tokens").stdout.splitlines()
    assert lines[0].startswith("BOS Title Byte_87")
    assert lines[1].startswith("Bar Meter_4/4 Key_C:maj Section_intro Position_0 Tempo_176 Chord_C:maj Track_piano.1")
    assert lines[-1] == "EOS"
    found = json.loads(run("show", SAINTS, "--tokens", "--json").stdout)
    assert scoretok.detokenize(found["ids"]) == scoretok.read(SAINTS)


def test_json_answers(tmp_path):
    answer = run("edit", SAINTS, "-o", tmp_path / "x.lead", "octave +1 in bar 5 of bass", "--json").stdout
    assert json.loads(answer)["cells"] == [{"track": "bass.1", "before_bar": 5, "after_bar": 5}]
    assert json.loads(run("doctor", "--json").stdout)["scoretok"]
    assert json.loads(run("convert", SAINTS, tmp_path / "x.mid", "--json").stdout)["bars"] == 20
    assert json.loads(run("show", SAINTS, "--json").stdout)["bar_count"] == 20


def test_text_through_pipes():
    text = Path(SAINTS).read_text()
    assert run("convert", "-", "-", text_in=text).stdout == text
    as_json = run("convert", SAINTS, "-", "--to", "json").stdout
    assert run("convert", "-", "-", text_in=as_json).stdout == text
    as_abc = run("convert", SAINTS, "-", "--to", "abc").stdout
    assert "[V:Vocal]" in as_abc
    assert run("show", "-", text_in=as_abc).returncode == 0


def test_scripts_of_edits(tmp_path):
    (tmp_path / "edits.txt").write_text("# two edits\ntempo 150\n\nremove drums in intro\n")
    result = run("edit", SAINTS, "-o", "-", "--script", tmp_path / "edits.txt")
    assert "tempo   1 150" in result.stdout


def test_chance_is_seeded():
    def humanised(*more):
        return run("edit", SAINTS, "-o", "-", "humanise timing 2 in bars 5-8", *more).stdout

    assert humanised("--seed", 7) == humanised("--seed", 7)
    assert humanised("--seed", 7) != humanised("--seed", 8)
    assert humanised() == humanised("--seed", 0)


def test_diff_exit_code(tmp_path):
    run("edit", SAINTS, "-o", tmp_path / "x.lead", "mute drums")
    assert run("diff", SAINTS, SAINTS, "--exit-code").returncode == 0
    assert run("diff", SAINTS, tmp_path / "x.lead", "--exit-code").returncode == 1
    assert run("diff", SAINTS, tmp_path / "x.lead").stdout == "drums.1 muted\n"


@pytest.mark.slow
def test_rendering_twice_gives_the_same_bytes(tmp_path):
    for name in ("a.flac", "b.flac"):
        assert (
            run(
                "render", SAINTS, "-o", tmp_path / name, "--bars", "1-2", "--pan", "piano=-1", "--gain", "bass=+3"
            ).returncode
            == 0
        )
    assert (tmp_path / "a.flac").read_bytes() == (tmp_path / "b.flac").read_bytes()


def test_quiet_is_quiet(tmp_path):
    result = run("render", SAINTS, "-o", tmp_path / "a.wav", "--engine", "draft", "--bars", "1", "--quiet")
    assert (result.stdout, result.stderr) == ("", "")


@pytest.mark.parametrize(
    "command", ["", "convert", "show", "plot", "edit", "diff", "render", "train", "doctor", "completion"]
)
def test_help_teaches_by_example(command):
    result = run(*command.split(), "--help")
    assert result.returncode == 0
    assert command == "doctor" or "Examples:" in result.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell):
    assert "_SCORETOK_COMPLETE" in run("completion", shell).stdout


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("frobnicate",), 2), (("render", SAINTS), 2), (("show", SAINTS, "--frob"), 2),
        (("show", "missing.lead"), 1), (("show", SAINTS, "--bars", "90-99"), 1), (("show", SAINTS, "--bars", "x"), 1),
        (("convert", SAINTS, "out.docx"), 1), (("convert", SAINTS, "no/such/folder/x.mid"), 1),
        (("plot", SAINTS, "-o", "x.gif"), 1), (("render", SAINTS, "-o", "x.wma"), 1),
        (("render", SAINTS, "-o", "x.wav", "--gain", "kazoo=3"), 1),
        (("render", SAINTS, "-o", "x.wav", "--pan", "piano=7"), 1),
        (("render", SAINTS, "-o", "x.wav", "--engine", "draft", "--soundfont", "missing.sf2"), 1),
        (("edit", SAINTS, "-o", "-"), 1),
    ],
)  # fmt: skip
def test_errors_are_one_sentence_and_a_status(arguments, status, tmp_path):
    result = run(*arguments, cwd=tmp_path)
    assert result.returncode == status
    assert "Traceback" not in result.stderr
    if status == 1:
        assert result.stderr.startswith("scoretok: ")
        assert result.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x.lead", "x.mid", "x.musicxml", "x.abc", "x.json", "x.wav", "x.png", "x.pdf"])
def test_a_full_disk_leaves_the_old_file(name, tmp_path):
    target = tmp_path / name
    target.write_text("old")
    verb = {"wav": "render", "png": "plot", "pdf": "plot"}.get(name[2:], "convert")
    arguments = [verb, SAINTS, target] if verb == "convert" else [verb, SAINTS, "-o", target]
    arguments += ["--engine", "draft"] if verb == "render" else []
    result = run(*arguments, limit_bytes=512)
    assert result.returncode == 1
    assert result.stderr.strip().splitlines()[-1].startswith("scoretok: ")
    assert "Traceback" not in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert target.read_text() == "old"


@pytest.mark.parametrize(
    ("command", "new", "old"),
    [
        (("compose",), "--repeat-sections", "--reprise"),
        (("compose",), "--max-repeats", "--repeats"),
        (("extract",), "--role", "--only"),
        (("voice", "convert"), "--tune-strength", "--tune "),
        (("voice", "convert"), "--breathiness", "--breath "),
        (("train",), "transcriber", "ears"),
    ],
)
def test_old_names_go_on_working_and_are_not_shown(command, new, old):
    shown = run(*command, "--help").stdout
    assert new in shown
    assert old not in shown
    if command == ("train",):
        assert run("train", "ears", "--help").stdout
        return
    # An unknown option is exit status 2; a known one gets as far as what is missing.
    assert f"No such option: {old}" not in run(*command, old.strip()).stderr
