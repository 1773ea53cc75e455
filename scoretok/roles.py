"""General MIDI programs, drum names, and which role a foreign track plays."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoretok.errors import warn
from scoretok.instruments import fits_a_kit, is_drum_name, is_vocal_name, program_by_name

if TYPE_CHECKING:
    from scoretok.parts import Track

# First program of each run of General MIDI programs that play one role.
_PROGRAM_ROLES = (
    (0, "piano"), (24, "guitar"), (32, "bass"), (40, "strings"), (56, "lead"), (88, "strings"), (104, "guitar"),
    (109, "lead"), (112, "piano"), (120, "lead"),
)  # fmt: skip
ROLE_PROGRAMS = {
    "vocal": 52, "lead": 73, "guitar": 24, "piano": 0, "strings": 48, "bass": 33, "drums": 0,
}  # fmt: skip
_ROLE_NAME = re.compile(r"^(vocal|lead|guitar|piano|strings|bass|drums)(?:: (.+))?$")

DRUM_NAMES = {
    35: "kick2", 36: "kick", 37: "rim", 38: "snare", 39: "clap", 40: "snare2", 41: "tom1", 42: "hat", 43: "tom2",
    44: "pedalhat", 45: "tom3", 46: "openhat", 47: "tom4", 48: "tom5", 49: "crash", 50: "tom6", 51: "ride",
    52: "china", 53: "bell", 54: "tambourine", 55: "splash", 56: "cowbell", 57: "crash2", 58: "vibraslap",
    59: "ride2", 60: "bongo1", 61: "bongo2", 62: "conga1", 63: "conga2", 64: "conga3", 65: "timbale1",
    66: "timbale2", 67: "agogo1", 68: "agogo2", 69: "cabasa", 70: "maracas", 71: "whistle1", 72: "whistle2",
    73: "guiro1", 74: "guiro2", 75: "claves", 76: "block1", 77: "block2", 78: "cuica1", 79: "cuica2",
    80: "triangle1", 81: "triangle2",
}  # fmt: skip
DRUM_KEYS = {name: key for key, name in DRUM_NAMES.items()}


def role_of_program(program: int) -> str:
    """The role that a General MIDI program plays: 0 -> 'piano', 33 -> 'bass'."""
    role = "piano"
    for first, name in _PROGRAM_ROLES:
        if program >= first:
            role = name
    return role


@dataclass(frozen=True)
class Instrument:
    """Role and General MIDI program of a track, and whether they were told from its name alone."""

    role: str
    program: int
    by_name: bool = False


def identify(
    name: str, program: int | None, is_drums: bool = False, has_lyrics: bool = False, keys: Sequence[int] = ()
) -> Instrument:
    """What a track that no one labelled plays. `keys` are its pitches, `program` is None where the file names none.

    It is drums on a drum channel, or when it is called so and its keys are a kit's; vocal only when it carries words
    or is called so; else the role of its program, or without one of the instrument that it is called after.
    """
    if is_drums:
        return Instrument("drums", program or 0)
    if not program and not has_lyrics and is_drum_name(name) and fits_a_kit(keys):
        return Instrument("drums", 0, by_name=True)
    named = program_by_name(name) if program is None else None
    playing = program if named is None else named
    if has_lyrics or is_vocal_name(name):
        return Instrument("vocal", playing or 0, by_name=not has_lyrics)
    return Instrument(role_of_program(playing or 0), playing or 0, by_name=named is not None)


def say_roles(tracks: Sequence["Track"]) -> None:
    """Warn of the roles that tracks were given by their programs and names."""
    counts = Counter(track.role for track in tracks)
    if counts:
        told = ", ".join(role if count == 1 else f"{count} {role}" for role, count in counts.items())
        warn(f"roles were told by programs and names: {told}", "guessed")


def labelled(role: str, name: str) -> str:
    """A track name that keeps the role: 'piano' or 'piano: Rhodes'."""
    return f"{role}: {name}" if name else role


def split_label(text: str) -> tuple[str, str] | None:
    """Role and name of a track name that `labelled` wrote, else None."""
    match = _ROLE_NAME.match(text)
    return (match[1], match[2] or "") if match else None


SECTION_WORDS = (
    (re.compile(r"^(pre[- ]?chorus|pre[- ]?refrain|build)", re.IGNORECASE), "pre-chorus"),
    (re.compile(r"^(intro|prelude|count[- ]?in)", re.IGNORECASE), "intro"),
    (re.compile(r"^(verse|strophe|stanza)", re.IGNORECASE), "verse"),
    (re.compile(r"^(chorus|refrain|hook|drop)", re.IGNORECASE), "chorus"),
    (re.compile(r"^(bridge|middle ?(8|eight))", re.IGNORECASE), "bridge"),
    (re.compile(r"^(\w+ )?solo\b", re.IGNORECASE), "solo"),
    (re.compile(r"^(interlude|instrumental|break)", re.IGNORECASE), "interlude"),
    (re.compile(r"^(outro|coda|ending|postlude)", re.IGNORECASE), "outro"),
)


def parse_section(text: str) -> str | None:
    """The section label that a marker names ('Verse 2' -> 'verse'), else None."""
    return next((label for pattern, label in SECTION_WORDS if pattern.match(text.strip())), None)
