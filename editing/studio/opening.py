"""Opening a project: of a folder, of one file, of a score, of a recording, or of nothing."""

import shutil
from pathlib import Path

from editing.studio.project import ARCHIVE_SUFFIX, SUFFIX, Project, free_folder, unpack
from editing.studio.recordings import LONGEST_S, SHORTEST_S, RecordingStore
from scoretok.audio import open_audio
from scoretok.errors import ScoretokError
from scoretok.formats import MODULES, read
from scoretok.parts import Track
from scoretok.sheet import LeadSheet

RECORDING_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".m4a", ".aac", ".aiff", ".aif", ".opus", ".wma")
VOICE_SUFFIX = ".voice"
EMPTY = LeadSheet(8, (Track("lead"), Track("piano"), Track("bass", program=32), Track("drums")))
RECORDINGS = "recordings"  # the folder of a project


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
        RecordingStore(folder / RECORDINGS).add_file(path, path.stem)
    except ScoretokError:
        project.close()
        shutil.rmtree(folder)
        raise
    return project
