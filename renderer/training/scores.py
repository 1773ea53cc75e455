"""Notes for training pairs: excerpts of real scores, and random playing that covers what scores leave out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from renderer.note_array import DRUM_PROGRAM, NoteArray, notes_of
from scoretok.errors import ScoretokError
from scoretok.formats import read

SUFFIXES = {".mid", ".midi", ".lead", ".json", ".abc", ".musicxml", ".mxl"}
# Chosen by hand, not counted.
COMMON_DRUMS = (35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 53, 54, 55, 56, 57, 59)
CHORDS = ((0, 4, 7), (0, 3, 7), (0, 4, 7, 10), (0, 3, 7, 10), (0, 7), (0, 12), (0, 5, 7), (0, 4, 7, 11), (0, 7, 12, 16))
STYLES = ("line", "chords", "held", "arpeggio", "repeated", "scattered")


def song_tracks(folder: str | Path) -> list[tuple[str, NoteArray]]:
    """Every track with at least eight notes of every score below a folder: (song, notes), sorted by name.

    Files that cannot be read are left out.
    """
    found = []
    for path in sorted(Path(folder).rglob("*")):
        if path.suffix.lower() not in SUFFIXES:
            continue
        try:
            sheet = read(path)
        except ScoretokError:
            continue
        song = str(path.relative_to(folder))
        found += [(song, notes_of(sheet, track)) for track in sheet.tracks if len(track.notes) >= 8]
    return found


def excerpt(notes: NoteArray, duration_s: float, rng: np.random.Generator) -> NoteArray:
    """A stretch of a track that begins at a note, times from 0; note ends are cut to the stretch."""
    latest = max(0.0, float(notes.end_s.max()) - duration_s)
    begin_s = float(rng.choice(notes.start_s[notes.start_s <= max(latest, notes.start_s[0])])) - rng.uniform(0, 0.3)
    keep = (notes.start_s >= begin_s) & (notes.start_s < begin_s + duration_s)
    start_s, end_s = notes.start_s[keep] - begin_s, notes.end_s[keep] - begin_s
    return NoteArray(start_s, np.minimum(end_s, duration_s), notes.pitch[keep], notes.velocity[keep], notes.program)


def random_notes(program: int, duration_s: float, rng: np.random.Generator) -> NoteArray:
    """Playing that no song prescribes: any register, tempo, length, loudness, in one of several textures."""
    if program == DRUM_PROGRAM:
        return _random_drums(duration_s, rng)
    style = STYLES[rng.integers(len(STYLES))]
    step_s = 60 / rng.uniform(60, 180) / rng.choice([1, 2, 2, 3, 4])
    if style == "held":
        step_s *= 6
    length = rng.choice([0.3, 0.6, 0.9, 1.0, 1.5, 3.0])
    centre = float(np.clip(rng.normal(60, 14), 26, 102))
    loudness, spread = rng.uniform(40, 120), rng.uniform(0, 20)
    rows: list[tuple[float, float, int, float]] = []
    now, pitch = float(rng.uniform(0, 0.5)), centre
    while now < duration_s - 0.1:
        gap_s = step_s * rng.choice([1, 1, 1, 1, 2, 0.5])
        pitch = float(np.clip(pitch + rng.normal(0, 4) + 0.15 * (centre - pitch), 21, 108))
        if rng.random() < 0.9:
            rows += _figure(style, now, gap_s, gap_s * length * rng.uniform(0.8, 1.2), round(pitch), rng)
        now += gap_s
    return _note_array(
        [(s, e, p, loudness + spread * rng.standard_normal()) for s, e, p, _ in rows], program, duration_s
    )


def _figure(
    style: str, now: float, gap_s: float, length_s: float, pitch: int, rng: np.random.Generator
) -> list[tuple[float, float, int, float]]:
    """The notes of one step of a texture."""
    end = now + max(length_s, 0.04)
    if style in ("chords", "held"):
        offsets: Sequence[int] = CHORDS[rng.integers(len(CHORDS))]
        return [(now + rng.uniform(0, 0.01), end, pitch + offset, 0.0) for offset in offsets]
    if style == "arpeggio":
        offsets = CHORDS[rng.integers(len(CHORDS))]
        part_s = gap_s / len(offsets)
        return [(now + i * part_s, end + i * part_s, pitch + offset, 0.0) for i, offset in enumerate(offsets)]
    if style == "repeated":
        return [(now + i * gap_s / 2, now + i * gap_s / 2 + min(length_s, gap_s / 2), pitch, 0.0) for i in range(2)]
    if style == "scattered":
        pitch = int(rng.integers(28, 101))
    return [(now, end, pitch, 0.0)]


def _random_drums(duration_s: float, rng: np.random.Generator) -> NoteArray:
    """A grid of hits: a few drums, each with its own density."""
    step_s = 60 / rng.uniform(70, 180) / rng.choice([2, 2, 4])
    keys = np.arange(27, 88) if rng.random() < 0.15 else np.array(COMMON_DRUMS)
    kit = rng.choice(keys, size=int(rng.integers(1, 7)), replace=False)
    if rng.random() < 0.6:
        kit = np.union1d(kit, rng.choice([35, 36, 38, 40, 42, 46, 49, 51], size=3))
    rows = []
    loudness = rng.uniform(60, 115)
    steps = np.arange(rng.uniform(0, 0.3), duration_s - 0.1, step_s)
    for key in kit:
        density = rng.choice([0.08, 0.15, 0.25, 0.5])
        period = int(rng.choice([1, 2, 4, 8]))
        for i, at in enumerate(steps):
            if rng.random() < density or (i % period == 0 and rng.random() < 0.5):
                rows.append((float(at), float(at) + 0.1, int(key), loudness + 15 * rng.standard_normal()))
    return _note_array(rows or [(0.2, 0.3, 38, 90.0)], DRUM_PROGRAM, duration_s)


def _note_array(rows: list[tuple[float, float, int, float]], program: int, duration_s: float) -> NoteArray:
    """Rows as a NoteArray in which no pitch overlaps itself."""
    rows = sorted((s, min(e, duration_s), min(max(p, 21), 108), v) for s, e, p, v in rows if s < duration_s - 0.05)
    last: dict[int, int] = {}
    ends = [row[1] for row in rows]
    for i, (start, _, pitch, _) in enumerate(rows):
        if pitch in last:
            ends[last[pitch]] = min(ends[last[pitch]], start)
        last[pitch] = i
    keep = [i for i, row in enumerate(rows) if ends[i] - row[0] > 0.02]
    velocity = np.clip(np.rint([rows[i][3] for i in keep]), 10, 127).astype(np.int64)
    return NoteArray(
        np.array([rows[i][0] for i in keep]),
        np.array([ends[i] for i in keep]),
        np.array([rows[i][2] for i in keep], np.int64),
        velocity,
        program,
    )
