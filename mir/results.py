"""What extractors hear, in seconds of the recording, each with how sure they are, 0 to 1."""

from typing import NamedTuple

from scoretok.parts import Syllable


class HeardNote(NamedTuple):
    """A note of one track."""

    start_s: float
    end_s: float
    pitch: int
    velocity: int = 80
    confidence: float = 1.0


class HeardChord(NamedTuple):
    """A chord in Harte syntax, `N` for none."""

    start_s: float
    end_s: float
    symbol: str
    confidence: float = 1.0


class HeardWord(NamedTuple):
    """A word that is sung."""

    start_s: float
    end_s: float
    text: str
    confidence: float = 1.0


SungNote = tuple[HeardNote, Syllable | None]
