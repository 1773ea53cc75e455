"""MusicXML's names for what the score holds: chord kinds, modes, the places of drums on the staff."""

MODE_NAMES = {
    "maj": "major", "min": "minor", "dorian": "dorian", "phrygian": "phrygian", "lydian": "lydian",
    "mixolydian": "mixolydian", "locrian": "locrian",
}  # fmt: skip
MODES_BY_NAME = {name: mode for mode, name in MODE_NAMES.items()} | {"ionian": "maj", "aeolian": "min"}

# Quality -> (kind, added or altered degrees: value, alteration, what is done).
KIND_OF_QUALITY: dict[str, tuple[str, tuple[tuple[int, int, str], ...]]] = {
    "maj": ("major", ()), "min": ("minor", ()), "dim": ("diminished", ()), "aug": ("augmented", ()),
    "sus2": ("suspended-second", ()), "sus4": ("suspended-fourth", ()), "5": ("power", ()),
    "maj6": ("major-sixth", ()), "min6": ("minor-sixth", ()), "maj6(9)": ("major-sixth", ((9, 0, "add"),)),
    "7": ("dominant", ()), "maj7": ("major-seventh", ()), "min7": ("minor-seventh", ()),
    "minmaj7": ("major-minor", ()), "dim7": ("diminished-seventh", ()), "hdim7": ("half-diminished", ()),
    "aug7": ("augmented-seventh", ()), "7(b5)": ("dominant", ((5, -1, "alter"),)),
    "sus4(b7)": ("suspended-fourth", ((7, -1, "add"),)), "maj(9)": ("major", ((9, 0, "add"),)),
    "min(9)": ("minor", ((9, 0, "add"),)), "9": ("dominant-ninth", ()), "maj9": ("major-ninth", ()),
    "min9": ("minor-ninth", ()), "7(b9)": ("dominant", ((9, -1, "add"),)), "7(#9)": ("dominant", ((9, 1, "add"),)),
    "11": ("dominant-11th", ()), "min11": ("minor-11th", ()), "13": ("dominant-13th", ()),
}  # fmt: skip
QUALITY_OF_KIND = {kind: quality for quality, (kind, degrees) in KIND_OF_QUALITY.items() if not degrees} | {
    "major-11th": "maj9", "major-13th": "maj9", "minor-13th": "min11",
}  # fmt: skip

# General MIDI percussion key -> (place on the staff, cross-shaped head).
DRUM_DISPLAY = {
    35: ("E4", False), 36: ("F4", False), 37: ("C5", True), 38: ("C5", False), 39: ("C5", True), 40: ("C5", False),
    41: ("G4", False), 42: ("G5", True), 43: ("A4", False), 44: ("D4", True), 45: ("B4", False), 46: ("G5", True),
    47: ("D5", False), 48: ("E5", False), 49: ("A5", True), 50: ("F5", False), 51: ("F5", True), 52: ("B5", True),
    53: ("F5", True), 54: ("B4", True), 55: ("B5", True), 57: ("A5", True), 59: ("F5", True),
}  # fmt: skip
# What stands at a place of the staff; where several drums do, the commonest.
KEY_OF_DISPLAY = {place: key for key, place in reversed(DRUM_DISPLAY.items())} | {
    DRUM_DISPLAY[key]: key for key in (36, 38, 42, 49, 51)
}
