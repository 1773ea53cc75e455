"""Words that are given before their notes: which bar sings which syllables."""

from collections.abc import Sequence
from dataclasses import replace

from planner.request import NOT_SILENT, BarRequest, Controls
from planner.sequence import Place
from planner.song import PlanBar, Song
from scoretok.errors import ScoretokError
from scoretok.lyrics import HELD, syllabify
from scoretok.parts import Syllable

# Set by hand; no benchmark varies them.
LEAST_TICKS = 6  # a syllable lasts a sixteenth on average, at least
COMFORTABLE_TICKS = 18  # of a bar that sings at its ease


def read_lines(text: str, language: str = "en") -> list[list[Syllable]]:
    """The syllables of every line of some words that has any. Raises ScoretokError when there are none."""
    lines = [
        [s for s in syllabify(line, language) if s.text != HELD] for line in text.splitlines() if has_letters(line)
    ]
    lines = [line for line in lines if line]
    if not lines:
        raise ScoretokError("the words hold no syllables")
    return lines


def has_letters(line: str) -> bool:
    """Whether there is anything to sing in a line."""
    return any(character.isalnum() for character in line)


def assign_lines(lines: Sequence[Sequence[Syllable]], bar_ticks: Sequence[int]) -> list[tuple[Syllable, ...]]:
    """Which syllables every bar sings: lines share the bars evenly, and begin with a bar.

    Raises ScoretokError when there are fewer bars than lines, or a line is too long for its bars.
    """
    bars = len(bar_ticks)
    if bars < len(lines):
        raise ScoretokError(f"{len(lines)} lines of words need at least as many bars; there are {bars}")
    found: list[tuple[Syllable, ...]] = [()] * bars
    for number, line in enumerate(lines):
        span = range(number * bars // len(lines), (number + 1) * bars // len(lines))
        left, at = list(line), span.start
        while left:
            most = sum(bar_ticks[bar] for bar in range(at, span.stop)) // LEAST_TICKS
            if len(left) > most:
                raise ScoretokError(
                    f"line {number + 1} has {len(line)} syllables, too many for {len(span)} bar{'s' * (len(span) > 1)};"
                    " ask for more bars"
                )
            fair = -(-len(left) // (span.stop - at))
            taken = max(fair, min(len(left), bar_ticks[at] // COMFORTABLE_TICKS))
            found[at], left = tuple(left[:taken]), left[taken:]
            at += 1
    return found


def with_words(
    song: Song, bars: Sequence[BarRequest], controls: Controls, lines: Sequence[Sequence[Syllable]]
) -> tuple[tuple[BarRequest, ...], Controls, dict[Place, tuple[Syllable, ...]]]:
    """A request whose first vocal part sings these words and nothing else. Raises ScoretokError without such a part."""
    part = next((number for number, one in enumerate(song.parts) if one.name.startswith("vocal.")), None)
    if part is None:
        raise ScoretokError("words need a vocal track; add vocal to the tracks")
    laid = assign_lines(lines, replace(song, plan=tuple(PlanBar(meter=bar.meter) for bar in bars)).bar_ticks())
    asked = []
    for bar in bars:
        levels = list(bar.densities or [None] * len(song.parts))
        if levels[part] == 0:
            raise ScoretokError("the plan keeps the vocal track silent in a section, and there are words to sing")
        levels[part] = levels[part] or NOT_SILENT
        asked.append(replace(bar, densities=tuple(levels)))
    sung = {(part, bar): tuple(1 + s.word_end for s in syllables) for bar, syllables in enumerate(laid)}
    words = {(part, bar): syllables for bar, syllables in enumerate(laid)}
    return tuple(asked), replace(controls, syllables=sung), words
