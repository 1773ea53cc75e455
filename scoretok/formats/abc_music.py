"""The music code of ABC: one voice's text becomes bars of notes, chords, words and marks."""

import re
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

from scoretok.errors import ScoretokError, quoted
from scoretok.formats.abc_fields import (
    ACCIDENTAL,
    count_in,
    parse_abc_key,
    parse_key_accidentals,
    parse_meter,
    parse_shift,
    parse_unit,
)
from scoretok.formats.abc_write import key_accidental
from scoretok.formats.playing_order import parse_endings, signs_of_words
from scoretok.parts import MAX_BARS, Key, Syllable
from scoretok.theory import LETTER_PITCH_CLASS

TOKEN = re.compile(
    r'(?P<chord>"[^"]*")|(?P<inline>\[[A-Za-z]:[^\]]*\])|(?P<bar>:*\|+[\]:|]*(?:\[?\d[\d,-]*)?|\[\||::+|\[\d[\d,-]*)'
    r"|(?P<grace>\{[^}]*\})|(?P<decoration>![^!\s]*!|\+[^+\s]*\+|[.~HLMOPSTuv](?=[\^_=A-Ga-gzx\[\"(!.~]))"
    r"|(?P<tuplet>\(\d(?::\d*)?(?::\d*)?)|(?P<open>\[)|(?P<close>\])"
    r"|(?P<note>(?:\^\^|\^|__|_|=)?[A-Ga-g][,']*)|(?P<rest>[zx])|(?P<full>[ZX]\d*)|(?P<broken>>+|<+)|(?P<tie>-)"
    r"|(?P<overlay>&)|(?P<skip>y[-\d./]*|[ \t`()I\\*$;.~!:H-Wh-w])|(?P<other>.)"
)
LENGTH = re.compile(r"(\d*)(/*)(\d*)")
TUPLET_INTO = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}


# Decorations that tell where the music goes, as fields of Marks.
SIGNS: dict[str, dict[str, str | bool]] = {
    "segno": {"segno": True}, "coda": {"coda": True}, "dacoda": {"to_coda": True}, "fine": {"fine": True},
    "dc": {"jump": "capo"}, "dacapo": {"jump": "capo"}, "ds": {"jump": "segno"}, "dalsegno": {"jump": "segno"},
    "dcalfine": {"jump": "capo", "until": "fine"}, "dcalcoda": {"jump": "capo", "until": "coda"},
    "dsalfine": {"jump": "segno", "until": "fine"}, "dsalcoda": {"jump": "segno", "until": "coda"},
}  # fmt: skip


@dataclass
class Sound:
    """Notes that begin together, or a rest; times in quarters from the bar line."""

    start: Fraction
    length: Fraction
    pitches: tuple[int, ...]
    tied: frozenset[int] = frozenset()  # the pitches that go on into the next sound
    syllable: Syllable | None = None


@dataclass
class AbcBar:
    """A bar of one voice: its sounds, symbols and what stands at its bar lines."""

    meter: tuple[int, int]  # numerator, denominator
    key: Key
    sounds: list[Sound] = field(default_factory=list)
    chords: list[tuple[Fraction, str]] = field(default_factory=list)
    tempos: list[tuple[Fraction, str]] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)
    length: Fraction = Fraction(0)
    repeat_from: bool = False  # '|:' before the bar
    repeat_times: int = 0  # how often a repeat sign after the bar has it played: 2 for ':|', 3 for '::|'
    endings: frozenset[int] = frozenset()  # the passes that it begins an ending for
    ends_part: bool = False  # a double bar line after it
    signs: dict[str, str | bool] = field(default_factory=dict)  # segno, coda, fine and jumps, as fields of Marks
    closed: bool = False  # its last bar line has been read


class Voice:
    """Reads the music lines of one voice; `feed` takes a line, `words` the w: line under it."""

    def __init__(self, meter: tuple[int, int], key: Key, unit: Fraction) -> None:
        self.meter, self.key, self.unit = meter, key, unit
        self.bars: list[AbcBar] = []
        self.at = Fraction(0)
        self.layers: list[Fraction] = []
        self.accidentals: dict[str, int] = {}  # by letter, or by letter and octave
        self.spelled: list[tuple[str, int, int]] = []  # letter and octave, accidental and pitch, of the last sound
        self.held: dict[str, int] = {}  # accidentals that a tie carries over the bar line, for one sound
        self.propagate = "pitch"  # how far an accidental holds in its bar: not, octave or pitch (ABC 2.1, 11.3)
        self.tuplet: tuple[Fraction, int] = (Fraction(1), 0)
        self.broken = 0
        self.last: Sound | None = None
        self.grace_notes = 0
        self.shift = 0  # semitones that the voice sounds above what is written
        self.key_accidentals: dict[str, int] = {}
        self.line_sounds: list[tuple[int, Sound]] = []  # with the number of their bar
        self.pending_start = False
        self.pending_endings: frozenset[int] = frozenset()

    def open_bar(self) -> AbcBar:
        """The open bar; the first thing after a bar line opens one, without the accidentals of the last."""
        if not self.bars or self.bars[-1].closed:
            self.bars.append(AbcBar(self.meter, self.key, repeat_from=self.pending_start, endings=self.pending_endings))
            self.pending_start, self.pending_endings = False, frozenset()
            self.at, self.accidentals, self.layers = Fraction(0), {}, []
        return self.bars[-1]

    def written_bars(self) -> list[AbcBar]:
        """The bars that were written; a symbol or field after the last bar line begins none."""
        return self.bars[:-1] if self.bars and not self.bars[-1].sounds else self.bars

    def feed(self, line: str) -> None:
        """Read one line of music. Raises ScoretokError with the column of what cannot be read."""
        self.line_sounds = []
        at = 0
        while at < len(line):
            match = TOKEN.match(line, at)
            assert match is not None
            assert match.lastgroup is not None
            at = match.end()
            if match.lastgroup == "open":
                at = self._note_group(line, at)
            elif match.lastgroup in ("note", "rest"):
                length, at = self._length(line, at)
                self.spelled = []
                pitches = (self._pitch(match[0], match.start()),) if match.lastgroup == "note" else ()
                self._sound(pitches, length)
            elif match.lastgroup == "other":
                raise ScoretokError(f"column {match.start() + 1}: {match[0]!r} is not ABC music")
            elif match.lastgroup == "grace":
                self.grace_notes += 1
            elif match.lastgroup not in ("skip", "close"):
                getattr(self, f"_{match.lastgroup}")(match[0])

    def _note_group(self, line: str, at: int) -> int:
        """'[CEG]2': the notes up to the bracket, whose lengths multiply the one behind it."""
        pitches: list[int] = []
        self.spelled = []
        inner = Fraction(1)
        tied: set[int] = set()
        while at < len(line) and line[at] != "]":
            match = TOKEN.match(line, at)
            assert match is not None
            at = match.end()
            if match.lastgroup == "note":
                pitches.append(self._pitch(match[0], match.start()))
                one, at = self._length(line, at)
                inner = one if len(pitches) == 1 else inner
            elif match.lastgroup == "tie":
                tied |= {pitches[-1]} if pitches else set()
            elif match.lastgroup == "grace":
                self.grace_notes += 1
            elif match.lastgroup not in ("skip", "decoration", "chord", "rest"):
                raise ScoretokError(f"column {match.start() + 1}: {match[0]!r} cannot stand in a chord")
        if at >= len(line):
            raise ScoretokError(f"column {at}: the chord is not closed by ]")
        length, at = self._length(line, at + 1)
        self._sound(tuple(sorted(set(pitches))), length * inner)
        if self.last:
            self.last.tied = frozenset(tied)
        return at

    def _length(self, line: str, at: int) -> tuple[Fraction, int]:
        match = LENGTH.match(line, at)
        assert match is not None
        numerator, slashes, denominator = match.groups()
        value = Fraction(count_in(numerator, 1))
        if slashes:
            divisor = count_in(denominator, 2 ** min(len(slashes), 9))
            if divisor == 0:
                raise ScoretokError(f"column {at + 1}: a length is divided by 0")
            value /= divisor
        return value, match.end()

    def _pitch(self, text: str, column: int) -> int:
        self.open_bar()
        mark = text.rstrip("ABCDEFGabcdefg,'")
        letter = text[len(mark)]
        name = letter.upper()
        octave = 5 if letter.islower() else 4
        octave += text.count("'") - text.count(",")
        place = f"{name}{octave}" if self.propagate == "octave" else name
        alter = ACCIDENTAL[mark]
        if alter is None:
            signature = self.key_accidentals.get(name, key_accidental(name, self.key.fifths))
            alter = self.held.get(f"{name}{octave}", self.accidentals.get(place, signature))
        elif self.propagate != "not":
            self.accidentals[place] = alter
        pitch = LETTER_PITCH_CLASS[name] + alter + 12 * (octave + 1) + self.shift
        self.spelled.append((f"{name}{octave}", alter, pitch))
        if not 0 <= pitch <= 127:
            raise ScoretokError(f"column {column + 1}: {text} lies outside the MIDI range")
        return pitch

    def _sound(self, pitches: tuple[int, ...], length: Fraction) -> None:
        bar = self.open_bar()
        factor, left = self.tuplet
        quarters = length * self.unit * 4 * (factor if left else 1)
        self.tuplet = (factor, left - 1) if left else self.tuplet
        if self.broken:
            shift = self._broken_ratio(self.broken)
            if self.last:
                change = self.last.length * (shift - 1)
                self.last.length += change
                bar.chords = [(at + change if at == self.at else at, text) for at, text in bar.chords]
                self.at += change
            quarters *= 2 - shift
            self.broken = 0
        sound = Sound(self.at, quarters, pitches)
        bar.sounds.append(sound)
        self.at += quarters
        bar.length = max(bar.length, self.at)
        self.last, self.held = sound, {}
        if pitches and not self.layers:
            self.line_sounds.append((len(self.bars), sound))

    @staticmethod
    def _broken_ratio(signs: int) -> Fraction:
        """'>' makes the note before it half longer, '>>' three quarters; '<' the other way."""
        shortened = Fraction(1, 2 ** abs(signs))
        return 2 - shortened if signs > 0 else shortened

    def _full(self, text: str) -> None:
        count = count_in(text[1:], 1)
        if count > MAX_BARS:
            raise ScoretokError(f"{quoted(text)} rests for more than {MAX_BARS} bars")
        for number in range(count):
            if number:
                self._bar("|")
            self._sound((), Fraction(*self.meter) / self.unit)

    def _tie(self, _: str) -> None:
        if self.last:
            self.last.tied = frozenset(self.last.pitches)

    def _broken(self, text: str) -> None:
        self.broken = len(text) if text[0] == ">" else -len(text)

    def _tuplet(self, text: str) -> None:
        parts = [count_in(part) for part in text[1:].split(":")]
        count = parts[0]
        compound = self.meter[1] >= 8 and self.meter[0] % 3 == 0
        into = (parts[1] if len(parts) > 1 else 0) or TUPLET_INTO.get(count, 3 if compound else 2)
        self.tuplet = (Fraction(into, max(count, 1)), (parts[2] if len(parts) > 2 else 0) or count)

    def _overlay(self, _: str) -> None:
        self.layers.append(self.at)
        self.at, self.last = Fraction(0), None

    def _chord(self, text: str) -> None:
        body = text[1:-1].strip()
        if signs := signs_of_words(body.lstrip("^_<>@")):
            self._sign(signs)
        elif body and body[0] not in "^_<>@":
            self.open_bar().chords.append((self.at, body))

    def _decoration(self, text: str) -> None:
        """Take the signs that tell where the music goes."""
        if signs := SIGNS.get(re.sub(r"[!+.\s]", "", text).lower()):
            self._sign(signs)

    def _sign(self, signs: dict[str, str | bool]) -> None:
        """Keep signs at their bar; those that end something belong to the bar before them."""
        begins = "segno" in signs or "coda" in signs
        behind = self.bars and (self.bars[-1].closed or not self.bars[-1].sounds)
        if not begins and behind:
            last = next((bar for bar in reversed(self.bars) if bar.sounds), None)
            (last or self.open_bar()).signs |= signs
        else:
            self.open_bar().signs |= signs

    def _bar(self, text: str) -> None:
        empty = self.bars.pop() if self.bars and not (self.bars[-1].closed or self.bars[-1].sounds) else None
        if self.last and self.last.tied:
            places = Counter(place for place, _, _ in self.spelled)
            self.held = {
                place: alter for place, alter, pitch in self.spelled if places[place] == 1 and pitch in self.last.tied
            }
        if self.bars:
            last = self.bars[-1]
            last.repeat_times = max(last.repeat_times, _repeat_times(text))
            last.ends_part = last.ends_part or "||" in text or "|]" in text
            last.closed = True
        digits = re.search(r"\d[\d,-]*", text)
        endings = parse_endings(digits[0]) if digits else frozenset()
        begins = text.rstrip("0123456789[,-").endswith(":")
        if empty:  # a symbol or field before the bar line belongs to the bar behind it
            empty.repeat_from, empty.endings = empty.repeat_from or begins, endings or empty.endings
            self.bars.append(empty)
        else:
            self.pending_start, self.pending_endings = self.pending_start or begins, endings or self.pending_endings

    def _inline(self, text: str) -> None:
        self.field(text[1], text[3:-1])

    def field(self, name: str, value: str) -> None:
        """Take an information field that stands in the music."""
        if name == "M":
            self.meter = parse_meter(value) or self.meter
            self._restate()
        elif name == "K":
            key, accidentals = parse_abc_key(value), parse_key_accidentals(value)
            if key or accidentals:
                self.key, self.key_accidentals = key or self.key, accidentals
            self.shift = parse_shift(value, self.shift)
            self._restate()
        elif name == "L":
            self.unit = parse_unit(value)
        elif name == "P":
            self.open_bar().sections.append(value.strip())
        elif name == "Q":
            self.open_bar().tempos.append((self.at, value))

    def _restate(self) -> None:
        """A field at the start of a bar holds for that bar."""
        if self.bars and not self.bars[-1].closed and not self.bars[-1].sounds:
            self.bars[-1].meter, self.bars[-1].key = self.meter, self.key

    def words(self, text: str) -> bool:
        """Lay a line of words on the notes of the last music line, unless it has some; whether it was laid."""
        if any(sound.syllable for _, sound in self.line_sounds):
            return False
        at = 0
        for word in parse_words(text):
            if at >= len(self.line_sounds):
                break
            if word == "|":  # goes on with the next bar
                while 0 < at < len(self.line_sounds) and self.line_sounds[at][0] == self.line_sounds[at - 1][0]:
                    at += 1
                continue
            if isinstance(word, Syllable):
                self.line_sounds[at][1].syllable = word
            at += 1
        return True


WORD = re.compile(r"\\(.)|(-)|([_*|])|([ \t]+)|(~)|([^\\\-_*| \t~]+)")


def _repeat_times(text: str) -> int:
    """How often the bars before a bar line are played: '::|' has them three times; '::' alone is ':||:'."""
    colons = len(text) - len(text.lstrip(":"))
    return (colons + 1 if "|" in text else 2) if colons else 0


def parse_words(text: str) -> list[Syllable | str]:
    """The syllables of a w: line, '_' or '*' for notes without one, '|' for bar lines."""
    words: list[Syllable | str] = []
    current = ""

    def close(word_end: bool) -> None:
        nonlocal current
        if current.strip(" "):
            words.append(Syllable(current.strip(" "), (), word_end))
        current = ""

    for escaped, hyphen, mark, space, tilde, plain in WORD.findall(text):
        if hyphen and not current and words and isinstance(words[-1], Syllable):
            words.append("_")
        elif hyphen:
            close(False)
        elif mark or space:
            close(True)
            words += [mark] if mark else []
        else:
            current += escaped or (" " if tilde else plain)
    close(True)
    return words
