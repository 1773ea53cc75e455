"""How long the runs of notes are that generated songs share with the training set, beside held-out real songs.

python -m benchmarks.planner_copying --data SHARDS [--model DIR] [--songs 60]

A run is notes of one track that follow one another with the same steps in time and pitch, in any key and octave; it
counts as shared when any track of any training song has it.
"""

import argparse
from functools import partial

import numpy as np
import torch

from benchmarks.common import save, table
from benchmarks.planner_measures import note_runs
from benchmarks.planner_music import composed
from benchmarks.planner_songs import held_out_songs, in_two_processes
from planner.checkpoint import PLANNER_WEIGHTS, load_model
from planner.score_shards import ScoreShards
from planner.song import Song, song_of

LENGTHS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
MELODIC = ("vocal", "lead")


def step_hashes(steps: np.ndarray) -> np.ndarray:
    """A number for every step (n, 3)."""
    folded = ((steps[:, 0] * 4099 + steps[:, 1] + 128) * 257 + steps[:, 2]).astype(np.uint64)
    folded = (folded ^ (folded >> np.uint64(15))) * np.uint64(0x9E3779B97F4A7C15)
    return folded ^ (folded >> np.uint64(29))


def run_hashes(steps: np.ndarray, length: int) -> np.ndarray:
    """A number for every run of `length` steps of hashed steps (n,)."""
    if len(steps) < length:
        return np.zeros(0, np.uint64)
    found = np.zeros(len(steps) - length + 1, np.uint64)
    for at in range(length):
        found = found * np.uint64(0x100000001B3) + steps[at : at + len(found)]
    return found


def longest(steps: np.ndarray, known: dict[int, np.ndarray]) -> int:
    """The longest of LENGTHS of which a track shares a run, in notes."""
    best = 0
    for length, hashes in known.items():
        runs = run_hashes(steps, length)
        at = np.minimum(np.searchsorted(hashes, runs), len(hashes) - 1)
        if not (hashes[at] == runs).any():
            break
        best = length + 1
    return best


def generated(numbers: list[int], songs: list[Song], folder: str) -> list[Song]:
    """Compositions with the headers of some songs."""
    torch.set_num_threads(1)
    model = load_model(folder)
    return [composed(songs[number], model, number) for number in numbers]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", default=str(PLANNER_WEIGHTS))
    parser.add_argument("--songs", type=int, default=60)
    arguments = parser.parse_args()
    songs = held_out_songs(arguments.data, arguments.songs)
    made = in_two_processes(partial(generated, songs=songs, folder=arguments.model), len(songs))
    shards = ScoreShards(arguments.data, "train")
    trained = [
        step_hashes(steps)
        for number in range(len(shards))
        for _, steps in note_runs(song_of(shards.sheet(number)))
        if len(steps)
    ]
    known = {length: np.unique(np.concatenate([run_hashes(one, length) for one in trained])) for length in LENGTHS}
    rows: list[list[object]] = []
    for kind, roles in (("melody (vocal, lead)", MELODIC), ("accompaniment, drums", None)):
        for name, found in (("held-out real songs", songs), ("generated", made)):
            runs = [
                longest(step_hashes(steps), known)
                for song in found
                for role, steps in note_runs(song)
                if (role in MELODIC) == (roles is not None) and len(steps)
            ]
            low, middle, high = np.percentile(runs, [50, 90, 100])
            rows.append([kind, name, len(runs), low, middle, high])
    note = (
        f"{len(songs)} held-out songs and as many compositions, 32 bars each, against {len(shards)} training songs."
        " Lengths come in the steps 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257."
    )
    heads = ["role", "songs", "tracks", "longest shared run in notes, median", "90 % below", "longest"]
    formats = ["", "", "", "{:.0f}", "{:.0f}", "{:.0f}"]
    save("planner_copying", [table(heads, rows, formats)], [note], songs={"data": len(songs)})


if __name__ == "__main__":
    main()
