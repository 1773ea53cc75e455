"""What is sung when, as a table on the terminal."""

from typing import TYPE_CHECKING

import click
import numpy as np

from scoretok.formats.lead import short_id
from scoretok.sheet import LeadSheet
from scoretok.theory import pitch_name

if TYPE_CHECKING:
    from renderer.singing.phrase_frames import PhraseFrames


def print_phrases(sheet: LeadSheet, phrases: "dict[int, list[PhraseFrames]]") -> None:
    """A line a syllable: bar, seconds, notes, text, phones with their lengths in ms, mean pitch."""
    for number, found in phrases.items():
        for place, frames in enumerate(found, 1):
            timed = frames.timed
            breath = f", breath {timed.breath_s[0]:.2f}-{timed.breath_s[1]:.2f} s" if timed.breath_s else ""
            click.echo(
                f"{short_id(sheet.track_ids[number])} phrase {place}: {timed.start_s:.2f}-{timed.end_s:.2f} s{breath}"
            )
            for syllable_number in range(len(frames.phrase.syllables)):
                click.echo(_syllable_line(sheet, frames, syllable_number))


def _syllable_line(sheet: LeadSheet, frames: "PhraseFrames", number: int) -> str:
    syllable = frames.phrase.syllables[number]
    phones = [phone for phone in frames.timed.phones if phone.syllable == number]
    bar = sheet.bar_at(round(sheet.ticks_at(syllable.start_s))) + 1
    notes = " ".join(pitch_name(round(note.pitch)) for note in syllable.notes)
    text = syllable.text + ("" if syllable.word_end else "-")
    lengths = " ".join(f"{phone.symbol}:{round(1000 * (phone.end_s - phone.start_s))}" for phone in phones)
    times_s = frames.start_s + np.arange(len(frames)) * (512 / 44100)
    inside = (times_s >= syllable.start_s) & (times_s < max(syllable.end_s, syllable.start_s + 0.02))
    hz = frames.pitch.hz[inside] if inside.any() else frames.pitch.hz[:1]
    return (
        f"  bar {bar:<3} {syllable.start_s:7.2f} s  {notes:<12} {text or '(ah)':<12} {lengths:<44} {hz.mean():6.1f} Hz"
    )
