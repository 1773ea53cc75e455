"""Only pitches from one to another."""

import numpy as np

from planner.rules import Rule


class PitchRange(Rule):
    """Notes lie from the lowest to the highest pitch, both included."""

    def __init__(self, lowest: int, highest: int) -> None:
        self.allowed = (np.arange(128) >= lowest) & (np.arange(128) <= highest)
