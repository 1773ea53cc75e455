"""Reading scores for a command: by name or from standard input, and saying what was guessed and dropped."""

import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict
from typing import TypeVar

import click

from scoretok.errors import ScoretokError, ScoretokWarning
from scoretok.formats import read_score, suffix_of
from scoretok.formats.holds import WITHOUT_PHONEMES
from scoretok.formats.reading_notes import gathered
from scoretok.lyrics import with_phonemes_if_possible
from scoretok.numbers import parse_json
from scoretok.sheet import LeadSheet

Found = TypeVar("Found")
READINGS: dict[str, dict[str, list[str]]] = {}  # of each file that the command read
strict_reading = False
MOST_BYTES = 64 * 2**20


def read_strictly(_context: click.Context, _option: click.Parameter, value: bool) -> None:
    """Let `load` refuse files of which anything is guessed or dropped."""
    global strict_reading  # noqa: PLW0603 - one command, one process
    strict_reading = value


STRICT = click.Option(
    ["--strict"], is_flag=True, expose_value=False, callback=read_strictly,
    help="Refuse scores of which anything is guessed, dropped, merged or repaired.",
)  # fmt: skip


def load(path: str, language: str = "en") -> LeadSheet:
    """Read a score by suffix, or from standard input ('-'); words get phonemes where the format has none."""
    if path == "-":
        return _read_text(standard_input())
    sheet = noted(path, read_score)
    return with_phonemes_if_possible(sheet, language) if suffix_of(path) in WITHOUT_PHONEMES else sheet


def noted(path: str, reader: Callable[[str], Found]) -> Found:
    """What a reader makes of a file; what it guessed and dropped is said, or refused with --strict."""
    with gathered() as notes:
        found = reader(path)
    if notes:
        READINGS[path] = asdict(notes)
        if strict_reading:
            raise ScoretokError(f"{path}: {notes} (--strict)")
        warnings.warn(f"{path}: {notes}", ScoretokWarning, stacklevel=2)
    return found


def standard_input() -> str:
    """The text on standard input. Raises ScoretokError."""
    if sys.stdin is None:
        raise ScoretokError("standard input is closed; name a file instead of '-'")
    try:
        data = sys.stdin.buffer.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise ScoretokError(f"standard input holds more than {MOST_BYTES >> 20} MB; that is not a score")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ScoretokError(
            "standard input is not UTF-8 text; '-' reads .lead, JSON and ABC, other files by name"
        ) from None


def _read_text(text: str) -> LeadSheet:
    from scoretok.formats import abc, json_form, lead_parser

    start = text.lstrip("\ufeff \t\r\n")[:1]
    if not start:
        raise ScoretokError("standard input is empty")
    if start == "{":
        return json_form.sheet_from_dict(parse_json(text, "standard input"))
    if re.search(r"(?m)^(X|K):", text):
        return abc.parse(text, "standard input")
    return lead_parser.parse(text, "standard input")
