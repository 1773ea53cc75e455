"""The .lead text form: one-to-one with the tokens, made to be read, edited and compared line by line.

scoretok 1
title "Amazing Grace"
track vocal program 52
bar 1 meter 3/4 pickup q key G:maj section verse
  tempo   1 84
  chords  1 G:maj
  vocal   v80  1 D4 q "A"-

A performance stands in it, too: `~+13,-20` before a note that is played 13 subticks late and ends 20 too early (it
holds until the next `~` of the line, as a velocity does), and curves in lines of their own:

  piano pedal 1 127  3:12 0
"""

from pathlib import Path

from scoretok.files import read_text, write_text
from scoretok.formats.lead_parser import parse
from scoretok.formats.lead_terms import duration_text, fine_position_text, position_text, quoted, timing_text
from scoretok.harmony import chord_to_harte, key_to_text
from scoretok.parts import Key, Meter, Note, Track
from scoretok.performance import NO_END, SUBTICKS_PER_TICK, Timing
from scoretok.roles import DRUM_NAMES
from scoretok.sheet import LeadSheet
from scoretok.theory import pitch_name

HEADER = "scoretok 1"


def read(path: str | Path) -> LeadSheet:
    """Read a .lead file. Raises ScoretokError with line and column."""
    return parse(read_text(path), str(path))


def write(sheet: LeadSheet, path: str | Path) -> None:
    """Write a .lead file, whole or not at all."""
    write_text(print_lead(sheet), path)


def print_lead(sheet: LeadSheet) -> str:
    """The text form of a score; `parse` gives back an equal score."""
    lines = [HEADER]
    if sheet.title:
        lines.append(f"title {quoted(sheet.title)}")
    for track in sheet.tracks:
        name = f" name {quoted(track.name)}" if track.name else ""
        lines.append(f"track {track.role} program {track.program}{name}{' muted' if track.muted else ''}")
        if not track.singing.is_usual:
            lines[-1] += f" {track.singing.text()}"
    for bar in range(sheet.bar_count):
        lines += _bar_lines(sheet, bar)
    return "\n".join(lines) + "\n"


def short_id(track_id: str) -> str:
    """A track id as people write it: 'piano.1' is 'piano'."""
    return track_id.removesuffix(".1")


def _bar_lines(sheet: LeadSheet, bar: int) -> list[str]:
    meter, key, start = sheet.meter_at(bar), sheet.key_at(bar), sheet.bar_starts[bar]
    words = [f"bar {bar + 1}"]
    if meter.bar == bar:
        words.append(f"meter {meter.numerator}/{meter.denominator}")
    if bar == 0 and sheet.pickup_ticks:
        words.append(f"pickup {duration_text(sheet.pickup_ticks)}")
    if key.bar == bar:
        words.append(f"key {key_to_text(key)}")
    section = sheet.section_at(bar)
    if section and section.bar == bar:
        words.append(f"section {section.label}")
    lines = [" ".join(words)]
    stop = sheet.bar_starts[bar + 1]

    def inside(entries: tuple) -> list:
        return [(position_text(e.start_ticks - start, meter), e) for e in entries if start <= e.start_ticks < stop]

    if tempos := inside(sheet.tempos):
        lines.append(_line("tempo", [f"{at} {tempo.bpm:g}" for at, tempo in tempos]))
    if chords := inside(sheet.chords):
        lines.append(_line("chords", [f"{at} {chord_to_harte(chord, key)}" for at, chord in chords]))
    for number, track in enumerate(sheet.tracks):
        label = short_id(sheet.track_ids[number])
        if notes := sheet.notes_in(number, bar):
            lines.append(_line(label, _cell_words(track, notes, start, meter, key)))
        last = bar + 1 == sheet.bar_count
        for control in track.controls:
            if points := control.between(start * SUBTICKS_PER_TICK, NO_END if last else stop * SUBTICKS_PER_TICK):
                words = [f"{fine_position_text(at - start * SUBTICKS_PER_TICK, meter)} {value}" for at, value in points]
                lines.append(_line(f"{label} {control.name}", words))
    return lines


def _line(label: str, words: list[str]) -> str:
    return f"  {label:<7} " + "  ".join(words)


def _cell_words(track: Track, notes: tuple[Note, ...], start: int, meter: Meter, key: Key) -> list[str]:
    """One word group an onset: '1 C4 q E4 q'."""
    groups: list[str] = []
    velocity = onset = -1
    timing: Timing | None = None
    for note in notes:
        words = []
        if note.start_ticks != onset:
            onset = note.start_ticks
            words.append(position_text(onset - start, meter))
            groups.append("")
        if note.velocity != velocity:
            velocity = note.velocity
            words.append(f"v{velocity}")
        if note.timing != timing:
            timing = note.timing
            words.append(timing_text(timing, track.is_drums))
        if track.is_drums:
            words.append(DRUM_NAMES.get(note.pitch, f"d{note.pitch}"))
        else:
            words += [pitch_name(note.pitch, key.fifths, key.is_minor), duration_text(note.duration_ticks)]
        if note.syllable:
            words.append(quoted(note.syllable.text) + ("" if note.syllable.word_end else "-"))
            if note.syllable.phonemes:
                words.append(f"/{' '.join(note.syllable.phonemes)}/")
        groups[-1] += " ".join(["", *words]) if groups[-1] else " ".join(words)
    return groups
