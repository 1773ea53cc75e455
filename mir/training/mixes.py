"""Training mixes: excerpts of scores rendered by random soundfonts and effects, with their labels.

Axes: c channels, n samples, e excerpts.
"""

import warnings
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from mir.grid import beat_times_s
from mir.notes.log_spectrogram import RATE, log_spectrogram, normalised
from mir.notes.targets import DRUM_CLASSES, NOTE_ROLES, NoteLabels, drum_class
from mir.training import mix_augmentation
from mir.training.drum_synth import SynthDrumKit
from scoretok.audio import resample
from scoretok.bars import join_notes
from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.formats import read
from scoretok.parts import Track
from scoretok.sheet import LeadSheet
from scoretok.splits import is_held_out

EXCERPT_S = 10.24
EXCERPT_FRAMES = 512
EXCERPTS_PER_SHARD = 128
LEAD_IN_S = 1.5  # played before an excerpt, so that it begins amid sounds; set by hand
SUFFIXES = (".mid", ".midi", ".lead", ".musicxml", ".mxl", ".abc", ".json")
SYNTH_RATE = 32000
# The bank of drum kits; the length of a stroke and of what is let fade are set by hand.
DRUM_BANK, DRUM_SUSTAIN_S, FADE_SAMPLES = 128, 1.0, 8000
# General MIDI programs that may play a role, commoner ones more than once: by hand, not counted.
ROLE_PROGRAM_CHOICES = {
    "lead": (52, 53, 53, 54, 85, 64, 65, 65, 66, 68, 71, 73, 73, 75, 56, 59, 60, 80, 81, 82, 40, 22, 11),
    "piano": (0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 16, 18, 19),
    "guitar": (24, 24, 25, 25, 26, 27, 28, 29, 30, 105),
    "strings": (48, 48, 49, 50, 51, 44, 61, 88, 89, 90, 91, 92, 94, 95),
    "bass": (32, 33, 33, 34, 35, 36, 38, 39, 43),
    "drums": (0, 0, 0, 8, 16, 24, 25, 32, 40),
}
# What basses play, set by hand after MMA's finger-picked basses (model card); the rest is guitar.
BASS_PITCHES = (24, 55)  # C1 to G3
GUITAR = 24  # nylon strings
# Set by hand; no benchmark varies the mixes, benchmarks.transcription measures what they taught.
MAX_TRANSPOSITION = 4  # semitones
SYNTH_KIT_SHARE = 0.5  # of drums are computed
MEAN_DB = {"lead": -1.0, "piano": -4.0, "guitar": -5.0, "strings": -6.0, "bass": -2.0, "drums": 0.0}


@dataclass(frozen=True)
class MixPart:
    """One track in seconds: rows of start, end, pitch, velocity."""

    role: str
    rows: np.ndarray


@dataclass(frozen=True)
class MixSong:
    """What is known of a score: parts, beats and downbeats in seconds."""

    name: str
    parts: tuple[MixPart, ...]
    beat_s: np.ndarray
    downbeat_s: np.ndarray
    duration_s: float


def score_files(folder: str | Path, held_out: bool) -> list[Path]:
    """The scores below a folder that are kept from training, or those that are not. Raises ScoretokError."""
    paths = [path for path in sorted(Path(folder).rglob("*")) if path.suffix.lower() in SUFFIXES]
    chosen = [path for path in paths if is_held_out(path) == held_out]
    if not chosen:
        raise ScoretokError(f"{folder} holds no {'held-out ' if held_out else ''}scores; name a folder of MIDI files")
    return chosen


def mix_song(path: Path) -> MixSong:
    """The score of a file. Raises ScoretokError."""
    sheet = with_valid_basses(read(path))
    return MixSong(str(path), tuple(mix_parts(sheet)), *beat_times_s(sheet), sheet.duration_s)


def mix_parts(sheet: LeadSheet) -> Iterator[MixPart]:
    """The tracks with notes; what is sung is played by a lead."""
    for track in sheet.tracks:
        role = "lead" if track.role == "vocal" else track.role
        rows = [
            (sheet.seconds_at(note.start_ticks), sheet.seconds_at(note.end_ticks), note.pitch, note.velocity)
            for note in track.notes
        ]
        if rows:
            yield MixPart(role, np.array(rows, float))


def with_valid_basses(sheet: LeadSheet) -> LeadSheet:
    """The score with what its basses play too high for one as guitars, and what is too low an octave or two higher.

    Arrangements call finger-picked accompaniments basses, too, and write notes that no bass has.
    """
    lowest, highest = BASS_PITCHES
    tracks: list[Track] = []
    for track in sheet.tracks:
        if track.role != "bass":
            tracks.append(track)
            continue
        high = tuple(note for note in track.notes if note.pitch > highest)
        low = [note for note in track.notes if note.pitch <= highest]
        bass_notes = join_notes(
            note._replace(pitch=note.pitch + 12 * max(0, -((note.pitch - lowest) // 12))) for note in low
        )
        tracks += [replace(track, notes=bass_notes)] if bass_notes else []
        tracks += [Track("guitar", high, GUITAR)] if high else []
    return replace(sheet, tracks=tuple(tracks))


class SoundfontBand:
    """Renders parts with randomly chosen soundfonts."""

    def __init__(
        self,
        soundfonts: Sequence[str | Path],
        programs: Mapping[str, Sequence[int]] = MappingProxyType(ROLE_PROGRAM_CHOICES),
    ) -> None:
        """`programs` are those that may play each role.

        Raises ScoretokError for what is no soundfont, and without tinysoundfont.
        """
        player = require("tinysoundfont", "audio", "playing soundfonts")
        self._programs, self._players = programs, []
        for path in soundfonts:
            synth = player.Synth(gain=-6.0, samplerate=SYNTH_RATE)
            try:
                self._players.append((synth, synth.sfload(str(path))))
            except Exception:
                raise ScoretokError(f"{path} is not a soundfont that can be played; name .sf2 or .sf3 files") from None

    def play(self, part: MixPart, duration_s: float, rng: np.random.Generator, max_shift: int = 0) -> np.ndarray:
        """A part as samples (2, n) of a random sound, at a usual loudness; silence if none of a few can play it.

        It is rendered up to `max_shift` semitones off and resampled back, which shifts formants (other instruments).
        """
        off = int(rng.integers(-max_shift, max_shift + 1))
        slower = 2 ** (off / 12)
        rows = part.rows / [slower, slower, 1, 1]
        if part.role != "drums":
            rows[:, 2] = (rows[:, 2] + off).clip(0, 127)
        resampled_part = MixPart(part.role, rows)
        for _ in range(4):
            synth, soundfont = self._players[rng.integers(len(self._players))]
            program = int(rng.choice(self._programs[part.role]))
            is_drums = part.role == "drums"
            synth.sounds_off()
            synth.generate_simple(FADE_SAMPLES, bytearray(8 * FADE_SAMPLES))  # what still fades away
            synth.program_select(0, soundfont, DRUM_BANK if is_drums else 0, program, is_drums)
            samples = _synthesise(synth, resampled_part, duration_s / slower)
            loud = at_nominal_level(samples)
            if loud.any():
                return _fit_length(resample(loud, SYNTH_RATE / slower, SYNTH_RATE), round(duration_s * SYNTH_RATE))
        return np.zeros((2, round(duration_s * SYNTH_RATE)), np.float32)


def at_nominal_level(samples: np.ndarray) -> np.ndarray:
    """Samples (c, n) at a level of -20 dB; silence stays silence."""
    level = float(np.sqrt(np.mean(samples**2)))
    return samples / level * np.float32(0.1) if level > 1e-4 else np.zeros_like(samples)


def _fit_length(sound: np.ndarray, samples: int) -> np.ndarray:
    """Sound (2, n) cut, or filled up with silence, to a number of samples."""
    return np.pad(sound[:, :samples], ((0, 0), (0, max(0, samples - sound.shape[1]))))


def _synthesise(synth: Any, part: MixPart, duration_s: float) -> np.ndarray:  # noqa: ANN401 - tinysoundfont has no types
    """What a synthesizer plays, (2, n): a pitch ends before it begins anew, strokes of drums ring on."""
    total = round(duration_s * SYNTH_RATE)
    ring_s = DRUM_SUSTAIN_S if part.role == "drums" else 0.0
    events = []
    for start, end, pitch, velocity in part.rows:
        events.append((round(start * SYNTH_RATE), 1, int(pitch), int(velocity)))
        events.append(
            (max(round(max(end, start + ring_s) * SYNTH_RATE), round(start * SYNTH_RATE) + 1), 0, int(pitch), 0)
        )
    samples = np.zeros((total, 2), np.float32)
    now = 0
    sounding: dict[int, int] = {}
    for moment, begins, pitch, velocity in [*sorted(events), (total, 0, -1, 0)]:
        at = min(moment, total)
        if at > now:
            synth.generate_simple(at - now, samples[now:at].data.cast("B"))
            now = at
        if begins:
            if sounding.get(pitch):
                synth.noteoff(0, pitch)
            synth.noteon(0, pitch, velocity)
            sounding[pitch] = sounding.get(pitch, 0) + 1
        elif pitch >= 0:
            sounding[pitch] -= 1
            if not sounding[pitch]:
                synth.noteoff(0, pitch)
    return samples.T.copy()


def mix_excerpt(song: MixSong, begin_s: float, rng: np.random.Generator) -> MixSong:
    """A stretch of a song from a moment on as a player might play it: other tempo, key, loudness, a little uneven."""
    pace, shift = float(np.exp(rng.normal(0, 0.12))), int(rng.integers(-5, 7))
    spread_s = rng.uniform(0, 0.012)
    parts = []
    for part in song.parts:
        rows = part.rows.copy()
        rows[:, :2] = (rows[:, :2] - begin_s) * pace
        rows = rows[(rows[:, 1] > 0) & (rows[:, 0] < EXCERPT_S + LEAD_IN_S)]
        if part.role != "drums":
            rows[:, 2] += shift
        rows[:, :2] += np.clip(rng.normal(0, spread_s, (len(rows), 1)), -0.03, 0.03)
        rows[:, 0] = np.maximum(rows[:, 0], 0)
        rows[:, 1] = np.clip(rows[:, 1], rows[:, 0] + 0.03, EXCERPT_S + LEAD_IN_S + 0.5)
        rows[:, 3] = 127 * (rows[:, 3] / 127) ** rng.uniform(0.5, 1.5) + rng.normal(0, rng.uniform(0, 12), len(rows))
        rows[:, 3] = rows[:, 3].clip(15, 127)
        rows = rows[(rows[:, 2] >= 0) & (rows[:, 2] < 128)]
        if len(rows):
            parts.append(MixPart(part.role, rows))
    beats = [(times - begin_s) * pace for times in (song.beat_s, song.downbeat_s)]
    return replace(song, parts=tuple(parts), beat_s=beats[0], downbeat_s=beats[1], duration_s=EXCERPT_S + LEAD_IN_S)


def render_mix(song: MixSong, band: SoundfontBand, rng: np.random.Generator) -> tuple[np.ndarray, NoteLabels]:
    """Mono samples at 22,050 Hz of an excerpt without its lead-in, and what is played in it."""
    total = np.zeros((2, round(song.duration_s * SYNTH_RATE)), np.float32)
    played = []
    absent = {role for role in (*NOTE_ROLES, "drums") if rng.random() < 0.15}
    for part in song.parts:
        if part.role in absent:
            continue
        if part.role == "drums" and rng.random() < SYNTH_KIT_SHARE:
            sound = at_nominal_level(SynthDrumKit(SYNTH_RATE, rng).play(part.rows, song.duration_s))
        else:
            sound = band.play(part, song.duration_s, rng, MAX_TRANSPOSITION)
        if not sound.any():
            continue
        if rng.random() < 0.7:
            sound = mix_augmentation.random_eq(sound, SYNTH_RATE, rng)
        if rng.random() < 0.3:
            sound = mix_augmentation.random_reverb(sound, SYNTH_RATE, rng)
        total += sound * np.float32(10 ** ((MEAN_DB[part.role] + rng.normal(0, 4.5)) / 20))
        played.append(part)
    if rng.random() < 0.25:
        total = mix_augmentation.random_reverb(total, SYNTH_RATE, rng)
    total = mix_augmentation.random_mastering(total, SYNTH_RATE, rng)
    detune = 2 ** (np.clip(rng.normal(0, 0.12), -0.35, 0.35) / 12)  # semitones, as a tape would
    mono = resample(total.mean(0)[None], SYNTH_RATE * detune, RATE)[0]
    begin = round(LEAD_IN_S / detune * RATE)
    mono = mono[begin : begin + round(EXCERPT_S * RATE)]
    return np.pad(mono, (0, max(0, round(EXCERPT_S * RATE) - len(mono)))), labels_of(song, played, detune)


def labels_of(song: MixSong, parts: Sequence[MixPart], detune: float) -> NoteLabels:
    """Labels of an excerpt after its lead-in, times divided by `detune`."""
    notes = [(*row, NOTE_ROLES.index(part.role)) for part in parts if part.role != "drums" for row in part.rows]
    strokes = [row for part in parts if part.role == "drums" for row in part.rows]
    rows, hits = np.array(notes).reshape(-1, 5), np.array(strokes).reshape(-1, 4)

    def moved(times_s: np.ndarray) -> np.ndarray:
        return ((times_s - LEAD_IN_S) / detune).astype(np.float32)

    return NoteLabels(
        moved(rows[:, 0]), moved(rows[:, 1]), rows[:, 2].astype(np.int16), rows[:, 4].astype(np.int16),
        moved(hits[:, 0]), np.array([DRUM_CLASSES.index(drum_class(int(key))) for key in hits[:, 2]], np.int16),
        moved(song.beat_s), moved(song.downbeat_s),
    )  # fmt: skip


def random_excerpt(songs: Sequence[MixSong], rng: np.random.Generator) -> MixSong:
    """A random excerpt, songs weighted by their number of roles; one in five takes some parts from another song."""
    sizes = np.array([len({part.role for part in song.parts}) for song in songs], float)
    weights = sizes / sizes.sum()
    song = songs[int(rng.choice(len(songs), p=weights))]
    begin_s = rng.uniform(-1, max(0.0, song.duration_s - EXCERPT_S - LEAD_IN_S))
    piece = mix_excerpt(song, begin_s, rng)
    if rng.random() >= 0.2:
        return piece
    other = songs[int(rng.integers(len(songs)))]
    guest = mix_excerpt(other, rng.uniform(-1, max(0.0, other.duration_s - EXCERPT_S - LEAD_IN_S)), rng)
    roles = {role for role in NOTE_ROLES if rng.random() < 0.5}
    parts = [part for part in piece.parts if part.role not in roles]
    return replace(piece, parts=(*parts, *(part for part in guest.parts if part.role in roles)))


def write_mix_shard(path: Path, songs: Sequence[MixSong], band: SoundfontBand, excerpts: int, seed: int) -> None:
    """Play and write a shard whole or not at all; the same seed gives the same shard."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, zlib.crc32(path.name.encode())]))
    spectrograms: list[np.ndarray] = []
    answers: list[NoteLabels] = []
    while len(spectrograms) < excerpts:
        samples, played = render_mix(random_excerpt(songs, rng), band, rng)
        level = normalised(samples) * np.float32(10 ** (rng.normal(0, 3) / 20))
        spectrogram = log_spectrogram(level)[:, :, :EXCERPT_FRAMES].numpy()
        spectrograms.append(np.rint(spectrogram * 255).astype(np.uint8))
        answers.append(played)
    tensors = {"spectrogram": np.stack(spectrograms)}
    for name in NoteLabels.__dataclass_fields__:
        values = [getattr(one, name) for one in answers]
        tensors[name] = np.concatenate(values)
        tensors[f"{name}_counts"] = np.array([len(value) for value in values], np.int32)
    partial = path.with_suffix(".partial")
    save_file(tensors, partial)
    partial.replace(path)


def make_mixes(
    folder: Path, paths: Sequence[Path], soundfonts: Sequence[str], excerpts: int, seed: int = 0, processes: int = 2
) -> Iterator[Path]:
    """Make shards of mixes in a folder, going on where an earlier run stopped; yields each as it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        jobs = []
        for number in range(-(-excerpts // EXCERPTS_PER_SHARD)):
            path = folder / f"mixes-{number:04d}.safetensors"
            if not path.is_file():
                jobs.append((path, pool.submit(_make_shard, path, tuple(paths), tuple(soundfonts), seed)))
        for path, job in jobs:
            job.result()
            yield path


def _make_shard(path: Path, paths: tuple[Path, ...], soundfonts: tuple[str, ...], seed: int) -> None:
    torch.set_num_threads(1)
    write_mix_shard(path, *_material(paths, soundfonts), EXCERPTS_PER_SHARD, seed)


@cache
def _material(paths: tuple[Path, ...], soundfonts: tuple[str, ...]) -> tuple[list[MixSong], SoundfontBand]:
    """Songs and soundfonts, read once a process; scores that cannot be read are left out."""
    songs = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # markers of thousands of scores, which nobody hears
        for path in paths:
            with suppress(ScoretokError):
                songs.append(mix_song(path))
    if not songs:
        raise ScoretokError("none of the scores can be read")
    return songs, SoundfontBand(soundfonts)


def _open_shard(path: Path) -> safe_open:
    try:
        return safe_open(path, framework="numpy")
    except (SafetensorError, OSError) as error:
        raise ScoretokError(f"{path} is not a whole shard: {error}; make it anew") from None


class MixShards:
    """The excerpts of all shards of a folder, spectrograms (w, f, t) in bytes. Raises ScoretokError without any."""

    def __init__(self, folder: str | Path) -> None:
        paths = sorted(Path(folder).glob("*.safetensors"))
        if not paths:
            raise ScoretokError(f"{folder} holds no shards; make them with: scoretok train mixes")
        self._files = [_open_shard(path) for path in paths]
        self._answers = []
        self._where = []
        for number, file in enumerate(self._files):
            fields = {}
            for name in NoteLabels.__dataclass_fields__:
                ends = np.cumsum(file.get_tensor(f"{name}_counts"))
                fields[name] = np.split(file.get_tensor(name), ends[:-1])
            rows = range(len(ends))
            self._answers += [NoteLabels(**{name: values[row] for name, values in fields.items()}) for row in rows]
            self._where += [(number, row) for row in rows]

    def __len__(self) -> int:
        return len(self._where)

    def __getitem__(self, number: int) -> tuple[np.ndarray, NoteLabels]:
        """Levels (w, f, t), 0 to 1, and what is played."""
        file, row = self._where[number]
        levels = self._files[file].get_slice("spectrogram")[row : row + 1][0]
        return levels, self._answers[number]
