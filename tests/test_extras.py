"""Optional packages: one list, that of the package's own metadata, for the command, the messages and the README."""

import re
import tomllib

import pytest
from conftest import ROOT, run

from editing.cli.doctor import PURPOSES
from scoretok import ScoretokError
from scoretok.extras import FOR_DEVELOPERS, base, check_installed, extras, require

DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def name_of(requirement):
    return re.match(r"[\w.-]+", requirement)[0]


def test_extras_are_those_of_the_package():
    declared = {name: rows for name, rows in DECLARED["optional-dependencies"].items() if name not in FOR_DEVELOPERS}
    assert extras().keys() == declared.keys()
    for name, rows in declared.items():
        own = {name_of(row) for row in rows if not row.startswith("scoretok[")}
        assert own <= set(extras()[name])
        for nested in re.findall(r"scoretok\[([\w,-]+)\]", " ".join(rows)):
            for other in nested.split(","):
                assert set(extras()[other]) <= set(extras()[name])
    assert set(base()) == {name_of(row) for row in DECLARED["dependencies"]}


def test_the_doctor_and_the_readme_know_every_extra():
    assert PURPOSES.keys() == extras().keys()
    readme = (ROOT / "README.md").read_text()
    assert not [name for name in extras() if f"`{name}`" not in readme]
    shown = run("doctor")
    assert shown.returncode == 0, shown.stderr
    for name, purpose in PURPOSES.items():
        assert f"{name} ({purpose}): " in shown.stdout


def test_what_is_missing_is_said_with_how_to_get_it():
    for ask in (
        lambda: require("no_such", "mir", "this"),
        lambda: check_installed("no_such", "'scoretok[mir]'", "this"),
    ):
        with pytest.raises(ScoretokError, match=r"this needs the package no_such; .*'scoretok\[mir\]'"):
            ask()
