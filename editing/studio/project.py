"""A project: a folder that holds one score as text, its history and its sound, owned by one server at a time.

    song.studio/
        history.jsonl   the journal: the text it began with, then every step
        draft.lead      text that was typed and does not parse yet, while there is some
        recordings/     recordings with the scores that they play
        voices/         voices that sing, by which the score names them
        audio/          sound by track: what was rendered, and the takes over it
        lock            held while a server runs

Nothing outside the folder is written.
"""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from editing.studio.cell_variants import Variant
from editing.studio.history import History, Journal, Sound, read_journal
from scoretok.errors import ScoretokError
from scoretok.files import whole_file, write_text
from scoretok.formats.lead import print_lead
from scoretok.formats.lead_parser import parse
from scoretok.sheet import LeadSheet

SUFFIX, ARCHIVE_SUFFIX = ".studio", ".studio.zip"
FORMAT = 1
MAX_ARCHIVE_BYTES = 4 * 2**30
Result = TypeVar("Result")


class Project:
    """The score of a folder and its history, while this process holds the lock.

    Raises ScoretokError where the folder is no project, its journal is damaged, or another server has it.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        if not (self.folder / "history.jsonl").is_file():
            raise ScoretokError(f"{folder} is not a project of the studio: it has no history.jsonl")
        self.lock = FileLock(self.folder / "lock")
        try:
            self.lock.acquire(timeout=0)
        except Timeout:
            raise ScoretokError(f"{folder} is open in another studio; close that one, or open its page") from None
        try:
            self.history, self.variants = _recovered(self.folder / "history.jsonl")
            self.sheet = parse(self.history.text, str(folder))
            self.journal = Journal(self.folder / "history.jsonl")
        except BaseException:
            self.lock.release()
            raise
        self.version = 0  # goes up with every change, so that a page sees that it is out of date

    @classmethod
    def create(cls, folder: str | Path, sheet: LeadSheet) -> "Project":
        """A project of a score in a folder that is not there yet. Raises ScoretokError."""
        folder = Path(folder)
        try:
            folder.mkdir()
        except OSError as error:
            raise ScoretokError(f"the project {folder} cannot be made: {error.strerror}") from None
        begin = {"format": FORMAT, "text": print_lead(sheet)}
        write_text(json.dumps(begin, ensure_ascii=False) + "\n", folder / "history.jsonl")
        return cls(folder)

    @property
    def text(self) -> str:
        """The `.lead` text of the score."""
        return self.history.text

    @property
    def draft(self) -> str | None:
        """Text that was typed and does not parse yet."""
        path = self.folder / "draft.lead"
        return path.read_text(encoding="utf-8") if path.exists() else None

    def edit(self, name: str, change: Callable[[LeadSheet], LeadSheet], merge: str = "", **sound: Any) -> bool:
        """Change the score as one step, and of its sound what is said; False when the score stays as it is.

        Steps in a row with the same `merge`, as of a slider that is drawn, are one. Raises ScoretokError.
        """
        sheet = change(self.sheet)
        if sheet == self.sheet:
            return False
        self._do(name, sheet, {**self.history.sound, **sound} if sound else None, merge)
        return True

    def write(self, text: str, sound_of: Callable[[LeadSheet], dict[str, Any]] = lambda _: {}) -> bool:
        """Take a text as the score; False when that is the same. Raises ScoretokError with line and column.

        `sound_of` says what of its sound changes. A text that does not parse is kept as the draft.
        """
        try:
            sheet = parse(text, "text")
        except ScoretokError:
            write_text(text, self.folder / "draft.lead")
            raise
        (self.folder / "draft.lead").unlink(missing_ok=True)
        return self.edit("text", lambda _: sheet, **sound_of(sheet))

    def add_variant(self, variant: Variant) -> None:
        """Keep what was written for some cells, unless that is kept already."""
        if all(variant.notes != one.notes for one in self.variants):
            self.journal.append({"variant": variant.to_dict()})
            self.variants.append(variant)

    def change_sound(self, name: str, merge: str = "", **changes: Any) -> bool:
        """Let other takes sound, or at other levels, as one step; False when nothing changes."""
        sound = {**self.history.sound, **changes}
        if sound == self.history.sound:
            return False
        self._do(name, None, sound, merge)
        return True

    def undo(self) -> str:
        """Take the last step back; its name. Raises ScoretokError when there is none."""
        return self._travel(History.undo)

    def redo(self) -> str:
        """Do again what was undone last; its name. Raises ScoretokError when there is nothing."""
        return self._travel(History.redo)

    def go_to(self, position: int) -> None:
        """Undo or redo until so many steps are done. Raises ScoretokError when there are not so many."""
        self._travel(lambda history: history.go_to(position))

    def close(self) -> None:
        """Let another server have the project."""
        self.journal.close()
        self.lock.release()

    def _travel(self, move: Callable[[History], Result]) -> Result:
        """Go to another place in the history, on the disk before it is in memory; what the move gives."""
        changed = self.history.copy()
        found = move(changed)
        self.journal.append({"go_to": changed.position})
        self._take(changed)
        return found

    def _do(self, name: str, sheet: LeadSheet | None, sound: Sound | None, merge: str) -> None:
        """One step, on the disk before it is in memory."""
        changed = self.history.copy()
        step = changed.do(name, None if sheet is None else print_lead(sheet), sound, merge)
        self.journal.append(step.to_dict())
        self._take(changed, sheet)

    def _take(self, history: History, sheet: LeadSheet | None = None) -> None:
        """Go on with a history, whose text is that of a score."""
        if sheet is not None:
            self.sheet = sheet
        elif history.lines != self.history.lines:
            self.sheet = parse(history.text, "text")
        self.history = history
        self.version += 1


def _recovered(path: Path) -> tuple[History, list[Variant]]:
    """The history and the variants of a journal. Raises ScoretokError."""
    entries = read_journal(path)
    begin = next(entries, {})
    if begin.get("format") != FORMAT:
        raise ScoretokError(f"{path} was written by another version of the studio; export the score there")
    history, variants = History.of_text(begin["text"]), []
    for number, entry in enumerate(entries, 2):
        try:
            if "variant" in entry:
                variants.append(Variant.from_dict(entry["variant"]))
            else:
                history.follow(entry)
        except (KeyError, TypeError, ValueError):
            raise ScoretokError(f"{path}, line {number}: this is no step of a history; take the line out") from None
    return history, variants


def pack(project: Project, path: str | Path) -> None:
    """Write a project as one file, whole or not at all."""
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(project.folder.rglob("*")):
            within = file.relative_to(project.folder)
            if file.is_file() and file.name != "lock" and not any(part.startswith(".") for part in within.parts):
                archive.write(file, within)


def unpack(path: str | Path, folder: str | Path) -> None:
    """Put a project of one file into a folder that is not there yet. Raises ScoretokError."""
    folder = Path(folder)
    try:
        with zipfile.ZipFile(path) as archive:
            names = [PurePosixPath(name) for name in archive.namelist()]
            is_safe = all(not name.is_absolute() and ".." not in name.parts for name in names)
            size = sum(entry.file_size for entry in archive.infolist())
            if not is_safe or size > MAX_ARCHIVE_BYTES or PurePosixPath("history.jsonl") not in names:
                raise ScoretokError(f"{path} is not a project that the studio packed")
            folder.mkdir()
            try:
                archive.extractall(folder)
            except BaseException:
                shutil.rmtree(folder)
                raise
    except (OSError, zipfile.BadZipFile) as error:
        raise ScoretokError(f"{path} cannot be opened as a project: {error}") from None


def free_folder(wanted: Path) -> Path:
    """A folder of this name that is not there yet, by number where need be."""
    stem, number = wanted.name.removesuffix(SUFFIX), 1
    while wanted.exists():
        number += 1
        wanted = wanted.with_name(f"{stem} {number}{SUFFIX}")
    return wanted
