"""One reader of audio files: whole, in spans at any rate, or block by block, as they are stored or as floats.

libsndfile reads what it knows; other containers (m4a, mp4, webm ...) are decoded once by FFmpeg's libraries.

Axes: c channels, n samples.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from scoretok.audio.resampling import common_period, resample
from scoretok.errors import ScoretokError
from scoretok.extras import require

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".m4a", ".aac", ".aif", ".aiff", ".opus", ".mp4", ".mkv", ".webm")
LIBSNDFILE = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff")
FLOATS = ("FLOAT", "DOUBLE")
BLOCK_S = 5
FILTER_SAMPLES = 4096  # read on either side of a span, for the resampler's filter
DECODED_SAMPLES = 1 << 18
LONGEST_DECODED_S = 3 * 3600  # of what has to be decoded into memory


@dataclass(frozen=True)
class AudioFile:
    """An audio file: how it is stored, and how long it is. `decoded` (c, n) holds what only FFmpeg can read."""

    path: Path
    sample_rate: int
    channels: int
    n_samples: int
    format: str
    subtype: str
    comment: str
    decoded: np.ndarray | None = field(default=None, repr=False, compare=False)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.sample_rate

    @property
    def is_lossless(self) -> bool:
        """Whether its samples can be kept as they are when it is written again."""
        return self.subtype in FLOATS or self.subtype.startswith("PCM_")

    @property
    def is_in_place(self) -> bool:
        """Whether every sample lies where it does in the file."""
        return self.decoded is None

    @property
    def stored_type(self) -> str:
        """The type that holds the stored samples exactly."""
        if not self.is_lossless:
            return "float64"
        return {"FLOAT": "float32", "DOUBLE": "float64"}.get(self.subtype, "int32")

    def stored(self, start: int, stop: int) -> np.ndarray:
        """Samples (n, c) exactly as they are stored; floats where the file is compressed. Raises ScoretokError."""
        return self._span(start, stop, self.stored_type)

    def read(self, start: int, stop: int, dtype: str = "float64") -> np.ndarray:
        """Samples (c, stop - start), zeros where there is no file. Raises ScoretokError."""
        first, last = max(start, 0), min(stop, self.n_samples)
        if first >= last:
            return np.zeros((self.channels, stop - start), dtype)
        samples = self._span(first, last, dtype).T
        check_finite(samples, self.path)
        if (first, last) == (start, stop):
            return np.ascontiguousarray(samples)
        return np.pad(samples, ((0, 0), (first - start, stop - last)))

    def read_at(self, sample_rate: int, start: int, stop: int) -> np.ndarray:
        """Samples (c, stop - start), float64, as if the file were at another rate, and counted so."""
        if sample_rate == self.sample_rate:
            return self.read(start, stop)
        here, there = common_period(sample_rate, self.sample_rate)
        first, last = start // here - 1 - FILTER_SAMPLES // here, -(-stop // here) + 1 + FILTER_SAMPLES // here
        samples = resample(self.read(first * there, last * there), self.sample_rate, sample_rate)
        return np.pad(samples, ((0, 0), (0, here)))[:, start - first * here : stop - first * here]

    def blocks(self, sample_rate: int, block_s: float = BLOCK_S) -> Iterator[np.ndarray]:
        """Mono samples (n,), float32, at a rate, block by block from the beginning. Raises ScoretokError."""
        soxr = require("soxr", "audio", "changing the sample rate")
        stream = soxr.ResampleStream(self.sample_rate, sample_rate, 1, dtype="float32")
        for block, is_last in self._mono_blocks(round(block_s * self.sample_rate)):
            check_finite(block, self.path)
            yield block if sample_rate == self.sample_rate else stream.resample_chunk(block, last=is_last)

    def _mono_blocks(self, length: int) -> Iterator[tuple[np.ndarray, bool]]:
        if self.decoded is not None:
            mono = self.decoded.mean(0)
            for start in range(0, len(mono) + 1, length):
                yield mono[start : start + length], start + length > len(mono)
            return
        soundfile = require("soundfile", "audio", "reading audio")
        with decoding(self.path), soundfile.SoundFile(self.path) as file:
            is_last = False
            while not is_last:
                block = file.read(length, dtype="float32", always_2d=True).mean(1)
                is_last = len(block) < length
                yield block, is_last

    def _span(self, start: int, stop: int, dtype: str) -> np.ndarray:
        """Samples (n, c). Raises ScoretokError."""
        if self.decoded is not None:
            return self.decoded[:, start:stop].T.astype(dtype)
        if not self.is_lossless:
            samples = self._in_order[start:stop].astype(dtype)
        else:
            soundfile = require("soundfile", "audio", "reading audio")
            with decoding(self.path), soundfile.SoundFile(self.path) as file:
                file.seek(start)
                samples = np.asarray(file.read(stop - start, dtype=dtype, always_2d=True))
        if len(samples) < stop - start:
            raise ScoretokError(f"{self.path} breaks off after {start + len(samples)} samples, sooner than it says")
        return samples

    @cached_property
    def _in_order(self) -> np.ndarray:
        """All samples (n, c), float32, of a compressed file, kept in a temporary file.

        Decoders of such files lack their history after a seek and give other samples; so this decodes once, in order.
        Raises ScoretokError.
        """
        soundfile = require("soundfile", "audio", "reading audio")
        try:
            with tempfile.TemporaryFile() as kept:
                with decoding(self.path), soundfile.SoundFile(self.path) as file:
                    while len(block := file.read(DECODED_SAMPLES, dtype="float32", always_2d=True)):
                        kept.write(block.tobytes())
                kept.flush()
                if not kept.tell():
                    return np.zeros((0, self.channels), np.float32)
                return np.memmap(kept, np.float32, "r").reshape(-1, self.channels)
        except OSError as error:
            raise ScoretokError(f"{self.path} cannot be decoded to a temporary file: {error.strerror}") from None


def open_audio(path: str | Path, shortest_s: float = 0.0, longest_s: float = float("inf")) -> AudioFile:
    """The header of an audio file, or of the sound of a video.

    Raises ScoretokError when it cannot be read, is empty, or is shorter or longer than asked for.
    """
    path = Path(path)
    if not path.is_file():
        raise ScoretokError(f"{path} does not exist; check the name")
    found = _by_libsndfile(path)
    if isinstance(found, str):
        found = _by_ffmpeg(path, found, min(longest_s, LONGEST_DECODED_S))
    if found.duration_s > longest_s:
        raise too_long(path, found.duration_s, longest_s)
    if not found.n_samples or found.duration_s < shortest_s:
        least = f"; at least {shortest_s:g} s are needed" if shortest_s else "; it holds no sound"
        raise ScoretokError(f"{path} lasts {found.duration_s:.2f} s{least}")
    return found


def _by_libsndfile(path: Path) -> AudioFile | str:
    """The header as libsndfile reads it, or why it cannot."""
    soundfile = require("soundfile", "audio", "reading audio")
    try:
        with silent_decoders(), soundfile.SoundFile(path) as file:
            header = file.samplerate, file.channels, file.frames, file.format, file.subtype, file.comment
            return AudioFile(path, *header)
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        return reason_of(error)


def _by_ffmpeg(path: Path, reason: str, longest_s: float) -> AudioFile:
    """The first sound stream of any container, decoded. Raises ScoretokError, with libsndfile's reason."""
    if path.suffix.lower() in LIBSNDFILE and find_spec("av") is None:
        raise unreadable(path, reason)
    av = require("av", "mir", f"reading {path.suffix} files")
    parts: list[np.ndarray] = []
    length = 0
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise ScoretokError(f"{path} holds no sound")
            stream = container.streams.audio[0]
            rate = stream.codec_context.sample_rate
            resampler = av.AudioResampler("fltp", rate=rate)
            for frame in container.decode(stream):
                parts += [part.to_ndarray() for part in resampler.resample(frame)]
                length += parts[-1].shape[1] if parts else 0
                if length > longest_s * rate:
                    raise too_long(path, length / rate, longest_s)
    except ScoretokError:
        raise
    except Exception:
        raise unreadable(path, reason) from None
    if not parts:
        raise ScoretokError(f"{path} holds no sound")
    samples = np.concatenate(parts, 1)
    return AudioFile(path, rate, len(samples), samples.shape[1], path.suffix[1:].upper(), "FFMPEG", "", samples)


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Turn what libsndfile raises into one sentence."""
    soundfile = require("soundfile", "audio", "reading audio")
    try:
        with silent_decoders():
            yield
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise unreadable(path, reason_of(error)) from None


def reason_of(error: Exception) -> str:
    """The reason in what libsndfile says, without the path and the stop."""
    return str(error).rpartition(": ")[2].rstrip(".")


def unreadable(path: Path, reason: str) -> ScoretokError:
    """The one sentence for what is no audio."""
    return ScoretokError(f"{path} cannot be read as audio: {reason}; is it whole, and in a usual format?")


def too_long(path: Path, duration_s: float, longest_s: float) -> ScoretokError:
    """The one sentence for what is too long."""
    return ScoretokError(
        f"{path} lasts {duration_s / 60:.0f} minutes; cut it into pieces of {longest_s / 60:.0f} minutes at most"
    )


def check_finite(samples: np.ndarray, path: Path) -> None:
    """Raise ScoretokError where samples are no numbers."""
    if not np.isfinite(samples).all():
        raise ScoretokError(f"{path} holds values that are no numbers; export it anew")


@contextmanager
def silent_decoders() -> Iterator[None]:
    """Keep what decoders in C print of a broken file from standard error; one sentence of ours follows."""
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
