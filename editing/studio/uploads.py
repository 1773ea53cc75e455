"""Files that a page sends: kept aside and looked at, so that a person knows what they hold before anything changes.

They lie in the folder `.uploads` of the project, the last few of them, until the studio is opened the next time.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from editing.studio.opening import RECORDING_SUFFIXES, VOICE_SUFFIX
from editing.studio.recordings import LONGEST_S, SHORTEST_S
from editing.studio.thread_warnings import said_here
from scoretok.audio import open_audio, read_mono
from scoretok.errors import ScoretokError, quoted
from scoretok.files import write_unbuffered
from scoretok.formats import MODULES, read
from scoretok.sheet import LeadSheet

MAX_UPLOAD_BYTES = 512 * 2**20
KEPT_UPLOADS = 4
SILENT_PEAK = 1e-3
LOOK_S = 60.0  # of a recording, in which something must sound


@dataclass(frozen=True)
class Upload:
    """A file that was sent: what kind it is ("score", "recording", "voice"), and what would be lost or guessed."""

    number: int
    name: str
    path: Path
    kind: str
    said: tuple[str, ...] = ()
    sheet: LeadSheet | None = None
    duration_s: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """For the page."""
        found: dict[str, Any] = {"upload": self.number, "name": self.name, "kind": self.kind, "said": list(self.said)}
        if self.sheet is not None:
            tracks = len(self.sheet.tracks)
            found |= {"bars": self.sheet.bar_count, "tracks": tracks, "notes": self.sheet.note_count}
        return found | {"duration_s": self.sheet.duration_s if self.sheet else self.duration_s}


class Uploads:
    """The files that were sent to a project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / ".uploads"
        self.found: dict[int, Upload] = {}
        self.count = 0
        shutil.rmtree(self.folder, ignore_errors=True)

    def get(self, number: int) -> Upload:
        """A file that was sent. Raises ScoretokError when it is not kept any more."""
        if number not in self.found:
            raise ScoretokError("that file is not kept any more; send it again")
        return self.found[number]

    def incoming(self, name: str) -> "Incoming":
        """What takes in a file. Raises ScoretokError when its name is of nothing that is known here."""
        suffix = Path(name).suffix.lower()
        if suffix not in (*MODULES, *RECORDING_SUFFIXES, VOICE_SUFFIX):
            raise ScoretokError(f"{quoted(name)} is neither a score, a recording nor a voice that is known here")
        self.count += 1
        return Incoming(self, self.count, name, self.folder / f"{self.count:06d}{suffix}")

    def keep(self, upload: Upload) -> Upload:
        """Keep one, and the last few before it."""
        self.found[upload.number] = upload
        for old in sorted(self.found)[:-KEPT_UPLOADS]:
            self.found.pop(old).path.unlink(missing_ok=True)
        return upload


class Incoming:
    """A file on its way into a folder, part by part; what goes wrong leaves nothing behind."""

    def __init__(self, uploads: Uploads, number: int, name: str, path: Path) -> None:
        self.uploads, self.number, self.name, self.path = uploads, number, name, path
        self.file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self.file:
            self.file.close()
        if kind is not None:
            self.path.unlink(missing_ok=True)

    def write(self, part: bytes) -> None:
        """Take in some bytes. Raises ScoretokError when there are too many, or the disk is full."""
        try:
            if self.file is None:
                self.uploads.folder.mkdir(exist_ok=True)
                self.file = self.path.open("wb", buffering=0)
            write_unbuffered(self.file, part)
            if self.file.tell() > MAX_UPLOAD_BYTES:
                raise ScoretokError(f"{quoted(self.name)} is larger than {MAX_UPLOAD_BYTES >> 20} MB")
        except OSError as error:
            raise ScoretokError(f"{quoted(self.name)} cannot be kept: {error.strerror}") from None

    def finish(self) -> Upload:
        """Look at what was taken in. Raises ScoretokError when it is not what it says it is."""
        if self.file is None:
            raise ScoretokError(f"{quoted(self.name)} is empty")
        self.file.close()
        try:
            return self.uploads.keep(self._looked_at())
        except ScoretokError as error:
            raise ScoretokError(str(error).replace(str(self.path), self.name)) from None

    def _looked_at(self) -> Upload:
        """What it is, by the suffix of its name and by its content."""
        suffix = self.path.suffix
        if suffix == VOICE_SUFFIX:
            return Upload(self.number, self.name, self.path, "voice")
        if suffix in RECORDING_SUFFIXES:
            found = open_audio(self.path, SHORTEST_S, LONGEST_S)
            if abs(read_mono(self.path, longest_s=LOOK_S)).max(initial=0.0) < SILENT_PEAK:
                raise ScoretokError(f"{self.path} is silent for its first minute; there is nothing to write down")
            return Upload(self.number, self.name, self.path, "recording", duration_s=found.duration_s)
        with said_here() as said:
            sheet = read(self.path)
        return Upload(self.number, self.name, self.path, "score", tuple(said), sheet)
