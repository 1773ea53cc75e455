"""Shared fixtures: the examples, and how long property tests may look."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import scoretok

# Two workers with two threads each would wait for one another most of the time.
os.environ.setdefault("OMP_NUM_THREADS", "1")
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
# In CI the same examples every time; `--hypothesis-profile=thorough` looks longer.
settings.register_profile("ci", max_examples=60, deadline=None, suppress_health_check=SLOW, derandomize=True)
settings.register_profile("scoretok", max_examples=60, deadline=None, suppress_health_check=SLOW)
settings.register_profile("thorough", max_examples=600, deadline=None, suppress_health_check=SLOW)
settings.load_profile("ci" if "CI" in os.environ else "scoretok")
ROOT = Path(__file__).parent.parent
# Files whose tests run the weights that ship or packages that carry others'; `make check` leaves them out. Single tests
# of other files are marked where they stand.
MODELS = {
    "test_ace_step", "test_cli_extract", "test_cli_stems", "test_dit_engine", "test_docs", "test_inpaint",
    "test_mir_beats", "test_mir_mixes", "test_mir_stems", "test_planner_cli", "test_planner_training",
    "test_planner_weights", "test_training", "test_voice_cli", "test_voice_files", "test_voice_source",
    "test_voice_training",
}  # fmt: skip
EXAMPLES = ROOT / "examples"
COMMAND = Path(sys.executable).with_name("scoretok")
SAINTS = str(EXAMPLES / "when-the-saints.lead")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.stem in MODELS:
            item.add_marker("models")


def run(*arguments, cwd=None, text_in=None, limit_bytes=None):
    def limit():
        if limit_bytes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    return subprocess.run(
        [COMMAND, *map(str, arguments)], cwd=cwd, input=text_in, capture_output=True, text=True, timeout=300,
        check=False, preexec_fn=limit, env={**os.environ, "COLUMNS": "160"},
    )  # fmt: skip


@pytest.fixture(scope="session")
def saints() -> scoretok.LeadSheet:
    """A full band with words."""
    return scoretok.read(EXAMPLES / "when-the-saints.lead")


@pytest.fixture(scope="session")
def grace() -> scoretok.LeadSheet:
    """Three-four with a pickup and words."""
    return scoretok.read(EXAMPLES / "amazing-grace.lead")


@pytest.fixture(scope="session")
def foreign_midi() -> Path:
    """A MIDI file that no one prepared."""
    return EXAMPLES / "freedom-for-your-shooting-skills.mid"


@pytest.fixture(scope="session")
def rule_singers(tmp_path_factory) -> tuple[Path, Path]:
    """Two singers made by rule: a high one whose take is converted, and a low one."""
    folder = tmp_path_factory.mktemp("singers")
    song = EXAMPLES / "amazing-grace.lead"
    chosen = {
        "take": ("--size", "1.15", "--bars", "1-4"),
        "singer": ("--size", "0.85", "--octave", "-1", "--bars", "5-8"),
    }
    for name, options in chosen.items():
        subprocess.run(
            [sys.executable, EXAMPLES / "sing.py", song, folder / f"{name}.wav", *options], check=True, timeout=300
        )
    return folder / "take.wav", folder / "singer.wav"
