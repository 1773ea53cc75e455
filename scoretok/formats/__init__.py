"""File formats by suffix: read(path) -> LeadSheet, write(sheet, path)."""

import warnings
from importlib import import_module
from pathlib import Path
from types import ModuleType

from scoretok.errors import ScoretokError, ScoretokWarning
from scoretok.formats.holds import warn_of_drops
from scoretok.formats.reading_notes import gathered
from scoretok.sheet import LeadSheet

MODULES = {
    ".mid": "midi", ".midi": "midi", ".kar": "midi", ".rmi": "midi",
    ".musicxml": "musicxml", ".xml": "musicxml", ".mxl": "musicxml",
    ".abc": "abc", ".lead": "lead", ".json": "json_form",
}  # fmt: skip


# What is written for other programs and not read back, and what of a score it holds.
EXPORTS = {
    ".lrc": ("lyric_files", "hold the sung words and when each line begins, and nothing else"),
    ".srt": ("lyric_files", "hold the sung words and when each line is shown, and nothing else"),
    ".dawproject": ("dawproject", "hold no chords, keys, words and programs; choose the instruments in your DAW"),
    ".ustx": ("ustx", "hold what is sung and nothing else"),
    ".jams": ("jams_form", "hold times in seconds, and no velocities, meters, programs and phonemes"),
}


def suffix_of(path: str | Path) -> str:
    """The suffix that names a score format to read. Raises ScoretokError for others."""
    suffix = Path(path).suffix.lower()
    if suffix in EXPORTS:
        raise ScoretokError(f"{path} cannot be read: {suffix} files are written for other programs, not read")
    if suffix not in MODULES:
        known = " ".join(MODULES)
        raise ScoretokError(f"{path} does not end like a score that is known here ({known})")
    return suffix


def check_suffix(path: str | Path) -> None:
    """Raise ScoretokError unless the suffix names a format that is written."""
    if Path(path).suffix.lower() not in EXPORTS:
        suffix_of(path)


def read(path: str | Path) -> LeadSheet:
    """Read a score in the format that its suffix names. Raises ScoretokError.

    Warns, in one sentence, of what was guessed, dropped, merged and repaired.
    """
    with gathered() as notes:
        sheet = read_score(path)
    if notes:
        warnings.warn(f"{path}: {notes}", ScoretokWarning, stacklevel=2)
    return sheet


def read_score(path: str | Path) -> LeadSheet:
    """Read a score; each guess is a warning of its own. Raises ScoretokError."""
    sheet: LeadSheet = import_module(f"scoretok.formats.{MODULES[suffix_of(path)]}").read(path)
    return sheet


def write(sheet: LeadSheet, path: str | Path) -> None:
    """Write a score in the format that its suffix names, whole or not at all. Raises ScoretokError.

    Warns of what the format cannot hold (`scoretok.formats.holds`).
    """
    check_suffix(path)
    suffix = Path(path).suffix.lower()
    if suffix in EXPORTS:
        module, holds = EXPORTS[suffix]
        import_module(f"scoretok.formats.{module}").write(sheet, path)
        warnings.warn(f"{suffix} files {holds}", ScoretokWarning, stacklevel=2)
        return
    import_module(f"scoretok.formats.{MODULES[suffix]}").write(sheet, path)
    warn_of_drops(sheet, suffix)


def __getattr__(name: str) -> ModuleType:
    """The module of a format, loaded when it is first used."""
    if name in {*MODULES.values(), *(module for module, _ in EXPORTS.values())}:
        return import_module(f"scoretok.formats.{name}")
    raise AttributeError(f"module 'scoretok.formats' has no attribute {name!r}")
