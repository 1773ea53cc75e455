"""What a score is, in numbers and in prose: key, tempo, meter, form, chords by section, who plays how much."""

from collections.abc import Mapping, Sequence
from typing import Any

from scoretok.harmony import chord_to_symbol, key_to_text
from scoretok.instrument_ranges import range_of, unplayable
from scoretok.parts import Key, Track
from scoretok.sheet import LeadSheet
from scoretok.theory import pitch_name

CHORDS_SHOWN = 8
MODE_NAMES = {"maj": "major", "min": "minor"}


def describe(sheet: LeadSheet) -> dict[str, Any]:
    """Facts about a score; bars count from 1, shares are of all bars."""
    return {
        "title": sheet.title,
        "bars": sheet.bar_count,
        "duration_s": round(sheet.duration_s, 2),
        "tempo_bpm": mean_tempo(sheet),
        "tempo_range_bpm": [min(t.bpm for t in sheet.tempos), max(t.bpm for t in sheet.tempos)],
        "meters": [{"bar": m.bar + 1, "meter": f"{m.numerator}/{m.denominator}"} for m in sheet.meters],
        "keys": [{"bar": key.bar + 1, "key": key_to_text(key), "name": key_in_words(key)} for key in sheet.keys],
        "sections": [_section(sheet, number) for number in range(len(sheet.sections))],
        "chords": _distinct(sheet),
        "tracks": [_track(sheet, name, track) for name, track in sheet.tracks_by_id.items()],
        "syllables": sum(note.syllable is not None for track in sheet.tracks for note in track.notes),
    }


def key_in_words(key: Key) -> str:
    """'G minor', 'D dorian'."""
    return f"{key.tonic_name} {MODE_NAMES.get(key.mode, key.mode)}"


def mean_tempo(sheet: LeadSheet) -> float:
    """Quarter notes a minute over all."""
    return round(sheet.end_ticks / 24 / sheet.duration_s * 60, 2)


def _section(sheet: LeadSheet, number: int) -> dict[str, Any]:
    bars = sheet.section_bars(number)
    return {
        "label": sheet.sections[number].label,
        "first_bar": bars.start + 1,
        "last_bar": bars.stop,
        "start_s": round(sheet.seconds_at(sheet.bar_starts[bars.start]), 2),
        "chords": _symbols(sheet, bars),
    }


def _symbols(sheet: LeadSheet, bars: range) -> list[str]:
    """The chords that begin in some bars, in order, the one that sounds when they begin first."""
    start, stop = sheet.bar_starts[bars.start], sheet.bar_starts[bars.stop]
    before = sheet.chord_at(start)
    inside = [chord for chord in sheet.chords if start < chord.start_ticks < stop]
    return [chord_to_symbol(chord, sheet.key_at(bars.start)) for chord in ([before] if before else []) + inside]


def _distinct(sheet: LeadSheet) -> list[str]:
    """Chord symbols, those that sound longest first."""
    ticks: dict[str, int] = {}
    for number, chord in enumerate(sheet.chords):
        stop = sheet.chords[number + 1].start_ticks if number + 1 < len(sheet.chords) else sheet.end_ticks
        symbol = chord_to_symbol(chord, sheet.key_at(sheet.bar_at(chord.start_ticks)))
        ticks[symbol] = ticks.get(symbol, 0) + stop - chord.start_ticks
    return sorted(ticks, key=lambda symbol: -ticks[symbol])


def _track(sheet: LeadSheet, name: str, track: Track) -> dict[str, Any]:
    played = {sheet.bar_at(note.start_ticks) for note in track.notes}
    pitches = [note.pitch for note in track.notes]
    return {
        "track": name,
        "role": track.role,
        "notes": len(track.notes),
        "share_of_bars": round(len(played) / sheet.bar_count, 3),
        "notes_per_bar": round(len(track.notes) / max(1, len(played)), 2),
        "range": [] if track.is_drums or not pitches else [pitch_name(min(pitches)), pitch_name(max(pitches))],
        "unplayable": unplayable_parts(track),
    }


def unplayable_parts(track: Track) -> dict[str, Any]:
    """What the instrument of a track cannot play: counts of notes, and what it can; empty where it can play all."""
    found, limits = unplayable(track), range_of(track)
    if not found or limits is None:
        return {}
    return {
        "too_low": len(found.too_low), "too_high": len(found.too_high), "too_many_at_once": len(found.too_many),
        "instrument_range": [pitch_name(limits.lowest), pitch_name(limits.highest)], "voices": limits.voices,
    }  # fmt: skip


def say_unplayable(name: str, row: Mapping[str, Any]) -> str:
    """What `unplayable_parts` found as a sentence."""
    low, high = row["instrument_range"]
    voices = "one voice" if row["voices"] == 1 else f"{row['voices']} voices"
    said = [
        f"{row[key]} note{'s' * (row[key] > 1)} {text}"
        for key, text in (
            ("too_low", f"below {low}"), ("too_high", f"above {high}"), ("too_many_at_once", f"more than {voices}")
        )
        if row[key]
    ]  # fmt: skip
    return f"{name} goes beyond its instrument: {', '.join(said)}; 'fit ranges' moves them"


def in_prose(facts: dict[str, Any]) -> str:
    """The facts as a paragraph or a few."""
    minutes, seconds = divmod(round(facts["duration_s"]), 60)
    keys = ", then ".join(row["name"] + (f" from bar {row['bar']}" if row["bar"] > 1 else "") for row in facts["keys"])
    meters = ", then ".join(
        row["meter"] + (f" from bar {row['bar']}" if row["bar"] > 1 else "") for row in facts["meters"]
    )
    name = facts["title"] or "The score"
    low, high = facts["tempo_range_bpm"]
    tempo = f"{facts['tempo_bpm']:.0f} quarter notes a minute"
    if high > 1.1 * low:
        tempo += f" on average ({low:.0f} to {high:.0f})"
    lines = [f"{name}: {facts['bars']} bars of {meters}, {minutes}:{seconds:02d}, in {keys}, at {tempo}."]
    if facts["sections"]:
        form = ", ".join(f"{row['label']} ({row['first_bar']}-{row['last_bar']})" for row in facts["sections"])
        lines.append(f"Form: {form}.")
        lines += [f"{label}: {' '.join(chords)}." for label, chords in _chords_by_label(facts["sections"]).items()]
    elif facts["chords"]:
        lines.append(f"Chords: {_shortened(facts['chords'])}.")
    for row in facts["tracks"]:
        reach = f", {row['range'][0]} to {row['range'][1]}" if row["range"] else ""
        lines.append(
            f"{row['track']}: {row['notes']} notes in {row['share_of_bars']:.0%} of the bars,"
            f" {row['notes_per_bar']:.1f} a bar{reach}."
        )
        if row["unplayable"]:
            lines.append(f"{say_unplayable(row['track'], row['unplayable'])}.")
    if facts["syllables"]:
        lines.append(f"Words: {facts['syllables']} syllables{_language(facts)}.")
    if "loudness_lufs" in facts:
        lines.append(f"Loudness: {facts['loudness_lufs']:.1f} LUFS, peak {facts['peak_db']:.1f} dB.")
    return "\n".join(lines)


def _language(facts: dict[str, Any]) -> str:
    return f" in the language {facts['language']!r}" if facts.get("language") else ""


def _chords_by_label(sections: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """The chords of the first section of every name."""
    found: dict[str, list[str]] = {}
    for row in sections:
        if row["chords"]:
            label = f"Chords of the {row['label']}"
            found.setdefault(label, row["chords"])
    return found


def _shortened(symbols: Sequence[str]) -> str:
    more = len(symbols) - CHORDS_SHOWN
    return ", ".join(symbols[:CHORDS_SHOWN]) + (f" and {more} more" if more > 0 else "")
