"""What surrounds the command: streams, signals, names, devices, damaged folders. One sentence, and nothing lost."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from scoretok import ScoretokError, ScoretokWarning
from scoretok.errors import one_line, quoted
from scoretok.files import whole_file

SAINTS = str(ROOT / "examples" / "when-the-saints.lead")
COMMAND = [sys.executable, "-m", "editing.cli"]


def run(*arguments, shell="", **options):
    """Run the command; `shell` is put behind it, such as a redirection."""
    command = " ".join(f"'{word}'" for word in (*COMMAND, *arguments)) + f" {shell}"
    return subprocess.run(
        command, shell=True, capture_output=True, text=True, check=False, cwd=options.pop("cwd", ROOT), **options
    )


def check_sentence(result, status=1):
    assert result.returncode == status
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("scoretok: ")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [("show", SAINTS), ("--help",), ("diff", SAINTS, SAINTS), ("doctor",)])
def test_a_full_disk_on_standard_output(arguments):
    result = run(*arguments, shell="> /dev/full")
    check_sentence(result)
    assert "No space left" in result.stderr


@pytest.mark.parametrize("arguments", [("show", "-"), ("edit", SAINTS, "-o", "x.lead", "--script", "-")])
def test_a_closed_standard_input(arguments, tmp_path):
    result = run(*arguments, shell="<&-", cwd=tmp_path)
    check_sentence(result)
    assert "closed" in result.stderr


def test_a_pipe_that_closes_early():
    assert run("show", SAINTS, shell="| head -c 10").stderr == ""


def test_a_terminal_without_our_characters():
    result = run("show", SAINTS, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert result.returncode == 0
    assert "650 notes" in result.stdout


def test_scores_on_standard_output_are_utf8_whatever_the_terminal(tmp_path):
    text = (ROOT / "examples" / "amazing-grace.lead").read_text().replace("Amazing", "Ämazing", 1)
    (tmp_path / "song.lead").write_text(text)
    printed = subprocess.run(
        [*COMMAND, "convert", tmp_path / "song.lead", "-"], cwd=ROOT, capture_output=True, check=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert "Ämazing" in printed.stdout.decode()


@pytest.mark.parametrize("name", ["\033]0;PWNED\007.lead", "two\nlines.lead", "x" * 3000])
def test_names_are_shown_on_one_line_and_escaped(name):
    result = run("show", name)
    check_sentence(result)
    assert "\033" not in result.stderr
    assert len(result.stderr) < 450


def test_sentences_are_cut_and_escaped():
    assert str(ScoretokError("a\033b\nc\u202ed")) == r"a\x1bb\nc\u202ed"
    assert str(ScoretokWarning("x\ny")) == r"x\ny"
    assert len(one_line("x" * 10_000)) < 450
    assert one_line(f"the name '{'x' * 100}' is long") == f"the name '{'x' * 60}...' is long"
    assert one_line(f"'a' is none; write 'b' {'x' * 70} 'c'").count("x") == 70
    assert quoted("x" * 100) == f"'{'x' * 60}...'"
    assert quoted("a\nb") == r"'a\nb'"


def test_odd_output_names(tmp_path):
    (tmp_path / "a.lead").symlink_to(tmp_path / "b.lead")
    (tmp_path / "b.lead").symlink_to(tmp_path / "a.lead")
    check_sentence(run("convert", SAINTS, tmp_path / "a.lead"))
    check_sentence(run("convert", SAINTS, tmp_path / ("x" * 300 + ".lead")))
    assert (tmp_path / "a.lead").is_symlink()


def test_an_empty_source_is_not_the_current_folder(tmp_path):
    result = run("extract", "", "-o", "o.lead", cwd=tmp_path)
    check_sentence(result)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        ("render", SAINTS, "-o", "o.wav", "--engine", "draft", "--loudness", "nan"),
        ("extract", "x.wav", "-o", "o.lead", "--downbeat", "inf"),
        ("voice", "convert", "x.wav", "--to", "y.wav", "-o", "o.wav", "--formant", "nan"),
        ("compose", "--temperature", "nan", "-o", "o.lead"),
    ],
)
def test_numbers_that_are_none_are_no_options(arguments, tmp_path):
    result = run(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert "is not a finite number" in result.stderr


def test_bars_of_5000_digits():
    check_sentence(run("show", SAINTS, "--bars", "9" * 5000))


SLOW = """
import sys, time
from pathlib import Path
sys.argv = ["scoretok", "convert", {source!r}, {target!r}]
import scoretok.files
write = Path.write_text
def slow(path, text, **options):
    write(path, text[:100], **options)
    print("writing", flush=True)
    time.sleep(60)
Path.write_text = slow
from editing.cli.__main__ import main
main()
"""


def start_slow_write(folder):
    """A command that stays in the middle of writing folder/out.lead."""
    code = SLOW.format(source=SAINTS, target=str(folder / "out.lead"))
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout.readline() == "writing\n"
    return process


@pytest.mark.parametrize(
    ("number", "status", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_signals_end_in_one_line_and_leave_nothing(number, status, word, tmp_path):
    (tmp_path / "out.lead").write_text("precious")
    process = start_slow_write(tmp_path)
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == status
    assert errors.count("\n") == 1
    assert word in errors
    assert [path.name for path in tmp_path.iterdir()] == ["out.lead"]
    assert (tmp_path / "out.lead").read_text() == "precious"


def test_what_a_kill_leaves_is_cleared_by_the_next_run(tmp_path):
    process = start_slow_write(tmp_path)
    process.kill()
    process.communicate(timeout=30)
    assert len(list(tmp_path.iterdir())) == 1
    with whole_file(tmp_path / "out.lead") as temporary:
        temporary.write_text("done")
    assert [path.name for path in tmp_path.iterdir()] == ["out.lead"]


def test_a_run_beside_is_left_alone(tmp_path):
    with whole_file(tmp_path / "out.lead") as first:
        with whole_file(tmp_path / "out.lead") as second:
            second.write_text("second")
        first.write_text("first")
    assert (tmp_path / "out.lead").read_text() == "first"


def test_a_signal_while_modules_are_imported():
    process = subprocess.Popen([*COMMAND, "render", "--help"], cwd=ROOT, text=True, stderr=subprocess.PIPE,
                               stdout=subprocess.DEVNULL)  # fmt: skip
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert "Traceback" not in errors


def test_devices_without_end_are_no_files(tmp_path):
    check_sentence(run("edit", SAINTS, "-o", "x.lead", "--script", "/dev/zero", cwd=tmp_path))
    check_sentence(run("convert", "-", "x.lead", shell="< /dev/zero", cwd=tmp_path))
    assert not list(tmp_path.iterdir())


def test_notes_that_cannot_be_printed_are_no_reason_to_stop(tmp_path, foreign_midi):
    assert run("convert", foreign_midi, tmp_path / "x.lead", shell="2> /dev/full").returncode == 0
    assert (tmp_path / "x.lead").exists()


def test_usage_errors_are_cut_and_escaped():
    result = run("show", SAINTS, "--nope" + "x" * 5000 + "\033[31m")
    assert result.returncode == 2
    assert len(result.stderr) < 1000
    assert "\033" not in result.stderr


def test_odd_numbers_of_threads_are_passed_over():
    for odd in ("9" * 5000, "nan", "\033"):
        assert run("describe", SAINTS, env=os.environ | {"SCORETOK_THREADS": odd}).returncode == 0


def test_names_of_voices_are_no_paths(tmp_path):
    pytest.importorskip("torch")
    check_sentence(run("voice", "enrol", "x.wav", "--name", "../x", "--consent", "mine", cwd=tmp_path))


@pytest.mark.parametrize(
    "change", [{"rope_theta": 0}, {"rms_norm_eps": "x"}, {"hidden_size": -1}, {"num_hidden_layers": 10**9}]
)
def test_planner_models_are_checked(tmp_path, change):
    pytest.importorskip("torch")
    from planner.checkpoint import PLANNER_WEIGHTS, load_model

    config = json.loads((PLANNER_WEIGHTS / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | change))
    (tmp_path / "model.safetensors").symlink_to(PLANNER_WEIGHTS / "model.safetensors")
    with pytest.raises(ScoretokError, match="is not a model of this planner"):
        load_model(tmp_path)


@pytest.mark.models
@pytest.mark.parametrize("device", ["nope", "cuda:99", "meta"])
def test_devices_that_are_not_there(device, tmp_path):
    pytest.importorskip("torch")
    check_sentence(run("render", SAINTS, "-o", "o.wav", "--device", device, cwd=tmp_path))


def model_folder(tmp_path, name, config):
    """A copy of the voice model with another config."""
    source = ROOT / "renderer" / "voice" / "weights"
    for path in source.rglob("*"):
        if path.is_file():
            copy = tmp_path / name / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.symlink_to(path)
    target = tmp_path / name / "dit" / "config.json"
    target.unlink()
    target.write_text(config)
    return tmp_path / name


@pytest.mark.parametrize(
    "change",
    [
        {"heads": 0}, {"layers": 10**9}, {"flow_layers": 10**9}, {"width": 10**12}, {"heads": "two"}, {"odd": 1}, [],
        {"heads": -1}, None, {"heads": 10**400},
    ],
)  # fmt: skip
def test_model_folders_are_checked_before_anything_is_built(tmp_path, change):
    pytest.importorskip("torch")
    from renderer.voice.pretrained import load_models

    ours = json.loads((ROOT / "renderer" / "voice" / "weights" / "dit" / "config.json").read_text())
    config = ours | change if isinstance(change, dict) else change
    text = json.dumps(config) if config is not None else "[" * 100_000
    with pytest.raises(ScoretokError, match="is not a voice model"):
        load_models(model_folder(tmp_path, "model", text))


def test_damaged_shards_are_named(tmp_path):
    pytest.importorskip("torch")
    from planner.score_shards import ScoreShards
    from renderer.training.clips import read_pair_shard

    (tmp_path / "a.json").write_text('{"entries": []}')
    with pytest.raises(ScoretokError, match=r"a\.json is not a whole shard"):
        ScoreShards(tmp_path)
    np.save(tmp_path / "a.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(ScoretokError, match=r"a\.json is not a whole shard"):
        ScoreShards(tmp_path)
    (tmp_path / "b.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(ScoretokError, match=r"b\.safetensors is not a whole shard"):
        next(read_pair_shard(Path(tmp_path, "b.safetensors")))


@pytest.mark.models
def test_no_pickle_is_loaded(tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("diffusers")
    from renderer.dit_engine import RENDERER_WEIGHTS, load_pipeline

    for path in RENDERER_WEIGHTS.rglob("*"):
        if path.is_file() and path.suffix in (".json", ".safetensors"):
            copy = tmp_path / path.relative_to(RENDERER_WEIGHTS)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    (tmp_path / "scheduler" / "scheduler_config.json").write_text(
        (tmp_path / "scheduler" / "scheduler_config.json").read_text() + "\n"
    )
    load_pipeline(tmp_path)
    (tmp_path / "dit" / "diffusion_pytorch_model.safetensors").unlink()
    torch.save({}, tmp_path / "dit" / "diffusion_pytorch_model.bin")
    with pytest.raises(ScoretokError, match="is not a model"):
        load_pipeline(tmp_path)
