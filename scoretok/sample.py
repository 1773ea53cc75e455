"""Random legal scores, for tests and for trying models out before they are trained."""

import numpy as np

from scoretok.grammar import Grammar
from scoretok.vocabulary import BLOCKS, KIND_OF, KINDS

KIND_NUMBERS = np.array([list(KINDS).index(kind) for kind in KIND_OF])
EOS = BLOCKS["EOS"].first


def random_walk(rng: np.random.Generator, length: int) -> list[int]:
    """Token ids of a random legal score that ends as soon as it can after `length` tokens.

    Each step picks a kind among the legal ones, then one of its legal values, all equally likely.
    """
    grammar = Grammar()
    state = grammar.start()
    ids: list[int] = []
    while not state.is_complete:
        legal = np.flatnonzero(grammar.mask(state))
        others = legal[legal != EOS]
        if len(others) == 0 or (len(ids) >= length and len(others) < len(legal)):
            token = EOS
        else:
            kinds = KIND_NUMBERS[others]
            token = int(rng.choice(others[kinds == rng.choice(np.unique(kinds))]))
        grammar.advance(state, token)
        ids.append(token)
    return ids
