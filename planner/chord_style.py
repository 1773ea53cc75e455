"""Which chord qualities a plan may use, by style, key and degree.

"plain" has triads, and a seventh on the dominant. "rich" has no triads: each degree has the sevenths, sixths and
extensions of its function (Levine, "The Jazz Theory Book", 1995, chapters 2 and 3), each chromatic degree those of
passing and borrowed chords. "any" leaves the qualities to the model.
"""

import numpy as np

from scoretok.theory import PITCH_CLASS_NAMES, QUALITY_NAMES

CHORD_STYLES = ("plain", "rich", "any")
RICH_GENRES = ("jazz", "bossa", "soul", "rnb", "swing", "samba", "fusion")
DOMINANT = 7  # semitones above the tonic
TRIADS = ("maj", "min", "dim", "aug", "sus2", "sus4")
SEVENTH = ("7", "9", "13")
RICH_MAJOR = {
    0: ("maj7", "maj6", "maj6(9)", "maj9"),
    2: ("min7", "min9", "min11", "7", "9"),
    4: ("min7", "hdim7", "7", "7(b9)"),
    5: ("maj7", "maj6", "maj9", "min6", "min7"),
    7: (*SEVENTH, "7(b9)", "sus4(b7)"),
    9: ("min7", "min9", "7", "7(b9)"),
    11: ("hdim7", "dim7", "7"),
}
RICH_MINOR = {
    0: ("min7", "min6", "min9", "minmaj7"),
    2: ("hdim7", "min7", "7"),
    3: ("maj7", "maj6", "maj9"),
    5: ("min7", "min6", "min9", "7"),
    7: ("7", "7(b9)", "7(#9)", "aug7", "min7"),
    8: ("maj7", "maj6", "7"),
    10: SEVENTH,
    11: ("dim7",),
}
RICH_CHROMATIC = ("dim7", "hdim7", "7", "9", "maj7", "min7")


def style_of_genre(genre: str) -> str:
    """The style of a song of which nothing else is said."""
    return "rich" if genre in RICH_GENRES else "any"


def allowed_qualities(style: str, key: str, root: int) -> np.ndarray:
    """Which of QUALITY_NAMES (q,) a chord on a root may have in a key, "A:min"."""
    if style == "any":
        return np.ones(len(QUALITY_NAMES), bool)
    tonic, mode = key.split(":")
    degree = (root - PITCH_CLASS_NAMES.index(tonic)) % 12
    if style == "plain":
        names: tuple[str, ...] = (*TRIADS, *(("7",) if degree == DOMINANT else ()))
    else:
        names = (RICH_MINOR if mode == "min" else RICH_MAJOR).get(degree, RICH_CHROMATIC)
    return np.isin(QUALITY_NAMES, names)
