"""Only some pitch classes: those of a key, or of a scale."""

from collections.abc import Collection

import numpy as np

from planner.rules import Rule


class Scale(Rule):
    """Notes have one of some pitch classes."""

    def __init__(self, pitch_classes: Collection[int]) -> None:
        self.allowed = np.array([pitch % 12 in pitch_classes for pitch in range(128)])
