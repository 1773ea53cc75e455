"""A melody sung again with other words: notes are split, or syllables held on, where they are more or fewer."""

from collections.abc import Sequence

from planner.language import Cell, CellNote, SyllableKind

MOST_CHANGES = 2  # syllables more or fewer than the melody has, at most
SHORTEST_TICKS = 6  # of the two notes that one is split into
GRID_TICKS = 6


def fit_words(cell: Cell, kinds: Sequence[SyllableKind]) -> Cell | None:
    """The notes of a cell with these syllables; None where they are too many or too few for them.

    Of too few notes the longest are split, of too many the shortest continue the syllable before them.
    """
    notes = list(cell)
    sung = [at for at, note in enumerate(notes) if note.syllable]
    if not kinds or not sung or abs(len(kinds) - len(sung)) > MOST_CHANGES:
        return None
    while len(sung) < len(kinds):
        longest = max(sung, key=lambda at: notes[at].duration)
        halves = _halves(notes[longest])
        if halves is None:
            return None
        notes[longest : longest + 1] = halves
        sung = [at for at, note in enumerate(notes) if note.syllable]
    while len(sung) > len(kinds):
        shortest = min(sung[1:], key=lambda at: notes[at].duration, default=None)
        if shortest is None:
            return None
        notes[shortest] = notes[shortest]._replace(syllable=0)
        sung.remove(shortest)
    for at, kind in zip(sung, kinds, strict=True):
        notes[at] = notes[at]._replace(syllable=1 + kind.ends_word)
    return tuple(notes)


def _halves(note: CellNote) -> tuple[CellNote, CellNote] | None:
    """A note as two, the second on the grid; None for one that is too short."""
    first = max(SHORTEST_TICKS, note.duration // 2 // GRID_TICKS * GRID_TICKS)
    if note.duration - first < SHORTEST_TICKS:
        return None
    return note._replace(duration=first), note._replace(position=note.position + first, duration=note.duration - first)
