"""The score language as a MidiTok tokenizer, so that its training tools work on it."""

from collections.abc import Mapping, Sequence
from typing import Any

from miditok import Event, MusicTokenizer, TokenizerConfig, TokSequence
from symusic.core import ScoreTick

from scoretok.encode import decode, encode, encode_score
from scoretok.errors import ScoretokError
from scoretok.formats.holds import without_performance
from scoretok.formats.midi import score_from_sheet, sheet_from_score
from scoretok.grammar import Grammar
from scoretok.sheet import LeadSheet
from scoretok.vocabulary import SPECIAL_TOKENS, TOKEN_IDS, TOKENS

SPECIALS = [token.removesuffix("_None") for token in SPECIAL_TOKENS]


class LeadSheetTokenizer(MusicTokenizer):
    """Lead-sheet tokens for MidiTok: `tokenize` and `detokenize` are exact, `encode` and `decode` take MIDI and
    leave its performance out.

    The vocabulary is fixed (see scoretok.vocabulary) and the whole score is one stream, so saving,
    training (BPE, Unigram, WordPiece), `DatasetMIDI` and the hub work as MidiTok documents them. Of the
    configuration only the special tokens are used, which must stay PAD, BOS, EOS and MASK.
    """

    def __init__(self, tokenizer_config: TokenizerConfig | None = None, params: Any = None) -> None:  # noqa: ANN401
        config = tokenizer_config or TokenizerConfig(special_tokens=SPECIALS, use_programs=True)
        self.grammar = Grammar()
        super().__init__(config, params)

    def tokenize(self, sheet: LeadSheet) -> list[int]:
        """Token ids of a score and its performance, before any BPE."""
        return encode(sheet)

    def detokenize(self, ids: Sequence[int]) -> LeadSheet:
        """The score of token ids, before any BPE. Raises GrammarError where they are not legal."""
        return decode(ids, self.grammar)

    def _tweak_config_before_creating_voc(self) -> None:
        if self.config.special_tokens[: len(SPECIALS)] != SPECIAL_TOKENS_AS_MIDITOK:
            raise ScoretokError(f"the special tokens of a LeadSheetTokenizer are {', '.join(SPECIALS)}")
        self.config.use_programs = True
        self.config.one_token_stream_for_programs = True
        self.config.use_chords = self.config.use_tempos = self.config.use_time_signatures = False

    def _create_base_vocabulary(self) -> list[str]:
        return list(TOKENS[len(SPECIALS) :])

    def _create_token_types_graph(self) -> dict[str, set[str]]:
        """Kinds that may follow each kind, for MidiTok's own use; `tokens_errors` asks the grammar."""
        kinds = {token.partition("_")[0] for token in TOKENS[len(SPECIALS) :]}
        return {kind: set(kinds) for kind in kinds}

    def _add_time_events(self, events: list[Event], time_division: int) -> list[Event]:
        """Events as they are: `_score_to_tokens` writes time itself, and MidiTok asks for this method."""
        return events

    def preprocess_score(self, score: ScoreTick) -> ScoreTick:
        """Put a score on the grid of the lead sheet and name its chords, key and roles.

        A score without any note stays as it is, which MidiTok then leaves out of a data set.
        """
        if not score.note_num():
            return score
        return score_from_sheet(without_performance(sheet_from_score(score)[0]))

    def _score_to_tokens(
        self,
        score: ScoreTick,
        attribute_controls_indexes: Mapping[int, Mapping[int, Sequence[int] | bool]] | None = None,
    ) -> TokSequence:
        ids = encode_score(sheet_from_score(score)[0])
        return TokSequence(ids=ids, tokens=[TOKENS[i] for i in ids])

    def _tokens_to_score(self, tokens: TokSequence, programs: list[tuple[int, bool]] | None = None) -> ScoreTick:
        return score_from_sheet(decode([TOKEN_IDS[str(token)] for token in tokens.tokens], self.grammar))

    def _tokens_errors(self, tokens: list[str]) -> int:
        """How many tokens the grammar refuses."""
        return self.grammar.count_errors(TOKEN_IDS.get(token, -1) for token in tokens)


SPECIAL_TOKENS_AS_MIDITOK = list(SPECIAL_TOKENS)
