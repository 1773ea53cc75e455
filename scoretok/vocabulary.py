"""Every token of the score language, in one table: its kind, its values and its ids.

Ids of one kind lie side by side, so a value is an id minus the first id of its kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from scoretok.parts import (
    MAX_BAR_TICKS,
    MAX_METER_NUMERATOR,
    MAX_TRACKS_PER_ROLE,
    METER_DENOMINATORS,
    ROLES,
    SECTION_LABELS,
    Key,
)
from scoretok.performance import CONTROL_NAMES
from scoretok.phonemes import SYMBOLS
from scoretok.theory import MODES, PITCH_CLASS_NAMES, QUALITY_NAMES

SPECIAL_TOKENS = ("PAD_None", "BOS_None", "EOS_None", "MASK_None")
METERS = tuple(
    (numerator, denominator)
    for denominator in METER_DENOMINATORS
    for numerator in range(1, MAX_METER_NUMERATOR + 1)
    if 96 * numerator // denominator <= MAX_BAR_TICKS
)
KEYS = tuple((fifths, mode) for mode in MODES for fifths in range(-7, 8))
CHORDS = (
    (None, "maj"),
    *((root, quality) for root in range(12) for quality in QUALITY_NAMES),
)
TRACK_IDS = tuple(f"{role}.{number}" for role in ROLES for number in range(1, MAX_TRACKS_PER_ROLE + 1))
NO_VALUE: Sequence[str] = ("None",)


def _key_name(fifths: int, mode: str) -> str:
    return f"{Key(0, fifths, mode).tonic_name}:{mode}"


# kind -> (names of the values, what the token says)
KINDS: dict[str, tuple[Sequence[str], str]] = {
    "PAD": (NO_VALUE, "filling of a batch"),
    "BOS": (NO_VALUE, "first token of every score"),
    "EOS": (NO_VALUE, "last token of every score"),
    "MASK": (NO_VALUE, "for models that fill gaps; never part of a score"),
    "Title": (NO_VALUE, "the title follows, as bytes"),
    "Name": (NO_VALUE, "the name of the track follows, as bytes"),
    "Byte": ([str(i) for i in range(256)], "a byte of UTF-8 text"),
    "TextEnd": (NO_VALUE, "end of a title or name"),
    "Track": (TRACK_IDS, "declares a track in the header; opens its cell in a bar"),
    "Program": ([str(i) for i in range(128)], "General MIDI program (drum kit) of the track just declared"),
    "Mute": (NO_VALUE, "the track just declared is silent"),
    "Bar": (NO_VALUE, "the next bar"),
    "Meter": ([f"{n}/{d}" for n, d in METERS], "time signature from this bar on"),
    "Pickup": (NO_VALUE, "the first bar is shorter: its length follows"),
    "Key": ([_key_name(f, m) for f, m in KEYS], "key from this bar on"),
    "Section": (SECTION_LABELS, "a section begins"),
    "Position": ([str(i) for i in range(MAX_BAR_TICKS)], "ticks after the bar line, 24 to a quarter note"),
    "Tempo": ([str(i) for i in range(10, 481)], "whole quarter notes a minute"),
    "TempoFraction": ([str(i) for i in range(1, 100)], "hundredths added to the tempo"),
    "Chord": (
        ["N", *(f"{PITCH_CLASS_NAMES[r]}:{q}" for r in range(12) for q in QUALITY_NAMES)],
        "root and quality of a chord, N for none",
    ),
    "Bass": (PITCH_CLASS_NAMES, "bass of the chord when it is not the root"),
    "Velocity": ([str(i) for i in range(1, 128)], "for the following notes of this cell"),
    "Pitch": ([str(i) for i in range(128)], "a note begins (MIDI pitch)"),
    "Drum": ([str(i) for i in range(128)], "a drum is hit (General MIDI percussion key)"),
    "Long": ([str(i) for i in range(1, 64)], "whole notes added to the duration that follows"),
    "Duration": ([str(i) for i in range(1, 97)], "length in ticks"),
    "Lyric": (NO_VALUE, "a syllable on this note follows: its text as bytes, then its phonemes"),
    "Phone": (SYMBOLS, "IPA stress mark, base or modifier"),
    "WordEnd": (NO_VALUE, "the syllable ends its word"),
    "WordPart": (NO_VALUE, "the word goes on with the next syllable"),
    "Performance": (NO_VALUE, "behind the end of a score: what was played beside its grid follows"),
    "Timing": (NO_VALUE, "notes off the grid follow (scoretok.performance_tokens)"),
    "Control": (CONTROL_NAMES, "the points of a control follow"),
}


@dataclass(frozen=True)
class Block:
    """The ids of one kind: first, first + 1, ..., stop - 1."""

    first: int
    stop: int


def _blocks() -> dict[str, Block]:
    blocks, first = {}, 0
    for kind, (values, _) in KINDS.items():
        blocks[kind] = Block(first, first + len(values))
        first += len(values)
    return blocks


BLOCKS = _blocks()
TOKENS = tuple(f"{kind}_{value}" for kind, (values, _) in KINDS.items() for value in values)
TOKEN_IDS = {token: i for i, token in enumerate(TOKENS)}
VOCABULARY_SIZE = len(TOKENS)
KIND_OF = tuple(kind for kind, (values, _) in KINDS.items() for _ in values)


def token_id(kind: str, value: object = "None") -> int:
    """Id of a token by kind and value: token_id('Pitch', 60)."""
    return TOKEN_IDS[f"{kind}_{value}"]
