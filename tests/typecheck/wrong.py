"""Wrong uses; a comment names the code of the error that the type checker finds in the line."""

import symusic

import scoretok
from scoretok import LeadSheet, Note, Track
from scoretok.formats.midi import score_from_sheet, sheet_from_score

sheet = scoretok.read("song.mid")
scoretok.tokenise(sheet)  # wrong: attr-defined
scoretok.LeadsheetTokenizer()  # wrong: attr-defined
scoretok.tokenize("song.mid")  # wrong: arg-type
words: list[str] = scoretok.tokenize(sheet)  # wrong: assignment
scoretok.detokenize([0.5])  # wrong: list-item
Note("a")  # wrong: call-arg, arg-type
Note(0, 60, 24, 90, "la")  # wrong: arg-type
Track("lead", [Note(0, 60, 24, 90)])  # wrong: arg-type
LeadSheet(bars=1)  # wrong: call-arg
sheet.bar_count = 2  # wrong: misc
scoretok.read(sheet)  # wrong: arg-type
tempo = score_from_sheet(sheet).tempo  # wrong: attr-defined
sheet_from_score(symusic.Score(480, "second"))  # wrong: arg-type
