"""Scores played as people play them, with the beats that are known: what the network of onset_beats learns from.

The tempo wanders, slows down before ends and breathes at bar lines (after Todd, "The dynamics of dynamics", 1992, in
outline); chords are spread, accents follow the meter in part, notes are held longer or shorter than they are written.
All amounts are drawn anew for every excerpt, and were set by hand.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mir.grid import beats_of_meter
from mir.onset_beats.beat_network import OnsetBeatNet
from mir.onset_beats.onset_features import FRAMES_PER_S, onset_features
from mir.training.mixes import SUFFIXES
from scoretok.errors import ScoretokError, warn
from scoretok.formats import read
from scoretok.nn.recipe import Recipe
from scoretok.nn.training import StepReport, fit
from scoretok.sheet import LeadSheet
from scoretok.splits import is_held_out

EXCERPT_FRAMES = 1500
HELD_OUT = 64
RECIPE = Recipe(
    steps=6000, learning_rate=2e-3, schedule="wsd", decay_share=0.4, muon="", ema_decay=0.998, batch=12,
    evaluate_every=200,
)  # fmt: skip
LEAST_NOTES = 64
SLOWEST_S, FASTEST_S = 1.6, 0.26  # seconds a beat
DOWNBEAT_WEIGHT = 1.0


@dataclass(frozen=True)
class WrittenNotes:
    """Notes of a score (m,), in ticks, with their velocities, and its beats and bar lines, in ticks."""

    start: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    beats: np.ndarray
    bars: np.ndarray
    beat_ticks: int


def written_notes(sheet: LeadSheet) -> WrittenNotes | None:
    """The notes of a score but for drums; None for too few, or more than one meter."""
    rows = [
        (note.start_ticks, note.end_ticks, note.pitch, note.velocity)
        for track in sheet.tracks
        if not track.is_drums and not track.muted
        for note in track.notes
    ]
    if len(rows) < LEAST_NOTES or len(sheet.meters) > 1:
        return None
    beat_ticks = beats_of_meter(sheet.meters[0].numerator, sheet.meters[0].denominator)[1]
    bars = np.array(sheet.bar_starts[1 if sheet.pickup_ticks else 0 : -1])
    beats = np.arange(bars[0] % beat_ticks, sheet.end_ticks, beat_ticks)
    start, end, pitch, velocity = np.array(sorted(rows)).T
    return WrittenNotes(start, end, pitch, velocity, beats, bars, beat_ticks)


def _read_notes(path: Path) -> WrittenNotes | None:
    """The notes of a file; None, and a warning, for one that cannot be read."""
    try:
        return written_notes(read(path))
    except ScoretokError as error:
        warn(f"left out: {error}", "dropped")
        return None


def play(notes: WrittenNotes, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Features (t, d) and labels (t, 2) of an excerpt that somebody plays: beats and downbeats."""
    line = int(rng.integers(0, max(1, len(notes.beats) - 16)))
    first = notes.beats[line]
    count = min(len(notes.beats) - line, round(EXCERPT_FRAMES / FRAMES_PER_S / FASTEST_S))
    beats = notes.beats[line : line + count]
    times_s = _beat_times_s(len(beats), np.isin(beats, notes.bars), rng)
    last_s = EXCERPT_FRAMES / FRAMES_PER_S
    inside = (notes.start >= first - notes.beat_ticks // 2) & (notes.start < beats[-1])

    def seconds(ticks: np.ndarray) -> np.ndarray:
        ahead = np.minimum(ticks - beats[0], 0) * (times_s[1] - times_s[0]) / notes.beat_ticks
        behind = np.maximum(ticks - beats[-1], 0) * (times_s[-1] - times_s[-2]) / notes.beat_ticks
        return np.interp(ticks, beats, times_s) + ahead + behind

    start, end, pitch, velocity = (column[inside] for column in (notes.start, notes.end, notes.pitch, notes.velocity))
    start_s, end_s = seconds(start), seconds(end)
    onset_s = start_s + rng.normal(0, rng.uniform(0.003, 0.02), len(start)) + _spread_s(start, pitch, rng)
    end_s = onset_s + np.maximum(0.03, (end_s - start_s) * rng.uniform(0.5, 1.3) * rng.lognormal(0, 0.2, len(start)))
    velocity = _accents(notes, start, pitch, velocity, rng)
    heard = (onset_s >= 0) & (onset_s < last_s) & (rng.random(len(start)) > rng.choice([0, 0, 0.05]))
    features = onset_features(
        onset_s[heard], end_s[heard], _transposed(pitch, rng)[heard], velocity[heard], EXCERPT_FRAMES
    )
    labels = np.zeros((EXCERPT_FRAMES, 2), np.float32)
    for beat_s, is_bar in zip(times_s, np.isin(beats, notes.bars), strict=True):
        frame = round(beat_s * FRAMES_PER_S)
        if frame < EXCERPT_FRAMES:
            labels[frame, 0] = 1
            labels[frame, 1] = is_bar
    return features, labels


def _beat_times_s(count: int, is_bar: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """When beats (b,) are played."""
    period_s = np.exp(rng.uniform(np.log(FASTEST_S), np.log(SLOWEST_S)))
    freedom = rng.choice([0.0, 0.02, 0.05, 0.08])
    drift = np.cumsum(rng.normal(0, freedom, count))
    knots = np.arange(0, count, max(2, int(rng.integers(4, 17))))
    slow = np.interp(np.arange(count), knots, rng.normal(0, 2 * freedom, len(knots)))
    periods = period_s * np.exp(
        0.6 * (drift - np.linspace(0, drift[-1], count)) + slow + rng.normal(0, freedom / 2, count)
    )
    periods *= 1 + np.append(is_bar[1:], False) * rng.uniform(0, 2 * freedom)
    return float(rng.uniform(0, period_s)) + np.append(0.0, np.cumsum(np.clip(periods, 0.2, 3.0)))[:count]


def _spread_s(start: np.ndarray, pitch: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How late each note of a chord is: rolled from the lowest, or the melody a little ahead."""
    if not len(start):
        return np.zeros(0)
    spread = rng.choice([0.0, 0.01, 0.03, 0.06]) * (rng.random(len(start)) if rng.random() < 0.5 else 1.0)
    _, place, counts = np.unique(start, return_inverse=True, return_counts=True)
    order = np.lexsort((pitch, start))
    rank = np.empty(len(start))
    rank[order] = np.arange(len(start)) - np.repeat(np.append(0, np.cumsum(counts)[:-1]), counts)
    return spread * rank / np.maximum(counts[place], 1)


def _accents(
    notes: WrittenNotes, start: np.ndarray, pitch: np.ndarray, velocity: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Velocities as they are struck: some of the score's, of the meter, of the height, and chance."""
    metrical = 8.0 * (start % notes.beat_ticks == notes.beats[0] % notes.beat_ticks) + 8.0 * np.isin(start, notes.bars)
    height = (pitch - pitch.mean()) / 12 * rng.uniform(0, 8) if len(pitch) else 0.0
    written = velocity if rng.random() < 0.5 else np.full(len(start), 70)
    struck = written + rng.uniform(0, 1) * metrical + height + rng.normal(0, rng.uniform(2, 14), len(start))
    return np.clip(struck + rng.normal(0, 10), 10, 127)


def _transposed(pitch: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.clip(pitch + int(rng.integers(-6, 7)), 0, 127)


class OnsetBeatTask:
    """Excerpts of scores that are played anew each time."""

    def __init__(self, scores: Sequence[WrittenNotes], test: Sequence[WrittenNotes], batch: int, seed: int) -> None:
        self.scores, self.batch, self.seed = scores, batch, seed
        self.held_out = _stacked([play(test[n % len(test)], np.random.default_rng([9, n])) for n in range(HELD_OUT)])

    def batches(self, first_step: int = 0, rank: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Features (b, t, d) and labels (b, t, 2)."""
        step = first_step
        while True:
            rng = np.random.default_rng([self.seed, step, rank])
            chosen = rng.integers(0, len(self.scores), self.batch)
            yield _stacked([play(self.scores[number], rng) for number in chosen])
            step += 1

    def losses(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """Cross-entropies of beats and downbeats; frames beside a beat count less (as in Boeck et al., 2016)."""
        features, labels = batch
        logits = model(features).float()
        near = nn.functional.max_pool1d(labels.mT, 5, 1, 2).mT - labels
        weight = 1 - 0.9 * near + 15 * labels
        losses = nn.functional.binary_cross_entropy_with_logits(logits, labels, weight, reduction="none").mean((0, 1))
        return {"loss": losses[0] + DOWNBEAT_WEIGHT * losses[1], "beats": losses[0], "downbeats": losses[1]}

    def evaluate(self, model: OnsetBeatNet) -> dict[str, float]:
        """Held-out losses."""
        return {f"held_out_{name}": float(value) for name, value in self.losses(model, self.held_out).items()}

    def save(self, model: OnsetBeatNet, folder: Path) -> None:
        """Write the weights to `model`."""
        model.save(folder / "model")


def _stacked(rows: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[Tensor, Tensor]:
    features, labels = zip(*rows, strict=True)
    return torch.from_numpy(np.stack(features)), torch.from_numpy(np.stack(labels))


def train(
    songs: str | Path,
    folder: str | Path,
    recipe: Recipe = RECIPE,
    start: str | Path | None = None,
    channels: int = 40,
    report: StepReport = lambda step, figures: None,
) -> dict[str, float]:
    """Train on a folder of scores from scratch or from the weights in `start`, or go on with the run in `folder`.

    Writes the averaged weights to `folder/model`. Returns the last held-out figures. Raises ScoretokError.
    """
    found: dict[bool, list[WrittenNotes]] = {True: [], False: []}
    for path in sorted(Path(songs).rglob("*")):
        if path.suffix.lower() in SUFFIXES and (notes := _read_notes(path)):
            found[is_held_out(path)].append(notes)
    if not (found[True] and found[False]):
        raise ScoretokError(f"{songs} holds no scores to train on, or none to test on")
    torch.manual_seed(recipe.seed)
    model = OnsetBeatNet.load(start) if start else OnsetBeatNet(channels)
    return fit(OnsetBeatTask(found[False], found[True], recipe.batch, recipe.seed), model, folder, recipe, report)
