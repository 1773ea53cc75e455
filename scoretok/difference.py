"""Comparing scores: which (track, bar) cells differ."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from scoretok.sheet import LeadSheet


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

    @property
    def old_bars(self) -> dict[int, int]:
        """The old bar of every new one that has one."""
        return {new: old for old, new in self.bar_pairs if new is not None and old is not None}

    def __bool__(self) -> bool:
        return bool(self.cells or self.headers)


TRACK_FIELDS = ("program", "name", "muted", "singing")
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
    fields = {"title": "title", "pickup_ticks": "pickup"}
    headers = [name for field, name in fields.items() if getattr(before, field) != getattr(after, field)]
    old_tracks, new_tracks = (sheet.tracks_by_id for sheet in (before, after))
    for track_id in old_tracks.keys() | new_tracks.keys():
        one, two = old_tracks.get(track_id), new_tracks.get(track_id)
        if one is None or two is None:
            headers.append(f"{track_id} {'added' if one is None else 'removed'}")
        else:
            headers += [f"{track_id} {f}" for f in TRACK_FIELDS if getattr(one, f) != getattr(two, f)]
    return Difference(tuple(pairs), tuple(cells), tuple(sorted(headers)))


def _track_order(before: LeadSheet, after: LeadSheet) -> Callable[[str], int]:
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
    for track_id, track in sheet.tracks_by_id.items():
        for note in track.notes:
            bar = sheet.bar_at(note.start_ticks)
            moved_note = note._replace(start_ticks=note.start_ticks - sheet.bar_starts[bar])
            bars[bar].setdefault(track_id, []).append(moved_note)  # type: ignore[attr-defined]
        for bar, cells in enumerate(bars) if track.controls else ():
            if found := sheet.controls_in(track, bar):
                cells.setdefault(track_id, []).extend(found)  # type: ignore[attr-defined]
    return bars


def _music(bar: dict[str, object]) -> str:
    """What tells a bar from others: its notes, and its length."""
    return repr([bar["meter"], *((name, cell) for name, cell in bar.items() if name not in MAPS)])


def _bar_pairs(old: list[dict[str, object]], new: list[dict[str, object]]) -> list[tuple[int | None, int | None]]:
    if len(old) == len(new):
        return [(bar, bar) for bar in range(len(old))]
    matcher = SequenceMatcher(None, [_music(bar) for bar in old], [_music(bar) for bar in new], autojunk=False)
    pairs: list[tuple[int | None, int | None]] = []
    for _, i1, i2, j1, j2 in matcher.get_opcodes():
        shared = min(i2 - i1, j2 - j1)
        pairs += [(i1 + k, j1 + k) for k in range(shared)]
        pairs += [(i, None) for i in range(i1 + shared, i2)]
        pairs += [(None, j) for j in range(j1 + shared, j2)]
    return pairs
