"""Constrained sampling from the language model, token by token, with a rewindable KV cache.

Axes: v vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from planner.incremental import KVCache
from planner.llama import PlannerModel
from scoretok.errors import ScoretokError


@dataclass(frozen=True)
class TokenSampling:
    """How tokens are drawn: `temperature` 0 takes the likeliest, `top_p` the likeliest that make up this share.

    Accompaniments are drawn at SHARPER of both: what is rare in them is mostly a slip. Of `candidates` for a bar of
    melody the best is kept (`planner.melody_score`).
    """

    temperature: float = 1.0
    top_p: float = 0.98
    seed: int = 0
    candidates: int = 3


# Of temperature and top_p. Set by hand: at the full temperature basses play two notes at a time and patterns fall
# apart, at less melodies are too narrow and chords too plain (benchmarks.planner_melodies, planner_prompts).
SHARPER = (0.85, 0.97)


class Mark(NamedTuple):
    """Where a sequence stands."""

    length: int  # of the cache
    pending: tuple[int, ...]
    log_likelihood: float
    drawn: int


class ContextFullError(ScoretokError):
    """What is written does not fit into the context of the model."""


class TokenWriter:
    """Feeds a model token by token, from a cache that can be wound back."""

    def __init__(self, model: PlannerModel, sampling: TokenSampling | None = None) -> None:
        self.model, self.sampling = model, sampling or TokenSampling()
        self.rng = np.random.default_rng(self.sampling.seed)
        self.cache = KVCache(model.config, model.config.max_position_embeddings)
        self.pending: list[int] = []
        self.log_likelihood, self.drawn = 0.0, 0

    @property
    def length(self) -> int:
        """Tokens so far."""
        return self.cache.length + len(self.pending)

    @property
    def likelihood(self) -> float:
        """Mean log-likelihood in nats of a token that was drawn."""
        return self.log_likelihood / max(1, self.drawn)

    def mark(self) -> Mark:
        """Where the sequence stands, for `rewind`."""
        return Mark(self.cache.length, tuple(self.pending), self.log_likelihood, self.drawn)

    def rewind(self, mark: Mark) -> None:
        """Forget all tokens since a mark; chance goes on."""
        self.cache.length, pending, self.log_likelihood, self.drawn = mark
        self.pending = list(pending)

    def take(self, mark: Mark, ids: Sequence[int], log_likelihood: float, drawn: int) -> None:
        """Go on behind a mark with tokens that were drawn there before, which had this log-likelihood in all."""
        self.rewind(mark)
        self.feed(*ids)
        self.log_likelihood += log_likelihood
        self.drawn += drawn

    def restart(self) -> None:
        """Begin another sequence."""
        self.cache.length, self.pending = 0, []

    def feed(self, *tokens: int) -> None:
        """Appends given tokens to the context."""
        self.pending += tokens

    def unfeed(self) -> None:
        """Removes the last pending token."""
        self.pending.pop()

    def sample(self, mask: np.ndarray, is_sharp: bool = False) -> int:
        """Draw one of the tokens that a mask (v,) allows, and take it; `is_sharp` for those of accompaniments.

        Raises IndexError when there is none.
        """
        legal = np.flatnonzero(mask)
        if len(legal) == 1:
            token = int(legal[0])
            self.feed(token)
            return token
        if self.length >= self.model.config.max_position_embeddings:
            raise ContextFullError("a bar does not fit into the context of the model; write fewer tracks at a time")
        logits = self.model.next_logits(self.pending, self.cache).double().numpy()
        self.pending = []
        everything = logits - np.logaddexp.reduce(logits)
        token = int(legal[self._pick(logits[legal], is_sharp)])
        self.log_likelihood += float(everything[token])
        self.drawn += 1
        self.feed(token)
        return token

    def _pick(self, logits: np.ndarray, is_sharp: bool) -> int:
        """One of some logits, by temperature and nucleus (Holtzman et al., 2020)."""
        temperature, top_p = self.sampling.temperature, self.sampling.top_p
        if is_sharp:
            temperature, top_p = temperature * SHARPER[0], top_p * SHARPER[1]
        if temperature <= 0:
            return int(np.argmax(logits))
        scaled = (logits - logits.max()) / temperature
        chances = np.exp(scaled) / np.exp(scaled).sum()
        order = np.argsort(-chances, kind="stable")
        kept = order[: int(np.searchsorted(np.cumsum(chances[order]), top_p)) + 1]
        return int(self.rng.choice(kept, p=chances[kept] / chances[kept].sum()))
