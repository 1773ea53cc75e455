"""Songs as JSON lines, one a line: notes by role in ticks, bar lines, chords, sections, words.

A record has `id`, `tracks` (role -> [[onset, duration, pitch, velocity], ...]), `bars` (the tick of every bar line) and
`end`, 24 ticks to a quarter note; and may have `meter`, `tempo`, `key`, `chords` ([[tick, value], ...], chords in
Harte syntax), `sections`, `programs` (role -> General MIDI programs), `lyrics` ([[tick, text, place in its word], ...];
place 0 is a whole word, 1 its first syllable, 2 one inside, 3 its last), `genre` and `licence`.
"""

import gzip
import json
import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from planner.language import GENRES
from scoretok.bars import join_notes, lay_bars
from scoretok.errors import ScoretokError, ScoretokWarning
from scoretok.harmony import parse_key, try_chord
from scoretok.parts import MAX_DURATION_TICKS, Note, Section, Syllable, Tempo, Track
from scoretok.roles import ROLE_PROGRAMS, parse_section
from scoretok.sheet import LeadSheet
from scoretok.texts import clean_text

RECORD_ROLES = {
    "vocal2": "vocal", "vocal3": "vocal", "vocal4": "vocal", "organ": "piano", "mallet": "piano", "other": "piano",
    "harp": "guitar", "choir": "strings", "pad": "strings", "brass": "lead", "winds": "lead", "synth": "lead",
}  # fmt: skip
RECORD_PROGRAMS = {"organ": 16, "mallet": 11, "harp": 46, "choir": 52, "pad": 89, "brass": 61, "winds": 65, "synth": 81}


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a .jsonl or .jsonl.gz file. Raises ScoretokError at a line that is none."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        for number, line in enumerate(file, 1):
            try:
                record = json.loads(line)
                record["id"], record["tracks"], record["bars"], record["end"]
            except (ValueError, KeyError, TypeError):
                raise ScoretokError(f"{path}, line {number}: not a song record") from None
            yield record


def genre_of(record: dict[str, Any]) -> str:
    """The first genre of a record that the model knows."""
    names = [str(name).lower() for name in record.get("genre") or ()]
    return next((name for name in names if name in GENRES), "other")


def sheet_of_record(record: dict[str, Any]) -> LeadSheet:
    """The score that a record holds. Raises ScoretokError when it cannot be one."""
    bars = [*record["bars"], record["end"]]
    signatures = [_value_at(record.get("meter") or [[bars[0], "4/4"]], tick) for tick in bars[:-1]]
    fractions = [(int(n), int(d)) for n, d in (str(text).split("/") for text in signatures)]
    layout = lay_bars(fractions, [b - a for a, b in pairwise(bars)])
    shift = bars[0]
    end = layout.measure_starts[-1]
    first_bars = dict(zip(bars, layout.first_bars, strict=False))
    tempos = {max(0, tick - shift): bpm for tick, bpm in record.get("tempo") or [[shift, 100]]}
    tempos.setdefault(0, next(iter(tempos.values())))
    keys = {first_bars.get(tick, 0): text for tick, text in record.get("key") or [[shift, "C:maj"]]}
    keys.setdefault(0, next(iter(keys.values())))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoretokWarning)
        chords = {tick - shift: try_chord(text, tick - shift) for tick, text in record.get("chords") or ()}
    labels = {
        first_bars[row[0]]: parse_section(str(row[1])) for row in record.get("sections") or () if row[0] in first_bars
    }
    return LeadSheet(
        bar_count=len(layout.meters),
        tracks=tuple(_tracks(record, shift, end)),
        chords=tuple(chord for tick, chord in chords.items() if chord and 0 <= tick < end),
        sections=tuple(Section(bar, label) for bar, label in labels.items() if label),
        meters=layout.meters,
        tempos=tuple(Tempo(tick, min(max(float(bpm), 20.0), 400.0)) for tick, bpm in tempos.items() if tick < end),
        keys=tuple(parse_key(text, bar) for bar, text in keys.items()),
        pickup_ticks=layout.pickup_ticks,
    )


def _value_at(rows: list, tick: int) -> object:
    """The value of a map in force at a tick."""
    return next((row[1] for row in reversed(rows) if row[0] <= tick), rows[0][1])


def _tracks(record: dict[str, Any], shift: int, end: int) -> Iterator[Track]:
    """The tracks in the order of the roles of the record."""
    for name, rows in record["tracks"].items():
        role = RECORD_ROLES.get(name, name)
        programs = (record.get("programs") or {}).get(name)
        program = programs[0] if programs else RECORD_PROGRAMS.get(name, ROLE_PROGRAMS.get(role, 0))
        notes = [
            Note(start - shift, pitch, min(max(length, 1), MAX_DURATION_TICKS), min(max(velocity, 1), 127))
            for start, length, pitch, velocity in rows
            if shift <= start < shift + end
        ]
        joined = join_notes(notes)
        if name == "vocal":
            joined = _with_syllables(joined, record.get("lyrics") or [], shift)
        if joined:
            yield Track(role, joined, 0 if role == "drums" else min(int(program), 127))


def _with_syllables(notes: tuple[Note, ...], lyrics: list, shift: int) -> tuple[Note, ...]:
    """Notes with their syllables, without phonemes."""
    sung = {
        tick - shift: Syllable(clean_text(text).strip(" -\xa0_") or "la", (), place in (0, 3))
        for tick, text, place in lyrics
    }
    found, last = [], -1
    for note in notes:
        syllable = sung.get(note.start_ticks) if note.start_ticks != last else None
        found.append(note if syllable is None else note._replace(syllable=syllable))
        last = note.start_ticks
    return tuple(found)
