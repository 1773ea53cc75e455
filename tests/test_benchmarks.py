"""Benchmarks: results are raw numbers, the report is rendered from them, every script is described."""

import ast
import json
import math
import re
import subprocess
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT))
from benchmarks import all as report
from benchmarks import common

FOLDER = ROOT / "benchmarks"
RESULTS = sorted((FOLDER / "results").glob("*.json"))
MODULES = sorted(path for path in FOLDER.glob("*.py") if path.stem not in ("__init__", "common"))
SCRIPTS = [path for path in MODULES if '__name__ == "__main__"' in path.read_text()]
FIELDS = {"name", "command", "commit", "date", "versions", "hardware", "data", "notes", "tables", "pictures"}


def check_cell(value):
    """A number, a string, nothing, or a format with its numbers."""
    if isinstance(value, dict):
        assert value.keys() == {"format", "values"}
        assert value["format"].format(*(0 if one is None else one for one in value["values"]))
    else:
        assert value is None or isinstance(value, str | int | float)


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_result_has_the_schema(path):
    result = json.loads(path.read_text())
    assert result.keys() - {"note"} == FIELDS
    assert result["name"] == path.stem
    assert result["command"].startswith(f"python -m benchmarks.{path.stem}")
    assert re.fullmatch(r"[0-9a-f]{7,}(-dirty)?", result["commit"] or "0000000")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", result["date"])
    assert "note" in result or all(isinstance(one, str) for one in result["versions"].values())
    for one in result["data"] or ():
        assert one.keys() == {"name", "sha256", "songs"}
        assert re.fullmatch(r"[0-9a-f]{64}", one["sha256"])
        assert "/" not in one["name"]
    for note in result["notes"]:
        check_cell(note)
    assert result["tables"]
    for table in result["tables"]:
        assert table.keys() == {"title", "heads", "formats", "rows"}
        check_cell(table["title"])
        assert len(table["formats"]) <= len(table["heads"])
        for row in table["rows"]:
            assert len(row) == len(table["heads"])
            for value in row:
                check_cell(value)
    for picture in result["pictures"]:
        assert (ROOT / "docs" / "images" / picture["file"]).is_file()


def test_report_is_rendered_from_the_results():
    assert {path.stem for path in RESULTS} == set(report.SECTIONS)
    assert report.report() == (ROOT / "docs" / "benchmarks.md").read_text()


def test_readme_describes_every_script():
    readme = (FOLDER / "README.md").read_text()
    rows = set(re.findall(r"(?m)^\| `(\w+)` \|", readme))
    assert rows == {path.stem for path in SCRIPTS}
    for path in MODULES:
        assert f"`{path.stem}`" in readme
    for word in report.PLACES:
        assert f"\n| {word} | " in readme


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script_answers_help_before_it_works(path):
    """Importing most of them takes seconds, so their text is read: options are parsed first in `main`."""
    tree = ast.parse(path.read_text())
    main = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main")
    text = ast.unparse(main)
    parses = [text.find(mark) for mark in ("parse_args()", "on_songs(", "@click.command") if mark in text]
    assert parses
    works = [text.find(mark) for mark in ("subprocess", "load_", "save(", "open(") if mark in text]
    assert all(min(parses) < at for at in works)
    assert f"python -m benchmarks.{path.stem}" in ast.get_docstring(tree)


@pytest.mark.parametrize("name", ["all", "grammar"])
def test_help_says_what_a_script_is(name):
    command = [sys.executable, "-m", f"benchmarks.{name}", "--help"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"python -m benchmarks.{name}" in result.stdout


def test_numbers_stay_raw_and_are_formatted_by_the_renderer(tmp_path, monkeypatch, capsys):
    np = pytest.importorskip("numpy")
    songs = tmp_path / "songs"
    songs.mkdir()
    (songs / "a.mid").write_bytes(b"a")
    monkeypatch.setattr(common, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(sys, "argv", ["x.py", f"--songs={songs}", "--count", "3"])
    rows = [
        ["one", np.float64(2 / 3), common.cell("{:.0f} ms ({:,})", np.float32(17.25), 1200)],
        ["two", math.nan, "-"],
    ]
    tables = [common.table(["", "share", "time"], rows, "{:.2f}", "A title.")]
    common.save("trial", tables, ["Said before."], {"a.png": "a picture"}, {"songs": 1})
    result = json.loads((tmp_path / "results" / "trial.json").read_text())
    assert result["command"] == "python -m benchmarks.trial --songs songs --count 3"
    assert result["tables"][0]["rows"][0] == ["one", 2 / 3, {"format": "{:.0f} ms ({:,})", "values": [17.25, 1200]}]
    assert result["tables"][0]["rows"][1] == ["two", None, "-"]
    assert result["versions"]["numpy"] == np.__version__
    assert result["data"] == [{"name": "songs", "sha256": common.digest(songs), "songs": 1}]
    assert str(tmp_path) not in json.dumps(result)
    lines = common.render(result)
    assert lines[2:] == [
        "Said before.", "", "A title.", "", "|  | share | time |", "| --- | --- | --- |",
        "| one | 0.67 | 17 ms (1,200) |", "| two | – | - |", "", "![a picture](images/a.png)",
    ]  # fmt: skip
    assert capsys.readouterr().out == "\n".join(lines) + "\n"


def test_digest_changes_with_names_and_contents(tmp_path):
    (tmp_path / "a.mid").write_bytes(b"a")
    first = common.digest(tmp_path)
    assert first == common.digest(tmp_path)
    (tmp_path / "a.mid").write_bytes(b"b")
    second = common.digest(tmp_path)
    (tmp_path / "a.mid").rename(tmp_path / "b.mid")
    assert len({first, second, common.digest(tmp_path)}) == 3
