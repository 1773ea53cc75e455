"""Reading a recording: any format, rate and number of channels becomes stereo at one rate.

Axes: c channels, n samples.
"""

from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from scoretok.errors import ScoretokError
from scoretok.extras import require

RATE = 44100
LONGEST_S = 1800
SHORTEST_S = 0.5
SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".m4a", ".aac", ".aif", ".aiff", ".opus", ".mp4", ".mkv", ".webm")
LIBSNDFILE = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff")
FADED_DB = -45.0
SILENT_PEAK = 10 ** (-70 / 20)


@dataclass(frozen=True)
class Recording:
    """Stereo samples (2, n), float32, at `rate`, and where they come from."""

    samples: np.ndarray
    rate: int = RATE
    path: str = ""

    @property
    def duration_s(self) -> float:
        """How long it lasts."""
        return self.samples.shape[1] / self.rate

    @cached_property
    def mono(self) -> np.ndarray:
        """Both channels together, (n,)."""
        return self.samples.mean(0)

    @property
    def music_s(self) -> float:
        """When the last sound has faded away, by 45 dB below the loudest fiftieth of a second."""
        step = max(1, self.rate // 50)
        blocks = self.mono[: len(self.mono) // step * step].reshape(-1, step)
        levels = np.sqrt(np.square(blocks).mean(1))
        loud_blocks = np.flatnonzero(levels > levels.max(initial=0.0) * 10 ** (FADED_DB / 20))
        return (
            min(self.duration_s, float(loud_blocks[-1] + 1) * step / self.rate) if len(loud_blocks) else self.duration_s
        )

    @property
    def is_silent(self) -> bool:
        """Whether nothing louder than -70 dB is heard."""
        return float(np.abs(self.samples).max(initial=0.0)) < SILENT_PEAK

    @property
    def loudness(self) -> dict[str, float]:
        """Loudness after ITU-R BS.1770 in LUFS, -70 for silence, and the highest sample in decibels."""
        pyloudnorm = require("pyloudnorm", "audio", "measuring loudness")
        lufs = float(pyloudnorm.Meter(self.rate).integrated_loudness(self.samples.T.astype(np.float64)))
        peak = float(np.abs(self.samples).max(initial=0.0))
        return {"loudness_lufs": round(max(-70.0, lufs), 2), "peak_db": round(20 * np.log10(max(peak, 1e-6)), 2)}

    def mono_at(self, rate: int) -> np.ndarray:
        """Both channels together at another rate, (n,)."""
        return resampled(self.mono[None], self.rate, rate)[0]

    def with_samples(self, samples: np.ndarray) -> "Recording":
        """Other samples, such as a stem, of the same recording; mono ones count for both channels."""
        stereo = np.broadcast_to(np.atleast_2d(samples), (2, np.shape(samples)[-1]))
        return Recording(np.asarray(stereo, np.float32), self.rate, self.path)


def read_recording(path: str | Path, rate: int = RATE) -> Recording:
    """A recording at a rate, from a sound file or the sound of a video.

    Raises ScoretokError when it cannot be read, is too short or too long, or holds what is no number.
    """
    if not Path(path).is_file():
        raise ScoretokError(f"{path} does not exist; check the name")
    samples, file_rate = _read(Path(path))
    if samples.shape[1] < SHORTEST_S * file_rate:
        raise ScoretokError(f"{path} lasts {samples.shape[1] / file_rate:.2f} s; at least {SHORTEST_S:g} s are needed")
    if not np.isfinite(samples).all():
        raise ScoretokError(f"{path} holds values that are no numbers; export it anew")
    stereo = samples if len(samples) == 2 else np.broadcast_to(samples.mean(0, keepdims=True), (2, samples.shape[1]))
    return Recording(np.ascontiguousarray(resampled(stereo, file_rate, rate)), rate, str(path))


def resampled(samples: np.ndarray, rate: float, new_rate: float) -> np.ndarray:
    """Samples (c, n) at another rate, float32."""
    if rate == new_rate:
        return np.asarray(samples, np.float32)
    soxr = require("soxr", "mir", "changing the sample rate")
    return np.asarray(soxr.resample(samples.T, rate, new_rate).T, np.float32)


def _check_length(path: Path, duration_s: float) -> None:
    if duration_s > LONGEST_S:
        raise ScoretokError(
            f"{path} lasts {duration_s / 60:.0f} minutes; cut it into pieces of {LONGEST_S // 60} minutes at most"
        )


def _read(path: Path) -> tuple[np.ndarray, int]:
    """Samples (c, n) and their rate, by libsndfile, or by ffmpeg what that does not know. Raises ScoretokError."""
    soundfile = require("soundfile", "mir", "reading audio")
    try:
        with soundfile.SoundFile(path) as file:
            _check_length(path, file.frames / file.samplerate)
            return np.ascontiguousarray(file.read(dtype="float32", always_2d=True).T), file.samplerate
    except (soundfile.LibsndfileError, RuntimeError) as error:
        reason = str(error).rpartition(": ")[2].rstrip(".")
    if path.suffix.lower() in LIBSNDFILE and find_spec("av") is None:
        raise ScoretokError(f"{path} cannot be read as audio: {reason}")
    try:
        return _decode(path)
    except ScoretokError:
        raise
    except Exception:
        raise ScoretokError(f"{path} cannot be read as audio: {reason}") from None


def _decode(path: Path) -> tuple[np.ndarray, int]:
    """The first sound stream of any container, by ffmpeg's libraries. Raises ScoretokError, or what they raise."""
    av = require("av", "mir", f"reading {path.suffix} files")
    with av.open(str(path)) as container:
        if not container.streams.audio:
            raise ScoretokError(f"{path} holds no sound")
        stream = container.streams.audio[0]
        rate = stream.codec_context.sample_rate
        resampler = av.AudioResampler("fltp", rate=rate)
        parts, length = [], 0
        for frame in container.decode(stream):
            for part in resampler.resample(frame):
                parts.append(part.to_ndarray())
                length += parts[-1].shape[1]
            _check_length(path, length / rate)
    if not parts:
        raise ScoretokError(f"{path} holds no sound")
    return np.concatenate(parts, 1), rate
