"""Songs that the shipped models have not read: their weights were trained under earlier rules of what is held out.

python -m benchmarks.unread --shards SHARDS

marks the shards of the planner by both rules, so that weights that were begun under the earlier one can be trained on:
what either held out for tests stays held out, and validation is what the earlier one held out for it.
"""

import argparse
import json
import re
import zlib
from pathlib import Path

from scoretok.files import write_text
from scoretok.splits import is_held_out


def song_of_record(record: str) -> str:
    """The song of a record under the rule of the shipped planner: 'pop909_mma/001/0' is 'pop909/001'."""
    source, _, rest = record.partition("/")
    return f"{source.removesuffix('_mma')}/{rest.rpartition('/')[0] if source.endswith('_mma') else rest}"


def file_name(record: str) -> str:
    """A file name for a record that begins with its song: `pop909-001__pop909_mma-001-0`."""
    return re.sub(r"[^\w.-]", "-", song_of_record(record)) + "__" + re.sub(r"[^\w.-]", "-", record)


def planner_left_out(record: str) -> bool:
    """Whether the song of a record was in the test split of the shipped planner, one in 25."""
    return _number_in_25(record) == 0


def _number_in_25(record: str) -> int:
    return zlib.crc32(song_of_record(record).encode()) % 25


def split_by_both_rules(record: str) -> str:
    """The split of a record for weights that were begun under the earlier rule."""
    if _number_in_25(record) == 1:
        return "validation"
    return "test" if planner_left_out(record) or is_held_out(record) else "train"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", required=True, metavar="DIR")
    for path in sorted(Path(parser.parse_args().shards).glob("*.json")):
        shard = json.loads(path.read_text())
        for entry in shard["entries"]:
            entry["split"] = split_by_both_rules(entry["name"])
        write_text(json.dumps(shard, indent=0), path)


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


if __name__ == "__main__":
    main()
