"""Laying out, slicing and rearranging scores by bars, and making notes legal for a track."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from scoretok.errors import ScoretokError, warn
from scoretok.parts import (
    MAX_BAR_TICKS,
    MAX_BARS,
    MAX_METER_NUMERATOR,
    METER_DENOMINATORS,
    Chord,
    Key,
    Meter,
    Note,
    Section,
    Tempo,
    meter_lasting,
)
from scoretok.performance import JoinedCurve
from scoretok.sheet import LeadSheet


@dataclass(frozen=True)
class Layout:
    """The bars of a score that was written in measures.

    `measure_starts` has the tick of every measure and of the end, `first_bars` the first bar of every
    measure (a measure longer than a bar can be is several bars), `meters` one meter a bar.
    """

    measure_starts: tuple[int, ...]
    first_bars: tuple[int, ...]
    meters: tuple[Meter, ...]
    pickup_ticks: int


def lay_bars(signatures: Sequence[tuple[int, int]], lengths_ticks: Sequence[int]) -> Layout:
    """Lay out bars from the time signature and the written length of every measure.

    A measure shorter or longer than its signature gets a meter of its own, but for a first one that is
    shorter (the pickup) and a last one that breaks off; one too long for that is bars of its signature
    and a rest. Raises ScoretokError for meters without a bar and for more bars than a score has.
    """
    starts, first_bars, pickup_ticks = [0], [], 0
    meters: list[Meter] = []
    for number, ((numerator, denominator), written) in enumerate(zip(signatures, lengths_ticks, strict=True)):
        ticks = 96 * numerator // denominator if denominator else 0
        length, pieces = ticks, _bars_of(numerator, denominator, ticks)
        fitting = _split_measure(written) if written not in (0, ticks) else []
        if written // max(ticks, 1) > MAX_BARS - len(meters):
            raise ScoretokError(f"it has more than {MAX_BARS} bars; cut it")
        if not fitting and written > ticks:
            fitting = pieces * (written // ticks) + (_split_measure(written % ticks) or pieces)
        if number == 0 and written < ticks and len(fitting) == 1 and len(pieces) == 1:
            pickup_ticks = length = written
        elif fitting and (number + 1 < len(signatures) or written > ticks):
            length, pieces = sum(96 * piece[0] // piece[1] for piece in fitting), fitting
        first_bars.append(len(meters))
        meters += [Meter(len(meters) + i, *piece) for i, piece in enumerate(pieces)]
        starts.append(starts[-1] + length)
    return Layout(tuple(starts), tuple(first_bars), tuple(meters), pickup_ticks)


def _bars_of(numerator: int, denominator: int, ticks: int) -> list[tuple[int, int]]:
    """The meters that make up one measure: its signature, or shorter ones where it is beyond our limits."""
    legal = denominator in METER_DENOMINATORS and 1 <= numerator <= MAX_METER_NUMERATOR and ticks <= MAX_BAR_TICKS
    note_value = denominator > 0 and denominator & (denominator - 1) == 0
    pieces = [(numerator, denominator)] if legal else _split_measure(ticks) if note_value else []
    if not pieces:
        Meter(0, numerator, denominator)
    return pieces


def _split_measure(ticks: int) -> list[tuple[int, int]]:
    """As few equal bars as can be that last so many ticks together; none when no meter fits."""
    for count in range(1, 17):
        meter = meter_lasting(ticks // count) if ticks % count == 0 else None
        if meter:
            return [meter] * count
    return []


def slice_bars(sheet: LeadSheet, start_bar: int, stop_bar: int) -> LeadSheet:
    """The bars start_bar (0-based) to stop_bar (excluded) as a score of their own.

    The meter, key, tempo, chord and section in force at the start come along; notes that began
    earlier do not, and notes are cut at the end of the slice.
    """
    if not 0 <= start_bar < stop_bar <= sheet.bar_count:
        raise ScoretokError(f"bars {start_bar + 1}-{stop_bar} are not within 1-{sheet.bar_count}")
    return rearrange_bars(sheet, range(start_bar, stop_bar))


def rearrange_bars(sheet: LeadSheet, bars: Iterable[int | None]) -> LeadSheet:
    """A score made of bars of `sheet` in a new order; None is an empty bar in the meter before it.

    Bars that were neighbours stay joined: notes ring across their bar line. Elsewhere notes are cut
    at the seam, and the meter, key, tempo, chord and section in force are stated anew where needed.
    """
    order = list(bars)
    for bar in order:
        if bar is not None and not 0 <= bar < sheet.bar_count:
            raise ScoretokError(f"there is no bar {bar + 1}; the score has the bars 1-{sheet.bar_count}")
    arranged = _Arrangement(sheet)
    runs = _runs(order)
    for number, run in enumerate(runs):
        if run[0] is None:
            arranged.add_empty(len(run))
        else:
            arranged.add(range(run[0], run[0] + len(run)), is_last=number + 1 == len(runs))
    return arranged.sheet()


class _Arrangement:
    """Collects the maps and notes of a score that is put together run by run."""

    def __init__(self, sheet: LeadSheet) -> None:
        self.source = sheet
        self.bar = self.tick = self.pickup_ticks = 0
        self.is_cut = True  # whether the music that was added last breaks off
        self.meters: dict[int, Meter] = {}
        self.keys: list[Key] = []
        self.sections: list[Section] = []
        self.section_bar: int | None = None  # first bar, in the source, of the section in force
        self.tempos: list[Tempo] = []
        self.chords: list[Chord] = []
        self.notes: list[list[Note]] = [[] for _ in sheet.tracks]
        self.controls = [{control.name: JoinedCurve(control) for control in track.controls} for track in sheet.tracks]

    def add_empty(self, count: int) -> None:
        """Empty bars in the meter, key and tempo before them."""
        meter = list(self.meters.values())[-1] if self.meters else self.source.meters[0]
        self.meters[self.bar] = replace(meter, bar=self.bar)
        self.keys.append(replace(self.keys[-1] if self.keys else self.source.keys[0], bar=self.bar))
        self._settle_controls()
        tempo = self.tempos[-1] if self.tempos else self.source.tempos[0]
        self.tempos.append(replace(tempo, start_ticks=self.tick))
        self.bar, self.tick = self.bar + count, self.tick + count * meter.bar_ticks

    def add(self, run: range, is_last: bool) -> None:
        """Neighbouring bars of the source; notes ring on only past the end of the last bar of both scores."""
        sheet = self.source
        start, stop = sheet.bar_starts[run.start], sheet.bar_starts[run.stop]
        bars, ticks = self.bar - run.start, self.tick - start
        self._add_meters(run, bars)
        self.keys.append(replace(sheet.key_at(run.start), bar=self.bar))
        self.keys += [replace(key, bar=key.bar + bars) for key in sheet.keys if key.bar in run[1:]]
        self.tempos.append(replace(sheet.tempo_at(start), start_ticks=self.tick))
        self.tempos += [
            replace(tempo, start_ticks=tempo.start_ticks + ticks)
            for tempo in sheet.tempos
            if start < tempo.start_ticks < stop
        ]
        _carry_chord(sheet, self.chords, start, self.tick)
        self.chords += [
            replace(chord, start_ticks=chord.start_ticks + ticks)
            for chord in sheet.chords
            if start < chord.start_ticks < stop
        ]
        self._carry_section(run)
        self.sections += [replace(s, bar=s.bar + bars) for s in sheet.sections if s.bar in run[1:]]
        limit = None if run.stop == sheet.bar_count and is_last else stop
        self.is_cut = limit is not None
        for track, notes in zip(sheet.tracks, self.notes, strict=True):
            notes += [_moved(note, ticks, limit) for note in track.notes if start <= note.start_ticks < stop]
        for curves in self.controls:
            for curve in curves.values():
                curve.add(start, limit, self.tick)
        self.bar, self.tick = self.bar + len(run), self.tick + stop - start

    def _settle_controls(self) -> None:
        """Let go of pedals and bends where the music they belong to breaks off."""
        for curves in self.controls:
            for curve in curves.values():
                curve.settle(self.tick)

    def _carry_section(self, run: range) -> None:
        """State the section that a run begins in, unless the run before ended in the same one."""
        section = self.source.section_at(run.start)
        if section and (section.bar == run.start or section.bar != self.section_bar):
            self.sections.append(replace(section, bar=self.bar))
        ending = self.source.section_at(run[-1])
        self.section_bar = ending.bar if ending else None

    def _add_meters(self, run: range, shift: int) -> None:
        sheet = self.source
        self.meters[self.bar] = replace(sheet.meter_at(run.start), bar=self.bar)
        if run.start == 0 and sheet.pickup_ticks and self.bar == 0:
            self.pickup_ticks = sheet.pickup_ticks
        elif run.start == 0 and sheet.pickup_ticks:
            self.meters[self.bar] = Meter(self.bar, *(meter_lasting(sheet.pickup_ticks) or (4, 4)))
            if len(run) > 1:
                self.meters[self.bar + 1] = replace(sheet.meter_at(1), bar=self.bar + 1)
        for meter in sheet.meters:
            if meter.bar in run[1:]:
                self.meters[meter.bar + shift] = replace(meter, bar=meter.bar + shift)

    def sheet(self) -> LeadSheet:
        """The score put together."""
        if self.is_cut:
            self._settle_controls()
        return replace(
            self.source,
            bar_count=self.bar,
            meters=tuple(self.meters.values()),
            keys=tuple(self.keys),
            sections=tuple(self.sections),
            tempos=tuple(self.tempos),
            chords=tuple(self.chords),
            pickup_ticks=self.pickup_ticks,
            tracks=tuple(
                replace(
                    track,
                    notes=_without_overlaps(notes),
                    controls=tuple(curve.control() for curve in curves.values()),
                )
                for track, notes, curves in zip(self.source.tracks, self.notes, self.controls, strict=True)
            ),
        )


def _runs(bars: Sequence[int | None]) -> list[list[int | None]]:
    """Split a bar order into runs of neighbours (and runs of empty bars)."""
    if not bars:
        raise ScoretokError("that would leave no bar; a score has at least one")
    runs: list[list[int | None]] = [[bars[0]]]
    for previous, bar in pairwise(bars):
        joined = bar is None if previous is None else bar == previous + 1
        runs[-1].append(bar) if joined else runs.append([bar])
    return runs


def _carry_chord(sheet: LeadSheet, chords: list[Chord], start_tick: int, new_tick: int) -> None:
    """State the chord that a run begins in, unless it sounds already; N when it has none and one sounds."""
    chord = sheet.chord_at(start_tick)
    sounding = chords[-1] if chords else None
    if chord is None:
        if sounding and sounding.root is not None:
            chords.append(Chord(new_tick, None))
        return
    moved = replace(chord, start_ticks=new_tick)
    if chord.start_ticks == start_tick or sounding is None or replace(sounding, start_ticks=new_tick) != moved:
        chords.append(moved)


def _moved(note: Note, shift_ticks: int, limit_ticks: int | None) -> Note:
    duration = note.duration_ticks if limit_ticks is None else min(note.duration_ticks, limit_ticks - note.start_ticks)
    return note.lasting(duration)._replace(start_ticks=note.start_ticks + shift_ticks)


def _without_overlaps(notes: Sequence[Note]) -> tuple[Note, ...]:
    """Cut every note where its pitch starts again; of two equal onsets the later one in the list stays."""
    next_start: dict[int, int] = {}
    kept = []
    for note in reversed(sorted(notes, key=lambda n: n.start_ticks)):  # noqa: C413 - equal onsets must turn round too
        limit = next_start.get(note.pitch)
        if limit == note.start_ticks:
            continue
        next_start[note.pitch] = note.start_ticks
        cut = limit is not None and note.end_ticks > limit
        kept.append(note.lasting(limit - note.start_ticks) if cut and limit else note)
    return tuple(reversed(kept))


def join_notes_aloud(notes: Sequence[Note]) -> tuple[Note, ...]:
    """`join_notes` of what a reader found; warns of doubled notes."""
    joined = join_notes(notes)
    if len(joined) < len(notes):
        warn(f"{len(notes) - len(joined)} doubled notes were merged", "merged")
    return joined


def join_notes(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Make any notes legal for one track: sorted, no pitch restarted while it sounds, one syllable an onset.

    A note is cut where its pitch starts again; of two notes with one onset and pitch the longer stays.
    """
    ordered = sorted(notes, key=lambda n: (n.start_ticks, n.pitch, n.duration_ticks, n.velocity))
    by_onset: dict[int, list[Note]] = {}
    for note in ordered:
        by_onset.setdefault(note.start_ticks, []).append(note)
    first_at: set[int] = set()
    legal = []
    for note in sorted(_without_overlaps(ordered), key=lambda n: (n.start_ticks, n.pitch)):
        syllable = None
        if note.start_ticks not in first_at:
            first_at.add(note.start_ticks)
            syllable = next((n.syllable for n in by_onset[note.start_ticks] if n.syllable), None)
        legal.append(note if note.syllable == syllable else note._replace(syllable=syllable))
    return tuple(legal)
