"""The state of the score grammar: what has been said so far, as far as it limits what may follow.

`advance` here and `legal_tokens` in grammar_mask state the same rules twice, once for a given token and
once for all of them, because both must be fast; a test compares them token by token.
"""

from collections.abc import Callable

import numpy as np

from scoretok.parts import MAX_BAR_TICKS, MAX_BARS, ROLES, meter_lasting
from scoretok.phonemes import BASES, STRESS
from scoretok.texts import MAX_TEXT_CHARS
from scoretok.vocabulary import BLOCKS, CHORDS, KIND_OF, KINDS, METERS, TRACK_IDS, VOCABULARY_SIZE

ID = {kind: block.first for kind, block in BLOCKS.items()}
KIND_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}
KIND_NUMBER_OF = tuple(KIND_NUMBERS[kind] for kind in KIND_OF)
VALUE_OF = tuple(i - ID[kind] for i, kind in enumerate(KIND_OF))
METER_TICKS = tuple(96 * numerator // denominator for numerator, denominator in METERS)
ROLE_SIZE = len(TRACK_IDS) // len(ROLES)
VOCAL, DRUMS_ROLE = ROLES.index("vocal"), ROLES.index("drums")
PICKUP_LEGAL = np.array([meter_lasting(ticks) is not None for ticks in range(MAX_BAR_TICKS + 1)])
# The shortest pickup that needs the token Long_1, Long_2, Long_3.
SHORTEST_LONG_PICKUP = tuple(next(t for t in range(96 * n + 1, 385) if PICKUP_LEGAL[t]) for n in (1, 2, 3))
SPACE, HYPHEN = 0x20, 0x2D
FIRST_MODIFIER = len(STRESS) + len(BASES)

# Phases: what the last token leaves open.
(BEGIN, HEADER, TRACKS, TRACK_PROGRAM, TRACK_MUTE, TRACK_NAME, TEXT, BAR, METER, PICKUP, KEY, SECTION,
 EVENT_POSITION, TEMPO, TEMPO_FRACTION, CHORD, EVENT_DONE, CELL, CELL_POSITION, VELOCITY, PITCH, LONG,
 NOTE_DONE, LYRIC_TEXT, STRESS_MARK, PHONES, PICKUP_DONE, END) = range(28)  # fmt: skip
BETWEEN_TRACKS = frozenset((HEADER, TRACKS, TRACK_MUTE, TRACK_NAME))
BEFORE_KEY = frozenset((BAR, METER, PICKUP_DONE))
IN_EVENTS = frozenset((BAR, METER, PICKUP_DONE, KEY, SECTION, TEMPO, TEMPO_FRACTION, CHORD, EVENT_DONE))
BAR_MAY_END = IN_EVENTS | {NOTE_DONE}

# Legal next bytes of UTF-8 after each first byte that restricts the second (RFC 3629, section 4),
# with the control characters U+0080-U+009F left out.
SECOND_BYTE = {0xC2: (0xA0, 0xBF), 0xE0: (0xA0, 0xBF), 0xED: (0x80, 0x9F), 0xF0: (0x90, 0xBF), 0xF4: (0x80, 0x8F)}
FIRST_BYTES = np.zeros(256, bool)
FIRST_BYTES[0x20:0x7F] = FIRST_BYTES[0xC2:0xF5] = True


class IllegalTokenError(Exception):
    """The token may not stand here; the grammar turns it into a sentence."""


class GrammarState:
    """See the module. `length` counts the tokens taken so far."""

    __slots__ = (
        "bar",
        "bar_start",
        "bar_ticks",
        "byte_range",
        "bytes_left",
        "cell",
        "chars",
        "chord_root",
        "fraction_due",
        "free_pitch",
        "handlers",
        "key",
        "last_byte",
        "last_pitch",
        "length",
        "long",
        "lyric_allowed",
        "meter",
        "phase",
        "position",
        "sounding_until",
        "tempo",
        "tempo_before",
        "tempo_whole",
        "track_roles",
        "tracks",
        "velocity",
    )  # fmt: skip

    def __init__(self) -> None:
        self.phase = BEGIN
        self.length = 0
        self.tracks: dict[int, int] = {}  # Track value -> its place in the header
        self.track_roles: list[int] = []
        self.sounding_until: list[list[int]] = []
        self.free_pitch: list[int] = []  # a pitch of each track that was free when last looked at
        self.bar = -1
        self.bar_start = self.bar_ticks = 0
        self.meter = self.key = -1
        self.tempo = 0  # hundredths of quarter notes a minute; 0 before the first
        self.tempo_before = self.tempo_whole = 0
        self.fraction_due = False
        self.chord_root: int | None = None
        self.position = -1
        self.cell = -1
        self.velocity = 0
        self.last_pitch = -1
        self.long = 0
        self.lyric_allowed = False
        self.chars = 0
        self.bytes_left = self.last_byte = 0
        self.byte_range = (0x80, 0xBF)
        self.handlers: tuple[Callable[[int], None], ...] = self._bind()

    def _bind(self) -> tuple[Callable[[int], None], ...]:
        return tuple(getattr(self, f"_{kind.lower()}") for kind in KINDS)

    def copy(self) -> "GrammarState":
        """An independent state, for looking ahead."""
        other = object.__new__(GrammarState)
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        other.tracks = dict(self.tracks)
        other.track_roles = list(self.track_roles)
        other.sounding_until = [list(pitches) for pitches in self.sounding_until]
        other.free_pitch = list(self.free_pitch)
        other.handlers = other._bind()
        return other

    @property
    def is_complete(self) -> bool:
        """Whether the score has ended."""
        return self.phase == END

    @property
    def bar_count(self) -> int:
        """Bars so far."""
        return self.bar + 1

    def advance(self, token: int) -> None:
        """Take one token. Raises IllegalTokenError; `length` is then the place of the illegal token."""
        if not 0 <= token < VOCABULARY_SIZE:
            raise IllegalTokenError
        self.handlers[KIND_NUMBER_OF[token]](VALUE_OF[token])
        self.length += 1

    # One method a kind of token.

    def _pad(self, _: int) -> None:
        raise IllegalTokenError

    _mask = _performance = _timing = _control = _pad  # the last three stand in the stream behind the score

    def _bos(self, _: int) -> None:
        self._require(self.phase == BEGIN)
        self.phase = HEADER

    def _eos(self, _: int) -> None:
        self._require(self._bar_may_end())
        self.phase = END

    def _title(self, _: int) -> None:
        self._require(self.phase == HEADER)
        self._begin_text(TEXT)

    def _name(self, _: int) -> None:
        self._require(self.phase in (TRACK_MUTE, TRACK_NAME))
        self._begin_text(TEXT)

    def _begin_text(self, phase: int) -> None:
        self.phase, self.chars, self.bytes_left = phase, 0, 0

    def _byte(self, value: int) -> None:
        self._require(self.phase in (TEXT, LYRIC_TEXT))
        if self.bytes_left:
            self._require(self.byte_range[0] <= value <= self.byte_range[1])
            self.bytes_left -= 1
            self.byte_range = (0x80, 0xBF)
        else:
            self._require(bool(FIRST_BYTES[value]) and self.chars < MAX_TEXT_CHARS)
            self._require(self.phase == TEXT or value not in self.barred_bytes())
            self.chars += 1
            self.bytes_left = (value >= 0xC2) + (value >= 0xE0) + (value >= 0xF0)
            self.byte_range = SECOND_BYTE.get(value, (0x80, 0xBF))
        self.last_byte = value

    def barred_bytes(self) -> tuple[int, ...]:
        """Bytes that may not begin a character of a syllable here: it begins and ends with neither."""
        return (SPACE, HYPHEN) if self.chars == MAX_TEXT_CHARS - 1 else () if self.chars else (SPACE,)

    def _text_may_end(self, phase: int) -> bool:
        """Text is whole characters; a syllable does not end with a space or hyphen."""
        loose = phase == LYRIC_TEXT and self.last_byte in (SPACE, HYPHEN)
        return self.phase == phase and self.chars > 0 and self.bytes_left == 0 and not loose

    def _textend(self, _: int) -> None:
        self._require(self._text_may_end(TEXT))
        self.phase = TRACKS

    def _track(self, value: int) -> None:
        if self.phase in BETWEEN_TRACKS:
            role, number = divmod(value, ROLE_SIZE)
            self._require(number == self.track_roles.count(role))
            self.tracks[value] = len(self.track_roles)
            self.track_roles.append(role)
            self.sounding_until.append([0] * 128)
            self.free_pitch.append(0)
            self.phase = TRACK_PROGRAM
        else:
            self._require(self._bar_may_end())
            cell = self.tracks.get(value, -1)
            self._require(cell > self.cell and self._some_pitch_free(cell, self.bar_start + self.bar_ticks - 1))
            self.cell, self.phase, self.position, self.velocity = cell, CELL, -1, 0

    def _program(self, _: int) -> None:
        self._require(self.phase == TRACK_PROGRAM)
        self.phase = TRACK_MUTE

    def _mute(self, _: int) -> None:
        self._require(self.phase == TRACK_MUTE)
        self.phase = TRACK_NAME

    def _bar(self, _: int) -> None:
        self._require((self.phase in BETWEEN_TRACKS or self._bar_may_end()) and self.bar + 1 < MAX_BARS)
        self.bar_start += self.bar_ticks if self.bar >= 0 else 0
        if self.bar >= 0:
            self.bar_ticks = METER_TICKS[self.meter]
        self.bar += 1
        self.phase, self.position, self.cell = BAR, -1, -1

    def _meter(self, value: int) -> None:
        self._require(self.phase == BAR and value != self.meter)
        self.meter, self.bar_ticks, self.phase = value, METER_TICKS[value], METER

    def _pickup(self, _: int) -> None:
        self._require(self.phase == METER and self.bar == 0 and self.bar_ticks > 3)
        self.phase, self.long = PICKUP, 0

    def _key(self, value: int) -> None:
        self._require(self.phase in BEFORE_KEY and value != self.key and (self.bar > 0 or self.phase != BAR))
        self.key, self.phase = value, KEY

    def _section(self, _: int) -> None:
        self._require(self.phase == KEY or (self.phase in BEFORE_KEY and self.bar > 0))
        self.phase = SECTION

    def _position(self, value: int) -> None:
        self._require(self.position < value < self.bar_ticks)
        if self.phase in IN_EVENTS:
            self._require(self._header_of_bar_done() and not self.fraction_due and (self.tempo > 0 or value == 0))
            self.phase = EVENT_POSITION
        else:
            self._require(self.phase in (CELL, NOTE_DONE) and self._some_pitch_free(self.cell, self.bar_start + value))
            self.phase = CELL_POSITION
            self.last_pitch = -1
        self.position = value

    def _header_of_bar_done(self) -> bool:
        return self.bar > 0 or self.phase not in BEFORE_KEY

    def _tempo(self, value: int) -> None:
        self._require(self.phase == EVENT_POSITION)
        self.tempo_whole = value + 10
        self.fraction_due = self.tempo == 100 * self.tempo_whole
        self._require(not (self.fraction_due and self.tempo_whole == 480))
        self.phase = TEMPO
        self.tempo_before = self.tempo  # which the fraction may not restate
        self.tempo = 100 * self.tempo_whole

    def _tempofraction(self, value: int) -> None:
        self._require(self.phase == TEMPO and self.tempo_whole < 480)
        tempo = 100 * self.tempo_whole + value + 1
        self._require(tempo != self.tempo_before)
        self.tempo, self.fraction_due, self.phase = tempo, False, TEMPO_FRACTION

    def _chord(self, value: int) -> None:
        due = self.phase == EVENT_POSITION and self.tempo > 0
        self._require(due or (self.phase in (TEMPO, TEMPO_FRACTION) and not self.fraction_due))
        self.chord_root = CHORDS[value][0]
        self.phase = EVENT_DONE if self.chord_root is None else CHORD

    def _bass(self, value: int) -> None:
        self._require(self.phase == CHORD and value != self.chord_root)
        self.phase = EVENT_DONE

    def _velocity(self, value: int) -> None:
        again = self.phase == NOTE_DONE and self._next_free_pitch() < 128
        self._require((self.phase == CELL_POSITION or again) and value + 1 != self.velocity)
        self.velocity, self.phase = value + 1, VELOCITY

    def _pitch(self, value: int) -> None:
        self._require(self.track_roles[self.cell] != DRUMS_ROLE if self.cell >= 0 else False)
        self._take_pitch(value)
        self.phase, self.long = PITCH, 0

    def _drum(self, value: int) -> None:
        self._require(self.track_roles[self.cell] == DRUMS_ROLE if self.cell >= 0 else False)
        self._take_pitch(value)
        self.sounding_until[self.cell][value] = self.bar_start + self.position + 1
        self.phase = NOTE_DONE

    def _take_pitch(self, value: int) -> None:
        self._require(self.phase in (CELL_POSITION, VELOCITY, NOTE_DONE) and self.velocity > 0)
        self._require(value > self.last_pitch)
        self._require(self.sounding_until[self.cell][value] <= self.bar_start + self.position)
        self.lyric_allowed = self.last_pitch < 0 and self.track_roles[self.cell] == VOCAL
        self.last_pitch = value

    def _long(self, value: int) -> None:
        in_pickup = self.phase == PICKUP and self.long == 0 and value < self.long_pickups()
        self._require(self.phase == PITCH or in_pickup)
        self.long = 96 * (value + 1)
        if self.phase == PITCH:
            self.phase = LONG

    def long_pickups(self) -> int:
        """How many values of Long some pickup shorter than the bar can begin with."""
        return sum(ticks < self.bar_ticks for ticks in SHORTEST_LONG_PICKUP)

    def _duration(self, value: int) -> None:
        ticks = self.long + value + 1
        if self.phase == PICKUP:
            self._require(ticks < self.bar_ticks and bool(PICKUP_LEGAL[ticks]))
            self.bar_ticks, self.phase = ticks, PICKUP_DONE
        else:
            self._require(self.phase in (PITCH, LONG))
            self.sounding_until[self.cell][self.last_pitch] = self.bar_start + self.position + ticks
            self.phase = NOTE_DONE

    def _lyric(self, _: int) -> None:
        self._require(self.phase == NOTE_DONE and self.lyric_allowed)
        self.lyric_allowed = False
        self._begin_text(LYRIC_TEXT)

    def _phone(self, value: int) -> None:
        if value < len(STRESS):
            self._require(self._text_may_end(LYRIC_TEXT) or self.phase == PHONES)
            self.phase = STRESS_MARK
        elif value < FIRST_MODIFIER:
            self._require(self._text_may_end(LYRIC_TEXT) or self.phase in (PHONES, STRESS_MARK))
            self.phase = PHONES
        else:
            self._require(self.phase == PHONES)

    def _wordend(self, _: int) -> None:
        self._require(self._text_may_end(LYRIC_TEXT) or self.phase == PHONES)
        self.phase = NOTE_DONE

    _wordpart = _wordend

    # Conditions shared by several kinds.

    @staticmethod
    def _require(condition: bool) -> None:
        if not condition:
            raise IllegalTokenError

    def _bar_may_end(self) -> bool:
        return self.phase in BAR_MAY_END and self.tempo > 0 and not self.fraction_due

    def _some_pitch_free(self, cell: int, tick: int) -> bool:
        sounding = self.sounding_until[cell]
        if sounding[self.free_pitch[cell]] > tick:
            self.free_pitch[cell] = sounding.index(min(sounding))
        return sounding[self.free_pitch[cell]] <= tick

    def _next_free_pitch(self) -> int:
        """The lowest pitch above the last one that may start now; 128 when there is none."""
        tick, sounding = self.bar_start + self.position, self.sounding_until[self.cell]
        pitch = self.last_pitch + 1
        while pitch < 128 and sounding[pitch] > tick:
            pitch += 1
        return pitch
