"""Right uses, which the type checker accepts; tests/test_typing.py runs it."""

from pathlib import Path

import numpy as np
from symusic.core import ScoreTick

import scoretok
from scoretok import Grammar, LeadSheet, LeadSheetTokenizer, Note, Track
from scoretok.formats.midi import score_from_sheet, sheet_from_score

sheet: LeadSheet = scoretok.read(Path("song.mid"))
ids: list[int] = scoretok.tokenize(sheet)
back: LeadSheet = scoretok.detokenize(np.array(ids).tolist(), Grammar())
tokenizer_ids: list[int] = LeadSheetTokenizer().tokenize(sheet)
tune = LeadSheet(bar_count=1, tracks=(Track("lead", (Note(0, 60, 24, 90),)),))
changed: tuple[scoretok.Cell, ...] = scoretok.diff(sheet, tune).cells
score: ScoreTick = score_from_sheet(tune)
tempo: float = score.tempos[0].qpm
again: LeadSheet = sheet_from_score(score)[0]
try:
    scoretok.write(scoretok.slice_bars(sheet, 0, 1), "part.mid")
except scoretok.GrammarError as error:
    reason: str = str(error)
