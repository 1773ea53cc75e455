"""Threads wait without spinning, in every way into the package, and their number is the user's choice."""

import os
import subprocess
import sys

import pytest
from conftest import SAINTS, run

CLEAN = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "SCORETOK_"))}


@pytest.mark.parametrize("room", ["mir", "planner", "renderer", "editing"])
def test_torch_is_loaded_after_the_wait_policy_is_set(room):
    code = f"import sys, os, {room}; print('torch' in sys.modules, os.environ['OMP_WAIT_POLICY'])"
    shown = subprocess.run([sys.executable, "-c", code], env=CLEAN, capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["False", "PASSIVE"]


def threads_of(variables, *options):
    """How many threads torch computes with below a command that renders."""
    code = (
        "import sys, os\nfrom editing.cli import __main__, render\n"
        "render.render.callback = lambda **_: print(os.environ.get('OMP_NUM_THREADS'), os.environ['OMP_WAIT_POLICY'])\n"
        f"sys.argv = {['scoretok', 'render', SAINTS, '-o', 'x.wav', *options]!r}\n__main__.main()"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], env={**CLEAN, **variables}, capture_output=True, text=True, check=False
    )
    return shown.stdout.split()


def test_the_number_is_asked_for_by_option_or_variable():
    assert threads_of({}) == ["None", "PASSIVE"]
    assert threads_of({"SCORETOK_THREADS": "3"}) == ["3", "PASSIVE"]
    assert threads_of({"SCORETOK_THREADS": "3"}, "--threads", "2") == ["2", "PASSIVE"]
    assert threads_of({"OMP_WAIT_POLICY": "ACTIVE"}) == ["None", "ACTIVE"]
    assert threads_of({"SCORETOK_THREADS": "many"}) == ["None", "PASSIVE"]


def test_the_option_is_checked_and_shown():
    wrong = run("render", SAINTS, "-o", "x.wav", "--threads", "0")
    assert wrong.returncode == 2
    shown = run("compose", "--help")
    assert "--threads" in shown.stdout
