"""Beats and downbeats of piano performances from their notes, beside madmom on their sound; who is left alone.

python -m benchmarks.find_beats --piano ASAP --drums GROOVE --arranged POP909 [--pieces 40] [--tune]

ASAP (github.com/fosfrancesco/asap-dataset, CC BY-NC-SA 4.0: measured, never trained on) has annotated beats; one
performance of each piece is drawn. A quarter of the pieces chooses what was set by trial (`--tune`), the others are
measured. F-measures within 70 ms (mir_eval; its first five seconds are left out). The drummers of Groove played to a
click, POP909 is arranged: their files must be left alone.
"""

import argparse
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path

import mir_eval
import numpy as np

from benchmarks.common import cell, save, table
from mir.beats import METERS, NoBeatError, madmom_activations, track_bars
from mir.grid import BeatGrid
from mir.performance_beats import BAR_SIZES, SLOWEST_BPM, onset_activations
from renderer.draft import DraftEngine
from scoretok.audio import Recording
from scoretok.formats import midi
from scoretok.infer import is_off_its_grid
from scoretok.sheet import LeadSheet

WINDOW_S = 0.07
LONGEST_S = 240.0  # of a piece, so that none takes minutes
DRAWN = 60  # files of those that are to be left alone
TRIED = [(slowest, sizes) for slowest in (30.0, 35.0, 45.0, 55.0) for sizes in (METERS, BAR_SIZES)]
Annotated = tuple[str, LeadSheet, np.ndarray, np.ndarray]


def is_tuned_on(piece: Path, root: Path) -> bool:
    """Whether a piece is one of those that choose what is set by trial."""
    return zlib.crc32(str(piece.relative_to(root)).encode()) % 4 == 0


def performances(folder: str, count: int, tuned_on: bool) -> list[Annotated]:
    """Name, score, beats and downbeats in seconds of a performance of each of some pieces."""
    root, found = Path(folder), []
    pieces = sorted({path.parent for path in root.rglob("*_annotations.txt")})
    rng = np.random.default_rng(23)
    for place in rng.permutation(len(pieces)).tolist():
        piece = pieces[place]
        takes = [path for path in sorted(piece.glob("*.mid")) if path.name != "midi_score.mid"]
        takes = [take for take in takes if take.with_name(f"{take.stem}_annotations.txt").exists()]
        if not takes or is_tuned_on(piece, root) != tuned_on or len(found) == count:
            continue
        take = takes[int(rng.integers(len(takes)))]
        rows = [line.split("\t") for line in take.with_name(f"{take.stem}_annotations.txt").read_text().splitlines()]
        beats = np.array([float(row[0]) for row in rows])
        is_bar = np.array([row[2].startswith("db") for row in rows])
        if len(beats) > 8 and is_bar.sum() > 4 and beats[-1] < LONGEST_S:
            found.append((str(take.relative_to(root)), midi.read(take), beats, beats[is_bar]))
    return found


def scores(grid: BeatGrid, beats: np.ndarray, bars: np.ndarray) -> tuple[float, float, float]:
    """F of beats, of downbeats, and of beats at any of the usual metrical levels."""
    found, true = mir_eval.beat.trim_beats(grid.times_s), mir_eval.beat.trim_beats(beats)
    bars_found, bars_true = mir_eval.beat.trim_beats(grid.downbeats_s), mir_eval.beat.trim_beats(bars)
    levels = [found, found[::2], found[1::2], np.sort(np.concatenate([found, (found[1:] + found[:-1]) / 2]))]
    return (
        mir_eval.beat.f_measure(true, found, WINDOW_S),
        mir_eval.beat.f_measure(bars_true, bars_found, WINDOW_S),
        max(mir_eval.beat.f_measure(true, level, WINDOW_S) for level in levels),
    )


def tracked(activations: np.ndarray, slowest: float | None, sizes: Sequence[int] = METERS) -> BeatGrid | None:
    """Beats of activations; None where there are none."""
    try:
        return track_bars(activations, None, None, slowest, sizes)
    except NoBeatError:
        return None


def by_sound(engine: DraftEngine, sheet: LeadSheet) -> BeatGrid | None:
    """Beats by madmom's networks of what the draft engine plays."""
    samples = np.concatenate(list(engine.track_blocks(sheet, 0)), 1)
    return tracked(madmom_activations(Recording(samples, engine.sample_rate)), None)


def mean_scores(grids: list[BeatGrid | None], pieces: list[Annotated]) -> np.ndarray:
    """Mean F (3,) over pieces; 0 where nothing was found."""
    pairs = zip(grids, pieces, strict=True)
    return np.mean([scores(grid, *piece[2:]) if grid else (0.0, 0.0, 0.0) for grid, piece in pairs], 0)


def left_alone(folder: str) -> tuple[int, int]:
    """How many files of some are left on their own grid, and how many were looked at."""
    paths = sorted(Path(folder).rglob("*.mid"))
    chosen = np.random.default_rng(29).permutation(len(paths))[:DRAWN]
    return sum(not is_off_its_grid(midi.read(paths[number])) for number in chosen.tolist()), len(chosen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--piano", "--drums", "--arranged"):
        parser.add_argument(name, required=True)
    parser.add_argument("--pieces", type=int, default=40)
    parser.add_argument("--tune", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    pieces = performances(arguments.piano, arguments.pieces, arguments.tune)
    activations = [onset_activations(sheet) for _, sheet, _, _ in pieces]
    if arguments.tune:
        for slowest, sizes in TRIED:
            grids = [tracked(one, slowest, sizes) for one in activations]
            print(slowest, sizes, np.round(mean_scores(grids, pieces), 3), flush=True)
        return
    engine = DraftEngine()
    ways = {
        "from the notes (`--find-beats`)": [tracked(one, SLOWEST_BPM, BAR_SIZES) for one in activations],
        "madmom on the draft's sound": [by_sound(engine, sheet) for _, sheet, _, _ in pieces],
    }
    rows = [[name, *(cell("{:.3f}", x) for x in mean_scores(grids, pieces))] for name, grids in ways.items()]
    heads = [f"{len(pieces)} pieces of ASAP", "beat F", "downbeat F", "beat F at any metrical level"]
    found = sum(is_off_its_grid(sheet) for _, sheet, _, _ in pieces)
    alone = [
        ["performances without a click: beats are looked for", cell("{} of {}", found, len(pieces)), "all"],
        *(
            [f"{name}: left alone", cell("{} of {}", *left_alone(folder)), "all"]
            for name, folder in (("drums to a click", arguments.drums), ("arranged files", arguments.arranged))
        ),
    ]
    save("find_beats", [table(heads, rows), table(["files", "", "goal"], alone)])


if __name__ == "__main__":
    main()
