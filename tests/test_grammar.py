"""The grammar: every walk is a score, every illegal token is refused where it stands."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import lead_sheets, walked_ids

from scoretok import Grammar, GrammarError, detokenize, tokenize
from scoretok.grammar_state import IllegalTokenError
from scoretok.sample import random_walk
from scoretok.vocabulary import BLOCKS, KINDS, TOKENS, VOCABULARY_SIZE, token_id


@given(walked_ids())
def test_a_walk_decodes_to_a_score_that_encodes_back_to_it(ids):
    assert tokenize(detokenize(ids)) == ids


@given(lead_sheets())
def test_a_score_encodes_to_tokens_that_decode_to_it(sheet):
    assert detokenize(tokenize(sheet)) == sheet


@pytest.mark.slow
def test_the_mask_says_what_advance_does():
    """All tokens at many states: legal in the mask exactly when taking them raises nothing."""
    grammar = Grammar()
    checked = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        state = grammar.start()
        for token in random_walk(rng, 120):
            mask = grammar.mask(state)
            for candidate in (
                rng.choice(VOCABULARY_SIZE, 120, replace=False).tolist() + np.flatnonzero(mask)[:40].tolist()
            ):
                copy = state.copy()
                try:
                    copy.advance(candidate)
                    legal = True
                except IllegalTokenError:
                    legal = False
                assert legal == mask[candidate], (TOKENS[candidate], state.phase)
                checked += 1
            state.advance(token)
    assert checked > 100_000


@given(walked_ids(), st.data())
def test_a_token_in_the_wrong_place_is_refused_with_its_position(ids, data):
    grammar = Grammar()
    at = data.draw(st.integers(0, len(ids) - 1))
    mask = grammar.mask(grammar.walk(ids[:at]))
    wrong = data.draw(st.sampled_from(np.flatnonzero(~mask).tolist()))
    with pytest.raises(GrammarError) as error:
        grammar.check([*ids[:at], wrong, *ids[at + 1 :]])
    assert error.value.position == at
    assert "expected" in error.value.reason


@given(walked_ids(), st.data())
def test_a_score_that_breaks_off_is_refused(ids, data):
    at = data.draw(st.integers(0, len(ids) - 1))
    with pytest.raises(GrammarError, match="breaks off") as error:
        detokenize(ids[:at])
    assert error.value.position == at


def test_ids_outside_the_vocabulary_are_refused():
    for wrong in (-1, VOCABULARY_SIZE, 10**9):
        with pytest.raises(GrammarError, match="there is no token"):
            detokenize([token_id("BOS"), wrong])


def test_a_copy_of_a_state_is_independent(saints):
    grammar = Grammar()
    ids = tokenize(saints)
    state = grammar.walk(ids[:200])
    before = grammar.mask(state)
    copy = state.copy()
    for token in ids[200:300]:
        copy.advance(token)
    assert (grammar.mask(state) == before).all()


def test_errors_are_counted_token_by_token(saints):
    ids = tokenize(saints)
    grammar = Grammar()
    assert grammar.count_errors(ids) == 0
    assert grammar.count_errors([*ids[:50], token_id("BOS"), *ids[50:]]) == 1


def test_the_vocabulary_is_one_table():
    assert len(set(TOKENS)) == len(TOKENS) == sum(block.stop - block.first for block in BLOCKS.values())
    assert list(BLOCKS) == list(KINDS)
    assert all(token.count("_") == 1 for token in TOKENS)  # MidiTok splits tokens there
