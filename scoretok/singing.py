"""How a vocal track is sung: its voice, and how much of what singers do."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from scoretok.errors import ScoretokError
from scoretok.texts import check_text

AMOUNTS = {"vibrato": (0.0, 3.0), "breath": (0.0, 3.0), "portamento": (0.0, 3.0), "consonants": (0.5, 2.0)}


@dataclass(frozen=True)
class Singing:
    """The voice of a vocal track, by the name of one that ships or a file, "" for the one that fits; and amounts that
    are 1 as usual: depth of `vibrato`, length of the `breath`, time of `portamento`, length of `consonants`."""

    voice: str = ""
    vibrato: float = 1.0
    breath: float = 1.0
    portamento: float = 1.0
    consonants: float = 1.0

    def __post_init__(self) -> None:
        check_text(self.voice, "the voice of a track", allow_empty=True)
        if '"' in self.voice:
            raise ScoretokError(f"the voice {self.voice!r} holds a quotation mark")
        for name, (low, high) in AMOUNTS.items():
            value = round(float(getattr(self, name)), 3)
            if not low <= value <= high:
                raise ScoretokError(f"{name} {value:g} is not within {low:g} to {high:g}")
            object.__setattr__(self, name, value)

    @property
    def is_usual(self) -> bool:
        """Whether nothing is said."""
        return self == AS_USUAL

    def text(self) -> str:
        """What differs from the usual, as .lead files write it: 'voice "low" vibrato 0.5'."""
        words = [f'voice "{self.voice}"'] if self.voice else []
        changed = [field.name for field in fields(self) if field.name in AMOUNTS and getattr(self, field.name) != 1]
        return " ".join(words + [f"{name} {getattr(self, name):g}" for name in changed])


def parse_singing(text: str) -> Singing:
    """Read what `Singing.text` wrote. Raises ScoretokError."""
    singing, words = AS_USUAL, re.findall(r'"[^"]*"|\S+', text)
    if len(words) % 2:
        raise ScoretokError(f"{text!r} does not say how a track is sung")
    for name, value in zip(words[::2], words[1::2], strict=True):
        singing = with_amount(singing, name, value)
    return singing


def with_amount(singing: Singing, name: str, value: str) -> Singing:
    """The same with a voice (in quotes) or an amount changed. Raises ScoretokError."""
    if name == "voice" and len(value) > 1 and value[0] == value[-1] == '"':
        return replace(singing, voice=value[1:-1])
    if name not in AMOUNTS or not re.fullmatch(r"\d+(\.\d+)?", value):
        raise ScoretokError(
            f'{name} {value} does not say how a track is sung; write voice "NAME", or a number after'
            f" {', '.join(AMOUNTS)}"
        )
    return replace(singing, **{name: float(value)})  # type: ignore[arg-type] # amounts are numbers


SINGING_WORDS: Sequence[str] = ("voice", *AMOUNTS)
AS_USUAL = Singing()
