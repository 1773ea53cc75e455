"""scoretok: one editable score, its tokens, its grammar and its file formats.

import scoretok
sheet = scoretok.read("song.mid")
ids = scoretok.tokenize(sheet)
assert scoretok.detokenize(ids) == sheet
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scoretok.bars import slice_bars
    from scoretok.difference import Cell, Difference, diff
    from scoretok.encode import decode as detokenize
    from scoretok.encode import encode as tokenize
    from scoretok.errors import ScoretokError, ScoretokWarning
    from scoretok.formats import read, write
    from scoretok.grammar import Grammar, GrammarError
    from scoretok.parts import Chord, Key, Meter, Note, Section, Syllable, Tempo, Track
    from scoretok.performance import Control, ControlPoint, Timing
    from scoretok.sheet import LeadSheet
    from scoretok.tokenizer import LeadSheetTokenizer

# Every name is loaded when it is first used, so that importing costs nothing.
_LAZY = {
    **{
        name: ("scoretok.parts", name)
        for name in ("Chord", "Key", "Meter", "Note", "Section", "Syllable", "Tempo", "Track")
    },
    **{name: ("scoretok.performance", name) for name in ("Control", "ControlPoint", "Timing")},
    **{name: ("scoretok.difference", name) for name in ("Cell", "Difference", "diff")},
    **{name: ("scoretok.errors", name) for name in ("ScoretokError", "ScoretokWarning")},
    **{name: ("scoretok.formats", name) for name in ("read", "write")},
    "LeadSheet": ("scoretok.sheet", "LeadSheet"),
    "slice_bars": ("scoretok.bars", "slice_bars"),
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
    "Cell", "Chord", "Control", "ControlPoint", "Difference", "Grammar", "GrammarError", "Key", "LeadSheet",
    "LeadSheetTokenizer", "Meter", "Note", "ScoretokError", "ScoretokWarning", "Section", "Syllable", "Tempo", "Timing",
    "Track", "detokenize", "diff", "read", "slice_bars", "tokenize", "write",
]  # fmt: skip
