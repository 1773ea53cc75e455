"""Training examples: windows of songs in any key, with any cells given, packed into rows of tokens.

Axes: t tokens.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from planner.language import ID, KIND_OF, MAX_WINDOW_BARS, split_at
from planner.score_shards import ScoreShards
from planner.sequence import BAR, Place, sequence
from planner.song import Song, densities_in, song_of, song_window
from scoretok.errors import ScoretokError
from scoretok.theory import PITCH_CLASS_NAMES

# What the shipped weights were trained on (model card); set by hand, no run varied it.
LOWEST, HIGHEST = 21, 108
SHORTEST_BARS = 4
TASKS = {
    "compose": 0.4,
    "continue": 0.08,
    "infill cells": 0.12,
    "infill block": 0.2,
    "accompany": 0.12,
    "harmonise": 0.08,
}
DROP_PARTS = 0.3


@dataclass(frozen=True)
class Example:
    """One task on one window of a song, as tokens."""

    task: str
    ids: list[int]


def transposed(song: Song, semitones: int) -> Song | None:
    """A song in another key; None when a note would leave the piano's range."""
    cells = {}
    for (part, bar), cell in song.cells.items():
        shift = 0 if song.parts[part].is_drums else semitones
        if shift and not all(LOWEST <= hit.pitch + shift <= HIGHEST for hit in cell):
            return None
        cells[part, bar] = tuple(hit._replace(pitch=hit.pitch + shift) for hit in cell)

    def moved(pitch_class: int | None) -> int | None:
        return None if pitch_class is None else (pitch_class + semitones) % 12

    plan = tuple(
        replace(
            bar,
            chords=tuple(replace(c, root=moved(c.root), bass=moved(c.bass)) for c in bar.chords),
            key=bar.key and transposed_key(bar.key, semitones),
        )
        for bar in song.plan
    )
    return replace(song, cells=cells, plan=plan, key=transposed_key(song.key, semitones))


def transposed_key(key: str, semitones: int) -> str:
    """The name of a key in other words: 'A:min' two semitones up is 'B:min'."""
    tonic, mode = key.split(":")
    return f"{PITCH_CLASS_NAMES[(PITCH_CLASS_NAMES.index(tonic) + semitones) % 12]}:{mode}"


def with_parts(song: Song, parts: list[int]) -> Song:
    """Some parts of a song, numbered anew."""
    numbers = {part: number for number, part in enumerate(parts)}
    cells = {(numbers[part], bar): cell for (part, bar), cell in song.cells.items() if part in numbers}
    chosen = replace(song, parts=tuple(song.parts[part] for part in parts), cells=cells)
    plan = list(chosen.plan)
    for block in chosen.blocks():
        plan[block.start] = replace(plan[block.start], densities=densities_in(chosen, block))
    return replace(chosen, plan=tuple(plan))


def given_cells(song: Song, task: str, rng: np.random.Generator) -> frozenset[Place]:
    """Which cells are given in a task; the others are to be written."""
    everything = song.places
    if task == "continue":
        known = int(rng.integers(1, len(song)))
        return frozenset(place for place in everything if place[1] < known)
    if task == "infill cells":
        share = rng.uniform(0.05, 0.6)
        return frozenset(place for place in sorted(everything) if rng.random() > share)
    if task == "infill block":
        length = min(len(song), int(rng.choice([1, 2, 4, 8, 16])))
        first = int(rng.integers(0, len(song) - length + 1))
        count = 1 if rng.random() < 0.6 else int(rng.integers(1, len(song.parts) + 1))
        cut = set(rng.choice(len(song.parts), count, replace=False).tolist())
        return frozenset((p, b) for p, b in everything if p not in cut or not first <= b < first + length)
    if task == "accompany":
        kept = int(rng.integers(len(song.parts)))
        return frozenset((part, bar) for part, bar in everything if part == kept)
    return everything if task == "harmonise" else frozenset()


def make_example(song: Song, context: int, rng: np.random.Generator) -> Example | None:
    """A window of a song that fits into the context, with a task; None when none fits."""
    names = list(TASKS)
    task = names[int(rng.choice(len(names), p=np.array(list(TASKS.values())) / sum(TASKS.values())))]
    if rng.random() < DROP_PARTS and len(song.parts) > 1:
        count = int(rng.integers(1, len(song.parts) + 1))
        song = with_parts(song, sorted(rng.choice(len(song.parts), count, replace=False).tolist()))
    bars = min(len(song), MAX_WINDOW_BARS, int(rng.choice([8, 16, 32, 48, 64])))
    starts = [bar for bar, plan in enumerate(song.plan) if plan.label and bar + bars <= len(song)]
    anywhere = int(rng.integers(len(song) - bars + 1))
    first = int(rng.choice(starts)) if starts and rng.random() < 0.7 else anywhere
    while bars >= SHORTEST_BARS:
        view = song_window(song, range(first, first + bars))
        if not view.cells:
            return None
        ids = sequence(view, given_cells(view, task, rng))
        if len(ids) <= context:
            return Example(task, ids)
        bars = min(bars - 1, int(bars * 0.95 * context / len(ids)))
    return None


def without_plan(ids: list[int]) -> list[int]:
    """A sequence whose plan says nothing."""
    notes = ids.index(ID["Notes"])
    written = [token for bar in split_at(ids[notes + 1 :], BAR) for token in (bar[0], *_cells(bar[1:]))]
    return [*ids[: ids.index(ID["Plan"]) + 1], ID["Notes"], *written]


def _cells(ids: list[int]) -> list[int]:
    """What of a bar comes behind its chords."""
    first = next((at for at, token in enumerate(ids) if KIND_OF[token] in ("Track", "EOS")), len(ids))
    return ids[first:]


def examples(
    shards: ScoreShards, context: int, rng: np.random.Generator, any_key: bool = True, plan: bool = True
) -> Iterator[Example]:
    """Examples without end, every score as often as any other; scores are kept once they were read."""
    songs: dict[int, Song] = {}
    missed = 0
    while True:
        if missed > 10 * len(shards):
            raise ScoretokError(f"no {SHORTEST_BARS} bars of these scores fit into {context} tokens")
        number = int(rng.integers(len(shards)))
        if number not in songs:
            songs[number] = song_of(shards.sheet(number), shards.entries[number][1].genre)
        song = songs[number]
        if any_key:
            song = transposed(song, int(rng.integers(-6, 6))) or song
        found = make_example(song, context, rng)
        missed = 0 if found else missed + 1
        if found:
            yield found if plan else replace(found, ids=without_plan(found.ids))


def pack_rows(found: Iterator[Example], context: int) -> Iterator[np.ndarray]:
    """Examples packed one after another into rows (t,) of `context` tokens; what is left over is PAD.

    An example that would not fit waits for a row in which it does.
    """
    waiting: list[list[int]] = []
    while True:
        row: list[int] = []
        while len(waiting) < 8:
            waiting.append(next(found).ids)
        while fitting := [ids for ids in waiting if len(row) + len(ids) <= context]:
            longest = sorted(fitting, key=len)[-1]
            row += longest
            waiting.remove(longest)
            if len(waiting) < 8:
                waiting.append(next(found).ids)
        yield np.array(row + [ID["PAD"]] * (context - len(row)), np.int64)
