"""The sung words of a score as lines with times in seconds, for files that show words while a song plays."""

from dataclasses import dataclass

from scoretok.parts import TICKS_PER_QUARTER, Note
from scoretok.sheet import LeadSheet

PAUSE_TICKS = TICKS_PER_QUARTER  # a rest that ends a line; set by hand
MOST_CHARS = 60  # of a line, which then ends with its word
LEAST_CHARS = ((".!?…。！？", 12), (",;:，、；：", 24))  # of a line that ends with such a mark; set by hand


@dataclass(frozen=True)
class SungSyllable:
    """A syllable from its onset to the end of the last note that holds it."""

    text: str
    word_end: bool
    start_s: float
    end_s: float


SungLine = tuple[SungSyllable, ...]


def sung_lines(sheet: LeadSheet) -> list[SungLine]:
    """The lines of all vocal tracks in the order they begin.

    A score keeps no line ends: a line ends with a word before a rest of a quarter note or a section, at the end of a
    sentence or clause, or when it grows long.
    """
    lines = [line for track in sheet.tracks if track.role == "vocal" for line in _lines_of(sheet, track.notes)]
    return sorted(lines, key=lambda line: line[0].start_s)


def _lines_of(sheet: LeadSheet, notes: tuple[Note, ...]) -> list[SungLine]:
    sections = {sheet.bar_starts[section.bar] for section in sheet.sections}
    sung = _syllables(notes)
    lines: list[list[SungSyllable]] = [[]]
    following = [note.start_ticks for note, _ in sung[1:]]
    for (note, end), later in zip(sung, [*following, sheet.end_ticks], strict=False):
        assert note.syllable is not None
        text, word_end = note.syllable.text, note.syllable.word_end
        lines[-1].append(SungSyllable(text, word_end, sheet.seconds_at(note.start_ticks), sheet.seconds_at(end)))
        pause = later - end >= PAUSE_TICKS
        section = any(note.start_ticks < start <= later for start in sections)
        if word_end and (pause or section or _is_full(line_text(lines[-1]))):
            lines.append([])
    return [tuple(line) for line in lines if line]


def _is_full(text: str) -> bool:
    """Whether a line ends with the word that it ends with now: at the end of a sentence or clause, or when long."""
    least = next((chars for marks, chars in LEAST_CHARS if text[-1:] in marks), MOST_CHARS)
    return len(text) >= least


def _syllables(notes: tuple[Note, ...]) -> list[tuple[Note, int]]:
    """The notes that carry syllables, and the tick at which each syllable ends, melismas held."""
    found: list[tuple[Note, int]] = []
    for note in notes:
        if note.syllable:
            found.append((note, note.end_ticks))
        elif found and note.start_ticks <= found[-1][1] + PAUSE_TICKS:
            found[-1] = (found[-1][0], max(found[-1][1], note.end_ticks))
    later = [note.start_ticks for note, _ in found[1:]]
    return [(note, min(end, stop)) for (note, end), stop in zip(found, [*later, 10**12], strict=True)] if found else []


def line_text(line: SungLine | list[SungSyllable]) -> str:
    """The words of a line."""
    return "".join(one.text + " " * one.word_end for one in line).strip()
