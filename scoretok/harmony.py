"""Reading and printing chord symbols and keys as text (Harte syntax and lead-sheet symbols)."""

import re
import warnings
from difflib import get_close_matches

from scoretok.errors import ScoretokError, ScoretokWarning, quoted
from scoretok.parts import Chord, Key
from scoretok.theory import (
    APPROXIMATIONS,
    DEGREE_SEMITONES,
    MODE_TONIC_FIFTHS,
    QUALITY_BY_ALIAS,
    QUALITY_BY_NAME,
    SEMITONE_DEGREES,
    name_to_fifths,
    name_to_pitch_class,
    nearest_quality,
    spell_pitch_class,
)

ROOT = re.compile(r"([A-G][#b♯♭]{0,2})(.*)", re.DOTALL)
MODE_WORDS = {
    "maj": "maj", "major": "maj", "ionian": "maj", "min": "min", "minor": "min", "m": "min",
    "aeolian": "min", "dorian": "dorian", "dor": "dorian", "phrygian": "phrygian", "phr": "phrygian",
    "lydian": "lydian", "lyd": "lydian", "mixolydian": "mixolydian", "mix": "mixolydian",
    "locrian": "locrian", "loc": "locrian",
}  # fmt: skip
NO_CHORD = {"N", "N.C.", "NC", "X", "n.c."}


def chord_to_harte(chord: Chord, key: Key | None = None) -> str:
    """Print a chord in Harte syntax, its root spelled for the key: 'Bb:min7/b3', 'N'."""
    if chord.root is None:
        return "N"
    text = f"{_spell(chord.root, key)}:{chord.quality}"
    if chord.bass is not None:
        text += "/" + SEMITONE_DEGREES[(chord.bass - chord.root) % 12]
    return text


def chord_to_symbol(chord: Chord, key: Key | None = None) -> str:
    """Print a chord as lead sheets do: 'Bbm7/Db', 'N.C.'."""
    if chord.root is None:
        return "N.C."
    text = _spell(chord.root, key) + QUALITY_BY_NAME[chord.quality].symbol
    return text if chord.bass is None else f"{text}/{_spell(chord.bass, key)}"


def parse_chord(text: str, start_ticks: int = 0) -> Chord:
    """Read a chord in Harte syntax or as a lead-sheet symbol.

    A Harte interval list that names no known quality becomes the nearest one. Raises ScoretokError
    when the text is not a chord.
    """
    text = text.strip()
    if text in NO_CHORD:
        return Chord(start_ticks, None)
    match = ROOT.fullmatch(text)
    if not match:
        meant = _capitalised(text)
        hint = f"did you mean {quoted(meant)}?" if meant else "write for example Am7, F#:min7 or C/E"
        raise ScoretokError(f"{quoted(text)} is not a chord; {hint}")
    root = name_to_pitch_class(match[1])
    quality, bass = _split_bass(match[2].removeprefix(":") if ":" in match[2][:1] else match[2], root, text)
    return Chord(start_ticks, root, quality, None if bass == root else bass)


def try_chord(text: str, start_ticks: int = 0) -> Chord | None:
    """`parse_chord`, or None when the text is not a chord."""
    try:
        return parse_chord(text, start_ticks)
    except ScoretokError:
        return None


def _split_bass(rest: str, root: int, text: str) -> tuple[str, int | None]:
    """Split 'min7/b3' or 'm7/Db' into the quality's name and the bass pitch class."""
    if rest in QUALITY_BY_ALIAS or rest in APPROXIMATIONS:
        return _parse_quality(rest, text), None
    body, slash, bass_text = rest.rpartition("/")
    if not slash:
        return _parse_quality(rest, text), None
    if bass_text in DEGREE_SEMITONES:
        bass = (root + DEGREE_SEMITONES[bass_text]) % 12
    elif ROOT.fullmatch(bass_text) and ROOT.fullmatch(bass_text)[2] == "":  # type: ignore[index]
        bass = name_to_pitch_class(bass_text)
    else:
        raise ScoretokError(f"{text!r} has no such bass as {bass_text!r}; write a note (C/E) or a degree (C:maj/3)")
    return _parse_quality(body, text), bass


def _parse_quality(body: str, text: str) -> str:
    if body in QUALITY_BY_ALIAS:
        return QUALITY_BY_ALIAS[body].name
    if body in APPROXIMATIONS:
        message = f"chord {text} is kept as {APPROXIMATIONS[body]}, the nearest that the score knows"
        warnings.warn(message, ScoretokWarning, stacklevel=2)
        return APPROXIMATIONS[body]
    match = re.fullmatch(r"([^()]*)\(([^()]*)\)", body)
    if match and (match[1] in QUALITY_BY_ALIAS or not match[1]):
        intervals = set(QUALITY_BY_ALIAS[match[1]].intervals) if match[1] else {0}
        for degree in filter(None, (part.strip() for part in match[2].split(","))):
            semitones = DEGREE_SEMITONES.get(degree.lstrip("*"))
            if semitones is None:
                raise ScoretokError(f"{text!r} has no such degree as {degree!r}")
            intervals = intervals - {semitones} if degree[0] == "*" else intervals | {semitones}
        return nearest_quality(frozenset(intervals)).name
    near = get_close_matches(body, [*QUALITY_BY_ALIAS, *APPROXIMATIONS], 1, 0.4)
    hint = f"did you mean {quoted(near[0])} instead of {quoted(body)}?" if near and near[0] else "write for example Am7"
    raise ScoretokError(f"{quoted(text)} is not a chord that is known here; {hint}")


def _capitalised(text: str) -> str:
    """A chord in small letters, or with the German H, as it is written here; '' when that is none either."""
    meant = text[:1].upper().replace("H", "B") + text[1:]
    return meant if meant != text and try_chord(meant) else ""


def key_to_text(key: Key) -> str:
    """Print a key: 'Eb:maj', 'F#:min', 'D:dorian'."""
    return f"{key.tonic_name}:{key.mode}"


def parse_key(text: str, bar: int = 0) -> Key:
    """Read a key: 'Eb:maj', 'F# minor', 'Am', 'D dorian', 'G'. Raises ScoretokError."""
    match = ROOT.fullmatch(text.strip())
    word = match[2].strip().removeprefix(":").strip() if match else ""
    mode = MODE_WORDS.get("maj" if word in ("", "M") else word if word == "m" else word.lower())
    if not match or mode is None:
        raise ScoretokError(f"{text!r} is not a key; write for example Eb:maj, 'G minor' or D:dorian")
    fifths = name_to_fifths(match[1]) - MODE_TONIC_FIFTHS[mode]
    if not -7 <= fifths <= 7:
        fifths += 12 if fifths < 0 else -12
    if not -7 <= fifths <= 7:
        raise ScoretokError(f"{text!r} needs more than seven accidentals; use the enharmonic key")
    return Key(bar, fifths, mode)


def _spell(pitch_class: int, key: Key | None) -> str:
    return spell_pitch_class(pitch_class, key.fifths if key else 0, bool(key and key.is_minor))
