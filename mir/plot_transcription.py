"""Plots a recording with its score drawn over waveform and spectrogram.

Axes: c channels, n samples, w windows, f spectrogram bins, t frames.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mir.grid import beat_times_s
from mir.notes.log_spectrogram import BINS_PER_SEMITONE, FRAMES_PER_S, LOWEST_PITCH, RATE, log_spectrogram, normalised
from scoretok.audio import Recording
from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.files import write_with
from scoretok.harmony import chord_to_symbol
from scoretok.pianoroll import ROLE_COLOURS
from scoretok.roles import DRUM_NAMES
from scoretok.sheet import LeadSheet
from scoretok.theory import pitch_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INCHES_PER_S, LEAST_INCHES, MOST_INCHES = 0.3, 9.0, 60.0
HEIGHTS = {"wave": 1.0, "pitches": 5.0, "drums": 1.4}
HIGHEST_PITCH = 100
COLOURS = {**ROLE_COLOURS, "piano": "#cdd9ff"}  # seen on a dark ground
WORDS_UP_TO_S = 90.0  # in longer pictures words would stand on one another


def plot_transcription(
    recording: Recording, sheet: LeadSheet, output: str | Path, span_s: tuple[float, float] | None = None
) -> None:
    """Draw a stretch of a recording, or all of it, as .png, .svg or .pdf. Raises ScoretokError.

    The waveform with sections; the spectrogram by pitch with notes, chords, words, beats and bars; the drums.
    """
    require("matplotlib", "plot", "pictures")
    from matplotlib.figure import Figure

    start_s, stop_s = span_s or (0.0, recording.duration_s)
    stop_s = min(stop_s, recording.duration_s)
    if stop_s - start_s < 0.1:
        raise ScoretokError(f"{recording.path} has no sound between {start_s:.1f} and {stop_s:.1f} s")
    at = slice(round(start_s * recording.sample_rate), round(stop_s * recording.sample_rate))
    piece = recording.with_samples(recording.samples[:, at])
    width = min(MOST_INCHES, max(LEAST_INCHES, INCHES_PER_S * (stop_s - start_s)))
    figure = Figure(figsize=(width, sum(HEIGHTS.values()) + 0.8), layout="constrained")
    wave, pitches, drums = figure.subplots(3, 1, sharex=True, height_ratios=list(HEIGHTS.values()))
    levels = log_spectrogram(normalised(piece.mono_at(RATE))).numpy()
    _draw_wave(wave, piece, sheet, start_s)
    _draw_pitches(pitches, levels, sheet, (start_s, stop_s))
    _draw_drums(drums, levels, sheet, (start_s, stop_s))
    _draw_beats((pitches, drums), sheet, (start_s, stop_s))
    drums.set_xlabel("seconds")
    drums.set_xlim(start_s, stop_s)
    suffix = Path(output).suffix.lower().lstrip(".") or "png"
    write_with(lambda path: figure.savefig(path, dpi=100, format=suffix), output)


def _draw_wave(axis: "Axes", piece: Recording, sheet: LeadSheet, start_s: float) -> None:
    """The waveform, highest and lowest samples of a few thousand stretches, on coloured sections."""
    mono = piece.mono
    step = max(1, len(mono) // 4000)
    blocks = mono[: len(mono) // step * step].reshape(-1, step)
    times_s = start_s + np.arange(len(blocks)) * step / piece.sample_rate
    axis.fill_between(times_s, blocks.min(1), blocks.max(1), color="#2e4057", lw=0)
    axis.set_yticks([])
    for number, section in enumerate(sheet.sections):
        bars = sheet.section_bars(number)
        begin_s, end_s = (sheet.seconds_at(sheet.bar_starts[bar]) for bar in (bars.start, bars.stop))
        axis.axvspan(begin_s, end_s, color="#f3f0e7" if number % 2 else "#dfe8ee", zorder=-2, lw=0)
        if start_s <= begin_s <= times_s[-1]:
            axis.text(begin_s, 0.97, " " + section.label, transform=axis.get_xaxis_transform(), va="top", weight="bold")
    axis.set_title(sheet.title.replace("$", r"\$"), loc="left", fontsize=10)


def _draw_pitches(axis: "Axes", levels: np.ndarray, sheet: LeadSheet, span_s: tuple[float, float]) -> None:
    """The spectrogram by pitch, notes as boxes on it, chords above."""
    from matplotlib.collections import PolyCollection

    bins = (HIGHEST_PITCH - LOWEST_PITCH) * BINS_PER_SEMITONE
    _draw_levels(axis, levels[1, :bins], (LOWEST_PITCH - 0.5, HIGHEST_PITCH - 0.5), span_s)
    for track in sheet.tracks:
        if track.is_drums or not track.notes:
            continue
        boxes = []
        for note in track.notes:
            begin, end = sheet.seconds_at(note.start_ticks), sheet.seconds_at(note.end_ticks)
            if begin < span_s[1] and end > span_s[0]:
                low, high = note.pitch - 0.45, note.pitch + 0.45
                boxes.append([(begin, low), (begin, high), (end, high), (end, low)])
        colour = COLOURS[track.role]
        axis.add_collection(
            PolyCollection(boxes, facecolors="none", edgecolors=colour, linewidths=1.3, label=track.role)
        )
        if span_s[1] - span_s[0] <= WORDS_UP_TO_S:
            for note in track.notes:
                if note.syllable and span_s[0] <= sheet.seconds_at(note.start_ticks) < span_s[1]:
                    text = note.syllable.text.replace("$", r"\$")
                    axis.text(sheet.seconds_at(note.start_ticks), note.pitch + 0.7, text, fontsize=7, color="white")
    for chord in sheet.chords:
        at_s = sheet.seconds_at(chord.start_ticks)
        if span_s[0] <= at_s < span_s[1]:
            symbol = chord_to_symbol(chord, sheet.key_at(sheet.bar_at(chord.start_ticks)))
            axis.text(at_s, 1.01, symbol, transform=axis.get_xaxis_transform(), fontsize=7, clip_on=False)
    octaves = range(LOWEST_PITCH, HIGHEST_PITCH, 12)
    axis.set_yticks(list(octaves), [pitch_name(pitch) for pitch in octaves])
    if any(track.notes and not track.is_drums for track in sheet.tracks):
        axis.legend(loc="lower right", ncols=7, fontsize=8)


def _draw_drums(axis: "Axes", levels: np.ndarray, sheet: LeadSheet, span_s: tuple[float, float]) -> None:
    """The quick spectrogram, low to high, and strokes on rows over it."""
    strokes = [
        (sheet.seconds_at(note.start_ticks), note.pitch)
        for track in sheet.tracks
        if track.is_drums
        for note in track.notes
    ]
    keys = sorted({key for _, key in strokes})
    _draw_levels(axis, levels[2], (-0.5, max(1, len(keys)) - 0.5), span_s)
    shown = [(at_s, keys.index(key)) for at_s, key in strokes if span_s[0] <= at_s < span_s[1]]
    if shown:
        xs, ys = zip(*shown, strict=True)
        axis.scatter(xs, ys, s=10, marker="s", color="#7fd1ff", linewidths=0)
    axis.set_yticks(range(len(keys)), [DRUM_NAMES.get(key, str(key)) for key in keys], fontsize=7)


def _draw_levels(axis: "Axes", levels: np.ndarray, edges: tuple[float, float], span_s: tuple[float, float]) -> None:
    """Levels (f, t) between two heights."""
    end_s = span_s[0] + levels.shape[1] / FRAMES_PER_S
    axis.imshow(
        levels, origin="lower", aspect="auto", extent=(span_s[0], end_s, *edges), cmap="magma", vmin=0.2, vmax=0.95
    )
    axis.set_ylim(*edges)


def _draw_beats(axes: Sequence["Axes"], sheet: LeadSheet, span_s: tuple[float, float]) -> None:
    """Beats as thin lines, bars as thicker ones with their number."""
    beats, bars = beat_times_s(sheet)
    for axis in axes:
        for times_s, width, opacity in ((beats, 0.4, 0.35), (bars, 0.9, 0.8)):
            for at_s in times_s[(times_s >= span_s[0]) & (times_s < span_s[1])]:
                axis.axvline(at_s, color="white", lw=width, alpha=opacity)
    first = 1 if sheet.pickup_ticks else 0
    for number, at_s in enumerate(bars, first + 1):
        if span_s[0] <= at_s < span_s[1]:
            axes[0].text(at_s, LOWEST_PITCH, f" {number}", fontsize=6, color="white")
