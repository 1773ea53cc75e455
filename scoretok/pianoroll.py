"""A picture of the score as a piano roll, with sections, chords and words."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.files import write_with
from scoretok.harmony import chord_to_symbol
from scoretok.parts import Track
from scoretok.roles import DRUM_NAMES
from scoretok.sheet import LeadSheet
from scoretok.theory import pitch_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROLE_COLOURS = {
    "vocal": "#d1495b", "lead": "#edae49", "guitar": "#66a182", "piano": "#2e4057", "strings": "#8d6a9f",
    "bass": "#00798c", "drums": "#6b6b6b",
}  # fmt: skip
INCHES_PER_BAR, MIN_INCHES, MAX_INCHES = 0.55, 10, 60


def plot_roll(sheet: LeadSheet, path: str | Path) -> None:
    """Draw the score to PNG, SVG or PDF: pitched tracks above, drums below. Raises ScoretokError."""
    require("matplotlib", "plot", "drawing a piano roll")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    if not sheet.note_count and not sheet.chords:
        raise ScoretokError("there is nothing to draw: the score has no notes and no chords")
    drums = [track for track in sheet.tracks if track.is_drums and track.notes]
    width = min(max(INCHES_PER_BAR * sheet.bar_count, MIN_INCHES), MAX_INCHES)
    with mpl.rc_context({"svg.hashsalt": "scoretok", "svg.fonttype": "none"}):
        figure = Figure(figsize=(width, 7.5 if drums else 6), layout="constrained")
        heights = [5, 1.3] if drums else [1]
        axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        _draw_pitched(axes[0], sheet)
        if drums:
            _draw_drums(axes[1], sheet, drums)
        for ax in axes:
            _draw_grid(ax, sheet)
        metadata = {"Date": None} if Path(path).suffix.lower() == ".svg" else None
        suffix = Path(path).suffix.lower().lstrip(".") or "png"
        write_with(lambda temporary: figure.savefig(temporary, dpi=130, format=suffix, metadata=metadata), path)


def _draw_pitched(ax: "Axes", sheet: LeadSheet) -> None:
    from matplotlib.collections import PolyCollection

    pitched = [track for track in sheet.tracks if not track.is_drums and track.notes]
    pitches = [note.pitch for track in pitched for note in track.notes] or [48, 72]
    low, high = min(pitches) - 2, max(pitches) + 4
    labelled: set[str] = set()
    for track in sorted(pitched, key=lambda t: t.role == "vocal"):
        rows = np.array([(n.start_ticks, n.pitch, n.end_ticks, n.velocity) for n in track.notes], float)
        corners = [[(s, p - 0.42), (s, p + 0.42), (e - 0.8, p + 0.42), (e - 0.8, p - 0.42)] for s, p, e, _ in rows]
        colour = ROLE_COLOURS[track.role]
        alpha = (0.15 if track.muted else 0.35) + 0.6 * rows[:, 3] / 127 * (0.3 if track.muted else 1)
        name = track.role if track.role not in labelled else None
        labelled.add(track.role)
        ax.add_collection(PolyCollection(corners, facecolors=[(*_rgb(colour), a) for a in alpha], label=name))
        _draw_words(ax, track)
    ax.set_ylim(low, high)
    octaves = [pitch for pitch in range(max(low, 0), min(high, 127) + 1) if pitch % 12 == 0]
    ax.set_yticks(octaves, [pitch_name(pitch) for pitch in octaves])
    for chord in sheet.chords:
        symbol = chord_to_symbol(chord, sheet.key_at(sheet.bar_at(chord.start_ticks)))
        ax.text(chord.start_ticks, 1.01, symbol, transform=ax.get_xaxis_transform(), fontsize=8, clip_on=False)
    for number, section in enumerate(sheet.sections):
        bars = sheet.section_bars(number)
        start, stop = sheet.bar_starts[bars.start], sheet.bar_starts[bars.stop]
        ax.axvspan(start, stop, color="#f3f0e7" if number % 2 else "#e8eef3", zorder=-2, lw=0)
        ax.text(
            start + 2, 0.985, section.label, transform=ax.get_xaxis_transform(), fontsize=9, va="top", weight="bold"
        )
    ax.set_title(sheet.title.replace("$", r"\$"), loc="left", pad=22)
    if labelled:
        ax.legend(loc="lower right", ncols=7, fontsize=8, framealpha=0.9)


def _rgb(colour: str) -> tuple[float, float, float]:
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255


def _draw_words(ax: "Axes", track: Track) -> None:
    for note in track.notes:
        if note.syllable:
            text = note.syllable.text + ("" if note.syllable.word_end else "-")
            ax.text(note.start_ticks, note.pitch - 0.6, text.replace("$", r"\$"), fontsize=7, va="top", clip_on=True)


def _draw_drums(ax: "Axes", sheet: LeadSheet, drums: list[Track]) -> None:
    keys = sorted({note.pitch for track in drums for note in track.notes})
    rows = {key: row for row, key in enumerate(keys)}
    hits = [(note.start_ticks, rows[note.pitch], note.velocity) for track in drums for note in track.notes]
    xs, ys, velocities = (np.array(column, float) for column in zip(*hits, strict=True))
    ax.scatter(xs, ys, s=4 + 14 * velocities / 127, marker="s", color=ROLE_COLOURS["drums"], linewidths=0)
    ax.set_yticks(range(len(keys)), [DRUM_NAMES.get(key, str(key)) for key in keys], fontsize=7)
    ax.set_ylim(-0.7, len(keys) - 0.3)


def _draw_grid(ax: "Axes", sheet: LeadSheet) -> None:
    step = max(1, round(sheet.bar_count / 60))
    starts = sheet.bar_starts
    ax.set_xlim(0, starts[-1])
    shown = list(range(0, sheet.bar_count, 4 * step if sheet.bar_count > 32 else step))
    ax.set_xticks([starts[bar] for bar in shown], [str(bar + 1) for bar in shown])
    for start in starts[::step]:
        ax.axvline(start, color="#c8c8c8", lw=0.6, zorder=-1)
    ax.spines[["top", "right"]].set_visible(False)
