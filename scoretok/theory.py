"""Pitch names, keys and chord qualities: the vocabulary of harmony, without a score.

Pitch classes are integers 0..11 (C = 0). Spelling is decided when a name is printed, from the line
of fifths around the key, so transposing never carries a wrong accidental along.
"""

from dataclasses import dataclass

from scoretok.errors import ScoretokError

LETTER_PITCH_CLASS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
PITCH_CLASS_NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
MODES = ("maj", "min", "dorian", "phrygian", "lydian", "mixolydian", "locrian")
# How many fifths the tonic of a mode lies above the tonic of the major key with the same signature.
MODE_TONIC_FIFTHS = {
    "maj": 0, "min": 3, "dorian": 2, "phrygian": 4, "lydian": -1, "mixolydian": 1, "locrian": 5,
}  # fmt: skip
MAJOR_STEPS = (0, 2, 4, 5, 7, 9, 11)


def fifths_to_name(fifths: int) -> str:
    """Name of the pitch that lies `fifths` fifths above C: 0 -> C, 1 -> G, -2 -> Bb, 6 -> F#."""
    letter = "FCGDAEB"[(fifths + 1) % 7]
    accidentals = (fifths + 1) // 7
    return letter + ("#" * accidentals if accidentals >= 0 else "b" * -accidentals)


def name_to_pitch_class(name: str) -> int:
    """Pitch class of a spelled name: 'Bb' -> 10, 'F#' -> 6, 'Cbb' -> 10.

    Raises ScoretokError when the name is not a letter A-G with accidentals.
    """
    letter, accidentals = name[:1], name[1:].replace("♯", "#").replace("♭", "b")
    if letter not in LETTER_PITCH_CLASS or (accidentals.strip("#") and accidentals.strip("b")):
        raise ScoretokError(f"{name!r} is not a pitch name; write a letter A-G with # or b")
    shift = len(accidentals) if accidentals[:1] == "#" else -len(accidentals)
    return (LETTER_PITCH_CLASS[letter] + shift) % 12


def name_to_fifths(name: str) -> int:
    """Place of a spelled name on the line of fifths: C -> 0, Bb -> -2, F# -> 6."""
    name_to_pitch_class(name)
    return "FCGDAEB".index(name[0]) - 1 + 7 * (name.count("#") - name.count("b"))


def spell_pitch_class(pitch_class: int, key_fifths: int, minor: bool = False) -> str:
    """Name a pitch class as a musician reads it in a key.

    The name is taken from twelve neighbours on the line of fifths: from the flat second to the
    raised fourth around a major tonic, shifted three fifths sharp in minor (the raised sixth and
    seventh). Temperley, "The Cognition of Basic Musical Structures" (2001), chapter 5.
    """
    lowest = key_fifths + (-3 if minor else -5)
    fifths = lowest + (pitch_class * 7 - lowest) % 12
    if not key_fifths - 1 <= fifths <= key_fifths + 5:  # outside the scale no Cb, Fb, E#, B# or doubles
        fifths += 12 if fifths < -6 else -12 if fifths > 10 else 0
    return fifths_to_name(fifths)


def pitch_name(pitch: int, key_fifths: int = 0, minor: bool = False) -> str:
    """Scientific name of a MIDI pitch: 60 -> 'C4', 61 in D major -> 'C#4'."""
    name = spell_pitch_class(pitch % 12, key_fifths, minor)
    natural = LETTER_PITCH_CLASS[name[0]] + name.count("#") - name.count("b")
    return f"{name}{(pitch - natural) // 12 - 1}"


def parse_pitch(text: str) -> int:
    """MIDI pitch of a scientific name: 'C4' -> 60, 'Bb3' -> 58. Raises ScoretokError."""
    digits = text.lstrip("ABCDEFG#b♯♭")
    name = text[: len(text) - len(digits)]
    try:
        octave = int(digits)
    except ValueError:
        raise ScoretokError(f"{text!r} is not a pitch; write a name and octave such as C#4") from None
    if not name:
        raise ScoretokError(f"{text!r} is not a pitch; write a name and octave such as C#4")
    shift = name.count("#") - name.count("b")
    name_to_pitch_class(name)
    pitch = LETTER_PITCH_CLASS[name[0]] + shift + 12 * (octave + 1)
    if not 0 <= pitch <= 127:
        raise ScoretokError(f"{text!r} lies outside the MIDI range C-1 to G9")
    return pitch


@dataclass(frozen=True)
class Quality:
    """A chord quality: Harte name, semitones above the root, and its names in other notations."""

    name: str
    intervals: tuple[int, ...]
    symbol: str
    aliases: tuple[str, ...] = ()


# The name is Harte's (Harte et al., "Symbolic representation of musical chords", ISMIR 2005);
# the symbol is what lead sheets print.
QUALITIES = (
    Quality("maj", (0, 4, 7), "", ("M", "major")),
    Quality("min", (0, 3, 7), "m", ("-", "mi", "minor")),
    Quality("dim", (0, 3, 6), "dim", ("o", "°")),
    Quality("aug", (0, 4, 8), "aug", ("+",)),
    Quality("sus2", (0, 2, 7), "sus2"),
    Quality("sus4", (0, 5, 7), "sus4", ("sus",)),
    Quality("5", (0, 7), "5", ("(1,5)", "power")),
    Quality("maj6", (0, 4, 7, 9), "6", ("M6",)),
    Quality("min6", (0, 3, 7, 9), "m6", ("-6", "mi6")),
    Quality("maj6(9)", (0, 2, 4, 7, 9), "6/9", ("69", "6(9)", "6add9")),
    Quality("7", (0, 4, 7, 10), "7", ("dom7", "dom")),
    Quality("maj7", (0, 4, 7, 11), "maj7", ("M7", "Maj7", "ma7", "△", "△7", "Δ", "Δ7", "j7")),
    Quality("min7", (0, 3, 7, 10), "m7", ("-7", "mi7")),
    Quality("minmaj7", (0, 3, 7, 11), "m(maj7)", ("mM7", "mmaj7", "m(M7)", "min(maj7)", "-maj7")),
    Quality("dim7", (0, 3, 6, 9), "dim7", ("o7", "°7")),
    Quality("hdim7", (0, 3, 6, 10), "m7b5", ("ø", "ø7", "m7(b5)", "min7b5", "min7(b5)", "-7b5", "h7")),
    Quality("aug7", (0, 4, 8, 10), "7#5", ("+7", "7(#5)", "aug(b7)")),
    Quality("7(b5)", (0, 4, 6, 10), "7b5", ()),
    Quality("sus4(b7)", (0, 5, 7, 10), "7sus4", ("7sus", "sus7")),
    Quality("maj(9)", (0, 2, 4, 7), "add9", ("(add9)", "add2", "2")),
    Quality("min(9)", (0, 2, 3, 7), "madd9", ("m(add9)", "min(add9)")),
    Quality("9", (0, 2, 4, 7, 10), "9", ("7(9)",)),
    Quality("maj9", (0, 2, 4, 7, 11), "maj9", ("M9", "maj7(9)", "Maj9")),
    Quality("min9", (0, 2, 3, 7, 10), "m9", ("-9", "min7(9)")),
    Quality("7(b9)", (0, 1, 4, 7, 10), "7b9", ("b9",)),
    Quality("7(#9)", (0, 3, 4, 7, 10), "7#9", ("#9",)),
    Quality("11", (0, 2, 4, 5, 7, 10), "11", ()),
    Quality("min11", (0, 2, 3, 5, 7, 10), "m11", ("-11",)),
    Quality("13", (0, 2, 4, 7, 9, 10), "13", ("7(13)",)),
)
QUALITY_BY_NAME = {quality.name: quality for quality in QUALITIES}
QUALITY_NAMES = tuple(QUALITY_BY_NAME)
QUALITY_BY_ALIAS = {
    alias: quality for quality in QUALITIES for alias in (quality.name, quality.symbol, *quality.aliases)
}
# Symbols of chords that the score does not know, and the nearest that it does.
APPROXIMATIONS = {
    "maj7#11": "maj7", "maj7(#11)": "maj7", "maj13": "maj9", "M13": "maj9", "7alt": "7(#9)", "alt": "7(#9)",
    "7(#11)": "7", "7#11": "7", "9#11": "9", "7b13": "7", "7(b13)": "7", "13b9": "7(b9)", "13(b9)": "7(b9)",
    "9sus4": "sus4(b7)", "9sus": "sus4(b7)", "13sus4": "sus4(b7)", "m13": "min11", "min13": "min11",
    "m69": "min6", "m6/9": "min6", "7#9#5": "7(#9)", "7b9b5": "7(b9)", "7b9#5": "7(b9)", "dim(maj7)": "dim7",
}  # fmt: skip
# Harte writes a bass as a scale degree of the chord's root.
DEGREE_SEMITONES = {
    "1": 0, "b2": 1, "2": 2, "b3": 3, "3": 4, "4": 5, "b5": 6, "5": 7, "b6": 8, "6": 9, "b7": 10, "7": 11,
    "#1": 1, "#2": 3, "#4": 6, "#5": 8, "b9": 1, "9": 2, "#9": 3, "11": 5, "#11": 6, "b13": 8, "13": 9,
    "bb7": 9, "#6": 10, "b4": 4, "#3": 5, "b1": 11,
}  # fmt: skip
SEMITONE_DEGREES = ("1", "b2", "2", "b3", "3", "4", "b5", "5", "b6", "6", "b7", "7")


def nearest_quality(intervals: frozenset[int]) -> Quality:
    """The quality whose tones agree best with a set of semitones above the root.

    Score: shared tones minus tones on one side only; the third, then the shorter chord, decide ties.
    """

    def score(quality: Quality) -> tuple[int, int, int]:
        tones = set(quality.intervals)
        third = int((3 in tones) == (3 in intervals)) + int((4 in tones) == (4 in intervals))
        return (len(tones & intervals) - len(tones ^ intervals), third, -len(tones))

    return max(QUALITIES, key=score)
