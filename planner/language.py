"""The tokens of the language model, and cells as tokens.

The model reads and writes cells: the notes of one track in one bar. A cell says of each note only what differs from the
note before it, and a cell that is like an earlier one of its track is a single token. That takes about two thirds of
the tokens of the score language (`scoretok.vocabulary`), which says every score exactly; here velocities and long
durations are rounded. What the model writes goes back into a score cell by cell, so what it did not write stays.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import log
from typing import NamedTuple

import numpy as np

from scoretok.errors import ScoretokError
from scoretok.parts import ROLES, SECTION_LABELS
from scoretok.theory import PITCH_CLASS_NAMES, QUALITY_NAMES

GENRES = (
    "ambient", "art song", "ballad", "blues", "bossa", "country", "disco", "folk", "funk", "fusion", "game", "hiphop",
    "house", "hymn", "jazz", "mandopop", "march", "metal", "pop", "ragtime", "rnb", "rock", "salsa", "samba",
    "showtune", "shuffle", "ska", "soul", "swing", "tango", "waltz", "other",
)  # fmt: skip
MAX_WINDOW_BARS = 64
TRACKS_PER_ROLE = 4
MAX_POSITION = 192
METERS = (
    (4, 4), (3, 4), (2, 4), (6, 8), (12, 8), (2, 2), (9, 8), (5, 4), (6, 4), (7, 8), (3, 8), (5, 8), (3, 2), (1, 4),
    (7, 4), (4, 8), (8, 8), (10, 8), (2, 8), (1, 2), (11, 8), (8, 4),
)  # fmt: skip
KEYS = tuple(f"{tonic}:{mode}" for mode in ("maj", "min") for tonic in PITCH_CLASS_NAMES)
LOWEST_BPM, TEMPO_RATIO, TEMPO_STEPS = 36.0, 1.08, 26
DURATIONS = (*range(1, 49), *range(54, 97, 6), *range(108, 193, 12), *range(216, 385, 24))
VELOCITY_STEP = 24  # velocities are quantised to steps of so many
DURATION_TICKS = np.array(DURATIONS)
REPEATS = (1, 2, 4, 8)
DENSITIES = (
    0.0,
    0.001,
    2.0,
    4.0,
    6.0,
    9.0,
    13.0,
    20.0,
)  # Least onsets a bar of each level, 0 is silence; set by hand, the weights were trained with them.
STRESSES = ("unknown", "weak", "strong")
ENDS = ("part", "word", "line")  # a syllable inside its word, at its end, at the end of a line
SPECIAL = ("PAD", "BOS", "EOS", "Given", "Plan", "Notes", "Rest", "Phrase", "SyllablePart", "SyllableEnd")

KINDS: dict[str, Sequence[object]] = {
    **dict.fromkeys(SPECIAL, ("",)),
    "Genre": GENRES,
    "Tempo": range(TEMPO_STEPS),
    "Meter": [f"{n}/{d}" for n, d in METERS],
    "Key": KEYS,
    "Bars": range(1, MAX_WINDOW_BARS + 1),
    "Track": [f"{role}.{number}" for role in ROLES for number in range(1, TRACKS_PER_ROLE + 1)],
    "Program": range(128),
    "Bar": range(MAX_WINDOW_BARS),
    "Section": SECTION_LABELS,
    "Density": range(len(DENSITIES)),
    "Position": range(MAX_POSITION),
    "Root": (*PITCH_CLASS_NAMES, "N"),
    "Quality": QUALITY_NAMES,
    "Bass": PITCH_CLASS_NAMES,
    "Velocity": range(VELOCITY_STEP, 128, VELOCITY_STEP),
    "Pitch": range(128),
    "Drum": range(128),
    "Duration": DURATIONS,
    "Repeat": REPEATS,
    "Syllable": [f"{stress}.{end}" for stress in STRESSES for end in ENDS],
}
TOKENS = tuple(f"{kind}_{value}" if value != "" else kind for kind, values in KINDS.items() for value in values)
ID = {token: i for i, token in enumerate(TOKENS)}
SIZE = len(TOKENS)
KIND_OF = tuple(kind for kind, values in KINDS.items() for _ in values)
FIRST = {kind: KIND_OF.index(kind) for kind in KINDS}


class CellNote(NamedTuple):
    """A note in its cell: ticks after the bar line, pitch or drum, ticks that it lasts, velocity rounded to LOUDNESS.

    `syllable` is 0 where nothing is sung anew, 1 where a syllable begins, 2 where it also ends its word.
    """

    position: int
    pitch: int
    duration: int
    velocity: int
    syllable: int = 0


Cell = tuple[CellNote, ...]


class SyllableKind(NamedTuple):
    """What the model knows of a syllable that is to be sung: numbers of STRESSES and of ENDS."""

    stress: int = 0
    end: int = 1

    @property
    def ends_word(self) -> bool:
        """Whether it is the last one of its word."""
        return self.end > 0

    @property
    def ends_line(self) -> bool:
        """Whether it is the last one of its line."""
        return self.end == ENDS.index("line")

    @property
    def token(self) -> int:
        """Its token."""
        return FIRST["Syllable"] + len(ENDS) * self.stress + self.end


def syllable_kind(token: int) -> SyllableKind:
    """What the token of a syllable says."""
    return SyllableKind(*divmod(token - FIRST["Syllable"], len(ENDS)))


def quantised_note(hit: CellNote, is_drums: bool) -> CellNote:
    """The nearest note that the model can say."""
    velocity = min(max(round(hit.velocity / VELOCITY_STEP), 1), 127 // VELOCITY_STEP) * VELOCITY_STEP
    return hit._replace(duration=1 if is_drums else nearest_duration(hit.duration), velocity=velocity)


def nearest_duration(ticks: int) -> int:
    """The duration in DURATIONS that is nearest, the shorter of two."""
    at = bisect_left(DURATIONS, ticks)
    around = DURATIONS[max(0, at - 1) : at + 1]
    return min(around, key=lambda duration: abs(duration - ticks))


def tempo_step(bpm: float) -> int:
    """The step of the tempo scale that is nearest."""
    return min(max(round(log(bpm / LOWEST_BPM) / log(TEMPO_RATIO)), 0), TEMPO_STEPS - 1)


def bpm_of_step(step: int) -> float:
    """The tempo of a step in whole quarter notes a minute."""
    return float(round(LOWEST_BPM * TEMPO_RATIO**step))


def density_level(onsets_per_bar: float) -> int:
    """The highest level of DENSITIES that is reached."""
    return max(level for level, least in enumerate(DENSITIES) if onsets_per_bar >= least)


def count_onsets(cell: Cell) -> int:
    """How many moments of a cell something begins at."""
    return len({hit.position for hit in cell})


def metrical_weight(position: int, bar_ticks: int, beat_ticks: int) -> int:
    """How strong a moment of a bar is: 4 its start, 3 its middle, 2 other beats, 1 half beats, 0 the rest."""
    if position == 0:
        return 4
    if position % beat_ticks:
        return 1 if position % beat_ticks * 2 == beat_ticks else 0
    return 3 if position * 2 == bar_ticks else 2


def cell_tokens(cell: Cell, is_drums: bool) -> list[int]:
    """A cell as tokens; a cell without notes is a rest."""
    ids: list[int] = []
    position = duration = velocity = -1
    for hit in cell:
        if hit.position != position:
            ids.append(FIRST["Position"] + hit.position)
        if hit.velocity != velocity:
            ids.append(FIRST["Velocity"] + hit.velocity // VELOCITY_STEP - 1)
        ids.append(FIRST["Drum" if is_drums else "Pitch"] + hit.pitch)
        if not is_drums and hit.duration != duration:
            ids.append(FIRST["Duration"] + bisect_left(DURATIONS, hit.duration))
        if hit.syllable:
            ids.append(ID["SyllableEnd" if hit.syllable == 2 else "SyllablePart"])
        position, duration, velocity = hit.position, hit.duration, hit.velocity
    return ids or [ID["Rest"]]


def read_cell(ids: Sequence[int], is_drums: bool) -> Cell:
    """The cell that tokens say. Raises ScoretokError at a token that says no note."""
    hits: list[CellNote] = []
    position, duration, velocity = 0, 1, VELOCITY_STEP
    for token in ids:
        kind, value = KIND_OF[token], token - FIRST[KIND_OF[token]]
        if kind == "Position":
            position = value
        elif kind == "Velocity":
            velocity = (value + 1) * VELOCITY_STEP
        elif kind == ("Drum" if is_drums else "Pitch"):
            hits.append(CellNote(position, value, duration, velocity))
        elif kind == "Duration" and hits:
            duration = DURATIONS[value]
            hits[-1] = hits[-1]._replace(duration=duration)
        elif kind in ("SyllablePart", "SyllableEnd") and hits:
            hits[-1] = hits[-1]._replace(syllable=2 if kind == "SyllableEnd" else 1)
        elif kind != "Rest":
            raise ScoretokError(f"{TOKENS[token]} says no note of a cell")
    return tuple(hits)


def repeat_of(cells: Mapping[tuple[int, int], Cell], track: int, bar: int, cell: Cell) -> int | None:
    """How many bars before the same cell was played, of REPEATS, where it is known; None for rests and new cells."""
    if not cell:
        return None
    return next((back for back in REPEATS if cells.get((track, bar - back)) == cell), None)


def split_at(ids: Iterable[int], kinds: frozenset[str]) -> Iterator[list[int]]:
    """Tokens in groups, each of which begins with a token of one of these kinds."""
    group: list[int] = []
    for token in ids:
        if KIND_OF[token] in kinds and group:
            yield group
            group = []
        group.append(token)
    if group:
        yield group
