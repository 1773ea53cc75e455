"""What a reader guessed, dropped, merged and repaired, gathered into one sentence."""

import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from scoretok.errors import ScoretokWarning

HINT = "set what was guessed by edits: key, chords, replace TRACK with ROLE"


@dataclass
class ReadingNotes:
    """Clauses by kind: what was guessed, dropped, merged and repaired while a file was read."""

    guessed: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.guessed or self.dropped or self.merged or self.repaired)

    def __str__(self) -> str:
        clauses = [*self.repaired, *self.dropped, *self.merged, *self.guessed]
        return "; ".join([*clauses, *([HINT] if self.guessed else [])])


@contextmanager
def gathered() -> Iterator[ReadingNotes]:
    """Gather the warnings of a reader; those of others are given on."""
    notes = ReadingNotes()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield notes
    ours = [one.message for one in caught if isinstance(one.message, ScoretokWarning)]
    for kind in ("guessed", "dropped", "merged", "repaired"):
        found = [str(message) for message in ours if message.kind == kind]
        getattr(notes, kind).extend(_summed(found))
    for one in caught:
        if not (isinstance(one.message, ScoretokWarning) and one.message.kind):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)


def _summed(clauses: Iterable[str]) -> list[str]:
    """Equal clauses once, those that count the same things added up: one for all staves of a part."""
    counts: dict[str, int | None] = {}
    for clause in clauses:
        match = re.match(r"(\d+) ", clause)
        rest = clause[match.end() :] if match else clause
        counts[rest] = int(match[1]) + (counts.get(rest) or 0) if match else None
    return [rest if count is None else f"{count} {rest}" for rest, count in counts.items()]
