"""Where an edit applies: bars, sections and tracks, as phrases name them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from scoretok.bars import join_notes
from scoretok.errors import ScoretokError
from scoretok.formats.lead import short_id
from scoretok.parts import Note, Track
from scoretok.sheet import LeadSheet


@dataclass(frozen=True)
class Where:
    """Bars (ranges counted from 0) and tracks (numbers); None means all of them."""

    spans: tuple[range, ...] | None = None
    tracks: tuple[int, ...] | None = None

    def bars(self, sheet: LeadSheet) -> list[int]:
        """The bars meant, in order, each once."""
        if self.spans is None:
            return list(range(sheet.bar_count))
        return sorted({bar for span in self.spans for bar in span})

    def runs(self, sheet: LeadSheet) -> list[range]:
        """The bars meant as ranges of neighbours."""
        runs: list[range] = []
        for bar in self.bars(sheet):
            if runs and runs[-1].stop == bar:
                runs[-1] = range(runs[-1].start, bar + 1)
            else:
                runs.append(range(bar, bar + 1))
        return runs

    def one_run(self, sheet: LeadSheet, verb: str) -> range:
        """The bars meant when a verb works on one passage only. Raises ScoretokError."""
        runs = self.runs(sheet)
        if len(runs) != 1:
            raise ScoretokError(f"{verb} works on one passage at a time, and {len(runs)} are named; name one")
        return runs[0]

    def track_numbers(self, sheet: LeadSheet) -> tuple[int, ...]:
        """The tracks meant."""
        return tuple(range(len(sheet.tracks))) if self.tracks is None else self.tracks

    def tick_spans(self, sheet: LeadSheet) -> list[tuple[int, int]]:
        """The bars meant as spans of ticks."""
        return [(sheet.bar_starts[run.start], sheet.bar_starts[run.stop]) for run in self.runs(sheet)]


def inside(tick: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a tick lies in one of some spans."""
    return any(start <= tick < stop for start, stop in spans)


def find_bars(sheet: LeadSheet, first: int, last: int) -> range:
    """Bars as people count them (from 1, last included). Raises ScoretokError."""
    if not 1 <= first <= last <= sheet.bar_count:
        raise ScoretokError(f"bars {first}-{last} are not within 1-{sheet.bar_count}")
    return range(first - 1, last)


def find_section(sheet: LeadSheet, label: str, number: int | None = None) -> tuple[range, ...]:
    """The bars of every section with a label, or of its n-th one. Raises ScoretokError."""
    spans = [sheet.section_bars(i) for i, section in enumerate(sheet.sections) if section.label == label]
    if not spans:
        known = ", ".join(dict.fromkeys(section.label for section in sheet.sections)) or "none"
        raise ScoretokError(f"the score has no section {label!r}; its sections are: {known}")
    if number is None:
        return tuple(spans)
    if not 1 <= number <= len(spans):
        raise ScoretokError(f"the score has {len(spans)} {label} sections, not {number}")
    return (spans[number - 1],)


def find_tracks(sheet: LeadSheet, name: str) -> tuple[int, ...]:
    """Tracks by role ('piano': all of them), id ('piano.2') or name. Raises ScoretokError."""
    found = tuple(i for i, track in enumerate(sheet.tracks) if name in (track.role, sheet.track_ids[i]))
    found = found or tuple(i for i, track in enumerate(sheet.tracks) if track.name.casefold() == name.casefold())
    if not found:
        known = ", ".join(short_id(track_id) for track_id in sheet.track_ids) or "none"
        raise ScoretokError(f"the score has no track {name!r}; its tracks are: {known}")
    return found


def map_notes(sheet: LeadSheet, where: Where, change: Callable[[Track, Note], Note | None]) -> LeadSheet:
    """Change or drop (None) every note that starts where the edit applies; all others stay as they are."""

    def changed(track: Track, notes: Sequence[Note]) -> list[Note]:
        return [new for note in notes if (new := change(track, note)) is not None]

    return map_cells(sheet, where, changed)


def map_cells(sheet: LeadSheet, where: Where, change: Callable[[Track, list[Note]], Iterable[Note]]) -> LeadSheet:
    """Replace, track by track, all notes that start where the edit applies.

    A new note that meets a note outside the edit with its pitch gives way to it.
    """
    spans = where.tick_spans(sheet)
    tracks = list(sheet.tracks)
    for number in where.track_numbers(sheet):
        track = tracks[number]
        edited = [note for note in track.notes if inside(note.start_ticks, spans)]
        kept = [note for note in track.notes if not inside(note.start_ticks, spans)]
        tracks[number] = replace(track, notes=fit_notes(kept, change(track, edited), spans))
    return sheet.with_tracks(tracks)


def fit_notes(kept: Sequence[Note], edited: Iterable[Note], spans: Sequence[tuple[int, int]]) -> tuple[Note, ...]:
    """Kept notes unchanged, and edited notes inside `spans` (ticks) that give way to them.

    Where a kept note has its pitch, an edited one is shortened, delayed, or left out when it would begin
    outside the spans.
    """
    taken: dict[int, list[Note]] = {}
    for note in kept:
        taken.setdefault(note.pitch, []).append(note)
    fitted = []
    for note in join_notes(edited):
        start, end = note.start_ticks, note.end_ticks
        for other in taken.get(note.pitch, ()):
            if other.start_ticks <= start < other.end_ticks:
                start = other.end_ticks
            elif start < other.start_ticks < end:
                end = other.start_ticks
        if start < end and inside(start, spans):
            moved = note.lasting(end - start)._replace(start_ticks=start)
            fitted.append(moved if start == note.start_ticks else moved._replace(syllable=None))
    return tuple(sorted((*kept, *join_notes(fitted)), key=lambda note: note[:2]))


def whole_bars_only(where: Where, verb: str) -> None:
    """Raise ScoretokError when a verb that works on whole bars is given tracks."""
    if where.tracks is not None:
        raise ScoretokError(f"{verb} works on whole bars; leave out 'of ...'")
