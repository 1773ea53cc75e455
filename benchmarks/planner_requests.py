"""Random requests to the planner: is every score legal, is every demand met, does all else stay?

python -m benchmarks.planner_requests [--model DIR] [--count 1000]

With `--model random` a small one with random weights is asked, which is the harder case: only the rules keep it right.
"""

import argparse
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
import torch

from benchmarks.common import EXAMPLES, save, table
from planner.checkpoint import PLANNER_WEIGHTS, load_model
from planner.composition import compose
from planner.language import KEYS
from planner.llama import PlannerConfig, PlannerModel
from planner.request import BarRequest, Controls
from planner.song import Part, Song
from planner.tasks import infill
from planner.token_sampling import TokenSampling
from scoretok import Grammar, LeadSheet, ScoretokError, read, tokenize
from scoretok.harmony import parse_chord, parse_key
from scoretok.parts import SECTION_LABELS, Chord, Note

BAND = (
    Part("vocal.1", 53), Part("lead.1", 73), Part("guitar.1", 25), Part("piano.1", 0), Part("strings.1", 48),
    Part("bass.1", 33), Part("drums.1", 0),
)  # fmt: skip
METERS = ((4, 4), (3, 4), (6, 8), (2, 2), (12, 8))
RANGES = {"bass.1": (28, 55), "vocal.1": (48, 79), "piano.1": (36, 96), "strings.1": (40, 91)}


def the_model(folder: str) -> PlannerModel:
    """The model to ask."""
    torch.set_num_threads(1)
    if folder != "random":
        return load_model(folder)
    torch.manual_seed(0)
    return PlannerModel(
        PlannerConfig(hidden_size=64, intermediate_size=128, num_hidden_layers=1, num_attention_heads=1)
    ).eval()


def random_controls(rng: np.random.Generator, parts: tuple[Part, ...], key: str) -> Controls:
    """Demands of several kinds at once."""
    names = [part.name for part in parts]
    density = {}
    for name in names:
        if rng.random() < 0.4:
            least = int(rng.integers(0, 3))
            density[name] = (least, least + int(rng.integers(1, 6)))
    return Controls(
        scale=frozenset(parse_key(key).scale) if rng.random() < 0.5 else None,
        spans={name: RANGES[name] for name in names if name in RANGES and rng.random() < 0.5},
        polyphony={name: int(rng.integers(1, 5)) for name in names if name != "drums.1" and rng.random() < 0.5},
        max_repeats={name: int(rng.integers(1, 4)) for name in names if rng.random() < 0.3},
        density=density,
        on_chord={name: True for name in names if name != "drums.1" and rng.random() < 0.5},
    )


def faults(sheet: LeadSheet, controls: Controls, cells: set[tuple[str, int]]) -> Counter[str]:
    """Demands that some cells of a score do not meet, checked from the notes alone."""
    found: Counter[str] = Counter()
    for name, bar in cells:
        number = sheet.track_ids.index(name)
        track, notes = sheet.tracks[number], sheet.notes_in(number, bar)
        if not track.is_drums and controls.scale is not None:
            found["scale"] += any(note.pitch % 12 not in controls.scale for note in notes)
        if name in controls.spans:
            low, high = controls.spans[name]
            found["range"] += any(not low <= note.pitch <= high for note in notes)
        if name in controls.polyphony:
            for note in notes:
                begun = {n.start_ticks for n in track.notes if note.start_ticks <= n.start_ticks < note.end_ticks}
                sounding = max(sum(n.start_ticks <= at < n.end_ticks for n in track.notes) for at in begun)
                found["polyphony"] += sounding > controls.polyphony[name]
        if controls.on_chord.get(name):
            found["harmony"] += any(off_chord(sheet, note) for note in notes)
        if name in controls.max_repeats:
            found["repeats"] += longest_row(sheet, number, bar) > controls.max_repeats[name]
        if name in controls.density:
            least, most = controls.density[name]
            found["density"] += not least <= len({note.start_ticks for note in notes}) <= most
    return +found


def off_chord(sheet: LeadSheet, note: Note) -> bool:
    """Whether a note begins with a bar or a chord and is not of the chord that sounds then."""
    chord = sheet.chord_at(note.start_ticks)
    begins = {sheet.bar_starts[sheet.bar_at(note.start_ticks)], *(chord.start_ticks for chord in sheet.chords)}
    is_checked = note.start_ticks in begins and chord is not None and chord.root is not None
    return is_checked and note.pitch % 12 not in chord.pitch_classes


def longest_row(sheet: LeadSheet, track: int, bar: int) -> int:
    """How many bars in a row around a bar hold the same notes of a track; 0 when it is empty."""

    def tune(at: int) -> list[tuple[int, ...]]:
        start = sheet.bar_starts[at]
        return [(n.start_ticks - start, n.pitch, n.duration_ticks) for n in sheet.notes_in(track, at)]

    same = [bool(tune(bar)) and tune(at) == tune(bar) for at in range(sheet.bar_count)]
    before, after = same[:bar][::-1], same[bar + 1 :]
    length = sum(next((n for n, one in enumerate(side) if not one), len(side)) for side in (before, after))
    return length + 1 if same[bar] else 0


def composition(number: int, model: PlannerModel) -> tuple[str, Counter[str]]:
    """One composition: 'made' or why it was refused, and what is wrong with it."""
    rng = np.random.default_rng([1, number])
    chosen = sorted(rng.choice(len(BAND), int(rng.integers(1, 6)), replace=False).tolist())
    parts = tuple(BAND[i] for i in chosen)
    meter, key = METERS[int(rng.integers(len(METERS)))], KEYS[int(rng.integers(len(KEYS)))]
    bars = int(rng.integers(1, 25))
    chords = [random_chord(rng) for _ in range(int(rng.integers(1, 5)))] if rng.random() < 0.5 else None
    form = rng.random() < 0.5
    asked = tuple(
        BarRequest(
            None if chords is None else (chords[bar % len(chords)],),
            ("free" if not form else str(rng.choice(SECTION_LABELS)) if bar % 8 == 0 else None),
            tuple(int(rng.integers(1, 5)) for _ in parts) if form and bar % 8 == 0 else (),
        )
        for bar in range(bars)
    )
    controls = random_controls(rng, parts, key)
    try:
        sheet = compose(model, Song(parts, (), {}, meter, key), asked, controls, TokenSampling(seed=number)).sheet
    except ScoretokError as error:
        return str(error), Counter()
    found = faults(sheet, controls, {(part.name, bar) for part in parts for bar in range(bars)})
    found += legality(sheet)
    found["bars"] += sheet.bar_count != bars
    found["meter"] += (sheet.meter_at(0).numerator, sheet.meter_at(0).denominator) != meter
    found["tracks"] += sheet.track_ids != tuple(part.name for part in parts)
    if chords is not None:
        for bar in range(bars):
            chord = sheet.chord_at(sheet.bar_starts[bar])
            wanted = chords[bar % len(chords)]
            found["chords"] += chord is None or (chord.root, chord.quality) != (wanted.root, wanted.quality)
    if form:
        labels = {section.bar: section.label for section in sheet.sections}
        found["form"] += labels != {bar: one.label for bar, one in enumerate(asked) if one.label}
    return "made", +found


def random_chord(rng: np.random.Generator) -> Chord:
    """A chord of a usual kind."""
    root = str(rng.choice(["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]))
    return parse_chord(root + str(rng.choice(["", "m", "7", "maj7", "m7", "sus4"])))


def legality(sheet: LeadSheet) -> Counter[str]:
    """Whether the grammar refuses the tokens of a score."""
    try:
        Grammar().check(tokenize(sheet))
    except ScoretokError:
        return Counter(["grammar"])
    return Counter()


def infilling(number: int, model: PlannerModel) -> tuple[str, Counter[str]]:
    """One infill of random cells of an example."""
    rng = np.random.default_rng([2, number])
    paths = sorted(EXAMPLES.glob("*.lead"))
    sheet = read(paths[number % len(paths)])
    names = list(sheet.track_ids)
    first = int(rng.integers(sheet.bar_count))
    bars = range(first, min(sheet.bar_count, first + int(rng.choice([1, 2, 4, 8]))))
    chosen = rng.choice(len(names), int(rng.integers(1, min(3, len(names)) + 1)), replace=False)
    cells = {(names[int(i)], bar) for i in chosen for bar in bars}
    controls = random_controls(rng, tuple(Part(name, 0) for name, _ in sorted(cells)), "C:maj")
    try:
        made = infill(model, sheet, cells, controls, TokenSampling(seed=number)).sheet
    except ScoretokError as error:
        return str(error), Counter()
    found = faults(made, controls, cells) + legality(made)
    for number_, name in enumerate(names):
        for bar in range(sheet.bar_count):
            same = sheet.notes_in(number_, bar) == made.notes_in(number_, bar)
            found["changed outside"] += not same and (name, bar) not in cells
            if (name, bar) in cells and sheet.notes_in(number_, bar):
                found["came out as it was"] += same
    found["chords"] += made.chords != sheet.chords
    return "made", +found


def ask(kind: str, folder: str, numbers: list[int]) -> list[tuple[str, Counter[str]]]:
    """Some requests, one after another."""
    model = the_model(folder)
    return [(composition if kind == "compositions" else infilling)(number, model) for number in numbers]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=str(PLANNER_WEIGHTS))
    parser.add_argument("--count", type=int, default=1000)
    arguments = parser.parse_args()
    rows: list[list[object]] = []
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        for kind in ("compositions", "infills"):
            began = time.perf_counter()
            parts = [list(range(start, arguments.count, 40)) for start in range(40)]
            results = [one for part in pool.map(partial(ask, kind, arguments.model), parts) for one in part]
            made = [wrong for state, wrong in results if state == "made"]
            print(*(f"refused: {state}" for state, _ in results if state != "made"), sep="\n", flush=True)
            wrong = sum(made, Counter())
            right = sum(not one for one in made)
            detail = ", ".join(f"{name} {count}" for name, count in wrong.items()) or "none"
            rows.append([kind, len(results), len(made), 100 * right / max(1, len(made)), detail])
            print(rows[-1], f"{time.perf_counter() - began:.0f} s", flush=True)
    note = f"The model: {'planner/weights' if arguments.model == str(PLANNER_WEIGHTS) else arguments.model}."
    heads = ["requests", "asked", "met", "right in everything", "faults"]
    save("planner_requests", [table(heads, rows, ["", "", "", "{:.2f} %"])], [note])


if __name__ == "__main__":
    main()
