"""scoretok: one editable score, its tokens, its grammar and its file formats.

import scoretok
sheet = scoretok.read("song.mid")
ids = scoretok.tokenize(sheet)
assert scoretok.detokenize(ids) == sheet
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scoretok.bars import slice_bars
from scoretok.difference import Cell, Difference, diff
from scoretok.errors import ScoretokError, ScoretokWarning
from scoretok.formats import read, write
from scoretok.parts import Chord, Key, Meter, Note, Section, Syllable, Tempo, Track
from scoretok.sheet import LeadSheet

if TYPE_CHECKING:
    from scoretok.encode import decode as detokenize
    from scoretok.encode import encode as tokenize
    from scoretok.grammar import Grammar, GrammarError
    from scoretok.tokenizer import LeadSheetTokenizer

# Names whose modules import numpy or miditok are loaded when they are first used.
_LAZY = {
    "tokenize": ("scoretok.encode", "encode"),
    "detokenize": ("scoretok.encode", "decode"),
    "Grammar": ("scoretok.grammar", "Grammar"),
    "GrammarError": ("scoretok.grammar", "GrammarError"),
    "LeadSheetTokenizer": ("scoretok.tokenizer", "LeadSheetTokenizer"),
}

if not TYPE_CHECKING:  # to a type checker, a module with `__getattr__` has every name

    def __getattr__(name: str) -> Any:  # noqa: ANN401
        if name in _LAZY:
            module, attribute = _LAZY[name]
            return getattr(import_module(module), attribute)
        try:
            return import_module(f"scoretok.{name}")
        except ModuleNotFoundError:
            raise AttributeError(f"module 'scoretok' has no attribute {name!r}") from None


__all__ = [
    "Cell", "Chord", "Difference", "Grammar", "GrammarError", "Key", "LeadSheet", "LeadSheetTokenizer", "Meter",
    "Note", "ScoretokError", "ScoretokWarning", "Section", "Syllable", "Tempo", "Track", "detokenize", "diff", "read",
    "slice_bars", "tokenize", "write",
]  # fmt: skip
