"""Training pairs on disk: clips of one track, each with its notes, made from soundfonts or from a person's stems.

A shard is one safetensors file: `mel` (clips, f, k) half floats, `audio` (clips, n) 16 bit, the notes of all
clips end to end with `note_counts` (clips,), and `program`, `preset` and `detune_cents` (clips,).

Axes: n samples, f mel frames, k mel bands.
"""

import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from renderer.codec.mel import LATENT_SAMPLES, SAMPLE_RATE, LogMel
from renderer.note_array import DRUM_PROGRAM, NoteArray
from renderer.training import clip_augmentation
from renderer.training.scores import excerpt, random_notes
from renderer.training.soundfonts import DRUM_BANK, Preset, SynthesisJob, synthesise
from scoretok.errors import ScoretokError

CLIP_LATENTS = 264
CLIP_SAMPLES = CLIP_LATENTS * LATENT_SAMPLES
CLIP_S = CLIP_SAMPLES / SAMPLE_RATE
# Programs that songs use most are played most: piano, guitars, basses, strings, voice, brass, reeds, flute, leads.
# Chosen by hand, not counted.
COMMON = frozenset((
    0, 1, 4, 5, 16, 24, 25, 26, 27, 29, 30, 32, 33, 34, 38, 40, 42, 48, 50, 52, 53, 54, 56, 57, 61, 65, 66, 71, 73,
    80, 81, 88, 89,
))  # fmt: skip
CLIPS_PER_SHARD = 40
SOUND_EFFECTS_KIT = 56
HELD_OUT_PRESETS = 8  # of variations, one in so many is kept apart
EXPRESSIVE_BANK = 17  # from here on MuseScore_General's presets listen to controllers
# Set by hand, drums raised from 0.13 after 2,960 clips (model card); no run compares shares.
COMMON_WEIGHT, DRUM_SHARE, RANDOM_SHARE = 4.0, 0.2, 0.45


@dataclass(frozen=True)
class ScoreClip:
    """One training example; `audio` (n,) as 16 bit integers (or empty), `mel` (f, k) as half floats."""

    notes: NoteArray
    mel: np.ndarray
    audio: np.ndarray
    preset: int


def playable(preset: Preset) -> bool:
    """Whether a preset sounds by notes alone, without controllers."""
    return preset.bank < EXPRESSIVE_BANK or (preset.bank == DRUM_BANK and preset.number < SOUND_EFFECTS_KIT)


def trainable(preset: Preset) -> bool:
    """Whether training may use a preset: one that is playable, save some variations that are kept apart."""
    plain = preset.bank in (0, DRUM_BANK)
    return playable(preset) and bool(plain or zlib.crc32(f"{preset.bank}:{preset.number}".encode()) % HELD_OUT_PRESETS)


def make_pair_shard(
    path: Path, sounds: Sequence[Preset], songs: Sequence[tuple[str, NoteArray]], clips: int, seed: int, name: str
) -> None:
    """Play and write one shard of clips with the presets of one soundfont; the same seed gives the same shard."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(np.random.SeedSequence([seed, zlib.crc32(name.encode())]))
    weights = np.array([_weight(preset, sounds) for preset in sounds])
    jobs: list[SynthesisJob] = []
    while len(jobs) < clips:
        preset = sounds[rng.choice(len(sounds), p=weights / weights.sum())]
        notes = _notes_for(preset, songs, rng)
        if len(notes):
            jobs.append(SynthesisJob(notes, preset, CLIP_S))
    recorded = synthesise([_with_velocity_curve(job, rng) for job in jobs])
    clips_made = []
    for job, stereo in zip(jobs, recorded, strict=True):
        audio = clip_augmentation.set_level(
            clip_augmentation.random_studio(stereo.mean(0), rng), float(job.notes.velocity.mean()), rng
        )
        if np.abs(audio).max() > 1e-3:
            clips_made.append((job.notes, audio, _preset_code(job.preset)))
    write_pair_shard(path, clips_made)


def _weight(preset: Preset, sounds: Sequence[Preset]) -> float:
    """How often a preset plays, relative to others: shared between presets of one program."""
    same = sum(other.program == preset.program for other in sounds)
    if preset.program == DRUM_PROGRAM:
        total = sum(COMMON_WEIGHT if p in COMMON else 1.0 for p in range(128))
        return DRUM_SHARE / (1 - DRUM_SHARE) * total / same
    return (COMMON_WEIGHT if preset.program in COMMON else 1.0) / same


def _notes_for(preset: Preset, songs: Sequence[tuple[str, NoteArray]], rng: np.random.Generator) -> NoteArray:
    """Notes for a preset: random, or from a song's track of any instrument; drums from drums."""
    fitting = [
        i for i, (_, notes) in enumerate(songs) if (notes.program == DRUM_PROGRAM) == (preset.program == DRUM_PROGRAM)
    ]
    detune = float(np.clip(rng.normal(0, 4), -12, 12)) if preset.program != DRUM_PROGRAM else 0.0
    if not fitting or rng.random() < RANDOM_SHARE:
        notes = random_notes(preset.program, CLIP_S, rng)
    else:
        notes = excerpt(songs[fitting[rng.integers(len(fitting))]][1], CLIP_S, rng)
    velocity = np.clip(notes.velocity + rng.integers(-20, 21), 10, 127)
    return NoteArray(notes.start_s, notes.end_s, notes.pitch, velocity, preset.program, detune)


def _with_velocity_curve(job: SynthesisJob, rng: np.random.Generator) -> SynthesisJob:
    """The performance with a velocity curve that is not in the conditioning."""
    curve = 127 * (job.notes.velocity / 127) ** rng.uniform(0.6, 1.4)
    notes = job.notes
    played = NoteArray(
        notes.start_s, notes.end_s, notes.pitch, np.rint(curve).clip(1, 127), notes.program, notes.detune_cents
    )
    return SynthesisJob(played, job.preset, job.duration_s)


def _preset_code(preset: Preset) -> int:
    """A number that tells presets apart across shards."""
    return zlib.crc32(f"{Path(preset.soundfont).name}:{preset.bank}:{preset.number}".encode()) & 0x7FFFFFFF


def write_pair_shard(path: Path, clips: Sequence[tuple[NoteArray, np.ndarray, int]]) -> None:
    """Write clips of (notes, audio (CLIP_SAMPLES,), preset) whole or not at all."""
    mel = LogMel()
    audio = np.stack([clip[1] for clip in clips])
    with torch.no_grad():
        frames = np.stack([mel(torch.from_numpy(one)[None])[0].numpy().astype(np.float16) for one in audio])
    notes = [clip[0] for clip in clips]
    tensors = {
        "mel": frames,
        "audio": np.rint(audio * 32767).astype(np.int16),
        "start_s": np.concatenate([n.start_s for n in notes]).astype(np.float32),
        "end_s": np.concatenate([n.end_s for n in notes]).astype(np.float32),
        "pitch": np.concatenate([n.pitch for n in notes]).astype(np.uint8),
        "velocity": np.concatenate([n.velocity for n in notes]).astype(np.uint8),
        "note_counts": np.array([len(n) for n in notes], np.int32),
        "program": np.array([n.program for n in notes], np.int16),
        "detune_cents": np.array([n.detune_cents for n in notes], np.float32),
        "preset": np.array([clip[2] for clip in clips], np.int32),
    }
    partial = path.with_suffix(".partial")
    # safetensors writes memory as it lies, whatever the strides say.
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, partial)
    partial.replace(path)


def read_pair_shard(path: Path, with_audio: bool = True) -> Iterator[ScoreClip]:
    """The clips of a shard. Raises ScoretokError for a damaged one."""
    try:
        with safe_open(path, framework="numpy") as shard:
            keys = [key for key in shard.keys() if with_audio or key != "audio"]  # noqa: SIM118 - not a dict
            data = {key: shard.get_tensor(key) for key in keys}
    except (SafetensorError, OSError) as error:
        raise ScoretokError(f"{path} is not a whole shard: {error}; make it anew") from None
    nothing = np.zeros((len(data["mel"]), 0), np.int16)
    ends = np.cumsum(data["note_counts"])
    for i, end in enumerate(ends):
        span = slice(end - data["note_counts"][i], end)
        fields = (data["start_s"][span].astype(np.float64), data["end_s"][span].astype(np.float64))
        velocity = data["velocity"][span].astype(np.int64)
        notes = NoteArray(
            *fields, data["pitch"][span].astype(np.int64), velocity, int(data["program"][i]),
            float(data["detune_cents"][i]),
        )  # fmt: skip
        yield ScoreClip(notes, data["mel"][i], data.get("audio", nothing)[i], int(data["preset"][i]))


def make_pairs(
    folder: Path,
    sounds: Sequence[Preset],
    songs: Sequence[tuple[str, NoteArray]],
    clips: int,
    seed: int = 0,
    processes: int = 2,
) -> Iterator[Path]:
    """Make shards of clips in a folder, going on where an earlier run stopped; yields each as it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    fonts = sorted({preset.soundfont for preset in sounds})
    jobs = []
    with ProcessPoolExecutor(processes) as pool:
        for number in range(-(-clips // CLIPS_PER_SHARD)):
            path = folder / f"pairs-{number:05d}.safetensors"
            font = fonts[number % len(fonts)]
            these = [preset for preset in sounds if preset.soundfont == font]
            if not path.exists():
                jobs.append((path, pool.submit(make_pair_shard, path, these, songs, CLIPS_PER_SHARD, seed, path.name)))
        for path, job in jobs:
            job.result()
            yield path
