"""A plan as text that a person can read and change: what a song is to be, section by section.

    genre pop
    tempo 96
    meter 4/4
    key A:min
    tracks vocal:53 piano bass drums

    verse 8
      chords Am | F | C | G | Am | | F | G E7@4
      density vocal 3, piano 4, bass 2, drums 5

A section says how many bars it has; `free` leaves its label to the model, `phrase` gives it none. Chords are written as
`scoretok.chord_chart` reads them, bar by bar, sharing their bar or at beats of it; an empty bar keeps the chord before.
Densities go from 0, silent, to 7. What is left out the model chooses; what follows a lone # is a comment.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from planner.language import DENSITIES, GENRES, MAX_POSITION, METERS, TRACKS_PER_ROLE
from planner.prompt import DEFAULT_PROGRAMS
from planner.request import FREE, BarRequest
from planner.song import PHRASE, Part, Song, model_key
from scoretok.chord_chart import ChartBar, parse_chart, place_chords, print_chart_bar
from scoretok.errors import ScoretokError
from scoretok.formats.lead import short_id
from scoretok.harmony import key_to_text, parse_key
from scoretok.numbers import whole
from scoretok.parts import MAX_BARS, ROLES, SECTION_LABELS, Meter

COMMENT = re.compile(r"(^|\s)#.*")
LABELS = (*SECTION_LABELS, PHRASE, FREE)
HEADER_WORDS = ("genre", "tempo", "meter", "key", "tracks")


def print_plan(song: Song, bars: Sequence[BarRequest]) -> str:
    """The text of a plan. What bars leave to the model is left out; meters and keys that change are left out too."""
    tracks = " ".join(f"{short_id(part.name)}:{part.program}" for part in song.parts)
    lines = [f"genre {song.genre}", f"tempo {song.bpm:g}", f"meter {song.meter[0]}/{song.meter[1]}"]
    lines += [f"key {key_to_text(parse_key(song.key))}", f"tracks {tracks}"]
    starts = [bar for bar, one in enumerate(bars) if one.label is not None]
    for start, stop in zip(starts, [*starts[1:], len(bars)], strict=True):
        lines += ["", f"{bars[start].label} {stop - start}"]
        if all(bar.chords is not None for bar in bars[start:stop]):
            lines.append(f"  chords {_print_chords(bars[start:stop], Meter(0, *song.meter))}")
        levels = [
            f"{short_id(part.name)} {level}"
            for part, level in zip(song.parts, bars[start].densities or [None] * len(song.parts), strict=True)
            if level is not None
        ]
        lines += ["  density " + ", ".join(levels)] if levels else []
    return "\n".join(lines) + "\n"


def _print_chords(bars: Sequence[BarRequest], meter: Meter) -> str:
    cells = [print_chart_bar(bar.chords or (), meter) for bar in bars]
    joined = " | ".join(cells)
    return f"| {joined} |" if len(cells) == 1 or not (cells[0] and cells[-1]) else joined


class PlanBuilder:
    """A plan that grows by a header and sections; `read` takes them from text. Raises ScoretokError as it grows."""

    def __init__(self, name: str) -> None:
        self.name, self.number = name, 0
        self.genre, self.bpm, self.meter, self.key = "other", 120.0, (4, 4), "C:maj"
        self.parts: tuple[Part, ...] = ()
        self.bars: list[BarRequest] = []
        self.start = 0
        self.has_chords = False

    def fail(self, message: str) -> ScoretokError:
        """The error of a line, or of a request that has none."""
        return ScoretokError(f"{self.name}, line {self.number}: {message}" if self.number else message)

    def read(self, text: str) -> tuple[Song, tuple[BarRequest, ...]]:
        """The plan of a text."""
        for self.number, line in enumerate(text.splitlines(), 1):
            word, _, rest = COMMENT.sub("", line).strip().partition(" ")
            if not word:
                continue
            if word in HEADER_WORDS and self.bars:
                raise self.fail(f"{word} stands before the first section")
            if word in LABELS:
                self.add_section(word, rest.strip())
            elif word in HEADER_WORDS or word in ("chords", "density"):
                try:
                    getattr(self, f"set_{word}")(rest.strip())
                except ScoretokError as error:
                    raise self.fail(str(error)) if not str(error).startswith(self.name) else error from None
            else:
                raise self.fail(f"{word!r} is neither a heading nor a section ({', '.join(LABELS)})")
        return self.plan()

    def plan(self) -> tuple[Song, tuple[BarRequest, ...]]:
        """The header as a song without bars, and what is given of its bars."""
        if not self.bars:
            raise ScoretokError(f"{self.name} plans no section; add one, for example: verse 8")
        if not self.parts:
            raise ScoretokError(f"{self.name} names no tracks; add a line, for example: tracks piano bass drums")
        return Song(self.parts, (), {}, self.meter, self.key, self.bpm, self.genre), tuple(self.bars)

    def set_genre(self, rest: str) -> None:
        """Set the genre."""
        if rest not in GENRES:
            raise self.fail(f"the model does not know the genre {rest!r}; it knows: {', '.join(GENRES)}")
        self.genre = rest

    def set_tempo(self, rest: str) -> None:
        """Set the tempo in quarter notes a minute."""
        try:
            self.bpm = float(rest)
        except ValueError:
            raise self.fail(f"{rest!r} is no tempo; write quarter notes a minute, for example 96") from None
        if not 20 <= self.bpm <= 400:
            raise self.fail(f"a tempo of {rest} is not between 20 and 400 quarter notes a minute")

    def set_meter(self, rest: str) -> None:
        """Set the meter, '3/4'."""
        known = {f"{n}/{d}": (n, d) for n, d in METERS}
        if rest not in known:
            raise self.fail(f"the model does not know the meter {rest!r}; it knows: {', '.join(known)}")
        self.meter = known[rest]

    def set_key(self, rest: str) -> None:
        """Set the key, 'A minor'."""
        self.key = model_key(parse_key(rest))

    def set_tracks(self, rest: str) -> None:
        """Set the parts: roles, with programs behind a colon."""
        parts: list[Part] = []
        for word in rest.replace(",", " ").split():
            name, _, program = word.partition(":")
            role, _, number = name.partition(".")
            if role not in ROLES:
                raise self.fail(f"{role!r} is no track; tracks are: {', '.join(ROLES)}")
            due = 1 + sum(part.name.startswith(f"{role}.") for part in parts)
            number = number or str(due)
            if not 1 <= whole(number) <= TRACKS_PER_ROLE:
                raise self.fail(f"{name} cannot be; there are at most {TRACKS_PER_ROLE} {role} tracks")
            if whole(number) < due:
                raise self.fail("a track is named twice")
            if whole(number) > due:
                raise self.fail(f"{name} comes before {role}.{due}; number tracks in their order")
            if program and whole(program) > 127:
                raise self.fail(f"{program!r} is no General MIDI program; write 0 to 127")
            parts.append(Part(f"{role}.{int(number)}", int(program) if program else DEFAULT_PROGRAMS[role]))
        self.parts = tuple(parts)

    def add_section(self, label: str, rest: str) -> None:
        """Begin a section of so many bars."""
        if label not in LABELS:
            raise self.fail(f"{label!r} is no section ({', '.join(LABELS)})")
        if not re.fullmatch("[0-9]+", rest) or whole(rest) < 1:
            raise self.fail(f"say how many bars the section has, for example: {label} 8")
        if len(self.bars) + whole(rest) > MAX_BARS:
            raise self.fail(f"a score has at most {MAX_BARS} bars")
        self.start, self.has_chords = len(self.bars), False
        self.bars += [BarRequest(None, label), *[BarRequest(None, FREE if label == FREE else None)] * (int(rest) - 1)]

    def _in_section(self) -> None:
        if not self.bars:
            raise self.fail("a section, for example 'verse 8', stands before its chords and densities")

    def set_chords(self, rest: str) -> None:
        """Set the chords of the last section, as `scoretok.chord_chart` reads them."""
        try:
            self.set_chart(parse_chart(rest))
        except ScoretokError as error:
            raise self.fail(str(error)) from None

    def set_chart(self, chart: Sequence[ChartBar]) -> None:
        """Set the chords of the bars of the last section; a chart that is shorter is played again and again."""
        self._in_section()
        bars = len(self.bars) - self.start
        if self.has_chords:
            raise ScoretokError("the section has its chords already")
        if not chart:
            raise ScoretokError('no chord is named; write for example "Am F C G"')
        self.has_chords = True
        if len(chart) > bars:
            raise ScoretokError(f"{len(chart)} bars of chords stand in a section of {bars}")
        meter = Meter(0, *self.meter)
        placed = [place_chords(bar, meter) for bar in chart]
        if any(chord.start_ticks >= MAX_POSITION for chords in placed for chord in chords):
            raise ScoretokError(f"chords begin at most {MAX_POSITION - 1} ticks behind a bar line")
        for bar in range(bars):
            self.bars[self.start + bar] = replace(self.bars[self.start + bar], chords=placed[bar % len(placed)])

    def set_density(self, rest: str) -> None:
        """Set densities of the last section, 'piano 4, bass 2'."""
        self._in_section()
        levels: dict[str, int] = {}
        for words in (item.split() for item in rest.split(",") if item.strip()):
            if len(words) != 2 or whole(words[1]) >= len(DENSITIES):
                raise self.fail(f"{' '.join(words)!r} is no density; write a track and 0 to {len(DENSITIES) - 1}")
            levels[words[0] if "." in words[0] else f"{words[0]}.1"] = int(words[1])
        names = [part.name for part in self.parts]
        unknown = [name for name in levels if name not in names]
        if unknown:
            raise self.fail(f"there is no track {unknown[0]}; tracks are: {', '.join(names) or 'none'}")
        before = self.bars[self.start].densities or (None,) * len(names)
        twice = [name for name, level in zip(names, before, strict=True) if level is not None and name in levels]
        if twice:
            raise self.fail(f"the density of {twice[0]} is said twice")
        densities = tuple(levels.get(name, level) for name, level in zip(names, before, strict=True))
        # A free section may begin sections of its own, for which they hold too.
        stop = len(self.bars) if self.bars[self.start].label == FREE else self.start + 1
        self.bars[self.start : stop] = [replace(bar, densities=densities) for bar in self.bars[self.start : stop]]


def header_words(text: str) -> frozenset[str]:
    """The words that lines of a plan begin with."""
    return frozenset(line.split()[0] for line in text.splitlines() if line.split())


def parse_plan(text: str, name: str = "the plan") -> tuple[Song, tuple[BarRequest, ...]]:
    """A plan from its text. Raises ScoretokError naming the line that is not understood."""
    return PlanBuilder(name).read(text)
