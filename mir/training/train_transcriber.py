"""Training the transcription network on mixes: augmentation, losses, held-out losses.

Axes: b excerpts, w windows, f spectrogram bins, p pitches, t frames.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mir.notes.log_spectrogram import BINS, BINS_PER_SEMITONE, FLOOR_DB
from mir.notes.network import TranscriptionNet
from mir.notes.targets import targets
from mir.training.mixes import EXCERPT_FRAMES, MixShards
from scoretok.nn.recipe import Recipe
from scoretok.nn.training import StepReport, fit

LOSS_NAMES = ("onsets", "frames", "drums", "beats")
# Set by hand, as shipped runs had them but for the steps (model card); no run varied them.
ONSET_WEIGHT = 2.0  # an onset that is missed counts for so many that are imagined
BEAT_WEIGHT = 0.5
HELD_OUT = 64  # excerpts that are tested on
RECIPE = Recipe(
    steps=4000, learning_rate=2e-3, schedule="wsd", decay_share=0.4, adam_weight_decay=0.0, adam_betas=(0.9, 0.999),
    muon="", ema_decay=0.998, batch=8, evaluate_every=100,
)  # fmt: skip


class TranscriptionTask:
    """Excerpts of mixes, augmented, and their labels."""

    def __init__(
        self, data: str | Path, test: str | Path, batch: int = RECIPE.batch, seed: int = 0, held_out: int = HELD_OUT
    ) -> None:
        self.training, self.test = MixShards(data), MixShards(test)
        self.batch, self.seed, self.held_out = batch, seed, held_out

    def batches(self, first_step: int = 0, rank: int = 0) -> Iterator[tuple[Tensor, ...]]:
        """Levels (b, w, f, t) and targets of notes, drums and beats."""
        chosen = _epoch_batches(len(self.training), self.batch, self.seed, first_step)
        for step, numbers in enumerate(chosen, first_step):
            yield batch_of(self.training, numbers, np.random.default_rng([self.seed, step, *([rank] if rank else [])]))

    def losses(self, model: nn.Module, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Losses by head and their weighted sum."""
        levels, *target = batch
        parts = transcription_losses(model(levels), tuple(target))
        return {"loss": weighted_loss(parts), **parts}

    def evaluate(self, model: TranscriptionNet) -> dict[str, float]:
        """Held-out losses by head."""
        return {f"held_out_{name}": value for name, value in evaluate(model, self.test, self.held_out).items()}

    def save(self, model: TranscriptionNet, folder: Path) -> None:
        """Write the weights to `model`."""
        model.save(folder / "model")


def train(
    data: str | Path,
    test: str | Path,
    folder: str | Path,
    recipe: Recipe = RECIPE,
    start: str | Path | None = None,
    channels: int = 48,
    held_out: int = HELD_OUT,
    report: StepReport = lambda step, figures: None,
) -> dict[str, float]:
    """Train from scratch or from the weights in `start`, or go on with the run in `folder`.

    Writes the averaged weights to `folder/model`. Returns the last held-out figures. Raises ScoretokError.
    """
    torch.manual_seed(recipe.seed)
    model = TranscriptionNet.load(start) if start else TranscriptionNet(channels)
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's stubs lack it
    return fit(TranscriptionTask(data, test, recipe.batch, recipe.seed, held_out), model, folder, recipe, report)


def augment_levels(levels: np.ndarray, shift: int, rng: np.random.Generator) -> np.ndarray:
    """Augments log-spectrogram levels (w, f, t): transposition by `shift` semitones, random smooth EQ and gain."""
    moved = np.zeros_like(levels)
    bins = BINS_PER_SEMITONE * shift
    moved[:, max(0, bins) : BINS + min(0, bins)] = levels[:, max(0, -bins) : BINS - max(0, bins)]
    knots = rng.normal(0, 3, 7)
    gain_db = np.interp(np.linspace(0, 6, BINS), np.arange(7), knots) + rng.normal(0, 3)
    return np.where(moved > 0, moved - (gain_db / FLOOR_DB)[:, None], 0).clip(0, 1).astype(np.float32)


def batch_of(shards: MixShards, numbers: np.ndarray, rng: np.random.Generator | None) -> tuple[Tensor, ...]:
    """Levels (b, w, f, t) and targets of some excerpts; augmented with a generator, as they are without."""
    rows = []
    for number in numbers:
        levels, labels = shards[int(number)]
        shift = int(rng.integers(-2, 3)) if rng is not None else 0
        unit_levels = levels.astype(np.float32) / 255
        rows.append(
            (
                augment_levels(unit_levels, shift, rng) if rng is not None else unit_levels,
                *targets(labels, EXCERPT_FRAMES, shift),
            )
        )
    return tuple(torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True))


def transcription_losses(outputs: tuple[Tensor, ...], target: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """Binary cross-entropies by head, summed over pitches or drums and averaged over frames."""
    notes, drums, beats = (output.float() for output in outputs)
    weight = torch.tensor(ONSET_WEIGHT, device=notes.device)
    bce = nn.functional.binary_cross_entropy_with_logits
    return {
        "onsets": bce(notes[:, 0::2], target[0][:, 0::2], pos_weight=weight, reduction="none").sum(2).mean(),
        "frames": bce(notes[:, 1::2], target[0][:, 1::2], reduction="none").sum(2).mean(),
        "drums": bce(drums, target[1], pos_weight=weight, reduction="none").sum(1).mean(),
        "beats": bce(beats, target[2], pos_weight=weight, reduction="none").sum(1).mean(),
    }


def weighted_loss(parts: dict[str, Tensor]) -> Tensor:
    """The training objective: onsets + 0.5 frames + drums + BEAT_WEIGHT beats."""
    return parts["onsets"] + 0.5 * parts["frames"] + parts["drums"] + BEAT_WEIGHT * parts["beats"]


@torch.no_grad()
def evaluate(model: TranscriptionNet, shards: MixShards, count: int, batch: int = 4) -> dict[str, float]:
    """Mean losses over the first excerpts of some shards."""
    count = min(count, len(shards))
    sums = dict.fromkeys(LOSS_NAMES, 0.0)
    device = next(model.parameters()).device
    for start in range(0, count, batch):
        numbers = np.arange(start, min(count, start + batch))
        levels, *wanted = (part.to(device) for part in batch_of(shards, numbers, None))
        for name, value in transcription_losses(model(levels), tuple(wanted)).items():
            sums[name] += float(value) * len(levels) / count
    return sums


def _epoch_batches(count: int, batch: int, seed: int, first: int) -> Iterator[np.ndarray]:
    """Batches of excerpt indices from step `first` on; each epoch is a permutation."""
    per_epoch = max(1, count // batch)
    step = first
    while True:
        order = np.random.default_rng([seed, step // per_epoch, 1]).permutation(count)
        for at in range(step % per_epoch, per_epoch):
            yield order[at * batch : (at + 1) * batch]
            step += 1
