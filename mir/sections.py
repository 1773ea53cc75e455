"""The form of a recording: where sections begin, and which they are, by what repeats and what changes from bar to bar.

Axes: b bars, s sections.
"""

import json
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from mir.bar_features import BarFeatures
from mir.section_boundaries import BoundaryModel, boundaries
from mir.section_labels import LabelModel, section_labels, section_letters
from scoretok.parts import Section

FEWEST_BARS = 8


class SectionEstimate(NamedTuple):
    """A section of the score, and how sure its beginning is."""

    section: Section
    confidence: float


class SectionModel(NamedTuple):
    """What tells boundaries, and what tells labels; fitted by benchmarks.section_model."""

    boundaries: BoundaryModel
    labels: LabelModel

    @classmethod
    @cache
    def shipped(cls) -> "SectionModel":
        """The model that comes with the package."""
        given = json.loads(files("mir").joinpath("section_model.json").read_text("utf-8"))
        where, what = given["boundaries"], given["labels"]
        return cls(
            BoundaryModel(np.array(where["weights"]), where["bias"], np.array(where["log_lengths"])),
            LabelModel(*(np.array(what[name]) for name in ("weights", "bias", "transitions"))),
        )


def find_sections(features: BarFeatures, model: SectionModel | None = None) -> list[SectionEstimate]:
    """The sections of a recording; none for less than eight bars. One alone is a verse: nothing tells what else."""
    if len(features) < FEWEST_BARS:
        return []
    where, what = model or SectionModel.shipped()
    logits = where.logits(features)
    starts = boundaries(where, features, logits)
    labels = ["verse"]
    if len(starts) > 1:
        labels = section_labels(what, features, starts, section_letters(features, starts))
    chances = expit(logits)
    return [
        SectionEstimate(Section(start, label), 1.0 if start == 0 else float(chances[start]))
        for start, label in zip(starts, labels, strict=True)
    ]
