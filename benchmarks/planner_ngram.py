"""A smoothed n-gram over the planner's tokens: the baseline of its benchmarks, and a model for `TokenWriter`.

Axes: t tokens, v vocabulary.
"""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from planner.incremental import KVCache
from planner.language import SIZE
from planner.llama import PlannerConfig

ORDER = 6
BITS = 10  # a token fits into so many
assert 1 << BITS > SIZE


def context_hashes(ids: np.ndarray, length: int) -> np.ndarray:
    """A number for the `length` tokens before each token (t,); tokens before the first count as 0."""
    found = np.zeros(len(ids), np.uint64)
    for back in range(length, 0, -1):
        before = np.zeros(len(ids), np.uint64)
        before[back:] = ids[:-back] + 1
        found = found * np.uint64(1_000_003) + before
    return found & np.uint64((1 << (64 - BITS)) - 1)


class Counts:
    """What followed every context of one length in training."""

    def __init__(self, ids: np.ndarray, length: int) -> None:
        self.length = length
        keys = (context_hashes(ids, length) << np.uint64(BITS)) | ids.astype(np.uint64)
        self.keys, self.counts = np.unique(keys, return_counts=True)
        self.contexts, self.first = np.unique(self.keys >> np.uint64(BITS), return_index=True)
        self.totals = np.add.reduceat(self.counts, self.first)
        self.types = np.diff(self.first, append=len(self.keys))

    def find(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of contexts, and whether each is known."""
        at = np.minimum(np.searchsorted(self.contexts, hashes), len(self.contexts) - 1)
        return at, self.contexts[at] == hashes


class NGram:
    """Witten and Bell's interpolation ("The zero-frequency problem", 1991) of contexts of 0 to ORDER - 1 tokens."""

    def __init__(self, training: np.ndarray) -> None:
        self.orders = [Counts(training, length) for length in range(ORDER)]

    def chances(self, ids: np.ndarray) -> np.ndarray:
        """The probability of every token (t,) after those before it."""
        chances = np.full(len(ids), 1 / SIZE)
        for order in self.orders:
            hashes = context_hashes(ids, order.length)
            at, known = order.find(hashes)
            keys = (hashes << np.uint64(BITS)) | ids.astype(np.uint64)
            place = np.minimum(np.searchsorted(order.keys, keys), len(order.keys) - 1)
            count = np.where(order.keys[place] == keys, order.counts[place], 0)
            types, total = order.types[at], order.totals[at]
            chances = np.where(known, (count + types * chances) / (total + types), chances)
        return chances

    def following(self, ids: np.ndarray) -> np.ndarray:
        """The probabilities (v,) of what follows some tokens."""
        chances = np.full(SIZE, 1 / SIZE)
        tail = np.append(ids[-ORDER:], 0)
        for order in self.orders:
            at, known = order.find(context_hashes(tail, order.length)[-1:])
            if not known[0]:
                break
            number = int(at[0])
            rows = slice(order.first[number], order.first[number] + order.types[number])
            chances = chances * order.types[number]
            chances[(order.keys[rows] & np.uint64((1 << BITS) - 1)).astype(int)] += order.counts[rows]
            chances /= order.totals[number] + order.types[number]
        return chances


class NGramModel:
    """An n-gram in the place of `PlannerModel`; the cache holds only a length, the tokens are kept here."""

    def __init__(self, ngram: NGram) -> None:
        self.config = PlannerConfig(num_hidden_layers=0)
        self.ngram = ngram
        self.ids: list[int] = []

    def next_logits(self, ids: list[int], cache: KVCache) -> Tensor:
        """Logits (v,) of what follows some tokens; the cache tells how many came before."""
        self.ids = self.ids[: cache.length] + ids
        cache.length = len(self.ids)
        return torch.from_numpy(np.log(self.ngram.following(np.array(self.ids, np.int64))))


def training_ids(examples: Iterable[list[int]], count: int) -> np.ndarray:
    """At least `count` tokens of examples, one after another."""
    rows: list[np.ndarray] = []
    total = 0
    for ids in examples:
        rows.append(np.array(ids, np.int64))
        total += len(ids)
        if total >= count:
            break
    return np.concatenate(rows)
