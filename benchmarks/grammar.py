"""Random walks through the grammar, and random sequences that are not legal.

python -m benchmarks.grammar
"""

import argparse

import numpy as np

import scoretok
from benchmarks.common import cell, save, table
from scoretok.sample import random_walk
from scoretok.vocabulary import VOCABULARY_SIZE


def walks(count: int, seed: int) -> tuple[int, int]:
    """Walks that decode to a score and encode back, and the tokens they have."""
    rng = np.random.default_rng(seed)
    exact = tokens = 0
    for _ in range(count):
        ids = random_walk(rng, int(rng.integers(5, 200)))
        exact += scoretok.tokenize(scoretok.detokenize(ids)) == ids
        tokens += len(ids)
    return exact, tokens


def illegal(count: int, seed: int) -> tuple[int, int]:
    """Sequences made illegal that are refused at the right token with a reason, and those that were illegal.

    Half are random ids, half are walks with one token replaced by one that the mask forbids there.
    """
    rng = np.random.default_rng(seed)
    grammar = scoretok.Grammar()
    refused = 0
    for number in range(count):
        if number % 2:
            ids = rng.integers(0, VOCABULARY_SIZE, int(rng.integers(1, 60))).tolist()
            wrong = None
        else:
            ids = random_walk(rng, int(rng.integers(5, 60)))
            wrong = int(rng.integers(len(ids)))
            mask = grammar.mask(grammar.walk(ids[:wrong]))
            ids[wrong] = int(rng.choice(np.flatnonzero(~mask)))
        try:
            scoretok.detokenize(ids)
        except scoretok.GrammarError as error:
            refused += bool(error.reason) and (wrong is None or error.position == wrong)
    return refused, count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    exact, tokens = walks(arguments.count, arguments.seed)
    refused, tried = illegal(arguments.count, arguments.seed + 1)
    rows: list[list[object]] = [
        [
            "random walks that decode to a legal score and encode back",
            cell("{:,} of {:,} ({:,} tokens)", exact, arguments.count, tokens),
        ],
        ["illegal sequences refused with position and reason", cell("{:,} of {:,}", refused, tried)],
    ]
    save("grammar", [table(["grammar", "count"], rows)])


if __name__ == "__main__":
    main()
