"""Shared fixtures: the examples, and how long property tests may look."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import scoretok

settings.register_profile(
    "scoretok", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile("scoretok")
ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"


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
