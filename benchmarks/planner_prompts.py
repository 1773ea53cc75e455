"""Compositions from prompts of twenty kinds: is all playable, is every demand met; harmony and groove by real songs.

python -m benchmarks.planner_prompts --data SHARDS [--model DIR] [--count 1000]

Real figures of a genre are of all songs of a source that has it: OpenEWLD for jazz, bossa, soul and pop (chord symbols
of lead sheets), POP909 for mandopop, hymns for hymns; those of all genres are of songs that the planner has not read.
"""

import argparse
from collections import Counter, defaultdict
from functools import partial
from itertools import pairwise

import numpy as np
import torch

from benchmarks.common import cell, save, table
from benchmarks.planner_measures import groove
from benchmarks.planner_songs import in_two_processes
from benchmarks.unread import planner_left_out
from planner.checkpoint import PLANNER_WEIGHTS, load_model
from planner.composition import compose
from planner.prompt_request import PromptOptions, choose_header, request_from
from planner.score_shards import ScoreShards
from planner.song import PHRASE, Song, song_of
from planner.token_sampling import TokenSampling
from scoretok.harmony import parse_key
from scoretok.instrument_ranges import unplayable
from scoretok.parts import Chord
from scoretok.theory import PITCH_CLASS_NAMES

PROMPTS = (
    "slow jazz ballad for saxophone, piano, upright bass and drums, 8 bars",
    "bossa nova for flute, guitar, bass and drums, 8 bars",
    "soul in E minor for trumpet, electric piano, bass and drums, 8 bars",
    "pop song: verse 4, chorus 4, for vocals, piano, bass and drums",
    "rock in A at 140 bpm for electric guitar, bass and drums, 8 bars",
    "hymn in G major for organ, 8 bars",
    "waltz in D minor for violin, piano and cello, 12 bars",
    "tango for accordion, piano and double bass, 8 bars",
    "string quartet in C minor, 8 bars",
    "march for trumpet, trombone, tuba and drums, 8 bars",
    "folk song in 6/8 for tin whistle, guitar and fiddle, 8 bars",
    "wind quintet, calm, 8 bars",
    "funk with slap bass, clavinet and drums, 8 bars",
    "video game music for square lead, synth bass and drums, 8 bars",
    "country in G for banjo, fiddle, acoustic guitar and upright bass, 8 bars",
    "samba for trombone, piano, bass and drums, 8 bars",
    "art song for vocals and piano in F minor, 8 bars",
    "heavy metal for distorted guitar, bass and drums: intro 4, verse 4",
    "swing for clarinet, vibraphone, bass and drums, 8 bars",
    "mandopop ballad: intro 4, verse 8, chorus 8, for vocals, piano and strings",
)
TRIADS = ("maj", "min", "dim", "aug", "sus2", "sus4", "5")
SEVENTHS = ("7", "maj7", "min7", "minmaj7", "dim7", "hdim7", "aug7", "7(b5)", "sus4(b7)", "9", "maj9", "min9", "7(b9)",
            "7(#9)", "11", "min11", "13")  # fmt: skip
REAL = {"jazz": "openewld", "bossa": "openewld", "soul": "openewld", "pop": "openewld", "mandopop": "pop909",
        "hymn": "hymn"}  # fmt: skip


def chords_of(song: Song) -> list[Chord]:
    """Its chords with a root, in order."""
    return [chord for bar in song.plan for chord in bar.chords if chord.root is not None]


def cadences(song: Song) -> list[bool]:
    """Of every section that ends with two chords: do these end on the tonic from the dominant or subdominant, or on the
    dominant?"""
    tonic = PITCH_CLASS_NAMES.index(song.key.partition(":")[0])
    starts = [bar for bar, plan in enumerate(song.plan) if plan.label not in (None, PHRASE)] or [0]
    found = []
    for start, stop in pairwise([*starts, len(song)]):
        degrees = [(c.root - tonic) % 12 for bar in song.plan[start:stop] for c in bar.chords if c.root is not None]
        if len(degrees) >= 2:
            found.append(degrees[-1] == 7 or (degrees[-1] == 0 and degrees[-2] in (5, 7, 11, 2, 10)))
    return found


def faults_of(prompt: str, model: object, seed: int) -> tuple[Counter[str], Song]:
    """What of a prompt was not kept, and the song that was made."""
    asked = request_from(PromptOptions(prompt), lambda kind, text: None)
    key_is_asked = not asked.open_header.key
    asked = choose_header(model, asked, TokenSampling(seed=seed))
    sheet = compose(model, asked.song, asked.bars, sampling=TokenSampling(seed=seed)).sheet
    faults: Counter[str] = Counter()
    for track in sheet.tracks:
        beyond = unplayable(track)
        faults["notes outside a range"] += len(beyond.too_low) + len(beyond.too_high)
        faults["notes beyond the voices"] += len(beyond.too_many)
    faults["compositions of other tracks"] += tuple(sheet.track_ids) != tuple(part.name for part in asked.song.parts)
    faults["compositions of another length"] += sheet.bar_count != len(asked.bars)
    faults["compositions in another meter"] += (
        sheet.meters[0].numerator,
        sheet.meters[0].denominator,
    ) != asked.song.meter
    wanted = parse_key(asked.song.key)
    faults["compositions in another key"] += key_is_asked and sheet.keys[0].tonic != wanted.tonic
    labels = {bar: one.label for bar, one in enumerate(asked.bars) if one.label not in (None, PHRASE, "free")}
    faults["compositions of another form"] += any(
        labels[bar] not in [s.label for s in sheet.sections if s.bar == bar] for bar in labels
    )
    return faults, song_of(sheet, asked.song.genre)


def ask(numbers: list[int], folder: str) -> list[tuple[Counter[str], Song]]:
    """Prompt after prompt, with a new seed each time round."""
    torch.set_num_threads(1)
    model = load_model(folder)
    return [faults_of(PROMPTS[number % len(PROMPTS)], model, number // len(PROMPTS)) for number in numbers]


def real_songs(data: str) -> dict[str, list[Song]]:
    """Songs of a genre by its source, and under '' those of all genres that the planner has not read."""
    shards = ScoreShards(data)
    found: dict[str, list[Song]] = defaultdict(list)
    for number, (_, entry) in enumerate(shards.entries):
        is_of_genre = REAL.get(entry.genre) == entry.name.partition("/")[0]
        if planner_left_out(entry.name) or is_of_genre:
            song = song_of(shards.sheet(number), entry.genre)
            found[""] += [song] if planner_left_out(entry.name) else []
            found[entry.genre] += [song] if is_of_genre else []
    return found


def harmony(songs: list[Song]) -> tuple[float, float, float, float]:
    """Shares of sevenths and of all but triads, chord changes a bar, share of sections with a cadence."""
    chords = [chord.quality for song in songs for chord in chords_of(song)]
    changes = [len(chords_of(song)) / max(1, len(song)) for song in songs]
    ends = [end for song in songs for end in cadences(song)]
    share = [np.mean([quality in SEVENTHS for quality in chords]), np.mean([q not in TRIADS for q in chords])]
    return float(share[0]), float(share[1]), float(np.mean(changes)), float(np.mean(ends)) if ends else np.nan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", default=str(PLANNER_WEIGHTS))
    parser.add_argument("--count", type=int, default=1000)
    arguments = parser.parse_args()
    made = in_two_processes(partial(ask, folder=arguments.model), arguments.count)
    kept = [[name, sum(faults[name] for faults, _ in made)] for name in made[0][0]]
    by_genre: dict[str, list[Song]] = defaultdict(list)
    for _, song in made:
        by_genre[song.genre].append(song)
        by_genre[""].append(song)
    real = real_songs(arguments.data)
    rows: list[list[object]] = []
    for genre in ("", *sorted(by_genre.keys() & REAL.keys())):
        for name, songs in (("real", real.get(genre, [])), ("made", by_genre[genre])):
            if songs:
                rows.append([genre or "all", name, len(songs), *(cell("{:.2f}", x) for x in harmony(songs))])
    grooves = [cell("{:.3f}", np.nanmean([groove(song) for song in songs[""]])) for songs in (real, by_genre)]
    heads = [
        "genre",
        "",
        "songs",
        "sevenths and more",
        "all but triads",
        "chord changes a bar",
        "sections with a cadence",
    ]
    tables = [
        table([f"of {arguments.count} compositions", "not kept"], kept),
        table(heads, rows),
        table(["", "real", "made"], [["likeness of neighbouring bars (groove)", *grooves]]),
    ]
    save("planner_prompts", tables, ["Prompts: " + "; ".join(PROMPTS) + "."])


if __name__ == "__main__":
    main()
