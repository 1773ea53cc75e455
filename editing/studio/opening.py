"""Opening a project: of a folder, of one file, of a score, of a recording, or of nothing."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from editing.studio.project import ARCHIVE_SUFFIX, SUFFIX, Project, free_folder, unpack
from scoretok.audio import open_audio
from scoretok.errors import ScoretokError, quoted
from scoretok.formats import MODULES, read
from scoretok.parts import Track
from scoretok.sheet import LeadSheet

RECORDING_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".m4a", ".aac", ".aiff", ".aif", ".opus", ".wma")
LONGEST_S, SHORTEST_S = 3600.0, 1.0
EMPTY = LeadSheet(8, (Track("lead"), Track("piano"), Track("bass", program=32), Track("drums")))
RECORDING, UPLOAD = "source", "upload"  # the stems of files in the folder of a project
MAX_UPLOAD_BYTES = 512 * 2**20


def open_project(source: str | None, is_new: bool = False) -> Project:
    """The project of a source; a score or a recording gets a folder beside it, which is opened again the next time.

    With `is_new` it gets another folder instead. Raises ScoretokError.
    """
    path = Path(source) if source else Path("untitled")
    if path.is_dir():
        return Project(path)
    if path.name.endswith(ARCHIVE_SUFFIX):
        folder = free_folder(path.with_name(path.name.removesuffix(ARCHIVE_SUFFIX) + SUFFIX))
        unpack(path, folder)
        return Project(folder)
    folder = path.with_name(path.stem + SUFFIX)
    if folder.exists() and not is_new:
        return Project(folder)
    folder = free_folder(folder)
    if source is None:
        return Project.create(folder, EMPTY)
    if path.suffix.lower() in MODULES:
        return Project.create(folder, read(path))
    if path.suffix.lower() in RECORDING_SUFFIXES:
        return project_of_recording(path, folder)
    known = f"a project ({SUFFIX}), a score ({' '.join(MODULES)}) or a recording ({' '.join(RECORDING_SUFFIXES)})"
    raise ScoretokError(f"{path} does not end like what can be opened: {known}")


def project_of_recording(path: Path, folder: Path) -> Project:
    """A project with a copy of a recording, whose score is empty until it is written down. Raises ScoretokError."""
    open_audio(path, SHORTEST_S, LONGEST_S)
    project = Project.create(folder, EMPTY)
    try:
        shutil.copyfile(path, folder / f"{RECORDING}{path.suffix.lower()}")
    except OSError as error:
        project.close()
        shutil.rmtree(folder)
        raise ScoretokError(f"{path} cannot be copied into {folder}: {error.strerror}") from None
    return project


def keep_upload(project: Project, name: str, data: Iterable[bytes]) -> Path:
    """Write what a page sends into the folder of a project, by the suffix of its name, and check that it is that.

    Raises ScoretokError for what is too large, what cannot be read, and when the disk is full.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in (*MODULES, *RECORDING_SUFFIXES):
        raise ScoretokError(f"{quoted(name)} is neither a score nor a recording that is known here")
    path = project.folder / f"{UPLOAD}{suffix}"
    try:
        with path.open("wb") as file:
            for part in data:
                file.write(part)
                if file.tell() > MAX_UPLOAD_BYTES:
                    raise ScoretokError(f"{quoted(name)} is larger than {MAX_UPLOAD_BYTES >> 20} MB")
        if suffix in RECORDING_SUFFIXES:
            open_audio(path, SHORTEST_S, LONGEST_S)
            for old in project.folder.glob(f"{RECORDING}.*"):
                old.unlink()
            path = path.replace(project.folder / f"{RECORDING}{suffix}")
    except OSError as error:
        path.unlink(missing_ok=True)
        raise ScoretokError(f"{quoted(name)} cannot be kept: {error.strerror}") from None
    except ScoretokError as error:
        path.unlink(missing_ok=True)
        raise ScoretokError(str(error).replace(str(path), name)) from None
    return path


def read_upload(path: Path, name: str) -> LeadSheet:
    """The score of a file that a page sent under a name, which is not kept. Raises ScoretokError."""
    try:
        return read(path)
    except ScoretokError as error:
        raise ScoretokError(str(error).replace(str(path), name)) from None
    finally:
        path.unlink()


def recording_of(project: Project) -> Path | None:
    """The recording of a project, where it has one."""
    return next(iter(sorted(project.folder.glob(f"{RECORDING}.*"))), None)
