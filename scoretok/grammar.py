"""The grammar of the score language: which tokens may follow, given the tokens so far.

One object serves the validator (`check`), the decoder (which walks it) and whoever generates these tokens (`mask`).
A sequence that it lets through to the end is a legal score and is the only token sequence of that score. The planner
writes a shorter language of its own (`planner.cell_language`), whose scores this grammar accepts.


    score  = BOS [Title text] {track} bar {bar} EOS
    track  = Track Program [Mute] [Name text]
    bar    = Bar [Meter] [Pickup length] [Key] [Section] {Position event} {cell}
    event  = Tempo [TempoFraction] [Chord [Bass]] | Chord [Bass]
    cell   = Track Position note {note | Position note}
    note   = [Velocity] Pitch [Long] Duration [syllable] | [Velocity] Drum
    syllable = Lyric byte {byte} {Phone} (WordEnd | WordPart)
    text   = byte {byte} TextEnd

The first bar states meter, key and, at position 0, tempo; later bars only what changes. Cells come in
the order of the header, positions and pitches ascend, a pitch that still sounds cannot start again.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from scoretok.errors import ScoretokError
from scoretok.grammar_mask import legal_tokens
from scoretok.grammar_state import GrammarState, IllegalTokenError
from scoretok.sheet import LeadSheet
from scoretok.vocabulary import BLOCKS, TOKENS, VOCABULARY_SIZE


class GrammarError(ScoretokError):
    """A token that may not stand where it stands; `position` counts from 0."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"token {position}: {reason}")
        self.position = position
        self.reason = reason


class Grammar:
    """Checks token sequences and tells which tokens may come next (a `scoretok.token_language.TokenLanguage`)."""

    tokens = TOKENS

    def encode(self, sheet: LeadSheet) -> list[int]:
        """The tokens of a score."""
        from scoretok.encode import encode

        return encode(sheet)

    def decode(self, ids: Sequence[int]) -> LeadSheet:
        """The score of whole tokens. Raises GrammarError."""
        from scoretok.encode import decode

        return decode(ids)

    def start(self) -> GrammarState:
        """The state before the first token."""
        return GrammarState()

    def advance(self, state: GrammarState, token: int) -> None:
        """Take one token; raises GrammarError and leaves the state unusable when it is not legal."""
        try:
            state.advance(token)
        except IllegalTokenError:
            raise GrammarError(state.length, self._reason(state, token)) from None

    def mask(self, state: GrammarState) -> np.ndarray:
        """Legal next tokens as a boolean array of shape (VOCABULARY_SIZE,)."""
        return legal_tokens(state)

    def check(self, tokens: Sequence[int]) -> None:
        """Raise GrammarError at the first illegal token of a whole score, or at a missing end."""
        state = self.walk(tokens)
        if not state.is_complete:
            raise GrammarError(len(tokens), f"the score breaks off; expected {expected(state)}")

    def walk(self, tokens: Iterable[int]) -> GrammarState:
        """The state after a legal beginning of a score. Raises GrammarError."""
        state = GrammarState()
        advance = state.advance
        token = -1
        try:
            for token in tokens:
                advance(token)
        except IllegalTokenError:
            raise GrammarError(state.length, self._reason(state, token)) from None
        return state

    def count_errors(self, tokens: Iterable[int]) -> int:
        """How many tokens are illegal when each illegal one is left out."""
        state, errors = GrammarState(), 0
        for token in tokens:
            if 0 <= token < VOCABULARY_SIZE and legal_tokens(state)[token]:
                state.advance(token)
            else:
                errors += 1
        return errors

    @staticmethod
    def _reason(state: GrammarState, token: int) -> str:
        if not 0 <= token < VOCABULARY_SIZE:
            return f"there is no token {token}; ids are 0 to {VOCABULARY_SIZE - 1}"
        return f"{TOKENS[token]} cannot stand here; expected {expected(state)}"


def expected(state: GrammarState) -> str:
    """The kinds of tokens that may come next, with their values where only some are legal."""
    legal = legal_tokens(state)
    parts = []
    for kind, block in BLOCKS.items():
        values = np.flatnonzero(legal[block.first : block.stop])
        if len(values) == block.stop - block.first:
            parts.append(kind)
        elif 0 < len(values) <= 4:
            parts += [TOKENS[block.first + value] for value in values]
        elif len(values):
            first, last = TOKENS[block.first + values[0]], TOKENS[block.first + values[-1]]
            parts.append(f"{first}..{last.partition('_')[2]}")
    return " or ".join(parts) if parts else "nothing: the score has ended"


__all__ = ["Grammar", "GrammarError", "GrammarState", "expected"]
