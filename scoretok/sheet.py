"""The score as one immutable value: LeadSheet, Track, Note, Syllable, Chord and the maps of bars and time.

Time is an integer count of ticks, 24 to a quarter note. Bars are counted from 0 here and from 1
wherever a person reads them.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Protocol, Self, TypeVar

from scoretok.errors import ScoretokError
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
MAX_TEXT_CHARS = 200
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Syllable(NamedTuple):
    """A sung syllable. `phonemes` are IPA, stress marks before the vowel; empty when unknown."""

    text: str
    phonemes: tuple[str, ...] = ()
    word_end: bool = True


class Note(NamedTuple):
    """One note. A vocal note without a syllable continues the syllable before it (a melisma)."""

    start_ticks: int
    pitch: int
    duration_ticks: int
    velocity: int = 80
    syllable: Syllable | None = None

    @property
    def end_ticks(self) -> int:
        return self.start_ticks + self.duration_ticks


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
        return 96 * self.numerator // self.denominator

    @property
    def beat_ticks(self) -> int:
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
        return self.mode in ("min", "dorian", "phrygian")

    @property
    def tonic_name(self) -> str:
        return fifths_to_name(self.fifths + MODE_TONIC_FIFTHS[self.mode])

    @property
    def tonic(self) -> int:
        return (self.fifths + MODE_TONIC_FIFTHS[self.mode]) * 7 % 12

    @property
    def scale(self) -> tuple[int, ...]:
        """The seven pitch classes of the signature, from the tonic up."""
        collection = {(self.fifths * 7 + step) % 12 for step in MAJOR_STEPS}
        return tuple(pc for pc in ((self.tonic + step) % 12 for step in range(12)) if pc in collection)

    def spell(self, pitch_class: int) -> str:
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
    """A part: its role, General MIDI program (the kit for drums) and notes, sorted when made.

    A drum hit has no length: it is kept as one tick. Raises ScoretokError when a note is out of
    range, when a pitch starts again while it still sounds, or when a syllable is not on the lowest
    note of an onset of a vocal track.
    """

    role: str
    notes: tuple[Note, ...] = ()
    program: int = 0
    name: str = ""
    muted: bool = False

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ScoretokError(f"role {self.role!r} is not one of: {', '.join(ROLES)}")
        if not 0 <= self.program <= 127:
            raise ScoretokError(f"{self.role} track: program {self.program} is not within 0..127")
        check_text(self.name, f"name of a {self.role} track", allow_empty=True)
        notes = self.notes
        if self.is_drums and any(note.duration_ticks != DRUM_TICKS for note in notes):
            notes = tuple(note._replace(duration_ticks=DRUM_TICKS) for note in notes)
        object.__setattr__(self, "notes", tuple(sorted(notes, key=_onset_and_pitch)))
        self._check_notes()

    def _check_notes(self) -> None:
        sounding_until = [0] * 128
        vocal = self.role == "vocal"
        last_start = -1
        for start, pitch, duration, velocity, syllable in self.notes:
            if not (
                start >= 0 and 0 <= pitch <= 127 and 1 <= velocity <= 127 and 1 <= duration <= MAX_DURATION_TICKS
            ):
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
            last_start = start

    @property
    def is_drums(self) -> bool:
        return self.role == "drums"


def _onset_and_pitch(note: Note) -> tuple[int, int]:
    return note[0], note[1]


def check_text(text: str, what: str, allow_empty: bool = False) -> None:
    """Raise ScoretokError unless `text` is one line of at most MAX_TEXT_CHARS characters without control characters."""
    if not text and not allow_empty:
        raise ScoretokError(f"{what} is empty")
    if len(text) > MAX_TEXT_CHARS:
        raise ScoretokError(f"{what} is longer than {MAX_TEXT_CHARS} characters")
    if not text.isprintable() and _CONTROL.search(text):
        raise ScoretokError(f"{what} holds a control character: {text!r}")


def clean_text(text: str) -> str:
    """The text without control characters, cut to the length that a score may hold."""
    return _CONTROL.sub("", text)[:MAX_TEXT_CHARS]


def _check_syllable(syllable: Syllable, start_ticks: int) -> None:
    check_text(syllable.text, f"syllable at tick {start_ticks}")
    if syllable.text[0] == " " or syllable.text[-1] in " -":
        raise ScoretokError(
            f"syllable {syllable.text!r} at tick {start_ticks} begins or ends with a space, or ends with a hyphen;"
            " whether its word goes on is said by word_end"
        )


class _AtBar(Protocol):
    @property
    def bar(self) -> int: ...


class _AtTick(Protocol):
    @property
    def start_ticks(self) -> int: ...


AtBar = TypeVar("AtBar", bound=_AtBar)
AtTick = TypeVar("AtTick", bound=_AtTick)


@dataclass(frozen=True)
class LeadSheet:
    """A whole score: form, time, harmony and tracks.

    The maps are sorted when the sheet is made, and entries that change nothing are dropped, so equal
    music compares equal. The first bar lasts `pickup_ticks` when that is not 0. A note may ring past
    the last bar line. Raises ScoretokError when anything lies outside the sheet or its limits.
    """

    bar_count: int
    tracks: tuple[Track, ...] = ()
    chords: tuple[Chord, ...] = ()
    sections: tuple[Section, ...] = ()
    meters: tuple[Meter, ...] = (Meter(0, 4, 4),)
    tempos: tuple[Tempo, ...] = (Tempo(0, 120.0),)
    keys: tuple[Key, ...] = (Key(0, 0),)
    pickup_ticks: int = 0
    title: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.bar_count <= MAX_BARS:
            raise ScoretokError(f"a score has 1 to {MAX_BARS} bars, this one has {self.bar_count}")
        check_text(self.title, "the title", allow_empty=True)
        for field in ("meters", "keys", "sections"):
            self._sort_map(field, "bar", self.bar_count)
        if self.pickup_ticks and not (
            self.pickup_ticks < self.meters[0].bar_ticks and meter_lasting(self.pickup_ticks)
        ):
            raise ScoretokError(
                f"a pickup of {self.pickup_ticks} ticks does not fit: it is shorter than the first bar and lasts at"
                " most 32 notes of one kind, down to 32nds (3 ticks)"
            )
        for field in ("tempos", "chords"):
            self._sort_map(field, "start_ticks", self.end_ticks)
        object.__setattr__(self, "tracks", tuple(self.tracks))
        self._check_tracks()

    def _sort_map(self, field: str, key: str, stop: int) -> None:
        entries = sorted(getattr(self, field), key=lambda entry: getattr(entry, key))
        kept: list[object] = []
        for i, entry in enumerate(entries):
            at = getattr(entry, key)
            where = f"{field[:-1]} at {'bar ' + str(at + 1) if key == 'bar' else 'tick ' + str(at)}"
            if not 0 <= at < stop:
                raise ScoretokError(f"{where} lies outside the score")
            if i and at == getattr(entries[i - 1], key):
                raise ScoretokError(f"{where} is given twice")
            changes = not kept or field in ("sections", "chords") or replace(entry, **{key: 0}) != replace(
                kept[-1], **{key: 0}  # type: ignore[type-var]
            )
            if changes:
                kept.append(entry)
        if field in ("meters", "keys", "tempos") and (not kept or getattr(kept[0], key) != 0):
            raise ScoretokError(f"the score has no {field[:-1]} at its start")
        object.__setattr__(self, field, tuple(kept))

    def _check_tracks(self) -> None:
        roles = [track.role for track in self.tracks]
        for role in set(roles):
            if roles.count(role) > MAX_TRACKS_PER_ROLE:
                raise ScoretokError(
                    f"{roles.count(role)} {role} tracks are too many; at most {MAX_TRACKS_PER_ROLE} share a role:"
                    " join or leave out some"
                )
        for track in self.tracks:
            if track.notes and track.notes[-1].start_ticks >= self.end_ticks:
                raise ScoretokError(
                    f"{track.role} track: note at tick {track.notes[-1].start_ticks} starts after the last bar"
                )

    # Bars

    @cached_property
    def bar_starts(self) -> tuple[int, ...]:
        """Tick of every bar line, the final one included: bar_count + 1 values."""
        starts, tick = [], 0
        changes = {meter.bar: meter.bar_ticks for meter in self.meters}
        for bar in range(self.bar_count):
            starts.append(tick)
            bar_ticks = changes[bar] if bar in changes else bar_ticks  # noqa: F821
            tick += self.pickup_ticks if bar == 0 and self.pickup_ticks else bar_ticks
        return (*starts, tick)

    @property
    def end_ticks(self) -> int:
        return self.bar_starts[-1]

    def bar_at(self, ticks: int) -> int:
        """The bar that a tick lies in; the last one for ticks beyond the end."""
        return min(max(bisect_right(self.bar_starts, ticks) - 1, 0), self.bar_count - 1)

    def meter_at(self, bar: int) -> Meter:
        return last_at_bar(self.meters, bar)

    def key_at(self, bar: int) -> Key:
        return last_at_bar(self.keys, bar)

    def section_at(self, bar: int) -> Section | None:
        return last_at_bar(self.sections, bar) if self.sections and self.sections[0].bar <= bar else None

    def section_bars(self, index: int) -> range:
        """Bars of the section with this index in `sections`."""
        stop = self.sections[index + 1].bar if index + 1 < len(self.sections) else self.bar_count
        return range(self.sections[index].bar, stop)

    # Time

    def tempo_at(self, ticks: int) -> Tempo:
        return last_at_tick(self.tempos, ticks)

    def chord_at(self, ticks: int) -> Chord | None:
        return last_at_tick(self.chords, ticks) if self.chords and self.chords[0].start_ticks <= ticks else None

    @cached_property
    def _tempo_starts_s(self) -> tuple[float, ...]:
        starts = [0.0]
        for previous, tempo in zip(self.tempos, self.tempos[1:], strict=False):
            starts.append(starts[-1] + _ticks_to_s(tempo.start_ticks - previous.start_ticks, previous.bpm))
        return tuple(starts)

    def seconds_at(self, ticks: int) -> float:
        """Seconds from the start to a tick, by the tempo map."""
        i = bisect_right(self.tempos, ticks, key=lambda tempo: tempo.start_ticks) - 1
        tempo = self.tempos[max(i, 0)]
        return self._tempo_starts_s[max(i, 0)] + _ticks_to_s(ticks - tempo.start_ticks, tempo.bpm)

    def ticks_at(self, seconds: float) -> float:
        """Ticks (not rounded) at a moment given in seconds: the inverse of `seconds_at`."""
        i = max(bisect_right(self._tempo_starts_s, seconds) - 1, 0)
        tempo = self.tempos[i]
        return tempo.start_ticks + (seconds - self._tempo_starts_s[i]) * tempo.bpm * TICKS_PER_QUARTER / 60

    @property
    def duration_s(self) -> float:
        return self.seconds_at(self.end_ticks)

    # Tracks

    @cached_property
    def track_ids(self) -> tuple[str, ...]:
        """A stable name for every track: its role and number among that role, 'piano.2'."""
        seen: dict[str, int] = {}
        ids = []
        for track in self.tracks:
            seen[track.role] = seen.get(track.role, 0) + 1
            ids.append(f"{track.role}.{seen[track.role]}")
        return tuple(ids)

    def notes_in(self, track: int, bar: int) -> tuple[Note, ...]:
        """Notes of a track that start in a bar."""
        notes = self.tracks[track].notes
        first = bisect_right(notes, self.bar_starts[bar] - 1, key=_start)
        return notes[first : bisect_right(notes, self.bar_starts[bar + 1] - 1, key=_start)]

    def with_tracks(self, tracks: Iterable[Track]) -> Self:
        return replace(self, tracks=tuple(tracks))

    @property
    def note_count(self) -> int:
        return sum(len(track.notes) for track in self.tracks)


def last_at_bar(entries: Sequence[AtBar], bar: int) -> AtBar:
    """The entry of a map that is in force in a bar (the first one before its start)."""
    return entries[max(bisect_right(entries, bar, key=lambda entry: entry.bar) - 1, 0)]


def last_at_tick(entries: Sequence[AtTick], ticks: int) -> AtTick:
    """The entry of a map that is in force at a tick (the first one before its start)."""
    return entries[max(bisect_right(entries, ticks, key=lambda entry: entry.start_ticks) - 1, 0)]


def _start(note: Note) -> int:
    return note[0]


def _ticks_to_s(ticks: int, bpm: float) -> float:
    return ticks * 60 / (bpm * TICKS_PER_QUARTER)
