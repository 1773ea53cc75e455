"""Held-out loss of the planner's weights before and after a stage of training, on songs that no stage has read.

python -m benchmarks.planner_stages --data SHARDS --before DIR [--model DIR] [--examples 80]

The same tasks for both, on three kinds of song: without their words, with them, and with the melody of the one voice
played by a lead instrument.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from benchmarks.common import save, table
from benchmarks.planner_loss import KINDS, Sums, losses_of_model, mean
from benchmarks.unread import planner_left_out
from planner.checkpoint import PLANNER_WEIGHTS
from planner.examples import make_example, played_melody
from planner.language import KIND_OF
from planner.score_shards import ScoreShards
from planner.song import Song, song_of

CONTEXT = 2048


def unread_songs(data: str, seed: int) -> Iterator[Song]:
    """Songs that no stage has read, in an order by chance, again and again."""
    shards, rng = ScoreShards(data), np.random.default_rng(seed)
    numbers = [number for number, (_, entry) in enumerate(shards.entries) if planner_left_out(entry.name)]
    while True:
        for number in rng.permutation(numbers).tolist():
            yield song_of(shards.sheet(number), shards.entries[number][1].genre)


def tasks(
    data: str, prepare: Callable[[Song, np.random.Generator], Song | None], has_words: bool
) -> Iterator[list[int]]:
    """Tokens of tasks on songs that `prepare` gives."""
    rng = np.random.default_rng(7)
    for song in unread_songs(data, 5):
        prepared = prepare(song, rng)
        found = prepared and make_example(prepared, CONTEXT, rng)
        if found and any(KIND_OF[token] == "Syllable" for token in found.ids) == has_words:
            yield found.ids


def without_words(song: Song, _: np.random.Generator) -> Song:
    """The song without its words."""
    return replace(song, words={})


def with_words(song: Song, _: np.random.Generator) -> Song | None:
    """The song if it has words."""
    return song if song.words else None


def played(song: Song, rng: np.random.Generator) -> Song | None:
    """The song with its melody played, if it has one voice."""
    made = played_melody(song, rng)
    return made if made is not song else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--before", required=True)
    parser.add_argument("--model", default=str(PLANNER_WEIGHTS))
    parser.add_argument("--examples", type=int, default=80)
    arguments = parser.parse_args()
    models = {"before": losses_of_model(arguments.before), "after": losses_of_model(arguments.model)}
    rows: list[list[object]] = []
    for name, prepare, has_words in (
        ("songs without their words", without_words, False),
        ("songs with their words", with_words, True),
        ("songs whose melody is played", played, False),
    ):
        sums = {model: Sums() for model in models}
        found = tasks(arguments.data, prepare, has_words)
        for _ in range(arguments.examples):
            ids = next(found)
            for model, losses in models.items():
                sums[model].add(ids, losses(ids))
        kinds = ("notes that are written", *KINDS)
        rows += [[f"{name}: {kind}", *(mean(one.found[kind]) for one in sums.values())] for kind in kinds]
    note = f"Nats a token, {arguments.examples} tasks of each kind of song; none of them was read in any stage."
    save("planner_stages", [table(["tokens", *models], rows, "{:.3f}")], [note])


if __name__ == "__main__":
    main()
