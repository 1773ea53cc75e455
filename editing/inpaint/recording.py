"""Audio files that are changed in places: read in spans, written with everything else as it was, bit for bit.

Axes: c channels, n samples.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import gcd
from pathlib import Path

import numpy as np

from renderer.audio_files import resample_channels
from renderer.codec.mel import SAMPLE_RATE
from renderer.provenance import MARK
from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.files import whole_file

LOSSLESS = {".wav": "WAV", ".flac": "FLAC", ".aif": "AIFF", ".aiff": "AIFF"}
BLOCK = 1 << 18
STORED_BYTES = {"PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8}
EDITED = "inpainted by scoretok:"  # as long as MARK, to take its place
FLOATS = ("FLOAT", "DOUBLE")
SHORTEST_S = 0.1
PADDING = 4096


@dataclass(frozen=True)
class Recording:
    """An audio file: how it is stored, and how long it is."""

    path: Path
    sample_rate: int
    channels: int
    n_samples: int
    format: str
    subtype: str
    comment: str

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""
        return self.n_samples / self.sample_rate

    @property
    def is_lossless(self) -> bool:
        """Whether its samples can be kept as they are when it is written again."""
        return self.subtype in FLOATS or self.subtype.startswith("PCM_")

    @property
    def is_in_place(self) -> bool:
        """Whether every sample lies where it does in the file."""
        return True

    def stored(self, start: int, stop: int) -> np.ndarray:
        """Samples (n, c) exactly as they are stored; floats where the file is compressed. Raises ScoretokError."""
        return read_span(self.path, start, stop, stored_type(self))

    def read(self, start: int, stop: int) -> np.ndarray:
        """Samples (c, stop - start), float64, zeros where there is no file. Raises ScoretokError."""
        out = np.zeros((self.channels, stop - start))
        inside = slice(max(start, 0), min(stop, self.n_samples))
        if inside.start < inside.stop:
            samples = read_span(self.path, inside.start, inside.stop, "float64")
            out[:, inside.start - start : inside.stop - start] = samples.T
        if not np.isfinite(out).all():
            raise ScoretokError(f"{self.path} holds samples that are not numbers; mend it in an audio editor first")
        return out


def read_span(path: Path, start: int, stop: int, dtype: str) -> np.ndarray:
    """Samples (n, c) of a file as they are stored. Raises ScoretokError."""
    soundfile = require("soundfile", "audio", "reading audio")
    try:
        with soundfile.SoundFile(path) as file:
            file.seek(start)
            samples = np.asarray(file.read(stop - start, dtype=dtype, always_2d=True))
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise ScoretokError(f"{path} cannot be read as audio: {str(error).split(': ')[-1]}") from None
    if len(samples) < stop - start:
        raise ScoretokError(f"{path} breaks off after {(start + len(samples))} samples, sooner than it says")
    return samples


@contextmanager
def silent_decoders() -> Iterator[None]:
    """Keep what decoders in C have to say of a broken file from standard error; one sentence of ours follows."""
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def open_recording(path: str | Path) -> Recording:
    """Look at an audio file. Raises ScoretokError when there is nothing in it to work with."""
    soundfile = require("soundfile", "audio", "reading audio")
    if not Path(path).is_file():
        raise ScoretokError(f"{path} does not exist; check the name")
    try:
        with silent_decoders(), soundfile.SoundFile(path) as file:
            found = Recording(
                Path(path), file.samplerate, file.channels, file.frames, file.format, file.subtype, file.comment
            )
    except (soundfile.LibsndfileError, RuntimeError, TypeError):
        raise ScoretokError(f"{path} cannot be read as audio; is it whole, and in a usual format?") from None
    if found.n_samples < SHORTEST_S * found.sample_rate:
        raise ScoretokError(f"{path} is {found.duration_s:.2f} s long; there is nothing to inpaint in it")
    return found


def at_model_rate(recording: Recording, start: int, stop: int) -> np.ndarray:
    """Samples (c, stop - start) of a recording as if it were at 44.1 kHz, counted so."""
    rate = recording.sample_rate
    if rate == SAMPLE_RATE:
        return recording.read(start, stop)
    here, there = common_steps(rate)
    # A little more on either side, for the resampler's filter.
    first, last = start // here - 1 - PADDING // here, -(-stop // here) + 1 + PADDING // here
    samples = resample_channels(recording.read(first * there, last * there), rate, SAMPLE_RATE)
    return np.pad(samples, ((0, 0), (0, here)))[:, start - first * here : stop - first * here]


def common_steps(rate: int) -> tuple[int, int]:
    """Samples at 44.1 kHz and at another rate after which both have one at the same moment again."""
    divisor = gcd(SAMPLE_RATE, rate)
    return SAMPLE_RATE // divisor, rate // divisor


def check_output_of(recording: Recording, output: str | Path) -> None:
    """Raise ScoretokError unless `output` can hold the recording with every other sample as it was."""
    suffix = Path(output).suffix.lower()
    wanted = next((s for s, name in LOSSLESS.items() if name == recording.format.replace("WAVEX", "WAV")), None)
    if recording.is_lossless and wanted:
        if LOSSLESS.get(suffix) != LOSSLESS[wanted]:
            raise ScoretokError(f"{output} would change the format; name a {wanted} file, as {recording.path.name} is")
    elif recording.is_lossless:
        if suffix != ".wav":
            raise ScoretokError(
                f"{recording.format} files are not written; name a .wav file, which holds the same samples"
            )
    elif suffix not in (".wav", ".flac"):
        raise ScoretokError(
            f"{recording.path.name} is compressed, and compressing it again would change every sample;"
            " name a .wav or .flac file"
        )


def write_changed(recording: Recording, output: str | Path, spans: Sequence[tuple[int, np.ndarray]]) -> None:
    """Write the recording with other samples in some places, whole or not at all.

    `spans` are (start, samples (c, n)) that do not overlap. All other samples are the stored ones, not converted.
    """
    with whole_file(output) as temporary:
        data = data_offset(recording)
        if data is not None:
            shutil.copyfile(recording.path, temporary)
            _write_in_place(temporary, recording, spans, data)
        else:
            _write_again(temporary, recording, spans, Path(output).suffix.lower())


def stored_type(recording: Recording) -> str:
    """The type that holds the stored samples exactly."""
    if not recording.is_lossless:
        return "float64"
    return {"FLOAT": "float32", "DOUBLE": "float64"}.get(recording.subtype, "int32")


def as_stored(samples: np.ndarray, recording: Recording) -> np.ndarray:
    """Float samples (c, n) as (n, c) of the stored type; whole numbers are rounded to the stored depth."""
    kind = stored_type(recording)
    if kind != "int32":
        return samples.T.astype(kind)
    bits = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24}.get(recording.subtype, 32)
    whole = np.rint(samples.T * 2.0 ** (bits - 1)).clip(-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1)
    return (whole.astype(np.int64) << (32 - bits)).astype(np.int32)


def data_offset(recording: Recording) -> int | None:
    """Where the samples of a plain WAV file begin, in bytes; None for all other files."""
    if recording.format not in ("WAV", "WAVEX") or recording.subtype not in STORED_BYTES or not recording.is_in_place:
        return None
    with recording.path.open("rb") as file:
        if file.read(4) != b"RIFF":
            return None
        file.seek(12)
        while len(header := file.read(8)) == 8:
            size = int.from_bytes(header[4:], "little")
            if header[:4] == b"data":
                return file.tell()
            file.seek(size + size % 2, 1)
    return None


def _write_in_place(path: Path, recording: Recording, spans: Sequence[tuple[int, np.ndarray]], data: int) -> None:
    """Put samples into a copy of a plain WAV file: what it costs does not grow with the length of the song."""
    sample_bytes = STORED_BYTES[recording.subtype]
    with path.open("r+b") as file:
        for start, samples in spans:
            stored = np.ascontiguousarray(as_stored(samples, recording))
            kind = stored.dtype.newbyteorder("<")
            columns = stored.astype(kind).view(np.uint8).reshape(*stored.shape, kind.itemsize)
            file.seek(data + start * recording.channels * sample_bytes)
            file.write(columns[..., kind.itemsize - sample_bytes :].tobytes())
        if recording.comment.startswith(MARK):
            file.seek(0)
            head = file.read(data)
            file.seek(0)
            file.write(head.replace(MARK.encode(), EDITED.encode()))


def _write_again(path: Path, recording: Recording, spans: Sequence[tuple[int, np.ndarray]], suffix: str) -> None:
    """Copy block by block into a new file of the same kind, or as 24 bit when the file was compressed."""
    soundfile = require("soundfile", "audio", "writing audio")
    subtype = recording.subtype if recording.is_lossless else "PCM_24"
    layout = (recording.sample_rate, recording.channels, subtype)
    with soundfile.SoundFile(path, "w", *layout, format=LOSSLESS[suffix]) as file:
        if recording.comment:
            file.comment = recording.comment.replace(MARK, EDITED)
        for first in range(0, recording.n_samples, BLOCK):
            block = recording.stored(first, min(first + BLOCK, recording.n_samples))
            for start, samples in spans:
                begin, stop = max(start, first), min(start + samples.shape[1], first + len(block))
                if begin < stop:
                    block[begin - first : stop - first] = as_stored(samples[:, begin - start : stop - start], recording)
            file.write(block)
