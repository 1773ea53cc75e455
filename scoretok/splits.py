"""Which songs are held out from every model: one rule, by the song and not by the file.

Versions, arrangements and copies of a song are in the same split, whatever format or room they are read in, so that no
end-to-end figure is of a song that some model has read. The weights that ship were trained under earlier rules, which
their cards name.
"""

import re
import zlib
from pathlib import Path

SPLITS = {"test": 0, "validation": 1}  # remainders of a song's number by SHARE; all others train
SHARE = 25
VERSION = re.compile(r"([ _-]*(\(\d+\)|copy|v\d+|version ?\d*))+$")
ARRANGED = "_mma"  # ends the source of records that are arrangements, numbered behind the song


def song_of(name: str | Path) -> str:
    """The song that a record or a file is a version of.

    'pop909/001', 'pop909_mma/001/0', 'pop909-001__pop909_mma-001-0.mid' and 'POP909-001 (2).mid' are 'pop909-001'.
    """
    text = str(name)
    source, _, rest = text.partition("/")
    if source.endswith(ARRANGED):
        text = f"{source.removesuffix(ARRANGED)}/{rest.rpartition('/')[0]}"
    elif Path(text).suffix:
        text = Path(text).stem.partition("__")[0]
    return re.sub(r"[^\w.]+", "-", VERSION.sub("", text.lower())).strip("-")


def split_of(song: str) -> str:
    """The split of a song as `song_of` names it: train, validation or test."""
    number = zlib.crc32(song.encode()) % SHARE
    return next((name for name, remainder in SPLITS.items() if number == remainder), "train")


def is_held_out(name: str | Path) -> bool:
    """Whether no model may train on a record or file."""
    return split_of(song_of(name)) != "train"
