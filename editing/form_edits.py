"""Edits of form: delete, keep, copy, insert, repeat and move bars; sections."""

from dataclasses import replace

from editing.chord_spans import NO_CHORD, restore_harmony
from editing.where import Where, fit_notes, inside, whole_bars_only
from scoretok.bars import rearrange_bars
from scoretok.errors import ScoretokError
from scoretok.parts import Chord, Section
from scoretok.performance import SUBTICKS_PER_TICK, Control, ControlPoint, replaced, settled_in
from scoretok.sheet import LeadSheet


def delete_bars(sheet: LeadSheet, where: Where) -> LeadSheet:
    """Take bars out; what follows moves up."""
    whole_bars_only(where, "delete")
    gone = set(where.bars(sheet))
    return rearrange_bars(sheet, [bar for bar in range(sheet.bar_count) if bar not in gone])


def keep_bars(sheet: LeadSheet, where: Where) -> LeadSheet:
    """Take all other bars out."""
    whole_bars_only(where, "keep")
    return rearrange_bars(sheet, where.bars(sheet))


def clear(sheet: LeadSheet, where: Where) -> LeadSheet:
    """Drop the notes and what was played with them; the bars stay, empty."""
    spans = where.tick_spans(sheet)
    chosen = where.track_numbers(sheet)
    return sheet.with_tracks(
        replace(
            track,
            notes=tuple(n for n in track.notes if not inside(n.start_ticks, spans)),
            controls=settled_in(track.controls, spans),
        )
        if number in chosen
        else track
        for number, track in enumerate(sheet.tracks)
    )


def insert_bars(sheet: LeadSheet, count: int, before_bar: int) -> LeadSheet:
    """Put empty bars before a bar (from 0; bar_count: at the end), in the meter and key before them."""
    order: list[int | None] = list(range(sheet.bar_count))
    order[before_bar:before_bar] = [None] * count
    return rearrange_bars(sheet, order)


def repeat_bars(sheet: LeadSheet, where: Where, times: int) -> LeadSheet:
    """Play a passage so many times in all."""
    whole_bars_only(where, "repeat")
    run = where.one_run(sheet, "repeat")
    order = list(range(sheet.bar_count))
    return rearrange_bars(sheet, [*order[: run.stop], *list(run) * (times - 1), *order[run.stop :]])


def move_bars(sheet: LeadSheet, where: Where, before_bar: int) -> LeadSheet:
    """Move a passage before another bar (from 0; bar_count: to the end)."""
    whole_bars_only(where, "move")
    run = where.one_run(sheet, "move")
    if run.start <= before_bar <= run.stop:
        raise ScoretokError("move: the passage would stay where it is; name a bar outside it")
    rest = [bar for bar in range(sheet.bar_count) if bar not in run]
    at = before_bar if before_bar < run.start else before_bar - len(run)
    return rearrange_bars(sheet, [*rest[:at], *run, *rest[at:]])


def copy_bars(sheet: LeadSheet, where: Where, to_bar: int) -> LeadSheet:
    """Copy the notes of a passage over the bars from `to_bar` on (from 0), which must have the same lengths.

    Without named tracks the chords are copied too.
    """
    run = where.one_run(sheet, "copy")
    target = range(to_bar, to_bar + len(run))
    if target.stop > sheet.bar_count:
        raise ScoretokError(f"copy: {len(run)} bars do not fit from bar {to_bar + 1} to the end; insert bars first")
    starts = sheet.bar_starts
    for bar, other in zip(run, target, strict=True):
        if starts[bar + 1] - starts[bar] != starts[other + 1] - starts[other]:
            raise ScoretokError(f"copy: bars {bar + 1} and {other + 1} have different lengths")
    shift = starts[target.start] - starts[run.start]
    source, aim = (starts[run.start], starts[run.stop]), (starts[target.start], starts[target.stop])
    tracks = list(sheet.tracks)
    for number in where.track_numbers(sheet):
        notes = tracks[number].notes
        copied = [n._replace(start_ticks=n.start_ticks + shift) for n in notes if inside(n.start_ticks, [source])]
        kept = [note for note in notes if not inside(note.start_ticks, [aim])]
        controls = tuple(_copied_control(control, source, aim) for control in tracks[number].controls)
        tracks[number] = replace(tracks[number], notes=fit_notes(kept, copied, [aim]), controls=controls)
    if where.tracks is not None:
        return sheet.with_tracks(tracks)
    return replace(sheet, tracks=tuple(tracks), chords=_copied_chords(sheet, source, aim))


def _copied_control(control: Control, source: tuple[int, int], aim: tuple[int, int]) -> Control:
    """A control that does in one span what it does in another; the value that it begins with is stated."""
    (start, stop), (begin, end) = ([tick * SUBTICKS_PER_TICK for tick in span] for span in (source, aim))
    first = ControlPoint(begin, control.value_at(start - 1))
    copied = [ControlPoint(at - start + begin, value) for at, value in control.between(start, stop)]
    return replaced(control, begin, end, [first, *copied])


def _copied_chords(sheet: LeadSheet, source: tuple[int, int], aim: tuple[int, int]) -> tuple[Chord, ...]:
    shift = aim[0] - source[0]
    chords = {c.start_ticks: c for c in sheet.chords if not inside(c.start_ticks, [aim])}
    first = sheet.chord_at(source[0])
    if first or any(tick < aim[0] for tick in chords):
        chords[aim[0]] = replace(first or NO_CHORD, start_ticks=aim[0])
    for chord in sheet.chords:
        if inside(chord.start_ticks, [source]):
            chords[chord.start_ticks + shift] = replace(chord, start_ticks=chord.start_ticks + shift)
    restore_harmony(sheet, chords, aim[1])
    return tuple(chords.values())


def set_section(sheet: LeadSheet, where: Where, label: str) -> LeadSheet:
    """Name bars as a section; a section that went on behind them goes on as itself."""
    whole_bars_only(where, "section")
    sections = {section.bar: section for section in sheet.sections}
    for run in where.runs(sheet):
        after = sheet.section_at(run.stop) if run.stop < sheet.bar_count else None
        for bar in run:
            sections.pop(bar, None)
        sections[run.start] = Section(run.start, label)
        if after and after.bar < run.stop:
            sections[run.stop] = replace(after, bar=run.stop)
    return replace(sheet, sections=tuple(sections.values()))


def remove_sections(sheet: LeadSheet, where: Where) -> LeadSheet:
    """Take the section marks out of some bars; the section before them goes on."""
    whole_bars_only(where, "remove sections")
    gone = set(where.bars(sheet))
    return replace(sheet, sections=tuple(section for section in sheet.sections if section.bar not in gone))
