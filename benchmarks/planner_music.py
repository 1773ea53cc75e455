"""Musical statistics of held-out songs, real beside generated; infills beside what was cut out and two baselines.

python -m benchmarks.planner_music --data SHARDS [--model DIR] [--songs 60]

For every held-out song the model composes one of the same length from its header alone (genre, tempo, meter, key,
tracks); the plan is its own. For the infills one track of four bars is cut out of each song.
"""

import argparse
from collections import Counter
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from benchmarks.common import cell, save, table
from benchmarks.planner_measures import (
    HISTOGRAMS,
    SCALARS,
    chord_at,
    overlap,
    overlap_of_values,
)
from benchmarks.planner_ngram import NGramModel
from benchmarks.planner_songs import held_out_songs, in_two_processes, ngram_of
from planner.checkpoint import PLANNER_WEIGHTS, load_model
from planner.composition import compose
from planner.language import count_onsets
from planner.request import BarRequest
from planner.sequence import Place
from planner.song import Song, song_of
from planner.song_to_sheet import sheet_of_song
from planner.tasks import infill
from planner.token_sampling import TokenSampling

CUT_BARS = 4


def composed(song: Song, model: object, seed: int) -> Song:
    """A new song with the header of another."""
    header = replace(song, plan=(), cells={})
    made = compose(model, header, [BarRequest()] * len(song), sampling=TokenSampling(seed=seed))
    return song_of(made.sheet, song.genre)


def cut_out(song: Song, number: int) -> list[Place]:
    """Some bars of one part that plays in them."""
    rng = np.random.default_rng([7, number])
    found: list[list[Place]] = []
    for part in range(len(song.parts)):
        for first in range(4, len(song) - CUT_BARS):
            places = [(part, bar) for bar in range(first, first + CUT_BARS)]
            if all(place in song.cells for place in places):
                found.append(places)
    return found[int(rng.integers(len(found)))] if found else []


def infilled(song: Song, places: list[Place], model: object, seed: int) -> Song:
    """The song with some places written anew; they may come out as they were."""
    cells = [(song.parts[part].name, bar) for part, bar in places]
    made = infill(model, sheet_of_song(song), cells, None, TokenSampling(seed=seed), song.genre, is_new=False)
    return song_of(made.sheet, song.genre)


def copied(song: Song, places: list[Place]) -> Song:
    """The song with the bar before in every place."""
    part, first = places[0]
    cells = {place: cell for place, cell in song.cells.items() if place not in places}
    before = song.cells.get((part, first - 1), ())
    return replace(song, cells=cells | (dict.fromkeys(places, before) if before else {}))


def against(real: Song, made: Song, places: list[Place]) -> dict[str, float]:
    """How cells that were written compare with those that were cut out."""
    is_drums = real.parts[places[0][0]].is_drums
    old = [(bar, hit) for place in places for bar in place[1:] for hit in real.cells.get(place, ())]
    new = [(bar, hit) for place in places for bar in place[1:] for hit in made.cells.get(place, ())]

    def f1(key) -> float:
        one, two = set(map(key, old)), set(map(key, new))
        return 2 * len(one & two) / max(1, len(one) + len(two))

    def inside(notes) -> float:
        on_chord = [
            hit.pitch % 12 in chord.pitch_classes
            for bar, hit in notes
            if (chord := chord_at(real, bar, hit.position)) and chord.root is not None
        ]
        return float(np.mean(on_chord)) if on_chord and not is_drums else np.nan

    count = [sum(count_onsets(song.cells.get(place, ())) for place in places) / CUT_BARS for song in (real, made)]
    return {
        "onsets, F1": f1(lambda one: (one[0], one[1].position // 6)),
        "notes, F1": f1(lambda one: (one[0], one[1].position // 6, one[1].pitch)),
        "pitch classes, overlap": overlap(
            Counter(hit.pitch % 12 for _, hit in old), Counter(hit.pitch % 12 for _, hit in new)
        ) if not is_drums else np.nan,
        "durations, overlap": overlap(
            Counter(hit.duration for _, hit in old), Counter(hit.duration for _, hit in new)
        ) if not is_drums else np.nan,
        "chord tones, made": inside(new),
        "chord tones, real": inside(old),
        "onsets a bar, off by": abs(count[0] - count[1]),
        "like the bar before": float(made.cells.get(places[0], ()) == made.cells.get((places[0][0], places[0][1] - 1))),
    }  # fmt: skip


def work(numbers: list[int], songs: list[Song], data: str, folder: str) -> list[dict]:
    """All that is made for some songs."""
    torch.set_num_threads(1)
    models = {"the model": load_model(folder), "n-gram": NGramModel(ngram_of(data))}
    results = []
    for number in numbers:
        song, places = songs[number], cut_out(songs[number], number)
        made = {name: composed(song, model, number) for name, model in models.items()}
        filled = {name: infilled(song, places, model, number) for name, model in models.items()} if places else {}
        if places:
            filled["the bar before"] = copied(song, places)
        results.append(
            {"composed": made, "infilled": {name: against(song, one, places) for name, one in filled.items()}}
        )
        print(f"song {number}", flush=True)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", default=str(PLANNER_WEIGHTS))
    parser.add_argument("--songs", type=int, default=60)
    arguments = parser.parse_args()
    songs = held_out_songs(arguments.data, arguments.songs)
    ngram_of(arguments.data)
    task = partial(work, songs=songs, data=arguments.data, folder=arguments.model)
    results = in_two_processes(task, len(songs))
    made = {name: [one["composed"][name] for one in results] for name in results[0]["composed"]}
    note = (
        f"{len(songs)} held-out songs of at least three tracks, 32 bars of each; one composition for each with the same"
        " header. Overlap: the share that two histograms have in common, 100 % where they are the same; for values,"
        " of their distributions over songs. It is that of half of the real songs with the other half, real or made"
        " in its place: the column of real songs is what can be reached."
    )
    heads = ["histogram, overlap with half of the real songs", "real", *made]
    tables = [
        table(heads, histogram_rows(songs, made), "{:.0f} %"),
        table(["mean (overlap of values)", "real", *made], scalar_rows(songs, made)),
        infill_table(results),
    ]
    save("planner_music", tables, [note], songs={"data": len(songs)})


def halves(songs: list) -> tuple[list, list]:
    """Every second song, and the others."""
    return songs[::2], songs[1::2]


def histogram_rows(songs: list[Song], made: dict[str, list[Song]]) -> list[list[object]]:
    """Overlaps of histograms of half the songs with those of the other half, real or made."""
    rows: list[list[object]] = []
    for name, measure in HISTOGRAMS.items():
        counts = {kind: [measure(song) for song in found] for kind, found in {"real": songs, **made}.items()}
        sums = {kind: [sum(half, Counter()) for half in halves(found)] for kind, found in counts.items()}
        rows.append([name, *(100 * overlap(sums["real"][0], both[1]) for both in sums.values())])
    return rows


def scalar_rows(songs: list[Song], made: dict[str, list[Song]]) -> list[list[object]]:
    """Means of values by song; overlaps of their distributions over half the songs with those over the other half."""
    rows: list[list[object]] = []
    for name, measure in SCALARS.items():
        values = {kind: [measure(song) for song in found] for kind, found in {"real": songs, **made}.items()}
        if np.isnan(values["real"]).all():
            continue
        row: list[object] = [name]
        for found in values.values():
            mean = np.nan if np.isnan(found).all() else np.nanmean(found)
            share = overlap_of_values(halves(values["real"])[0], halves(found)[1])
            row.append(cell("{:.2f} ({:.0f} %)", mean, 100 * share))
        rows.append(row)
    return rows


def infill_table(results: list[dict]) -> dict:
    """How infills compare with what was cut out."""
    filled = [one["infilled"] for one in results if one["infilled"]]
    names = list(filled[0])
    rows: list[list[object]] = []
    for measure in filled[0][names[0]]:
        values = {name: np.array([one[name][measure] for one in filled]) for name in names}
        rows.append([measure, *(np.nanmean(values[name]) for name in names)])
    heads = [f"{len(filled)} infills of {CUT_BARS} bars of one track, beside what was cut out", *names]
    return table(heads, rows, "{:.2f}")


if __name__ == "__main__":
    main()
