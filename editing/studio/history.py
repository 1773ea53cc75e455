"""One undo history over text and sound: states, the named steps between them, and the journal that outlives a crash.

A state is the `.lead` text and how it sounds: which takes, at which levels. A step keeps of the text only the lines
that changed. The journal is a file of JSON lines to which every step is appended before anybody hears of it, so that a
killed server loses nothing that it acknowledged.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

from scoretok.errors import ScoretokError
from scoretok.files import write_unbuffered

Sound = Mapping[str, Any]  # plain data, as the journal holds it


class LineChange(NamedTuple):
    """Lines of a text from `start` on that give way to others."""

    start: int
    removed: tuple[str, ...]
    added: tuple[str, ...]

    def inverse(self) -> "LineChange":
        """The change back."""
        return LineChange(self.start, self.added, self.removed)

    def apply(self, lines: Sequence[str]) -> list[str]:
        """The changed lines."""
        return [*lines[: self.start], *self.added, *lines[self.start + len(self.removed) :]]


def line_change(before: Sequence[str], after: Sequence[str]) -> LineChange:
    """What turns lines into others: all from the first that differs to the last."""
    least = min(len(before), len(after))
    start = next((i for i in range(least) if before[i] != after[i]), least)
    same_end = next((i for i in range(least - start) if before[-1 - i] != after[-1 - i]), least - start)
    return LineChange(start, tuple(before[start : len(before) - same_end]), tuple(after[start : len(after) - same_end]))


@dataclass(frozen=True)
class Step:
    """What was done, by name, and how it changed the state; like steps in a row with the same `merge` are one."""

    name: str
    lines: LineChange
    sound_before: Sound
    sound_after: Sound
    merge: str = ""

    def to_dict(self) -> dict[str, Any]:
        """For the journal."""
        found: dict[str, Any] = {"name": self.name, "lines": self.lines}
        if self.sound_before != self.sound_after:
            found["sound"] = self.sound_after
        return found | ({"merge": self.merge} if self.merge else {})


@dataclass
class History:
    """A text and how it sounds, how they came to be, and what was undone."""

    lines: list[str]
    sound: Sound = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    position: int = 0  # how many of the steps are done

    @classmethod
    def of_text(cls, text: str) -> Self:
        """A history that begins."""
        return cls(text.split("\n"))

    def copy(self) -> Self:
        """The same history, to go on from apart."""
        return replace(self, steps=list(self.steps))

    @property
    def text(self) -> str:
        """The text as it stands."""
        return "\n".join(self.lines)

    @property
    def undo_name(self) -> str | None:
        """What undoing would take back."""
        return self.steps[self.position - 1].name if self.position else None

    @property
    def redo_name(self) -> str | None:
        """What redoing would do again."""
        return self.steps[self.position].name if self.position < len(self.steps) else None

    def do(self, name: str, text: str | None = None, sound: Sound | None = None, merge: str = "") -> Step:
        """Go on to another text, or another sound; what was undone before is forgotten. The step that is now last."""
        lines = self.lines if text is None else text.split("\n")
        chosen = self.sound if sound is None else sound
        before, sound_before = self.lines, self.sound
        del self.steps[self.position :]
        if merge and self.steps and self.steps[-1].merge == merge:
            last = self.steps.pop()
            before, sound_before = last.lines.inverse().apply(before), last.sound_before
        step = Step(name, line_change(before, lines), sound_before, chosen, merge)
        self.steps.append(step)
        self.lines, self.sound, self.position = lines, chosen, len(self.steps)
        return step

    def undo(self) -> str:
        """Take the last step back; its name. Raises ScoretokError when there is none."""
        if not self.position:
            raise ScoretokError("there is nothing to undo")
        self.position -= 1
        step = self.steps[self.position]
        self.lines, self.sound = step.lines.inverse().apply(self.lines), step.sound_before
        return step.name

    def redo(self) -> str:
        """Do again what was undone last; its name. Raises ScoretokError when there is nothing."""
        if self.position == len(self.steps):
            raise ScoretokError("there is nothing to do again")
        step = self.steps[self.position]
        self.position += 1
        self.lines, self.sound = step.lines.apply(self.lines), step.sound_after
        return step.name

    def go_to(self, position: int) -> None:
        """Undo or redo until so many steps are done. Raises ScoretokError when there are not so many."""
        if not 0 <= position <= len(self.steps):
            raise ScoretokError(f"the history has the steps 0 to {len(self.steps)}; there is no step {position}")
        while self.position > position:
            self.undo()
        while self.position < position:
            self.redo()

    def follow(self, entry: Mapping[str, Any]) -> None:
        """Do what an entry of a journal says."""
        if "go_to" in entry:
            self.go_to(entry["go_to"])
            return
        start, removed, added = entry["lines"]
        change = LineChange(start, tuple(removed), tuple(added))
        base, merge = self.lines, entry.get("merge", "")
        last = self.steps[self.position - 1] if self.position else None
        if merge and last and last.merge == merge:
            base = last.lines.inverse().apply(base)
        self.do(entry["name"], "\n".join(change.apply(base)), entry.get("sound"), merge)


class Journal:
    """A file of JSON lines that is only appended to, each line on the disk before the call returns.

    A last line that was torn off is taken out when the file is opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.exists():
            os.truncate(path, path.read_bytes().rfind(b"\n") + 1)
        self.file = path.open("ab", buffering=0)  # so that what a full disk refused is not tried again at the end

    def append(self, entry: Mapping[str, Any]) -> None:
        """Write an entry. Raises ScoretokError when the disk does not take it; nothing of it is then read again."""
        size = self.path.stat().st_size
        try:
            line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            write_unbuffered(self.file, line)
            os.fsync(self.file.fileno())
        except OSError as error:
            os.truncate(self.path, size)
            raise ScoretokError(
                f"{self.path} cannot be written: {error.strerror}; free some room and try again"
            ) from None

    def close(self) -> None:
        """Let go of the file."""
        self.file.close()


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """The entries of a journal; a last line that was not written to its end is left out. Raises ScoretokError."""
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines[:-1], 1):
        try:
            yield json.loads(line)
        except ValueError:
            raise ScoretokError(
                f"{path}, line {number}: this is not what the studio wrote; take the line out"
            ) from None
