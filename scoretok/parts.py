"""The parts of a score as immutable values: notes, syllables, tracks, chords, meters, tempos, keys, sections.

Time is an integer count of ticks, 24 to a quarter note. Bars are counted from 0 here and from 1
wherever a person reads them.
"""

from dataclasses import dataclass
from typing import NamedTuple

from scoretok.errors import ScoretokError
from scoretok.performance import (
    DRUM_WRITTEN_TICKS,
    MAX_SHIFT_SUBTICKS,
    SUBTICKS_PER_TICK,
    Control,
    Timing,
    default_end,
    in_order,
)
from scoretok.phonemes import is_phoneme
from scoretok.singing import AS_USUAL, Singing
from scoretok.texts import check_text
from scoretok.theory import (
    MAJOR_STEPS,
    MODE_TONIC_FIFTHS,
    MODES,
    QUALITY_BY_NAME,
    fifths_to_name,
    spell_pitch_class,
)

TICKS_PER_QUARTER = 24
ROLES = ("vocal", "lead", "guitar", "piano", "strings", "bass", "drums")
SECTION_LABELS = ("intro", "verse", "pre-chorus", "chorus", "bridge", "solo", "interlude", "outro")
METER_DENOMINATORS = (1, 2, 4, 8, 16, 32)
MAX_METER_NUMERATOR = 32
MAX_BAR_TICKS = 384
MAX_BARS = 9999
MAX_TRACKS_PER_ROLE = 16
MAX_DURATION_TICKS = 64 * 96
MIN_BPM, MAX_BPM = 10.0, 480.0
DRUM_TICKS = 1
DEFAULT_VELOCITY = 80


class Syllable(NamedTuple):
    """A sung syllable. `phonemes` are IPA, stress marks before the vowel; empty when unknown."""

    text: str
    phonemes: tuple[str, ...] = ()
    word_end: bool = True


class Note(NamedTuple):
    """One note. A vocal note without a syllable continues the syllable before it (a melisma).

    `timing` is how it was played, None for a note that lies on the grid.
    """

    start_ticks: int
    pitch: int
    duration_ticks: int
    velocity: int = DEFAULT_VELOCITY
    syllable: Syllable | None = None
    timing: Timing | None = None

    @property
    def end_ticks(self) -> int:
        """The tick at which it ends."""
        return self.start_ticks + self.duration_ticks

    def lasting(self, duration_ticks: int) -> "Note":
        """The note with another length on the grid: as long as it was off the grid, or to its end where it is cut."""
        note = self._replace(duration_ticks=duration_ticks)
        if self.timing is None or duration_ticks >= self.duration_ticks:
            return note
        return note._replace(timing=self.timing._replace(end_subticks=min(self.timing.end_subticks, 0)))

    @property
    def played_start_ticks(self) -> float:
        """When it is played, in ticks."""
        return self.start_ticks + (self.timing.onset_subticks / SUBTICKS_PER_TICK if self.timing else 0)

    @property
    def played_end_ticks(self) -> float:
        """When its key is released, in ticks."""
        return self.end_ticks + (self.timing.end_subticks / SUBTICKS_PER_TICK if self.timing else 0)


@dataclass(frozen=True, order=True)
class Chord:
    """A chord symbol, sounding until the next one. `root` None means no chord (N)."""

    start_ticks: int
    root: int | None
    quality: str = "maj"
    bass: int | None = None

    def __post_init__(self) -> None:
        if self.root is None:
            object.__setattr__(self, "quality", "maj")
            object.__setattr__(self, "bass", None)
        elif self.quality not in QUALITY_BY_NAME:
            raise ScoretokError(f"{self.quality!r} is not a chord quality; known are: {' '.join(QUALITY_BY_NAME)}")
        if self.bass is not None and self.bass == self.root:
            object.__setattr__(self, "bass", None)
        for value in (self.root, self.bass):
            if value is not None and not 0 <= value <= 11:
                raise ScoretokError(f"chord at tick {self.start_ticks}: pitch class {value} is not within 0..11")

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The chord's tones and its bass."""
        if self.root is None:
            return frozenset()
        tones = {(self.root + interval) % 12 for interval in QUALITY_BY_NAME[self.quality].intervals}
        return frozenset(tones if self.bass is None else tones | {self.bass})


@dataclass(frozen=True, order=True)
class Meter:
    """A time signature from a bar on."""

    bar: int
    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        legal = self.denominator in METER_DENOMINATORS and 1 <= self.numerator <= MAX_METER_NUMERATOR
        if not legal or self.bar_ticks > MAX_BAR_TICKS:
            raise ScoretokError(
                f"meter {self.numerator}/{self.denominator} at bar {self.bar + 1} is not supported: the denominator"
                " is 1 to 32 by powers of two, and a bar lasts at most four whole notes"
            )

    @property
    def bar_ticks(self) -> int:
        """Ticks a bar."""
        return 96 * self.numerator // self.denominator

    @property
    def beat_ticks(self) -> int:
        """Ticks a beat of the denominator."""
        return 96 // self.denominator


def meter_lasting(ticks: int) -> tuple[int, int] | None:
    """Numerator and denominator of a meter whose bar lasts so many ticks, in quarters if it can be."""
    for denominator in (4, 8, 16, 32):
        numerator, rest = divmod(ticks * denominator, 96)
        if rest == 0 and 1 <= numerator <= MAX_METER_NUMERATOR and ticks <= MAX_BAR_TICKS:
            return numerator, denominator
    return None


@dataclass(frozen=True, order=True)
class Tempo:
    """A tempo in quarter notes a minute from a tick on, kept to hundredths."""

    start_ticks: int
    bpm: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "bpm", round(float(self.bpm), 2))
        if not MIN_BPM <= self.bpm <= MAX_BPM:
            raise ScoretokError(
                f"tempo {self.bpm:g} at tick {self.start_ticks} lies outside {MIN_BPM:g} to {MAX_BPM:g} quarter notes"
                " a minute"
            )


@dataclass(frozen=True, order=True)
class Key:
    """A key from a bar on: sharps (flats negative) of its signature, and the mode that picks the tonic."""

    bar: int
    fifths: int
    mode: str = "maj"

    def __post_init__(self) -> None:
        if not -7 <= self.fifths <= 7 or self.mode not in MODES:
            raise ScoretokError(
                f"key with {self.fifths} fifths, mode {self.mode!r}, at bar {self.bar + 1}: fifths are -7 to 7, modes "
                + " ".join(MODES)
            )

    @property
    def is_minor(self) -> bool:
        """Whether the mode has a minor third."""
        return self.mode in ("min", "dorian", "phrygian")

    @property
    def tonic_name(self) -> str:
        """The tonic, spelled."""
        return fifths_to_name(self.fifths + MODE_TONIC_FIFTHS[self.mode])

    @property
    def tonic(self) -> int:
        """The pitch class of the tonic."""
        return (self.fifths + MODE_TONIC_FIFTHS[self.mode]) * 7 % 12

    @property
    def scale(self) -> tuple[int, ...]:
        """The seven pitch classes of the signature, from the tonic up."""
        collection = {(self.fifths * 7 + step) % 12 for step in MAJOR_STEPS}
        return tuple(pc for pc in ((self.tonic + step) % 12 for step in range(12)) if pc in collection)

    def spell(self, pitch_class: int) -> str:
        """A pitch class as the key spells it."""
        return spell_pitch_class(pitch_class, self.fifths, self.is_minor)


@dataclass(frozen=True, order=True)
class Section:
    """A part of the form, from its first bar to the next section."""

    bar: int
    label: str

    def __post_init__(self) -> None:
        if self.label not in SECTION_LABELS:
            raise ScoretokError(f"section {self.label!r} is not one of: {', '.join(SECTION_LABELS)}")


@dataclass(frozen=True)
class Track:
    """A part: its role, General MIDI program (the kit for drums) and notes, sorted when made; how it is sung.

    A drum hit has no length: it is kept as one tick. `controls` are the curves of its pedals, bends and
    controllers. Raises ScoretokError when a note is out of range, when a pitch starts again while it still
    sounds, when a syllable is not on the lowest note of an onset of a vocal track, or when one control is
    given twice.
    """

    role: str
    notes: tuple[Note, ...] = ()
    program: int = 0
    name: str = ""
    muted: bool = False
    singing: Singing = AS_USUAL
    controls: tuple[Control, ...] = ()

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ScoretokError(f"role {self.role!r} is not one of: {', '.join(ROLES)}")
        if self.role != "vocal" and not self.singing.is_usual:
            raise ScoretokError(f"{self.role} track: only vocal tracks are sung ({self.singing.text()})")
        if not 0 <= self.program <= 127:
            raise ScoretokError(f"{self.role} track: program {self.program} is not within 0..127")
        check_text(self.name, f"name of a {self.role} track", allow_empty=True)
        notes = self.notes
        if self.is_drums and any(note.duration_ticks != DRUM_TICKS for note in notes):
            notes = tuple(note._replace(duration_ticks=DRUM_TICKS) for note in notes)
        object.__setattr__(self, "notes", tuple(sorted(notes, key=_onset_and_pitch)))
        if self.controls:
            object.__setattr__(self, "controls", in_order(self.controls))
        if self._check_notes():
            object.__setattr__(self, "notes", _with_fitting_timings(self.notes, self.is_drums))

    def _check_notes(self) -> bool:
        """Raise ScoretokError for notes that cannot be; say whether any note is off the grid."""
        is_performed = False
        sounding_until = [0] * 128
        vocal = self.role == "vocal"
        last_start = -1
        for start, pitch, duration, velocity, syllable, timing in self.notes:
            if not (start >= 0 and 0 <= pitch <= 127 and 1 <= velocity <= 127 and 1 <= duration <= MAX_DURATION_TICKS):
                raise ScoretokError(
                    f"{self.role} track: note {pitch} at tick {start} (length {duration}, velocity {velocity}) is out"
                    " of range"
                )
            if start < sounding_until[pitch]:
                raise ScoretokError(f"{self.role} track: pitch {pitch} starts at tick {start} while it still sounds")
            sounding_until[pitch] = start + duration
            if syllable is not None:
                if not vocal:
                    raise ScoretokError(f"{self.role} track: only vocal tracks carry syllables ({syllable.text!r})")
                if start == last_start:
                    raise ScoretokError(
                        f"vocal track: syllable {syllable.text!r} at tick {start} must be on the lowest note there"
                    )
                _check_syllable(syllable, start)
            if timing is not None:
                is_performed = True
                check_timing(Note(start, pitch, duration, timing=timing), self.role)
            last_start = start
        return is_performed

    @property
    def is_drums(self) -> bool:
        """Whether its pitches are drums."""
        return self.role == "drums"


def check_timing(note: Note, role: str) -> None:
    """Raise ScoretokError for a note that is played too far off the grid."""
    onset, end = note.timing or (0, 0)
    if abs(onset) > MAX_SHIFT_SUBTICKS or abs(end) > MAX_DURATION_TICKS * SUBTICKS_PER_TICK:
        raise ScoretokError(
            f"{role} track: note {note.pitch} at tick {note.start_ticks} is played {onset} and ends {end} subticks off"
            f" the grid; an onset may lie {MAX_SHIFT_SUBTICKS} (a whole note) off"
        )


def _with_fitting_timings(notes: tuple[Note, ...], is_drums: bool) -> tuple[Note, ...]:
    """Sorted notes as one key after the other can be played.

    None is played before the score begins or ends before it begins, and those of one pitch begin and end in their
    order; a note on the grid has no timing. A drum that is moved as a whole has no end of its own.
    """
    usual = default_end(0, is_drums)
    onsets, ends = [], []
    last: dict[int, int] = {}
    for note in notes:
        off = note.timing or (0, usual)
        onset = max(note.start_ticks * SUBTICKS_PER_TICK + off[0], last.get(note.pitch, -1) + 1)
        last[note.pitch] = onset
        onsets.append(onset)
        ends.append(max(note.end_ticks * SUBTICKS_PER_TICK + off[1], onset + 1))
    following: dict[int, int] = {}
    for number in reversed(range(len(notes))):
        timing = notes[number].timing
        if is_drums and (timing is None or timing.end_subticks == timing.onset_subticks + usual):
            ends[number] = onsets[number] + DRUM_WRITTEN_TICKS * SUBTICKS_PER_TICK
            continue
        ends[number] = min(ends[number], following.get(notes[number].pitch, ends[number]))
        following[notes[number].pitch] = ends[number]
    fitted = []
    for note, onset, end in zip(notes, onsets, ends, strict=True):
        timing = Timing(onset - note.start_ticks * SUBTICKS_PER_TICK, end - note.end_ticks * SUBTICKS_PER_TICK)
        is_plain = timing == (0, usual)
        fitted.append(note._replace(timing=None if is_plain else timing))
    return tuple(fitted)


def _onset_and_pitch(note: Note) -> tuple[int, int]:
    return note[0], note[1]


def _check_syllable(syllable: Syllable, start_ticks: int) -> None:
    for phoneme in syllable.phonemes:
        if not is_phoneme(phoneme):
            raise ScoretokError(f"syllable {syllable.text!r}: {phoneme!r} is not an IPA phoneme that is known here")
    check_text(syllable.text, f"syllable at tick {start_ticks}")
    if syllable.text[0] == " " or syllable.text[-1] in " -":
        raise ScoretokError(
            f"syllable {syllable.text!r} at tick {start_ticks} begins or ends with a space, or ends with a hyphen;"
            " whether its word goes on is said by word_end"
        )
