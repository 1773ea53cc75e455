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


def suffix_of(path: str | Path) -> str:
    """The suffix that names a score format. Raises ScoretokError for others."""
    suffix = Path(path).suffix.lower()
    if suffix not in MODULES:
        known = " ".join(MODULES)
        raise ScoretokError(f"{path} does not end like a score that is known here ({known})")
    return suffix


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
    suffix = suffix_of(path)
    import_module(f"scoretok.formats.{MODULES[suffix]}").write(sheet, path)
    warn_of_drops(sheet, suffix)


def __getattr__(name: str) -> ModuleType:
    """The module of a format, loaded when it is first used."""
    if name in MODULES.values():
        return import_module(f"scoretok.formats.{name}")
    raise AttributeError(f"module 'scoretok.formats' has no attribute {name!r}")
