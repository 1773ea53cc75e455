"""Two languages of tokens, one protocol: what the planner's masks let through is a score that the grammar accepts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.cell_language import CellLanguage
from planner.language import FIRST, ID, KIND_OF, SIZE
from scoretok import Grammar, ScoretokError
from scoretok.encode import encode

CELLS, EXACT = CellLanguage(), Grammar()
BARS, TRACKS = 6, 4


def walk(seed, most_tokens=3000):
    """A random sequence through the masks of the cell language, of few bars and tracks."""
    rng = np.random.default_rng(seed)
    state = CELLS.start()
    while not state.is_complete:
        mask = CELLS.mask(state)
        assert mask.shape == (SIZE,)
        assert mask.any()
        if len(state.ids) == 5:
            mask[FIRST["Bars"] + BARS :] = False
        kinds = {KIND_OF[token]: [] for token in np.flatnonzero(mask)}
        for token in np.flatnonzero(mask):
            kinds[KIND_OF[token]].append(int(token))
        if "Plan" in kinds and sum(KIND_OF[token] == "Track" for token in state.ids) == TRACKS:
            kinds = {"Plan": kinds["Plan"]}
        if len(state.ids) > most_tokens:
            ends = ("Rest", "EOS", "Bar", "Notes", "Track")
            kinds = {kind: found for kind, found in kinds.items() if kind in ends} or kinds
        kind = sorted(kinds)[rng.integers(len(kinds))]
        CELLS.advance(state, int(rng.choice(kinds[kind])))
    assert not CELLS.mask(state).any()
    return state.ids


@given(st.integers(0, 2**32 - 1))
def test_what_the_masks_of_the_planner_let_through_is_a_score(seed):
    sheet = CELLS.decode(walk(seed))
    ids = EXACT.encode(sheet)
    EXACT.check(ids)
    assert EXACT.decode(ids) == sheet


def test_scores_go_through_the_masks_of_the_grammar(saints, grace):
    for sheet in (saints, grace):
        state = EXACT.start()
        for token in EXACT.encode(sheet):
            assert EXACT.mask(state)[token], EXACT.tokens[token]
            EXACT.advance(state, token)
        assert not EXACT.mask(state).any()


@pytest.mark.parametrize("language", [CELLS, EXACT], ids=["cells", "exact"])
def test_what_is_encoded_comes_back(language, saints):
    # Cells are rounded, and what overlaps by that is joined, so that it is the second way that changes nothing.
    again = language.decode(language.encode(saints))
    ids = language.encode(again)
    assert language.encode(language.decode(ids)) == ids
    assert language is CELLS or again == saints
    assert [track.role for track in again.tracks] == [track.role for track in saints.tracks]
    assert len(language.tokens) == len(language.mask(language.start()))


@pytest.mark.parametrize("language", [CELLS, EXACT], ids=["cells", "exact"])
def test_what_may_not_follow_is_refused(language):
    state = language.start()
    with pytest.raises(ScoretokError):
        language.advance(state, len(language.tokens) - 1)
    with pytest.raises(ScoretokError):
        language.decode([0, 1, 2])


def test_the_exact_language_is_that_of_tokenize(saints):
    assert EXACT.encode(saints) == encode(saints)
    assert ID["BOS"] == CELLS.encode(saints)[0]
