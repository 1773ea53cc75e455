"""Songs to edit: our own renders, and recordings of others of which we know how the edited score would sound.

Axes: c channels (2), n samples.
"""

import argparse
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile

from editing.inpainting.time_map import TimeMap
from renderer import render
from renderer.codec.mel import SAMPLE_RATE
from renderer.dit_engine import RENDERER_WEIGHTS, DitEngine
from renderer.draft import DraftEngine
from renderer.mixer import default_level, limit, place
from renderer.note_array import notes_of, program_of
from renderer.provenance import Provenance, digest
from renderer.training.scores import SUFFIXES
from renderer.training.soundfonts import SynthesisJob, general_midi, synthesise
from scoretok import LeadSheet, ScoretokError, read, slice_bars
from scoretok.files import weights_digest

Result = TypeVar("Result")
BARS = 12
BAND = ("vocal", "lead"), ("piano", "guitar", "strings"), ("bass",), ("drums",)
FIRST, LAST = 5, 8  # the edited bars, as people count them
RING_S = 2


def on_songs(
    description: str | None, songs: int, seed: int, measure: Callable[[int, LeadSheet, str], Result]
) -> Iterator[tuple[str, Result]]:
    """Measure excerpts of songs that the command line names, two at a time: '3/24' and what was found."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--soundfont", required=True)
    parser.add_argument("--scores", required=True)
    parser.add_argument("--songs", type=int, default=songs)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    sheets = excerpts(arguments.scores, arguments.songs, np.random.default_rng(seed))
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        tasks = [pool.submit(measure, number, sheet, arguments.soundfont) for number, sheet in enumerate(sheets)]
        for done, task in enumerate(as_completed(tasks), 1):
            yield f"{done}/{len(tasks)}", task.result()


@dataclass(frozen=True)
class Song:
    """A score of a few tracks and its audio file: rendered by us, or played by a soundfont at another pace."""

    sheet: LeadSheet
    path: Path
    soundfont: str | None = None
    pace: float = 1.0

    @property
    def is_ours(self) -> bool:
        """Whether we rendered it."""
        return self.soundfont is None

    @property
    def melody(self) -> str:
        """The track that sings or leads."""
        return self.sheet.track_ids[0]

    def clock(self, sheet: LeadSheet) -> TimeMap:
        """When a score truly sounds, whatever an alignment says."""
        return TimeMap(np.array([0.0, sheet.duration_s]), np.array([0.0, sheet.duration_s * self.pace]))

    def performance(self, sheet: LeadSheet) -> np.ndarray:
        """An edited score as it would have been recorded, (c, n): played by the same soundfont; ours by the draft."""
        if self.soundfont is None:
            return render(sheet, DraftEngine(), keep_stems=False).mix
        return perform(sheet, self.soundfont, self.pace)


def excerpts(folder: str, count: int, rng: np.random.Generator) -> list[LeadSheet]:
    """One passage a song, of BARS bars in which a melody and chords play, with bass and drums where it has them."""
    paths = [path for path in sorted(Path(folder).rglob("*")) if path.suffix.lower() in SUFFIXES]
    found: list[LeadSheet] = []
    for number in rng.permutation(len(paths)):
        if len(found) == count:
            return found
        try:
            sheet = read(paths[number])
        except ScoretokError:
            continue
        if sheet.bar_count < BARS:
            continue
        first = int(rng.integers(sheet.bar_count - BARS + 1))
        part = slice_bars(sheet, first, first + BARS)
        busy = [t for t in part.tracks if len(t.notes) >= 16 and all(24 <= n.pitch <= 100 for n in t.notes)]
        band = [next((t for t in busy if t.role in roles), None) for roles in BAND]
        tracks = tuple(t for t in band if t)
        edited = range(part.bar_starts[FIRST - 1], part.bar_starts[LAST])
        sings = band[0] and sum(note.start_ticks in edited for note in band[0].notes) >= 6
        if sings and band[1] and 15 < part.duration_s < 45:
            found.append(replace(part, tracks=tracks, sections=()))
    raise ScoretokError(f"{folder} holds {len(found)} songs that can be used, {count} are needed")


def our_render(sheet: LeadSheet, folder: Path, number: int) -> Song:
    """The song rendered as `scoretok render` does it."""
    path = folder / f"ours-{number}.wav"
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 2, "PCM_16") as file:
        file.comment = Provenance("dit", digest(sheet), number, weights=weights_digest(str(RENDERER_WEIGHTS))).comment()
        file.write(render(sheet, DitEngine(), keep_stems=False, seed=number).mix.T)
    return Song(sheet, path)


def recording_of(sheet: LeadSheet, soundfont: str, folder: Path, number: int) -> Song:
    """The song played by a soundfont, a little faster or slower than written, at 24 bit."""
    pace = float(np.random.default_rng(number).uniform(0.9, 1.1))
    path = folder / f"other-{number}.wav"
    soundfile.write(path, perform(sheet, soundfont, pace).T, SAMPLE_RATE, subtype="PCM_24")
    return Song(sheet, path, soundfont, pace)


def perform(sheet: LeadSheet, soundfont: str, pace: float) -> np.ndarray:
    """A mix (c, n) of all tracks, each played by a soundfont."""
    sounds = general_midi(soundfont)
    takes = []
    for track in sheet.tracks:
        notes = notes_of(sheet, track)
        performed = replace(notes, start_s=notes.start_s * pace, end_s=notes.end_s * pace)
        takes.append(SynthesisJob(performed, sounds[program_of(track)], sheet.duration_s * pace + RING_S))
    placed = [place(audio, default_level(t.role)) for audio, t in zip(synthesise(takes), sheet.tracks, strict=True)]
    return limit(np.sum(placed, axis=0) * np.float32(0.5))
