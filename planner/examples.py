"""Training examples: windows of songs in any key, with any cells given, packed into rows of tokens.

Axes: t tokens.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np

from planner.language import ID, KIND_OF, MAX_WINDOW_BARS, split_at
from planner.score_shards import ScoreShards
from planner.sequence import BAR, Place, sequence
from planner.song import Part, Song, densities_in, song_of, song_window
from scoretok.errors import ScoretokError
from scoretok.instrument_ranges import range_of_part
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
DROP_WORDS = 0.3
PLAYED_MELODY = 0.35  # of the songs with one voice
LEAD_PROGRAMS = (22, 40, 41, 42, 56, 57, 60, 64, 65, 66, 67, 68, 70, 71, 72, 73, 74, 75, 79, 80, 81)
MELODY_ROLES, KEEP_MELODY = ("vocal", "lead"), 0.6


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
    words = {(numbers[part], bar): kinds for (part, bar), kinds in song.words.items() if part in numbers}
    chosen = replace(song, parts=tuple(song.parts[part] for part in parts), cells=cells, words=words)
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


def _some_parts(song: Song, rng: np.random.Generator) -> list[int]:
    """Some of the parts by chance, those that hold a melody more often than not."""
    melodies = [part for part, one in enumerate(song.parts) if one.name.partition(".")[0] in MELODY_ROLES]
    kept = set(rng.choice(len(song.parts), int(rng.integers(1, len(song.parts) + 1)), replace=False).tolist())
    if melodies and rng.random() < KEEP_MELODY:
        kept |= set(melodies)
    return sorted(kept)


def played_melody(song: Song, rng: np.random.Generator) -> Song:
    """A song whose one voice is played by a lead instrument, in its range, in the place of leads that it has.

    Sources call most of their melodies vocal, and what they call lead are fills.
    """
    voices = [part for part, one in enumerate(song.parts) if one.name.startswith("vocal.")]
    if len(voices) != 1:
        return song
    chosen = [part for part, one in enumerate(song.parts) if not one.name.startswith("lead.")]
    song = with_parts(song, chosen)
    voice, program = chosen.index(voices[0]), int(rng.choice(LEAD_PROGRAMS))
    pitches = [hit.pitch for (part, _), cell in song.cells.items() if part == voice for hit in cell]
    limits = range_of_part("lead", program)
    shift = octaves_into(pitches, limits.comfortable) if limits else 0
    cells = {
        (part, bar): tuple(hit._replace(pitch=hit.pitch + shift, syllable=0) for hit in cell) if part == voice else cell
        for (part, bar), cell in song.cells.items()
    }
    parts = tuple(Part("lead.1", program) if part == voice else one for part, one in enumerate(song.parts))
    return replace(song, parts=parts, cells=cells, words={})


def octaves_into(pitches: Collection[int], comfortable: tuple[int, int]) -> int:
    """How many semitones, in octaves, bring the middle of some pitches nearest to the middle of a range."""
    if not pitches:
        return 0
    return 12 * round((sum(comfortable) - min(pitches) - max(pitches)) / 24)


def make_example(song: Song, context: int, rng: np.random.Generator) -> Example | None:
    """A window of a song that fits into the context, with a task; None when none fits."""
    names = list(TASKS)
    task = names[int(rng.choice(len(names), p=np.array(list(TASKS.values())) / sum(TASKS.values())))]
    if rng.random() < DROP_PARTS and len(song.parts) > 1:
        song = with_parts(song, _some_parts(song, rng))
    if rng.random() < PLAYED_MELODY:
        song = played_melody(song, rng)
    if song.words and rng.random() < DROP_WORDS:
        song = replace(song, words={})
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
    """Examples without end, scores as often as the weights of their shards say; they are kept once they were read."""
    songs: dict[int, Song] = {}
    missed = 0
    while True:
        if missed > 10 * len(shards):
            raise ScoretokError(f"no {SHORTEST_BARS} bars of these scores fit into {context} tokens")
        number = shards.draw(rng)
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
