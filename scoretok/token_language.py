"""What every language of tokens for scores offers: a vocabulary, a way there and back, and a mask of what may follow.

There are two: the exact tokens of a score (`scoretok.grammar.Grammar`), and the shorter cells that the language model
writes (`planner.cell_language.CellLanguage`). Whatever the mask of the second lets through to the end decodes to a
score that the first accepts (tests/test_languages.py).
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np

from scoretok.sheet import LeadSheet

State = TypeVar("State")


class TokenLanguage(Protocol[State]):
    """Token ids count from 0 to len(tokens) - 1. Raises ScoretokError for what does not belong to the language."""

    tokens: Sequence[str]

    def encode(self, sheet: LeadSheet) -> list[int]:
        """The ids of a score."""

    def decode(self, ids: Sequence[int]) -> LeadSheet:
        """The score of whole ids."""

    def start(self) -> State:
        """The state before the first token."""

    def advance(self, state: State, token: int) -> None:
        """Take one token."""

    def mask(self, state: State) -> np.ndarray:
        """Which tokens may follow, (len(tokens),), bool; none at the end."""
