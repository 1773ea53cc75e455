"""Lyrics as people write them: tags name sections, blank lines part stanzas, brackets hold backing words.

    [Verse 1]
    The kettle hums a quiet tune
    beside the window of my room (my room)

    [Chorus x2]
    Hold on, hold on

    [Guitar solo]

A tag stands alone on its line, in square brackets or before a colon. A section without words that was sung before is
sung again with the same words; an instrumental one has none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scoretok.errors import ScoretokError, warn
from scoretok.lyrics import HELD, pronounced, syllabify
from scoretok.parts import Syllable
from scoretok.roles import parse_section

TAG = re.compile(r"^\s*\[([^\[\]]*)\]\s*(.*)$|^\s*([A-Za-z][A-Za-z -]*?(?: \d+)?)\s*:\s*$")
TIMES = re.compile(r"[(\s]*(?:[x×]\s*(\d{1,2})|(\d{1,2})\s*[x×])\)?\s*$", re.IGNORECASE)
BACKING = re.compile(r"[(（]([^()（）]*)[)）]")
INSTRUMENTAL = ("intro", "solo", "interlude", "outro")  # have no words unless they are written
MOST_TIMES = 8


@dataclass(frozen=True)
class LyricLine:
    """The syllables of a line, and of the words in brackets that others sing to it."""

    syllables: tuple[Syllable, ...]
    backing: tuple[Syllable, ...] = ()


@dataclass(frozen=True)
class LyricSection:
    """A section and its lines; the label is None where the words name none."""

    label: str | None
    lines: tuple[LyricLine, ...] = ()

    @property
    def is_sung(self) -> bool:
        """Whether it has words."""
        return bool(self.lines)


def read_lyrics(text: str, language: str = "en") -> tuple[LyricSection, ...]:
    """The sections of some words. Raises ScoretokError when there is nothing to sing.

    Where no tag is written no stanza has a label; beside tags, those without are verses.
    """
    blocks = _blocks(text)
    sections: list[LyricSection] = []
    for label, times, texts in blocks:
        lines = tuple(line for line in (_line(one, language) for one in texts) if line)
        if label and not lines and label not in INSTRUMENTAL:
            before = next((section for section in reversed(sections) if section.label == label), None)
            if before is None:
                warn(f"the section {label} of the words has no words; it is played", "guessed")
            lines = before.lines if before else ()
        if lines or label:
            sections += [LyricSection(label, lines)] * times
    if not any(section.is_sung for section in sections):
        raise ScoretokError("the words hold no syllables")
    if not any(one.phonemes for section in sections for line in section.lines for one in line.syllables + line.backing):
        warn(f"there is no dictionary for the language {language!r} here: its words are set without stress", "guessed")
    if any(section.label for section in sections):
        sections = [section if section.label else replace(section, label="verse") for section in sections]
    return tuple(sections)


def _blocks(text: str) -> list[tuple[str | None, int, list[str]]]:
    """Labels, how many times they are sung, and their lines; a blank line parts stanzas without tags."""
    blocks: list[tuple[str | None, int, list[str]]] = [(None, 1, [])]
    unknown: list[str] = []
    for line in text.splitlines():
        tag = TAG.match(line)
        name, words = (tag[1] or tag[3] or "", tag[2] or "") if tag else ("", line)  # what follows a tag is sung
        label = parse_section(name)
        if label:
            times = TIMES.search(name)
            count = int(times[1] or times[2]) if times else 1
            if not 1 <= count <= MOST_TIMES:
                raise ScoretokError(f"{line.strip()!r} asks for {count} times; at most {MOST_TIMES} are sung")
            blocks.append((label, count, []))
        elif tag and tag[1] is not None:
            unknown.append(f"[{name}]")
        elif tag:
            words = line  # "she said:" is no tag
        elif not words.strip() and blocks[-1][0] is None and blocks[-1][2]:
            blocks.append((None, 1, []))
        if words.strip():
            blocks[-1][2].append(words)
    if unknown:
        warn(f"tags that are no section are left out: {', '.join(dict.fromkeys(unknown))}", "dropped")
    return blocks


def _line(text: str, language: str) -> LyricLine | None:
    """A line's words and those in brackets; None where there is nothing to sing."""
    backing = " ".join(BACKING.findall(text))
    own, others = (tuple(_syllables(part, language)) for part in (BACKING.sub(" ", text), backing))
    return LyricLine(own, others) if own else LyricLine(others) if others else None


def _syllables(text: str, language: str) -> list[Syllable]:
    if not any(character.isalnum() for character in text):
        return []
    syllables = [syllable for syllable in syllabify(text, language) if syllable.text != HELD]
    try:
        return pronounced(syllables, language)
    except ScoretokError:
        return syllables


def guessed_labels(sections: Sequence[LyricSection]) -> list[str]:
    """Labels of stanzas that have none: choruses come again with the same words, verses do not."""
    texts = [section.lines for section in sections]
    return ["chorus" if texts.count(lines) > 1 else "verse" for lines in texts]
