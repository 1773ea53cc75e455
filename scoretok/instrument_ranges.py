"""What each General MIDI program can play: range, voices, breath.

Orchestral instruments as in Kennan and Grantham, "The Technique of Orchestration" (6th edition, 2002), at sounding
pitch, their "practical" ranges as the comfortable ones; what is not of the orchestra has the compass of its usual
keyboard, tuning or bars. Synthesisers and sound effects play anything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scoretok.parts import Note, Track

ANY, ANY_SPAN = 128, 127  # voices of what has as many as it is asked for, semitones of what can play any chord


@dataclass(frozen=True)
class InstrumentRange:
    """What an instrument can play, in MIDI pitches: the lowest and the highest it has, where it is comfortable, how
    many notes sound at once at most, how many semitones a chord spans at most, and whether its player breathes."""

    lowest: int
    highest: int
    comfortable: tuple[int, int]
    voices: int = ANY
    chord_span: int = ANY_SPAN
    breathes: bool = False

    @property
    def is_monophonic(self) -> bool:
        """Whether it has one voice."""
        return self.voices == 1

    def reaches(self, pitch: int) -> bool:
        """Whether it has a pitch."""
        return self.lowest <= pitch <= self.highest


def _many(lowest: int, highest: int, low: int, high: int, voices: int = ANY, span: int = ANY_SPAN) -> InstrumentRange:
    return InstrumentRange(lowest, highest, (low, high), voices, span)


def _one(lowest: int, highest: int, low: int, high: int, breathes: bool = True) -> InstrumentRange:
    return InstrumentRange(lowest, highest, (low, high), 1, 0, breathes)


_PIANO, _ANYTHING = _many(21, 108, 28, 96, 10), _many(0, 127, 24, 108)
_VIOLIN, _FIDDLE_SECTION = _one(55, 100, 55, 88, False), _many(28, 100, 36, 91)
_BASS_GUITAR = _many(23, 67, 28, 55, 2, 16)  # of four or five strings
_GUITAR = _many(40, 88, 40, 76, 6, 36)
_ENSEMBLE_VOICES = InstrumentRange(40, 84, (43, 79), 8, ANY_SPAN, breathes=True)
SOLO_VOICE = _one(40, 84, 48, 77)  # from bass to soprano
RANGES: tuple[InstrumentRange, ...] = (
    # 0 pianos, harpsichord, clavinet
    _PIANO, _PIANO, _PIANO, _PIANO, _many(28, 100, 36, 88, 10), _many(28, 100, 36, 88, 10), _many(29, 89, 36, 84, 10),
    _many(29, 88, 36, 84, 10),
    # 8 celesta, glockenspiel, music box, vibraphone, marimba, xylophone, tubular bells, dulcimer
    _many(60, 108, 60, 102, 10), _many(79, 108, 79, 103, 4, 24), _many(60, 101, 60, 96, 6),
    _many(53, 89, 53, 89, 4, 36), _many(36, 96, 45, 91, 4, 36), _many(65, 108, 65, 101, 4, 36),
    _many(60, 77, 60, 77, 2, 17), _many(38, 89, 50, 86, 4, 36),
    # 16 organs, accordion, harmonica, bandoneon
    _many(36, 96, 36, 91, 10), _many(36, 96, 36, 91, 10), _many(36, 96, 36, 91, 10),
    _many(24, 108, 36, 96, 10),
    _many(29, 89, 36, 84, 10),
    _many(29, 93, 41, 88, 8), InstrumentRange(55, 96, (60, 91), 3, 9, breathes=True), _many(33, 95, 38, 88, 8),
    # 24 guitars
    _many(40, 83, 40, 76, 6, 36), _many(40, 86, 40, 76, 6, 36), _GUITAR, _GUITAR, _GUITAR, _GUITAR, _GUITAR,
    _many(40, 100, 52, 88, 6, 48),
    # 32 basses
    _many(28, 67, 28, 55, 2, 16), _BASS_GUITAR, _BASS_GUITAR, _BASS_GUITAR, _BASS_GUITAR, _BASS_GUITAR,
    _many(16, 72, 24, 60, 2, 24), _many(16, 72, 24, 60, 2, 24),
    # 40 violin, viola, cello, double bass, tremolo and pizzicato strings, harp, timpani
    _VIOLIN, _one(48, 88, 48, 76, False), _one(36, 81, 36, 69, False), _one(28, 67, 28, 55, False), _FIDDLE_SECTION,
    _many(28, 96, 36, 84), _many(23, 103, 31, 96, 8), _many(36, 60, 40, 57, 2, 17),
    # 48 string ensembles, choirs, orchestra hit
    _FIDDLE_SECTION, _FIDDLE_SECTION, _ANYTHING, _ANYTHING, _ENSEMBLE_VOICES, _ENSEMBLE_VOICES, _ANYTHING, _ANYTHING,
    # 56 trumpet, trombone, tuba, muted trumpet, horn, brass section, synthesised brass
    _one(52, 84, 54, 79), _one(34, 74, 40, 69), _one(26, 65, 28, 58), _one(52, 84, 54, 79), _one(34, 77, 41, 72),
    InstrumentRange(34, 84, (40, 79), 8, 48, breathes=True), _ANYTHING, _ANYTHING,
    # 64 saxophones, oboe, English horn, bassoon, clarinet
    _one(56, 88, 58, 85), _one(49, 81, 51, 78), _one(44, 76, 46, 73), _one(36, 69, 39, 66), _one(58, 91, 60, 86),
    _one(52, 81, 53, 76), _one(34, 75, 34, 67), _one(50, 94, 50, 86),
    # 72 piccolo, flute, recorder, pan flute, bottle, shakuhachi, whistle, ocarina
    _one(74, 108, 76, 103), _one(60, 96, 62, 91), _one(65, 98, 67, 91), _one(55, 96, 62, 91), _one(55, 96, 60, 84),
    _one(55, 91, 62, 86), _one(60, 108, 72, 96), _one(60, 89, 62, 84),
    # 80 synthesised leads, 88 pads, 96 effects
    *[_ANYTHING] * 24,
    # 104 sitar, banjo, shamisen, koto, kalimba, bagpipe, fiddle, shanai
    _many(48, 84, 50, 79, 3, 24), _many(48, 86, 48, 79, 5, 24), _many(48, 84, 50, 77, 3, 24),
    _many(45, 93, 50, 86, 6, 36), _many(55, 89, 60, 84, 2, 17), _one(67, 81, 67, 81, False), _VIOLIN,
    _one(57, 86, 60, 81),
    # 112 bells, steel drums, other percussion, sound effects
    *[_ANYTHING] * 2, _many(52, 89, 55, 84, 4, 24), *[_ANYTHING] * 13,
)  # fmt: skip


def range_of(track: Track) -> InstrumentRange | None:
    """What a track's instrument can play; None of drums. A vocal track is one voice, whatever program plays it."""
    return range_of_part(track.role, track.program)


def range_of_part(role: str, program: int) -> InstrumentRange | None:
    """As `range_of`, of a role and a General MIDI program."""
    if role == "drums":
        return None
    return SOLO_VOICE if role == "vocal" else RANGES[program]


@dataclass(frozen=True)
class Unplayable:
    """Notes of a track that its instrument does not have: too low, too high, or more at once than it has voices."""

    too_low: tuple[Note, ...] = ()
    too_high: tuple[Note, ...] = ()
    too_many: tuple[Note, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.too_low or self.too_high or self.too_many)


def unplayable(track: Track) -> Unplayable:
    """What of a track its instrument cannot play."""
    limits = range_of(track)
    if limits is None:
        return Unplayable()
    low = tuple(note for note in track.notes if note.pitch < limits.lowest)
    high = tuple(note for note in track.notes if note.pitch > limits.highest)
    return Unplayable(low, high, tuple(beyond_voices(track.notes, limits.voices)))


def beyond_voices(notes: Sequence[Note], voices: int) -> Iterable[Note]:
    """Notes that begin while as many sound as there are voices; of notes that begin together the highest come first."""
    sounding: list[int] = []  # ends
    for note in sorted(notes, key=lambda one: (one.start_ticks, -one.pitch)):
        sounding = [end for end in sounding if end > note.start_ticks]
        if len(sounding) >= voices:
            yield note
        else:
            sounding.append(note.end_ticks)
