"""Audio files that are changed in places and written with everything else as it was, bit for bit.

Axes: c channels, n samples.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scoretok.audio.comments import INPAINTED, RENDERED
from scoretok.audio.file import AudioFile
from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.files import whole_file

LOSSLESS = {".wav": "WAV", ".flac": "FLAC", ".aif": "AIFF", ".aiff": "AIFF"}
STORED_BYTES = {"PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8}
BLOCK_SAMPLES = 1 << 18


def check_output_of(source: AudioFile, output: str | Path) -> None:
    """Raise ScoretokError unless `output` can hold the file with every other sample as it was."""
    suffix = Path(output).suffix.lower()
    wanted = next((s for s, name in LOSSLESS.items() if name == source.format.replace("WAVEX", "WAV")), None)
    if source.is_lossless and wanted:
        if LOSSLESS.get(suffix) != LOSSLESS[wanted]:
            raise ScoretokError(f"{output} would change the format; name a {wanted} file, as {source.path.name} is")
    elif source.is_lossless:
        if suffix != ".wav":
            raise ScoretokError(
                f"{source.format} files are not written; name a .wav file, which holds the same samples"
            )
    elif suffix not in (".wav", ".flac"):
        raise ScoretokError(
            f"{source.path.name} is compressed, and compressing it again would change every sample;"
            " name a .wav or .flac file"
        )


def write_changed(source: AudioFile, output: str | Path, spans: Sequence[tuple[int, np.ndarray]]) -> None:
    """Write the file with other samples in some places, whole or not at all.

    `spans` are (start, samples (c, n)) that do not overlap. All other samples are the stored ones, not converted.
    """
    with whole_file(output) as temporary:
        data = data_offset(source)
        if data is not None:
            shutil.copyfile(source.path, temporary)
            _write_in_place(temporary, source, spans, data)
        else:
            _write_again(temporary, source, spans, Path(output).suffix.lower())


def as_stored(samples: np.ndarray, source: AudioFile) -> np.ndarray:
    """Float samples (c, n) as (n, c) of the stored type; whole numbers are rounded to the stored depth.

    Raises ScoretokError for what is no number.
    """
    if not np.isfinite(samples).all():
        raise ScoretokError(f"{source.path.name} is left as it is: the samples made for it are no numbers")
    kind = source.stored_type
    if kind != "int32":
        return samples.T.astype(kind)
    bits = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24}.get(source.subtype, 32)
    whole = np.rint(samples.T * 2.0 ** (bits - 1)).clip(-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1)
    return (whole.astype(np.int64) << (32 - bits)).astype(np.int32)


def data_offset(source: AudioFile) -> int | None:
    """Where the samples of a plain WAV file begin, in bytes; None for all other files."""
    if source.format not in ("WAV", "WAVEX") or source.subtype not in STORED_BYTES or not source.is_in_place:
        return None
    with source.path.open("rb") as file:
        if file.read(4) != b"RIFF":
            return None
        file.seek(12)
        while len(header := file.read(8)) == 8:
            size = int.from_bytes(header[4:], "little")
            if header[:4] == b"data":
                return file.tell()
            file.seek(size + size % 2, 1)
    return None


def _write_in_place(path: Path, source: AudioFile, spans: Sequence[tuple[int, np.ndarray]], data: int) -> None:
    """Put samples into a copy of a plain WAV file: what it costs does not grow with the length of the song."""
    sample_bytes = STORED_BYTES[source.subtype]
    with path.open("r+b") as file:
        for start, samples in spans:
            stored = np.ascontiguousarray(as_stored(samples, source))
            kind = stored.dtype.newbyteorder("<")
            columns = stored.astype(kind).view(np.uint8).reshape(*stored.shape, kind.itemsize)
            file.seek(data + start * source.channels * sample_bytes)
            file.write(columns[..., kind.itemsize - sample_bytes :].tobytes())
        if source.comment.startswith(RENDERED):
            file.seek(0)
            head = file.read(data)
            file.seek(0)
            file.write(head.replace(RENDERED.encode(), INPAINTED.encode()))


def _write_again(path: Path, source: AudioFile, spans: Sequence[tuple[int, np.ndarray]], suffix: str) -> None:
    """Copy block by block into a new file of the same kind, or as 24 bit when the file was compressed."""
    soundfile = require("soundfile", "audio", "writing audio")
    subtype = source.subtype if source.is_lossless else "PCM_24"
    layout = (source.sample_rate, source.channels, subtype)
    with soundfile.SoundFile(path, "w", *layout, format=LOSSLESS[suffix]) as file:
        if source.comment:
            file.comment = source.comment.replace(RENDERED, INPAINTED)
        for first in range(0, source.n_samples, BLOCK_SAMPLES):
            block = source.stored(first, min(first + BLOCK_SAMPLES, source.n_samples))
            for start, samples in spans:
                begin, stop = max(start, first), min(start + samples.shape[1], first + len(block))
                if begin < stop:
                    block[begin - first : stop - first] = as_stored(samples[:, begin - start : stop - start], source)
            file.write(block)
