"""Provenance metadata in a rendered file's comment, sufficient to render its stems again.

The score is identified by a digest of its text, so that a file is never taken for the render of another score.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from renderer.mixer import Level
from scoretok.audio.comments import RENDERED, comment_with, fields_of
from scoretok.formats.lead import print_lead
from scoretok.sheet import LeadSheet


@dataclass(frozen=True)
class Provenance:
    """How a file was rendered: engine, its options, seed, levels by track id, digests of the score and the weights.

    `singing` is empty where vocal tracks were played, else who sang them (`SungTracks.provenance`).
    """

    engine: str
    score: str
    seed: int = 0
    options: Mapping[str, object] = field(default_factory=dict)
    levels: Mapping[str, Level] = field(default_factory=dict)
    weights: str = ""
    singing: Mapping[str, object] = field(default_factory=dict)

    def comment(self) -> str:
        """The line that `read_comment` understands."""
        return comment_with(RENDERED, asdict(self))


def read_comment(comment: str) -> Provenance | None:
    """What a file's comment tells, None for files that this package did not render."""
    fields: Any = fields_of(comment, RENDERED)
    if fields is None:
        return None
    try:
        levels = {name: Level(**level) for name, level in fields.pop("levels").items()}
        return Provenance(**fields, levels=levels)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def digest(sheet: LeadSheet) -> str:
    """A short digest of everything in a score."""
    return hashlib.sha256(print_lead(sheet).encode()).hexdigest()[:16]
