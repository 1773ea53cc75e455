"""What the type checker says of uses of the library: right ones pass, and each wrong one is an error in its line."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from conftest import ROOT

FOLDER = Path("tests", "typecheck")
EXPECTED = re.compile(r"  # wrong: (.+)$")
FOUND = re.compile(r"^(?P<path>[^:]+):(?P<line>\d+): error: .*\[(?P<code>[a-z-]+)\]$")


def expected_errors(path):
    lines = (ROOT / path).read_text().splitlines()
    marked = ((number, EXPECTED.search(line)) for number, line in enumerate(lines, 1))
    return Counter((path.name, number, code) for number, match in marked if match for code in match[1].split(", "))


@pytest.mark.slow
def test_right_uses_pass_and_wrong_ones_are_errors(tmp_path):
    pytest.importorskip("mypy", reason="mypy is not installed (extra dev)")
    files = [FOLDER / "right.py", FOLDER / "wrong.py"]
    command = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", "--cache-dir", tmp_path]
    options = ["--no-error-summary", "--no-color-output", "--no-pretty", "--hide-error-context"]
    result = subprocess.run([*command, *options, *files], cwd=ROOT, capture_output=True, text=True, check=False)
    lines = [line for line in result.stdout.splitlines() if ": note: " not in line]
    matches = [FOUND.match(line) for line in lines]
    assert all(matches), result.stdout + result.stderr
    found = Counter((Path(match["path"]).name, int(match["line"]), match["code"]) for match in matches)
    assert found == expected_errors(files[0]) + expected_errors(files[1]), result.stdout + result.stderr
    assert not expected_errors(files[0])
