"""What the benchmarks of the planner share: held-out songs, the n-gram that is the baseline."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.planner_ngram import NGram, training_ids
from benchmarks.unread import planner_left_out
from planner.examples import examples
from planner.score_shards import ScoreShards
from planner.song import Song, song_of, song_window

Result = TypeVar("Result")
NGRAM_TOKENS = 12_000_000
BARS = 32


def held_out_songs(data: str, count: int, bars: int = BARS, least_parts: int = 3) -> list[Song]:
    """The first bars of songs that the shipped planner left out, one arrangement each; no part is silent throughout."""
    shards = ScoreShards(data)
    found: list[Song] = []
    seen: set[str] = set()
    for number in np.random.default_rng(5).permutation(len(shards)).tolist():
        entry = shards.entries[number][1]
        if entry.song in seen or not planner_left_out(entry.name):
            continue
        song = song_of(shards.sheet(number), entry.genre)
        if len(song.parts) < least_parts or len(song) < bars:
            continue
        seen.add(entry.song)
        view = song_window(song, range(bars))
        if all(any((part, bar) in view.cells for bar in range(bars)) for part in range(len(view.parts))):
            found.append(view)
        if len(found) == count:
            break
    return found


def ngram_of(data: str, context: int = 2048) -> NGram:
    """The baseline, trained on tasks as the model is; its tokens are kept beside the data."""
    found = examples(ScoreShards(data, "train"), context, np.random.default_rng(0))
    first = next(found).ids
    kept = Path(data) / f"ngram-{NGRAM_TOKENS}-{sha256(str(first).encode()).hexdigest()[:8]}.ids"
    if not kept.is_file():
        training_ids((one.ids for one in found), NGRAM_TOKENS).astype(np.uint16).tofile(kept)
    return NGram(np.fromfile(kept, np.uint16).astype(np.int64))


def in_two_processes(work: Callable[[list[int]], list[Result]], count: int) -> list[Result]:
    """What `work` makes of the numbers up to `count`, every second one in another process."""
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        parts = [list(range(start, count, 2)) for start in range(2)]
        return [one for part in pool.map(work, parts) for one in part]
