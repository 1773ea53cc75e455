"""The score as one immutable value: form, time, harmony and tracks."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, Self, TypeVar

from scoretok.errors import ScoretokError
from scoretok.parts import (
    MAX_BARS,
    MAX_TRACKS_PER_ROLE,
    TICKS_PER_QUARTER,
    Chord,
    Key,
    Meter,
    Note,
    Section,
    Tempo,
    Track,
    meter_lasting,
)
from scoretok.performance import BarControl, bar_controls
from scoretok.texts import check_text


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
            changes = (
                not kept
                or field in ("sections", "chords")
                or replace(entry, **{key: 0})
                != replace(
                    kept[-1],
                    **{key: 0},  # type: ignore[type-var]
                )
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
        starts, tick, bar_ticks = [], 0, 0
        changes = {meter.bar: meter.bar_ticks for meter in self.meters}
        for bar in range(self.bar_count):
            starts.append(tick)
            bar_ticks = changes.get(bar, bar_ticks)
            tick += self.pickup_ticks if bar == 0 and self.pickup_ticks else bar_ticks
        return (*starts, tick)

    @property
    def end_ticks(self) -> int:
        """The last bar line."""
        return self.bar_starts[-1]

    def bar_at(self, ticks: int) -> int:
        """The bar that a tick lies in; the last one for ticks beyond the end."""
        return min(max(bisect_right(self.bar_starts, ticks) - 1, 0), self.bar_count - 1)

    def meter_at(self, bar: int) -> Meter:
        """The meter of a bar, counted from 0."""
        return last_at_bar(self.meters, bar)

    def key_at(self, bar: int) -> Key:
        """The key of a bar, counted from 0."""
        return last_at_bar(self.keys, bar)

    def section_at(self, bar: int) -> Section | None:
        """The section that a bar lies in, None before the first."""
        return last_at_bar(self.sections, bar) if self.sections and self.sections[0].bar <= bar else None

    def section_bars(self, index: int) -> range:
        """Bars of the section with this index in `sections`."""
        stop = self.sections[index + 1].bar if index + 1 < len(self.sections) else self.bar_count
        return range(self.sections[index].bar, stop)

    # Time

    def tempo_at(self, ticks: int) -> Tempo:
        """The tempo at a tick."""
        return last_at_tick(self.tempos, ticks)

    def chord_at(self, ticks: int) -> Chord | None:
        """The chord that sounds at a tick, None before the first."""
        return last_at_tick(self.chords, ticks) if self.chords and self.chords[0].start_ticks <= ticks else None

    @cached_property
    def _tempo_starts_s(self) -> tuple[float, ...]:
        starts = [0.0]
        for previous, tempo in zip(self.tempos, self.tempos[1:], strict=False):
            starts.append(starts[-1] + _ticks_to_s(tempo.start_ticks - previous.start_ticks, previous.bpm))
        return tuple(starts)

    def seconds_at(self, ticks: float) -> float:
        """Seconds from the start to a tick, by the tempo map."""
        i = bisect_right(self.tempos, ticks, key=lambda tempo: tempo.start_ticks) - 1
        tempo = self.tempos[max(i, 0)]
        return self._tempo_starts_s[max(i, 0)] + _ticks_to_s(ticks - tempo.start_ticks, tempo.bpm)

    def bar_span_s(self, bars: range) -> tuple[float, float]:
        """Seconds of the first bar line and the last of some bars."""
        return self.seconds_at(self.bar_starts[bars.start]), self.seconds_at(self.bar_starts[bars.stop])

    def ticks_at(self, seconds: float) -> float:
        """Ticks (not rounded) at a moment given in seconds: the inverse of `seconds_at`."""
        i = max(bisect_right(self._tempo_starts_s, seconds) - 1, 0)
        tempo = self.tempos[i]
        return tempo.start_ticks + (seconds - self._tempo_starts_s[i]) * tempo.bpm * TICKS_PER_QUARTER / 60

    @property
    def duration_s(self) -> float:
        """The length in seconds."""
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

    @cached_property
    def tracks_by_id(self) -> dict[str, Track]:
        """Every track by its stable name, in their order."""
        return dict(zip(self.track_ids, self.tracks, strict=True))

    def notes_in(self, track: int, bar: int) -> tuple[Note, ...]:
        """Notes of a track that start in a bar."""
        notes = self.tracks[track].notes
        first = bisect_right(notes, self.bar_starts[bar] - 1, key=_start)
        return notes[first : bisect_right(notes, self.bar_starts[bar + 1] - 1, key=_start)]

    def controls_in(self, track: Track, bar: int) -> tuple[BarControl, ...]:
        """What the controls of a track do in a bar, and behind it for the last one."""
        stop = self.bar_starts[bar + 1] if bar + 1 < self.bar_count else None
        return bar_controls(track.controls, self.bar_starts[bar], stop)

    def with_tracks(self, tracks: Iterable[Track]) -> Self:
        """The sheet with other tracks."""
        return replace(self, tracks=tuple(tracks))

    @property
    def note_count(self) -> int:
        """The notes of all tracks."""
        return sum(len(track.notes) for track in self.tracks)


def last_at_bar(entries: Sequence[AtBar], bar: int) -> AtBar:
    """The entry of a map that is in force in a bar (the first one before its start)."""
    return entries[max(bisect_right(entries, bar, key=lambda entry: entry.bar) - 1, 0)]


def last_at_tick(entries: Sequence[AtTick], ticks: int) -> AtTick:
    """The entry of a map that is in force at a tick (the first one before its start)."""
    return entries[max(bisect_right(entries, ticks, key=lambda entry: entry.start_ticks) - 1, 0)]


def _start(note: Note) -> int:
    return note[0]


def _ticks_to_s(ticks: float, bpm: float) -> float:
    return ticks * 60 / (bpm * TICKS_PER_QUARTER)
