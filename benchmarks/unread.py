"""Songs that the shipped models have not read: their weights were trained under earlier rules of what is held out."""

import re
import zlib
from pathlib import Path


def song_of_record(record: str) -> str:
    """The song of a record under the rule of the shipped planner: 'pop909_mma/001/0' is 'pop909/001'."""
    source, _, rest = record.partition("/")
    return f"{source.removesuffix('_mma')}/{rest.rpartition('/')[0] if source.endswith('_mma') else rest}"


def file_name(record: str) -> str:
    """A file name for a record that begins with its song: `pop909-001__pop909_mma-001-0`."""
    return re.sub(r"[^\w.-]", "-", song_of_record(record)) + "__" + re.sub(r"[^\w.-]", "-", record)


def planner_left_out(record: str) -> bool:
    """Whether the song of a record was in the test split of the shipped planner, one in 25."""
    return zlib.crc32(song_of_record(record).encode()) % 25 == 0


def transcription_left_out(record: str) -> bool:
    """Whether the shipped transcription network was not trained on the song of a record, one in 12."""
    return zlib.crc32(file_name(record).partition("__")[0].encode()) % 12 == 0


def renderer_left_out(path: str | Path) -> bool:
    """Whether the shipped renderer was not trained on a score, by its path below the folder of scores, one in 12."""
    return zlib.crc32(str(path).encode()) % 12 == 0


def no_model_has_read(record: str) -> bool:
    """Whether a record is of use for end-to-end figures: left out of the planner and of the transcription network.

    What the renderer left out goes by paths (`renderer_left_out`), so that its own benchmark looks there.
    """
    return planner_left_out(record) and transcription_left_out(record)
