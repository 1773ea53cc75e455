"""Estimates of the extractors, times in seconds, each with a confidence from 0 to 1."""

from typing import NamedTuple

from scoretok.parts import Syllable


class NoteEstimate(NamedTuple):
    """A note of one track."""

    start_s: float
    end_s: float
    pitch: int
    velocity: int = 80
    confidence: float = 1.0


class ChordEstimate(NamedTuple):
    """A chord in Harte syntax, `N` for none."""

    start_s: float
    end_s: float
    symbol: str
    confidence: float = 1.0


class WordEstimate(NamedTuple):
    """A word that is sung."""

    start_s: float
    end_s: float
    text: str
    confidence: float = 1.0


SungNote = tuple[NoteEstimate, Syllable | None]
