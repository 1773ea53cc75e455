"""Reading the .lead text form; errors name line and column."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from scoretok.chord_chart import parse_chart_bar, place_chords
from scoretok.errors import ScoretokError
from scoretok.formats.lead_terms import parse_duration, parse_fine_position, parse_position, parse_timing, unquoted
from scoretok.harmony import parse_chord, parse_key
from scoretok.numbers import signed_whole, whole
from scoretok.parts import (
    DEFAULT_VELOCITY,
    DRUM_TICKS,
    ROLES,
    Chord,
    Key,
    Meter,
    Note,
    Section,
    Syllable,
    Tempo,
    Track,
    check_timing,
)
from scoretok.performance import CONTROL_NAMES, SUBTICKS_PER_TICK, Control, ControlPoint, Timing
from scoretok.phonemes import is_phoneme
from scoretok.roles import DRUM_KEYS, ROLE_PROGRAMS
from scoretok.sheet import LeadSheet
from scoretok.singing import AS_USUAL, SINGING_WORDS, Singing, with_amount
from scoretok.theory import parse_pitch

CONTROLS = frozenset(CONTROL_NAMES)
WORD = re.compile(r'"(?:[^"\\]|\\.)*"-?|/[^/]*/|[^ \t"]+|"')
T = TypeVar("T")


@dataclass(frozen=True)
class Word:
    """A word of the file and where it stands."""

    text: str
    line: int
    column: int


def parse(text: str, name: str = "the text") -> LeadSheet:
    """The score that a .lead text says. Raises ScoretokError with line and column."""
    reader = _LeadReader(name)
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        body = line.rstrip("\r")
        if body.strip(" \t") and not body.lstrip(" \t").startswith("#"):
            words = [Word(match[0], number, match.start() + 1) for match in WORD.finditer(body)]
            reader.read_line(words, indented=body[0] in " \t")
    return reader.finish(len(lines))


class _LeadReader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.title = ""
        self.signed = False
        self.tracks: list[Track] = []
        self.track_ids: dict[str, int] = {}
        self.notes: list[list[Note]] = []
        self.controls: list[dict[str, list[ControlPoint]]] = []
        self.beyond: Word | None = None  # a place behind its bar, as only the last bar has them
        self.sounding: list[dict[int, int]] = []
        self.meters: list[Meter] = []
        self.keys: list[Key] = []
        self.sections: list[Section] = []
        self.tempos: list[Tempo] = []
        self.chords: list[Chord] = []
        self.pickup_ticks = 0
        self.bar = -1
        self.bar_start = self.bar_ticks = 0
        self.words: list[Word] = []
        self.at = 0

    def fail(self, message: str, word: Word) -> ScoretokError:
        return ScoretokError(f"{self.name}, line {word.line}, column {word.column}: {message}")

    def read_line(self, words: list[Word], indented: bool) -> None:
        self.words, self.at = words, 0
        head = self.next("a word")
        if not self.signed:
            if head.text != "scoretok" or len(words) != 2 or words[1].text != "1":
                raise self.fail("a lead sheet begins with the line 'scoretok 1'", head)
            self.signed, self.at = True, 2
        elif indented:
            self._read_bar_line(head)
        elif head.text == "title" and self.bar < 0:
            self.title = self._quoted("a title in quotes")
        elif head.text == "track" and self.bar < 0:
            self._read_track()
        elif head.text == "bar":
            self._read_bar(head)
        else:
            raise self.fail(f"{head.text!r} cannot begin a line here; expected title, track or bar", head)
        if self.at < len(words):
            raise self.fail(f"{words[self.at].text!r} is one word too many", words[self.at])

    def next(self, what: str) -> Word:
        if self.at >= len(self.words):
            last = self.words[-1]
            raise self.fail(
                f"the line ends where {what} is expected", replace(last, column=last.column + len(last.text))
            )
        self.at += 1
        return self.words[self.at - 1]

    def peek(self) -> str:
        return self.words[self.at].text if self.at < len(self.words) else ""

    def take(self, what: str, convert: Callable[[str], T]) -> T:
        """Convert the next word; an error in it names its place."""
        word = self.next(what)
        try:
            return convert(word.text)
        except ScoretokError as error:
            raise self.fail(str(error), word) from None
        except ValueError:
            raise self.fail(f"{word.text!r} is not {what}", word) from None

    def _quoted(self, what: str) -> str:
        word = self.next(what)
        if len(word.text) < 2 or word.text[0] != '"' or word.text[-1] != '"':
            raise self.fail(f"{word.text!r} is not {what}", word)
        return unquoted(word.text)

    def _read_track(self) -> None:
        word = self.next("a role")
        if word.text not in ROLES:
            raise self.fail(f"{word.text!r} is not a role; roles are {', '.join(ROLES)}", word)
        program, name, muted, singing = ROLE_PROGRAMS[word.text], "", False, AS_USUAL
        while self.at < len(self.words):
            option = self.next("an option")
            if option.text == "program":
                program = self.take("a program from 0 to 127", int)
            elif option.text == "name":
                name = self._quoted("a name in quotes")
            elif option.text == "muted":
                muted = True
            elif option.text in SINGING_WORDS:
                singing = self._with_amount(singing, option.text)
            else:
                known = ", ".join(("program", "name", "muted", *SINGING_WORDS))
                raise self.fail(f"{option.text!r} is not one of {known}", option)
        self._guard(word, lambda: self.tracks.append(Track(word.text, (), program, name, muted, singing)))
        number = sum(track.role == word.text for track in self.tracks)
        self.track_ids[f"{word.text}.{number}"] = len(self.tracks) - 1
        if number == 1:
            self.track_ids[word.text] = len(self.tracks) - 1
        self.notes.append([])
        self.controls.append({})
        self.sounding.append({})

    def _with_amount(self, singing: Singing, name: str) -> Singing:
        """How a track is sung, with the voice or the amount that the next word says."""
        return self.take(f"what follows {name}", lambda text: with_amount(singing, name, text))

    def _guard(self, word: Word, make: Callable[[], T]) -> T:
        try:
            return make()
        except ScoretokError as error:
            raise self.fail(str(error), word) from None

    def _read_bar(self, head: Word) -> None:
        number = self.take("the number of the bar", int)
        if number != self.bar + 2:
            raise self.fail(f"bar {number} stands where bar {self.bar + 2} is expected", head)
        if self.beyond:
            raise self.fail(f"position {self.beyond.text} lies outside the bar", self.beyond)
        self.bar += 1
        self.bar_start += self.bar_ticks
        pickup = 0
        while self.at < len(self.words):
            word = self.next("meter, pickup, key or section")
            if word.text == "meter":
                self.meters.append(self.take("a meter such as 3/4", self._meter))
            elif word.text == "pickup" and self.bar == 0:
                pickup = self.take("a note length", parse_duration)
            elif word.text == "key":
                self.keys.append(self.take("a key such as G:maj", lambda text: parse_key(text, self.bar)))
            elif word.text == "section":
                self.sections.append(self.take("a section", lambda text: Section(self.bar, text)))
            else:
                raise self.fail(f"{word.text!r} is not one of meter, key, section" + ", pickup" * (self.bar == 0), word)
        if not self.meters:
            raise self.fail("the first bar states its meter, for example: bar 1 meter 4/4 key C:maj", head)
        if not self.keys:
            raise self.fail("the first bar states its key, for example: bar 1 meter 4/4 key C:maj", head)
        self.pickup_ticks = pickup or self.pickup_ticks
        self.bar_ticks = pickup or self.meters[-1].bar_ticks

    def _meter(self, text: str) -> Meter:
        numerator, _, denominator = text.partition("/")
        return Meter(self.bar, whole(numerator), whole(denominator))

    def _read_bar_line(self, head: Word) -> None:
        if self.bar < 0:
            raise self.fail(f"{head.text!r} stands before the first bar", head)
        if head.text == "tempo":
            while self.at < len(self.words):
                tick = self._position()
                self.tempos.append(self.take("a tempo", lambda text, tick=tick: Tempo(tick, float(text))))  # type: ignore[misc]
        elif head.text == "chords":
            self._read_chords(head)
        elif head.text in self.track_ids:
            number = self.track_ids[head.text]
            if self.peek() in CONTROLS:
                self._read_control(number)
            else:
                self._read_cell(number)
        else:
            known = ", ".join(["tempo", "chords", *(i for i in self.track_ids if not i.endswith(".1"))])
            raise self.fail(f"{head.text!r} is not a line of a bar here; known are {known}", head)

    def _read_chords(self, head: Word) -> None:
        """Positions with chords behind them, or the chords of the bar as a chart has them."""
        if self.at < len(self.words) and self.words[self.at].text[0].isdigit():
            while self.at < len(self.words):
                tick = self._position()
                self.chords.append(self.take("a chord", lambda text, tick=tick: parse_chord(text, tick)))  # type: ignore[misc]
            return
        text = " ".join(word.text for word in self.words[self.at :]).strip("| ")
        if "|" in text:
            raise self.fail("a bar has the chords of one bar; leave the bar lines out", head)
        found = self._guard(head, lambda: place_chords(parse_chart_bar(text), self.meters[-1], self.bar_ticks))
        self.chords += [replace(chord, start_ticks=self.bar_start + chord.start_ticks) for chord in found]
        self.at = len(self.words)

    def _position(self) -> int:
        word = self.next("a position")
        ticks = self._guard(word, lambda: parse_position(word.text, self.meters[-1]))
        if ticks >= self.bar_ticks:
            raise self.fail(f"position {word.text} lies outside the bar", word)
        return self.bar_start + ticks

    def _read_control(self, number: int) -> None:
        """A control by name, and the values that it takes at places of the bar; behind the last bar, too."""
        name = self.next("a control").text
        points = self.controls[number].setdefault(name, [])
        while self.at < len(self.words):
            word = self.words[self.at]
            at = self.take("a position", lambda text: parse_fine_position(text, self.meters[-1]))
            self.beyond = word if at >= self.bar_ticks * SUBTICKS_PER_TICK else self.beyond
            points.append(ControlPoint(self.bar_start * SUBTICKS_PER_TICK + at, self.take("a value", signed_whole)))
            self._guard(word, lambda: Control(name, tuple(points[-1:])))

    def _read_cell(self, number: int) -> None:
        drums = self.tracks[number].is_drums
        velocity, tick = DEFAULT_VELOCITY, -1
        timing: Timing | None = None
        lyric_at = -1
        while self.at < len(self.words):
            text = self.peek()
            if re.fullmatch(r"v\d+", text):
                velocity = self.take("a velocity", lambda word: _within(int(word[1:]), 1, 127, "velocity"))
            elif text[0] == "~":
                timing = self.take("a timing", lambda word: parse_timing(word, drums))
            elif text[0].isdigit():
                tick = self._position()
            elif tick < 0:
                raise self.fail(f"{text!r} has no position before it", self.words[self.at])
            elif text[0] == '"':
                if lyric_at == tick or not self.notes[number] or self.notes[number][-1].start_ticks != tick:
                    raise self.fail("a syllable follows the first note of its onset", self.words[self.at])
                lyric_at = tick
                self.notes[number][-1] = self.notes[number][-1]._replace(syllable=self._syllable(number))
            else:
                self._read_note(number, drums, tick, velocity, timing)

    def _read_note(self, number: int, drums: bool, tick: int, velocity: int, timing: Timing | None) -> None:
        word = self.words[self.at]
        pitch = self.take("a drum", _drum_key) if drums else self.take("a pitch", parse_pitch)
        ticks = DRUM_TICKS if drums else self.take("a note length", parse_duration)
        if self.sounding[number].get(pitch, 0) > tick:
            raise self.fail(f"{word.text} starts again while it still sounds", word)
        self.sounding[number][pitch] = tick + ticks
        note = Note(tick, pitch, ticks, velocity, None, timing)
        if timing is not None:
            self._guard(word, lambda: check_timing(note, self.tracks[number].role))
        self.notes[number].append(note)

    def _syllable(self, number: int) -> Syllable:
        word = self.next("a syllable")
        if self.tracks[number].role != "vocal":
            raise self.fail("only vocal tracks carry syllables", word)
        if len(word.text.removesuffix("-")) < 2:
            raise self.fail("the quote is not closed", word)
        phonemes: tuple[str, ...] = ()
        if self.peek().startswith("/"):
            phones = self.next("phonemes")
            phonemes = tuple(phones.text.strip("/").split())
            for phoneme in phonemes:
                if not is_phoneme(phoneme):
                    raise self.fail(f"{phoneme!r} is not an IPA phoneme that is known here", phones)
        syllable = Syllable(unquoted(word.text.removesuffix("-")), phonemes, not word.text.endswith("-"))
        self._guard(word, lambda: Track("vocal", (Note(0, 60, 1, 80, syllable),)))
        return syllable

    def finish(self, line_count: int) -> LeadSheet:
        if self.bar < 0:
            where = Word("", line_count, 1)
            raise self.fail("a lead sheet has at least one bar" if self.signed else "the lead sheet is empty", where)
        if not self.tempos:
            self.tempos.append(Tempo(0, 120.0))
        try:
            return LeadSheet(
                bar_count=self.bar + 1,
                tracks=tuple(map(self._track, range(len(self.tracks)))),
                chords=tuple(self.chords),
                sections=tuple(self.sections),
                meters=tuple(self.meters),
                tempos=tuple(self.tempos),
                keys=tuple(self.keys),
                pickup_ticks=self.pickup_ticks,
                title=self.title,
            )
        except ScoretokError as error:
            raise ScoretokError(f"{self.name}: {error}") from None

    def _track(self, number: int) -> Track:
        controls = tuple(Control(name, tuple(points)) for name, points in self.controls[number].items())
        return replace(self.tracks[number], notes=tuple(self.notes[number]), controls=controls)


def _within(value: int, low: int, high: int, what: str) -> int:
    if not low <= value <= high:
        raise ScoretokError(f"{what} {value} is not within {low}..{high}")
    return value


def _drum_key(text: str) -> int:
    if text in DRUM_KEYS:
        return DRUM_KEYS[text]
    if re.fullmatch(r"d\d+", text):
        return _within(int(text[1:]), 0, 127, "drum key")
    raise ScoretokError(f"{text!r} is not a drum; write one of {' '.join(DRUM_KEYS)}, or d and its key (d36)")
