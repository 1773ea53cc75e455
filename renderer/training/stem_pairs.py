"""A person's own pairs: a folder of stems, each beside the MIDI (or any other score) of what it plays.

    piano.wav  piano.mid
    bass.flac  bass.mid

Axes: n samples.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from renderer.codec.mel import SAMPLE_RATE
from renderer.note_array import NoteArray, notes_of
from renderer.training.clips import CLIP_S, CLIP_SAMPLES, CLIPS_PER_SHARD, write_pair_shard
from renderer.training.scores import SUFFIXES
from scoretok.audio import read_mono
from scoretok.errors import ScoretokError
from scoretok.formats import read

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
MIN_PEAK = 1e-3  # -60 dB; set by hand


def find_stems(folder: Path) -> list[tuple[Path, Path]]:
    """Pairs of (audio, score) with the same name below a folder. Raises ScoretokError when there are none."""
    found = []
    for audio in sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES):
        scores = [path for path in sorted(audio.parent.glob(f"{audio.stem}.*")) if path.suffix.lower() in SUFFIXES]
        if scores:
            found.append((audio, scores[0]))
    if not found:
        raise ScoretokError(f"{folder} holds no stem with its score; put piano.wav beside piano.mid, one track a file")
    return found


def stems_to_pairs(folder: Path, out: Path, progress: Callable[[str], None] = lambda _: None) -> int:
    """Cut stems and their scores into clips and write them as shards; how many clips. Raises ScoretokError."""
    out.mkdir(parents=True, exist_ok=True)
    clips: list[tuple[NoteArray, np.ndarray, int]] = []
    for number, (audio, score) in enumerate(find_stems(folder)):
        clips += cut_clips(read_mono(audio, SAMPLE_RATE), track_notes(score), number)
        progress(audio.name)
    if not clips:
        raise ScoretokError(f"{folder}: no stem holds notes that sound for {CLIP_S:.0f} s")
    for number, first in enumerate(range(0, len(clips), CLIPS_PER_SHARD)):
        write_pair_shard(out / f"stems-{number:05d}.safetensors", clips[first : first + CLIPS_PER_SHARD])
    return len(clips)


def track_notes(score: Path) -> NoteArray:
    """The notes of the one track of a score. Raises ScoretokError."""
    sheet = read(score)
    tracks = [track for track in sheet.tracks if track.notes]
    if len(tracks) != 1:
        raise ScoretokError(f"{score} has {len(tracks)} tracks with notes; a stem's score has one")
    return notes_of(sheet, tracks[0])


def cut_clips(audio: np.ndarray, notes: NoteArray, preset: int) -> list[tuple[NoteArray, np.ndarray, int]]:
    """Clips of CLIP_SAMPLES, half overlapping, where notes begin; times of notes from the clip's start."""
    clips = []
    for start in range(0, len(audio) - CLIP_SAMPLES // 2, CLIP_SAMPLES // 2):
        piece = audio[start : start + CLIP_SAMPLES]
        piece = np.pad(piece, (0, CLIP_SAMPLES - len(piece)))
        start_s = start / SAMPLE_RATE
        near = notes.sounding_in(start_s, start_s + CLIP_S, 0.0)
        if len(near) and np.abs(piece).max() > MIN_PEAK:
            moved = NoteArray(
                near.start_s - start_s, near.end_s - start_s, near.pitch, near.velocity, near.program, near.detune_cents
            )
            clips.append((moved, piece, preset))
    return clips
