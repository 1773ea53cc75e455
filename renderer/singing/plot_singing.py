"""A picture of what is sung: notes, the pitch curve over them, phones below, loudness."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from renderer.singing.expression import midi_of
from renderer.singing.phrase_frames import PhraseFrames
from renderer.voice.envelope import FRAME_S
from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.files import write_with
from scoretok.theory import pitch_name

VOICED, UNVOICED, BREATH, NOTES = "#d1495b", "#6b6b6b", "#00798c", "#edae49"
INCHES_A_SECOND, LEAST_INCHES, MOST_INCHES = 1.6, 10, 60


def plot_phrases(phrases: Sequence[PhraseFrames], span_s: tuple[float, float], path: str | Path) -> None:
    """Draw phrases to PNG, SVG or PDF. Raises ScoretokError when there are none."""
    require("matplotlib", "plot", "drawing what is sung")
    from matplotlib.figure import Figure

    if not phrases:
        raise ScoretokError("nothing is sung there; name other bars")
    width = float(np.clip(INCHES_A_SECOND * (span_s[1] - span_s[0]), LEAST_INCHES, MOST_INCHES))
    figure = Figure(figsize=(width, 6), layout="constrained")
    pitch_axes, phone_axes = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    for frames in phrases:
        times_s = frames.start_s + np.arange(len(frames)) * FRAME_S
        midi = midi_of(frames.pitch.hz)
        for syllable in frames.phrase.syllables:
            for note in syllable.notes:
                pitch_axes.fill_between(
                    [note.start_s, note.end_s], note.pitch - 0.5, note.pitch + 0.5, color=NOTES, alpha=0.45, lw=0
                )
            text = syllable.text + ("" if syllable.word_end else "-")
            pitch_axes.text(syllable.start_s, syllable.notes[0].pitch + 0.65, text, fontsize=8)
        inside = (times_s >= frames.timed.start_s) & (times_s < frames.timed.end_s)
        pitch_axes.plot(times_s, np.where(frames.pitch.is_voiced & inside, midi, np.nan), color=VOICED, lw=1.2)
        phone_axes.plot(times_s, np.where(inside, frames.dynamics / np.log(10) * 10, np.nan), color="black", lw=0.8)
        for phone in frames.timed.phones:
            colour = VOICED if phone.is_voiced else UNVOICED
            phone_axes.axvspan(phone.start_s, phone.end_s, color=colour, alpha=0.3 if phone.is_nucleus else 0.12, lw=0)
            phone_axes.text((phone.start_s + phone.end_s) / 2, -19, phone.symbol, fontsize=7, ha="center")
        if frames.timed.breath_s:
            phone_axes.axvspan(*frames.timed.breath_s, color=BREATH, alpha=0.3, lw=0)
    low, high = pitch_axes.get_ylim()
    whole = [p for p in range(int(low), int(high) + 1) if p % 12 in (0, 5, 7)]
    pitch_axes.set_yticks(whole, [pitch_name(p) for p in whole])
    pitch_axes.set_ylabel("pitch")
    phone_axes.set_ylim(-22, 12)
    phone_axes.set_ylabel("loudness, dB\nand phones")
    phone_axes.set_xlabel("seconds")
    phone_axes.set_xlim(*span_s)
    suffix = Path(path).suffix.lower().lstrip(".")
    write_with(lambda temporary: figure.savefig(temporary, dpi=110, format=suffix), path)
