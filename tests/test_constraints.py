"""The lock is whole: constraints.txt pins all that an extra pulls in, and the tests run with those versions."""

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires, version
from itertools import pairwise

import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
LINES = (ROOT / "constraints.txt").read_text().splitlines()
PINS = [Requirement(line) for line in LINES if line and not line.startswith("#")]
PINNED = {canonicalize_name(pin.name): pin for pin in PINS}
REST = LINES.index("# The rest of the set that was tested together.")
# What is not installed where the tests run has no metadata to read, so here is what each such package asked for when it
# was pinned, markers applied. A new pin needs a new line.
NOT_INSTALLED = {
    "attrs==26.1.0": "",
    "backrefs==8.3.1": "",
    "cfgv==3.5.0": "",
    "colorama==0.4.6": "",
    "demucs==4.1.0": "einops huggingface-hub julius lameenc pyyaml safetensors sphn torch tqdm",
    "distlib==0.4.4": "",
    "einops==0.8.2": "",
    "ghp-import==2.1.0": "python-dateutil",
    "griffelib==2.4.1": "",
    "identify==2.6.20": "",
    "jsonschema==4.26.0": "attrs jsonschema-specifications referencing rpds-py",
    "jsonschema-specifications==2025.9.1": "referencing",
    "julius==0.2.8": "torch",
    "lameenc==1.9.0": "",
    "markdown==3.11.3": "",
    "mergedeep==1.3.4": "",
    "mkdocs==1.6.1": "click ghp-import jinja2 markdown markupsafe mergedeep mkdocs-get-deps packaging pathspec pyyaml "
    "pyyaml-env-tag watchdog",
    "mkdocs-autorefs==1.4.5": "markdown markupsafe mkdocs",
    "mkdocs-get-deps==0.2.2": "mergedeep platformdirs pyyaml",
    "mkdocs-material==9.8.2": "babel backrefs colorama jinja2 markdown mkdocs mkdocs-material-extensions paginate "
    "pygments pymdown-extensions requests",
    "mkdocs-material-extensions==1.3.1": "",
    "mkdocstrings==1.0.8": "jinja2 markdown markupsafe mkdocs mkdocs-autorefs mkdocstrings-python pymdown-extensions",
    "mkdocstrings-python==2.0.11": "griffelib mkdocs-autorefs mkdocstrings",
    "nodeenv==1.12.0": "",
    "paginate==0.5.7": "",
    "pre-commit==4.7.0": "cfgv identify nodeenv pyyaml virtualenv",
    "pymdown-extensions==13.1.2": "markdown pyyaml",
    "python-discovery==1.9.6": "filelock",
    "pyyaml-env-tag==1.1": "pyyaml",
    "ray==2.60.0": "click filelock jsonschema msgpack packaging protobuf pyyaml requests",
    "referencing==0.37.0": "attrs rpds-py typing-extensions",
    "rpds-py==2026.9.1": "",
    "sphn==0.2.1": "",
    "virtualenv==21.15.11": "distlib filelock packaging platformdirs python-discovery",
    "watchdog==7.1.0": "",
}
only_resolved_here = pytest.mark.skipif(
    sys.platform != "linux" or sys.version_info >= (3, 13), reason="the lock is resolved for Python 3.11 on Linux"
)


def of_extra(extra):
    """The requirements of an extra and the base, with the extras of ours that it names."""
    for text in [*PROJECT["dependencies"], *EXTRAS[extra]]:
        requirement = Requirement(text)
        if canonicalize_name(requirement.name) == PROJECT["name"]:
            for inner in requirement.extras:
                yield from of_extra(inner)
        elif not requirement.marker or requirement.marker.evaluate():
            yield requirement


def asked_by(name, extras):
    """What a package asks for in this environment."""
    try:
        texts = requires(name) or []
    except PackageNotFoundError:
        assert str(PINNED.get(name)) in NOT_INSTALLED, f"{name} is neither installed nor in the table of this test"
        return [Requirement(text) for text in NOT_INSTALLED[str(PINNED[name])].split()]
    found = [Requirement(text) for text in texts]
    return [one for one in found if not one.marker or any(one.marker.evaluate({"extra": e}) for e in ("", *extras))]


def closure(requirements):
    """The names of all packages that the requirements pull in."""
    seen, waiting = set(), list(requirements)
    while waiting:
        one = waiting.pop()
        key = canonicalize_name(one.name), frozenset(one.extras)
        if key not in seen:
            seen.add(key)
            waiting += asked_by(*key)
    return {name for name, _ in seen}


@pytest.mark.parametrize("extra", EXTRAS)
def test_each_requirement_of_an_extra_has_a_pin_in_its_range(extra):
    for requirement in of_extra(extra):
        pin = PINNED.get(canonicalize_name(requirement.name))
        assert pin is not None, f"no pin for {requirement}"
        (exact,) = pin.specifier
        assert requirement.specifier.contains(exact.version, prereleases=True), f"{pin} is not in {requirement}"


@only_resolved_here
@pytest.mark.parametrize("extra", EXTRAS)
def test_all_that_an_extra_pulls_in_has_a_pin(extra):
    assert sorted(closure(of_extra(extra)) - set(PINNED)) == []


@only_resolved_here
def test_the_tests_run_with_the_pinned_versions():
    others = {}
    for name in closure(of_extra("dev")) | {"tinysoundfont"}:
        try:
            # A pin without a local part also allows 2.13.0+cpu.
            if not PINNED[name].specifier.contains(version(name), prereleases=True):
                others[name] = version(name)
        except PackageNotFoundError:
            assert str(PINNED[name]) in NOT_INSTALLED
    assert others == {}


def test_every_pin_is_exact_and_stands_once():
    assert all(re.fullmatch(r"[a-z0-9-]+==[a-z0-9.]+", str(pin)) for pin in PINS)
    assert len(PINS) == len(PINNED)


@pytest.mark.parametrize("section", [LINES[:REST], LINES[REST:]], ids=["with reasons", "rest"])
def test_pins_are_sorted(section):
    names = [line.partition("==")[0] for line in section if line and not line.startswith("#")]
    assert names == sorted(names)


def test_every_odd_pin_has_its_reason():
    odd = LINES[LINES.index("# Pins with a reason of their own.") + 1 : REST - 1]
    assert all(above.startswith("#") for above, line in pairwise(odd) if not line.startswith("#"))
