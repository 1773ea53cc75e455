"""Converts the model's song to a score, or writes some of its cells into an existing score."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from planner.language import Cell
from planner.sequence import Place
from planner.song import PHRASE, Part, Song
from scoretok.bars import join_notes
from scoretok.harmony import parse_key
from scoretok.parts import Chord, Meter, Note, Section, Syllable, Tempo, Track
from scoretok.performance import settled_in
from scoretok.sheet import LeadSheet


def notes_of_cell(cell: Cell, start_ticks: int, is_drums: bool, syllables: tuple[Syllable, ...] = ()) -> list[Note]:
    """The notes of a cell that begins at a tick; `syllables` are laid on its onsets one by one."""
    notes, sung = [], iter(syllables)
    for hit in cell:
        duration = 1 if is_drums else hit.duration
        syllable = next(sung, None) if hit.syllable else None
        notes.append(Note(start_ticks + hit.position, hit.pitch, duration, hit.velocity, syllable))
    return notes


def sheet_of_song(song: Song, words: Mapping[Place, tuple[Syllable, ...]] | None = None, title: str = "") -> LeadSheet:
    """A new score that holds all that a song does; rounded notes end where their pitch begins again."""
    starts = song.bar_starts()
    meters, keys = [Meter(0, *song.meter)], [parse_key(song.key)]
    sections, chords = [], []
    for bar, plan in enumerate(song.plan):
        meters += [Meter(bar, *plan.meter)] if plan.meter and bar else []
        keys += [parse_key(plan.key, bar)] if plan.key and bar else []
        sections += [Section(bar, plan.label)] if plan.label not in (None, PHRASE) else []
        chords += [replace(chord, start_ticks=starts[bar] + chord.start_ticks) for chord in plan.chords]
    tracks = []
    for number, part in enumerate(song.parts):
        notes: list[Note] = []
        for bar in range(len(song)):
            cell = song.cells.get((number, bar), ())
            notes += notes_of_cell(cell, starts[bar], part.is_drums, (words or {}).get((number, bar), ()))
        tracks.append(Track(part.name.partition(".")[0], join_notes(notes), part.program))
    return LeadSheet(
        len(song), tuple(tracks), without_repeated_chords(chords), tuple(sections), tuple(meters),
        (Tempo(0, song.bpm),), tuple(keys), song.pickup_ticks, title,
    )  # fmt: skip


def without_repeated_chords(chords: list[Chord]) -> tuple[Chord, ...]:
    """Chords without those that say again what sounds already."""
    kept: list[Chord] = []
    for chord in chords:
        if not kept or replace(kept[-1], start_ticks=chord.start_ticks) != chord:
            kept.append(chord)
    return tuple(kept)


def replace_cells(sheet: LeadSheet, song: Song, places: list[Place]) -> LeadSheet:
    """A score with some of its cells as a song has them; what is sung in them stays."""
    tracks = dict(sheet.tracks_by_id)
    for number, part in enumerate(song.parts):
        mine = [bar for part_number, bar in places if part_number == number]
        if not mine:
            continue
        old = tracks[part.name]
        gone = [range(sheet.bar_starts[bar], sheet.bar_starts[bar + 1]) for bar in mine]
        notes = [note for note in old.notes if not any(note.start_ticks in span for span in gone)]
        words = {
            bar: tuple(note.syllable for note in old.notes if note.start_ticks in span and note.syllable)
            for bar, span in zip(mine, gone, strict=True)
        }
        for bar in mine:
            cell = song.cells.get((number, bar), ())
            notes += notes_of_cell(cell, sheet.bar_starts[bar], part.is_drums, words.get(bar, ()))
        spans = [(span.start, span.stop) for span in gone]
        tracks[part.name] = replace(old, notes=tuple(notes), controls=settled_in(old.controls, spans))
    return sheet.with_tracks(tracks.values())


def new_track(part: Part) -> Track:
    """An empty track for a part."""
    return Track(part.name.partition(".")[0], (), part.program)


def given_note_spans(sheet: LeadSheet, song: Song, written: Collection[Place]) -> dict[int, list[tuple[int, int, int]]]:
    """When the notes of a score sound that are not in cells to be written, exactly: (start, end, pitch) by part."""
    found: dict[int, list[tuple[int, int, int]]] = {}
    for number, part in enumerate(song.parts):
        found[number] = [
            (note.start_ticks, note.end_ticks, note.pitch)
            for note in sheet.tracks_by_id[part.name].notes
            if (number, sheet.bar_at(note.start_ticks)) not in written
        ]
    return found
