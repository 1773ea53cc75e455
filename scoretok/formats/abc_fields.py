"""The information fields of ABC: keys, clefs, meters and unit lengths."""

import re
from fractions import Fraction

from scoretok.errors import ScoretokError
from scoretok.numbers import whole
from scoretok.parts import Key

ACCIDENTAL = {"": None, "=": 0, "^": 1, "^^": 2, "_": -1, "__": -2}


def count_in(text: str, default: int = 0) -> int:
    """A number of a tune. Raises ScoretokError for one that is larger than any of them."""
    return whole(text) if text else default


def parse_meter(text: str) -> tuple[int, int] | None:
    """Numerator and denominator of an M: field ('6/8', 'C', 'C|', '2+3/8'); None for free meter."""
    text = text.strip()
    if text in ("C", "C|"):
        return (4, 4) if text == "C" else (2, 2)
    match = re.fullmatch(r"\(?([\d+]+)\)?\s*/\s*(\d+)", text)
    if not match:
        return None
    numerator, denominator = sum(count_in(part) for part in match[1].split("+")), count_in(match[2])
    if not 1 <= numerator <= 256 or denominator not in (1, 2, 4, 8, 16, 32, 64):
        raise ScoretokError(f"meter {text} has no bar")
    return numerator, denominator


def parse_unit(text: str) -> Fraction:
    """The unit note length of an L: field as a fraction of a whole note."""
    match = re.fullmatch(r"\s*(\d+)(?:/(\d+))?\s*", text)
    if not match or count_in(match[2] or "", 1) == 0 or count_in(match[1]) == 0:
        raise ScoretokError(f"{text.strip()!r} is not a unit note length; write for example L:1/8")
    return Fraction(count_in(match[1]), count_in(match[2] or "", 1))


CLEF = re.compile(
    r"\s*(?:clef\s*=\s*)?(?:treble|bass|alto|tenor|baritone|soprano|mezzosoprano|perc|[CFG]\d)(?![a-z])", re.IGNORECASE
)
SETTING = re.compile(
    r"\b(?:clef|middle|m|octave|transpose|shift|score|sound|stafflines|staffscale|style|cue|name|nm|sname|snm)"
    r'\s*=\s*("[^"]*"|\S*)'
)
KEY = re.compile(r"\s*([A-G])([#b]?)\s*(maj|min|mix|ion|dor|phr|lyd|aeo|loc|m)?[a-z]*(?![a-z=])", re.IGNORECASE)


def parse_abc_key(text: str) -> Key | None:
    """The key of a K: field; None when it names none ('none', a clef alone)."""
    from scoretok.harmony import parse_key

    if re.search(r"\bexp\b", text):
        return Key(0, 0, "maj")  # every accidental is stated
    if text.strip().upper() in ("HP", "HPX"):
        return Key(0, 2, "maj")
    match = KEY.match(text)
    if not match or CLEF.match(text) or text.strip().lower().startswith(("none", "clef")):
        return None
    return parse_key(
        f"{match[1].upper()}{match[2]}:{(match[3] or 'maj').lower().replace('ion', 'maj').replace('aeo', 'min')}"
    )


def parse_key_accidentals(text: str) -> dict[str, int]:
    """Accidentals that a K: field adds to its key ('K:D =c ^g', 'K:Dm^c'), by letter."""
    found = re.findall(r"(\^\^|\^|__|_|=)([A-Ga-g])(?![A-Za-z])", SETTING.sub("", text))
    return {letter.upper(): ACCIDENTAL[mark] or 0 for mark, letter in found}


def parse_shift(text: str, current: int) -> int:
    """Semitones from 'octave=', 'transpose=' and clefs such as treble-8 in a K: or V: field."""
    octaves, semitones = re.search(r"\boctave=(-?\d)", text), re.search(r"\btranspose=(-?\d{1,2})", text)
    clef = re.search(r"\b(?:treble|bass|alto|tenor|[CFG]\d?)([+-])8\b", text)
    if not (octaves or semitones or clef):
        return current
    shift = 12 * int(octaves[1]) if octaves else 0
    shift += int(semitones[1]) if semitones else 0
    return shift + (0 if clef is None else 12 if clef[1] == "+" else -12)
