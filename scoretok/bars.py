"""Slicing, rearranging and comparing scores by bars."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise

from scoretok.errors import ScoretokError
from scoretok.parts import (
    MAX_BAR_TICKS,
    MAX_METER_NUMERATOR,
    METER_DENOMINATORS,
    Chord,
    Key,
    Meter,
    Note,
    Section,
    Tempo,
    Track,
    meter_lasting,
)
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
    shorter (the pickup) and a last one that breaks off. Raises ScoretokError for meters without a bar.
    """
    starts, first_bars, meters, pickup_ticks = [0], [], [], 0
    for number, ((numerator, denominator), written) in enumerate(zip(signatures, lengths_ticks, strict=True)):
        ticks = 96 * numerator // denominator if denominator else 0
        length, pieces = ticks, _bars_of(numerator, denominator, ticks)
        fitting = _split_measure(written) if written not in (0, ticks) else []
        if number == 0 and written < ticks and len(fitting) == 1 and len(pieces) == 1:
            pickup_ticks = length = written
        elif fitting and (number + 1 < len(signatures) or written > ticks):
            length, pieces = written, fitting
        first_bars.append(len(meters))
        meters += [Meter(len(meters) + i, *piece) for i, piece in enumerate(pieces)]
        starts.append(starts[-1] + length)
    return Layout(tuple(starts), tuple(first_bars), tuple(meters), pickup_ticks)


def _bars_of(numerator: int, denominator: int, ticks: int) -> list[tuple[int, int]]:
    """The meters that make up one measure: its signature, or shorter ones where it is beyond our limits."""
    legal = denominator in METER_DENOMINATORS and 1 <= numerator <= MAX_METER_NUMERATOR and ticks <= MAX_BAR_TICKS
    pieces = [(numerator, denominator)] if legal else _split_measure(ticks)
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
    runs = _runs(list(bars))
    new_bar = new_tick = 0
    meters: list[Meter] = []
    keys: list[Key] = []
    sections: list[Section] = []
    tempos: list[Tempo] = []
    chords: list[Chord] = []
    notes: list[list[Note]] = [[] for _ in sheet.tracks]
    pickup_ticks = 0
    for run in runs:
        if run[0] is None:
            meter = meters[-1] if meters else sheet.meters[0]
            meters.append(replace(meter, bar=new_bar))
            keys.append(replace(keys[-1] if keys else sheet.keys[0], bar=new_bar))
            tempos.append(replace(tempos[-1] if tempos else sheet.tempos[0], start_ticks=new_tick))
            new_bar, new_tick = new_bar + len(run), new_tick + len(run) * meter.bar_ticks
            continue
        first, stop = run[0], run[-1] + 1  # type: ignore[operator]
        start_tick, stop_tick = sheet.bar_starts[first], sheet.bar_starts[stop]
        shift_bars, shift_ticks = new_bar - first, new_tick - start_tick
        if first == 0 and sheet.pickup_ticks:
            if new_bar == 0:
                pickup_ticks = sheet.pickup_ticks
            else:
                meters.append(Meter(new_bar, *(meter_lasting(sheet.pickup_ticks) or (4, 4))))
                if stop > 1:
                    meters.append(replace(sheet.meter_at(1), bar=new_bar + 1))
        if not (meters and meters[-1].bar >= new_bar):
            meters.append(replace(sheet.meter_at(first), bar=new_bar))
        keys.append(replace(sheet.key_at(first), bar=new_bar))
        tempos.append(replace(sheet.tempo_at(start_tick), start_ticks=new_tick))
        _carry_chord(sheet, chords, start_tick, new_tick)
        _carry_section(sheet, sections, first, new_bar)
        meters += [replace(m, bar=m.bar + shift_bars) for m in sheet.meters if first < m.bar < stop]
        keys += [replace(k, bar=k.bar + shift_bars) for k in sheet.keys if first < k.bar < stop]
        sections += [replace(s, bar=s.bar + shift_bars) for s in sheet.sections if first < s.bar < stop]
        for entries, moved in ((sheet.tempos, tempos), (sheet.chords, chords)):
            moved += [  # type: ignore[operator]
                replace(entry, start_ticks=entry.start_ticks + shift_ticks)
                for entry in entries
                if start_tick < entry.start_ticks < stop_tick
            ]
        limit = None if stop == sheet.bar_count else stop_tick
        for track, moved_notes in zip(sheet.tracks, notes, strict=True):
            moved_notes += [
                _moved(note, shift_ticks, limit) for note in track.notes if start_tick <= note.start_ticks < stop_tick
            ]
        new_bar, new_tick = new_bar + len(run), new_tick + stop_tick - start_tick
    unique_meters = {meter.bar: meter for meter in meters}
    return replace(
        sheet,
        bar_count=new_bar,
        meters=tuple(unique_meters.values()),
        keys=tuple(keys),
        sections=tuple(sections),
        tempos=tuple(tempos),
        chords=tuple(chords),
        pickup_ticks=pickup_ticks,
        tracks=tuple(
            replace(track, notes=_without_overlaps(moved)) for track, moved in zip(sheet.tracks, notes, strict=True)
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
    chord = sheet.chord_at(start_tick)
    if chord is None:
        return
    sounding = chords[-1] if chords else None
    moved = replace(chord, start_ticks=new_tick)
    if chord.start_ticks == start_tick or sounding is None or replace(sounding, start_ticks=new_tick) != moved:
        chords.append(moved)


def _carry_section(sheet: LeadSheet, sections: list[Section], first: int, new_bar: int) -> None:
    section = sheet.section_at(first)
    if section and (section.bar == first or not sections or sections[-1].label != section.label):
        sections.append(replace(section, bar=new_bar))


def _moved(note: Note, shift_ticks: int, limit_ticks: int | None) -> Note:
    duration = note.duration_ticks if limit_ticks is None else min(note.duration_ticks, limit_ticks - note.start_ticks)
    return note._replace(start_ticks=note.start_ticks + shift_ticks, duration_ticks=duration)


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
        kept.append(note._replace(duration_ticks=limit - note.start_ticks) if cut and limit else note)
    return tuple(reversed(kept))


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


def merge_tracks(first: Track, second: Track) -> Track:
    """The notes of both tracks on the first one."""
    return replace(first, notes=join_notes((*first.notes, *second.notes)))


@dataclass(frozen=True)
class Cell:
    """One (track, bar) that differs. `track` is a track id ('piano.1') or the name of a map ('chords').

    `before_bar` is None in an inserted bar, `after_bar` in a deleted one. Bars count from 0.
    """

    track: str
    before_bar: int | None
    after_bar: int | None


@dataclass(frozen=True)
class Difference:
    """What an edit changed: how the bars correspond, the changed cells, and changed header fields."""

    bar_pairs: tuple[tuple[int | None, int | None], ...]
    cells: tuple[Cell, ...]
    headers: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.cells or self.headers)


MAPS = ("meter", "key", "section", "tempo", "chords")


def diff(before: LeadSheet, after: LeadSheet) -> Difference:
    """Name the (track, bar) cells that differ between two scores.

    Bars correspond by number when both scores have equally many, else by the longest matching runs
    (Ratcliff and Obershelp). A track that was added or removed differs in each of its non-empty bars;
    a change of program, name or mute is a header, as are the title and pickup.
    """
    old, new = _fingerprints(before), _fingerprints(after)
    pairs = _bar_pairs(old, new)
    cells = []
    for before_bar, after_bar in pairs:
        old_cells = old[before_bar] if before_bar is not None else {}
        new_cells = new[after_bar] if after_bar is not None else {}
        names = [*MAPS, *sorted({*before.track_ids, *after.track_ids}, key=_track_order(before, after))]
        cells += [Cell(name, before_bar, after_bar) for name in names if old_cells.get(name) != new_cells.get(name)]
    headers = [name for name in ("title", "pickup_ticks") if getattr(before, name) != getattr(after, name)]
    old_tracks, new_tracks = (dict(zip(s.track_ids, s.tracks, strict=True)) for s in (before, after))
    for track_id in old_tracks.keys() | new_tracks.keys():
        one, two = old_tracks.get(track_id), new_tracks.get(track_id)
        if one is None or two is None:
            headers.append(f"{track_id} {'added' if one is None else 'removed'}")
        else:
            headers += [f"{track_id} {f}" for f in ("program", "name", "muted") if getattr(one, f) != getattr(two, f)]
    return Difference(tuple(pairs), tuple(cells), tuple(sorted(headers)))


def _track_order(before: LeadSheet, after: LeadSheet):  # noqa: ANN202
    order = list(dict.fromkeys((*after.track_ids, *before.track_ids)))
    return order.index


def _fingerprints(sheet: LeadSheet) -> list[dict[str, object]]:
    """For every bar, its cells by name: maps and notes with ticks counted from the bar line."""
    bars: list[dict[str, object]] = [{} for _ in range(sheet.bar_count)]
    for bar, cells in enumerate(bars):
        meter, key, section = sheet.meter_at(bar), sheet.key_at(bar), sheet.section_at(bar)
        start = sheet.bar_starts[bar]
        cells["meter"] = (meter.numerator, meter.denominator, sheet.bar_starts[bar + 1] - start)
        cells["key"] = (key.fifths, key.mode)
        cells["section"] = (section.label, bar == section.bar) if section else None
        tempos = [
            (t.start_ticks - start, t.bpm) for t in sheet.tempos if start < t.start_ticks < sheet.bar_starts[bar + 1]
        ]
        cells["tempo"] = (sheet.tempo_at(start).bpm, *tempos)
    for chord in sheet.chords:
        bar = sheet.bar_at(chord.start_ticks)
        moved = replace(chord, start_ticks=chord.start_ticks - sheet.bar_starts[bar])
        bars[bar].setdefault("chords", []).append(moved)  # type: ignore[attr-defined]
    for track_id, track in zip(sheet.track_ids, sheet.tracks, strict=True):
        for note in track.notes:
            bar = sheet.bar_at(note.start_ticks)
            moved_note = note._replace(start_ticks=note.start_ticks - sheet.bar_starts[bar])
            bars[bar].setdefault(track_id, []).append(moved_note)  # type: ignore[attr-defined]
    return bars


def _bar_pairs(old: list[dict[str, object]], new: list[dict[str, object]]) -> list[tuple[int | None, int | None]]:
    if len(old) == len(new):
        return [(bar, bar) for bar in range(len(old))]
    matcher = SequenceMatcher(None, [repr(bar) for bar in old], [repr(bar) for bar in new], autojunk=False)
    pairs: list[tuple[int | None, int | None]] = []
    for _, i1, i2, j1, j2 in matcher.get_opcodes():
        shared = min(i2 - i1, j2 - j1)
        pairs += [(i1 + k, j1 + k) for k in range(shared)]
        pairs += [(i, None) for i in range(i1 + shared, i2)]
        pairs += [(None, j) for j in range(j1 + shared, j2)]
    return pairs
