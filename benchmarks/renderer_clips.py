"""Test material for the renderer: excerpts nobody trained on, played by presets nobody trained on.

Axes: n samples.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.common import EXAMPLES
from benchmarks.unread import renderer_left_out
from renderer.note_array import DRUM_PROGRAM, notes_of
from renderer.training import clip_augmentation
from renderer.training.bundle import phrase
from renderer.training.scores import SUFFIXES
from renderer.training.soundfonts import SynthesisJob, general_midi, synthesise
from scoretok import LeadSheet, ScoretokError, Track, read, slice_bars

FAMILIES = {
    "piano": (0, 1, 4, 5), "mallet": (9, 11, 12, 14), "organ": (16, 19, 20, 21), "guitar": (24, 25, 27, 29),
    "bass": (32, 33, 34, 38), "strings": (40, 42, 45, 46), "ensemble": (48, 50, 52, 61), "brass": (56, 57, 58, 60),
    "reed": (65, 66, 68, 71), "pipe": (72, 73, 75, 79), "synth lead": (80, 81, 84, 87), "pad": (88, 89, 90, 94),
    "drums": (DRUM_PROGRAM,) * 4,
}  # fmt: skip
CLIP_S = 10.0
PHRASE_S = 6.0


@dataclass(frozen=True)
class TestClip:
    """A score of one track, the sound of a preset playing it (n,), and that preset playing something else (n,)."""

    family: str
    program: int
    sheet: LeadSheet
    reference: np.ndarray
    prompt: np.ndarray


def held_out_sheets(folder: str | None) -> list[LeadSheet]:
    """Scores that training left out: of a folder, those that `renderer_left_out` names; else the examples."""
    if folder is None:
        return [read(path) for path in sorted(EXAMPLES.glob("*.lead"))]
    sheets = []
    for path in sorted(Path(folder).rglob("*")):
        if path.suffix.lower() in SUFFIXES and renderer_left_out(path.relative_to(folder)):
            try:
                sheets.append(read(path))
            except ScoretokError:
                continue
    return sheets


def make_clips(soundfont: str, scores: str | None, per_program: int, seed: int = 0) -> list[TestClip]:
    """Clips for every family; the same arguments give the same clips."""
    rng = np.random.default_rng(seed)
    sheets = held_out_sheets(scores)
    sounds = general_midi(soundfont)
    items = []
    for family, programs in FAMILIES.items():
        for program in programs:
            items += [(family, program, excerpt_sheet(sheets, program, rng)) for _ in range(per_program)]
    takes = [SynthesisJob(notes_of(s, s.tracks[0]), sounds[p], CLIP_S + 2) for _, p, s in items]
    prompts = [SynthesisJob(phrase(p), sounds[p], PHRASE_S) for _, p, _ in items]
    clips = []
    for (family, program, sheet), take, played, prompt in zip(
        items, takes, synthesise(takes), synthesise(prompts), strict=True
    ):
        loudness = float(take.notes.velocity.mean())
        audio = clip_augmentation.set_level(played.mean(0), loudness, rng, spread_db=0.0)
        gain = np.sqrt((audio**2).mean() / max((played.mean(0) ** 2).mean(), 1e-12))
        clips.append(TestClip(family, program, sheet, audio, (prompt.mean(0) * gain).astype(np.float32)))
    return clips


def excerpt_sheet(sheets: list[LeadSheet], program: int, rng: np.random.Generator) -> LeadSheet:
    """About ten seconds of one track of a score, with the program to test."""
    for _ in range(10_000):
        sheet = sheets[int(rng.integers(len(sheets)))]
        track = sheet.tracks[int(rng.integers(len(sheet.tracks)))]
        if track.is_drums != (program == DRUM_PROGRAM):
            continue
        starts_s = [sheet.seconds_at(tick) for tick in (*sheet.bar_starts, sheet.end_ticks)]
        first = int(rng.integers(sheet.bar_count))
        stop = next(
            (bar for bar in range(first + 1, sheet.bar_count + 1) if starts_s[bar] - starts_s[first] > CLIP_S - 3), 0
        )
        if not stop or starts_s[stop] - starts_s[first] > CLIP_S + 1:
            continue
        part = slice_bars(replace(sheet, tracks=(track,), chords=(), sections=()), first, stop)
        notes = part.tracks[0].notes
        if 8 <= len(notes) <= 120 and all(24 <= note.pitch <= 100 for note in notes):
            role = "drums" if program == DRUM_PROGRAM else "lead"
            plain = tuple(note._replace(syllable=None) for note in notes)
            return replace(part, tracks=(Track(role, plain, 0 if program == DRUM_PROGRAM else program),))
    raise ScoretokError("the scores hold no excerpt to test with")
