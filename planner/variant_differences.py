"""What sets variants of one request apart, a line each."""

from collections.abc import Sequence

from planner.song import song_of
from scoretok.chord_chart import print_chart_bar
from scoretok.harmony import key_to_text
from scoretok.parts import Track
from scoretok.sheet import LeadSheet
from scoretok.theory import pitch_name

CHART_BARS = 4


def differences(sheets: Sequence[LeadSheet]) -> list[str]:
    """For each score what is not the same in all: tempo, key, form, first chords, melody, how busy tracks are."""
    facts = [_facts(sheet) for sheet in sheets]
    telling = [name for name in facts[0] if len({fact.get(name) for fact in facts}) > 1]
    return ["; ".join(fact[name] for name in telling if name in fact) or "like the others" for fact in facts]


def _facts(sheet: LeadSheet) -> dict[str, str]:
    found = {"tempo": f"{sheet.tempos[0].bpm:g} quarter notes a minute", "key": key_to_text(sheet.keys[0])}
    if sheet.sections:
        found["form"] = " ".join(section.label for section in sheet.sections)
    first = [plan.chords for plan in song_of(sheet).plan[:CHART_BARS]]
    found["chords"] = " | ".join(print_chart_bar(bar, sheet.meters[0]) for bar in first)
    melody = next((track for track in sheet.tracks if track.role in ("vocal", "lead") and track.notes), None)
    if melody:
        pitches = [note.pitch for note in melody.notes]
        found["melody"] = f"melody {pitch_name(min(pitches))} to {pitch_name(max(pitches))}"
    found["onsets"] = "notes a bar: " + ", ".join(
        f"{name} {_onsets(track) / sheet.bar_count:.0f}" for name, track in sheet.tracks_by_id.items()
    )
    return found


def _onsets(track: Track) -> int:
    return len({note.start_ticks for note in track.notes})
