"""A few hundred damaged inputs with fixed seeds; benchmarks/fuzz.py tries many more."""

import random

import pytest

from benchmarks import mutations
from benchmarks.fuzz import KINDS, attempt, run_kind

SCORES = ("midi", "midi bytes", "musicxml", "mxl", "abc", "lead", "json", "phrases")


@pytest.mark.parametrize("name", SCORES)
def test_damaged_scores_are_read_or_refused_in_one_sentence(name, tmp_path):
    assert run_kind(name, 40, 1, tmp_path) == []


@pytest.mark.parametrize("name", ["plan", "audio", "voice", "model"])
def test_damaged_plans_sounds_and_models_are_too(name, tmp_path):
    pytest.importorskip("torch")
    assert run_kind(name, 25, 1, tmp_path) == []


@pytest.mark.parametrize("name", SCORES)
def test_good_inputs_are_good_and_broken_ones_differ(name, tmp_path):
    kind = KINDS[name]
    for number, data in enumerate(kind.good()):
        path = tmp_path / f"{number}{kind.suffix}"
        path.write_bytes(data)
        kind.use(path)
        rng = random.Random(0)
        assert sum(kind.broken(data, rng) != data for _ in range(10)) >= 5


def test_a_fault_is_found(tmp_path):
    def fail(_):
        raise KeyError("x")

    path = tmp_path / "x"
    path.write_bytes(b"x")
    assert attempt(mutations_kind(fail), path).startswith("KeyError at test_fuzz.py")


def mutations_kind(use):
    """A kind whose reader is `use`."""
    from benchmarks.fuzz import Kind

    return Kind(list, mutations.of_bytes, use, ".x")
