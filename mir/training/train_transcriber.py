"""Training loop of the transcription network: augmentation, losses, EMA weights, resumable checkpoints.

Axes: b excerpts, w windows, f spectrogram bins, p pitches, t frames.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from time import perf_counter

import numpy as np
import torch
from torch import Tensor, nn

from mir.notes.log_spectrogram import BINS, BINS_PER_SEMITONE, FLOOR_DB
from mir.notes.network import TranscriptionNet
from mir.notes.targets import targets
from mir.training.mixes import EXCERPT_FRAMES, MixShards
from scoretok.errors import ScoretokError

STATE, LOG = "state.pt", "log.jsonl"
LOSS_NAMES = ("onsets", "frames", "drums", "beats")
ONSET_WEIGHT = 2.0  # an onset that is missed counts for so many that are imagined
BEAT_WEIGHT = 0.5
EMA_DECAY = 0.998
StepReport = Callable[[int, dict[str, float]], None]


@dataclass(frozen=True)
class TranscriptionRecipe:
    """How long and how fast to train: the rate rises, stays, and falls to nothing over the last steps."""

    steps: int = 2500
    learning_rate: float = 2e-3
    warmup_steps: int = 100
    decay_share: float = 0.4
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    batch: int = 8
    evaluate_every: int = 100
    held_out: int = 64
    channels: int = 48
    compiled: bool = False

    def rate_at(self, step: int) -> float:
        """Learning rate of a step."""
        rising = min(1.0, (step + 1) / self.warmup_steps)
        falling = (self.steps - step) / max(1.0, self.decay_share * self.steps)
        return self.learning_rate * min(rising, falling, 1.0)


def optimizers_of(model: TranscriptionNet, recipe: TranscriptionRecipe) -> list[torch.optim.Optimizer]:
    """Muon (Jordan et al., 2024) for the matrices, AdamW for heads, norms and biases."""
    inside = [tensor for tensor in model.parameters() if tensor.ndim == 2]
    rest = [tensor for tensor in model.parameters() if tensor.ndim != 2]
    rate, decay = recipe.learning_rate, recipe.weight_decay
    return [
        torch.optim.Muon(inside, rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, rate, weight_decay=0.0),
    ]


def augment_levels(levels: np.ndarray, shift: int, rng: np.random.Generator) -> np.ndarray:
    """Augments log-spectrogram levels (w, f, t): transposition by `shift` semitones, random smooth EQ and gain."""
    moved = np.zeros_like(levels)
    bins = BINS_PER_SEMITONE * shift
    moved[:, max(0, bins) : BINS + min(0, bins)] = levels[:, max(0, -bins) : BINS - max(0, bins)]
    knots = rng.normal(0, 3, 7)
    gain_db = np.interp(np.linspace(0, 6, BINS), np.arange(7), knots) + rng.normal(0, 3)
    return np.where(moved > 0, moved - (gain_db / FLOOR_DB)[:, None], 0).clip(0, 1).astype(np.float32)


def batch_of(
    shards: MixShards, numbers: np.ndarray, rng: np.random.Generator | None, device: torch.device
) -> tuple[Tensor, ...]:
    """Levels (b, w, f, t) and targets of some excerpts; varied with a generator, as they are without."""
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
    return tuple(torch.from_numpy(np.stack(column)).to(device) for column in zip(*rows, strict=True))


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


@torch.inference_mode()
def evaluate(model: TranscriptionNet, shards: MixShards, count: int, batch: int = 4) -> dict[str, float]:
    """Mean losses over the first excerpts of some shards."""
    model.eval()
    count = min(count, len(shards))
    sums = dict.fromkeys(LOSS_NAMES, 0.0)
    device = next(model.parameters()).device
    for start in range(0, count, batch):
        levels, *wanted = batch_of(shards, np.arange(start, min(count, start + batch)), None, device)
        for name, value in transcription_losses(model(levels), tuple(wanted)).items():
            sums[name] += float(value) * len(levels) / count
    model.train()
    return sums


class EmaWeights:
    """Exponential moving average of the weights."""

    def __init__(self, model: TranscriptionNet) -> None:
        self.model = TranscriptionNet(**model.config).to(next(model.parameters()).device)
        self.model.load_state_dict(model.state_dict())

    def update(self, model: TranscriptionNet, step: int) -> None:
        """Move towards the weights after a step."""
        keep = min(EMA_DECAY, (step + 1) / (step + 10))
        for mine, other in zip(self.model.state_dict().values(), model.state_dict().values(), strict=True):
            if mine.is_floating_point():
                mine.lerp_(other, 1 - keep)
            else:
                mine.copy_(other)


def train(data: str, valid: str, out: str | Path, recipe: TranscriptionRecipe, seed: int, report: StepReport) -> None:
    """Train from scratch, or go on with the run in `out`; its `model` folder holds the averaged weights.

    On a GPU where there is one. Raises ScoretokError.
    """
    torch.manual_seed(seed)
    folder = Path(out)
    shards, held_out = MixShards(data), MixShards(valid)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = TranscriptionNet(recipe.channels).to(device, memory_format=torch.channels_last)
    average = EmaWeights(model)
    optimizers = optimizers_of(model, recipe)
    first = _resume(folder, model, average, optimizers)
    compiled = torch.compile(model) if recipe.compiled else model
    folder.mkdir(parents=True, exist_ok=True)
    began, counted, sums = perf_counter(), 0, dict.fromkeys(LOSS_NAMES, 0.0)
    for step, numbers in zip(
        range(first, recipe.steps), _epoch_batches(len(shards), recipe.batch, seed, first), strict=False
    ):
        for group in (group for optimizer in optimizers for group in optimizer.param_groups):
            group["lr"] = recipe.rate_at(step)
        levels, *wanted = batch_of(shards, numbers, np.random.default_rng([seed, step]), device)
        with torch.autocast(device.type, torch.bfloat16, enabled=has_bf16()):
            outputs = compiled(levels)
        parts = transcription_losses(outputs, tuple(wanted))
        weighted_loss(parts).backward()
        nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        average.update(model, step)
        for name, value in parts.items():
            sums[name] += float(value.detach())
        counted, done = counted + 1, step + 1
        if done % recipe.evaluate_every == 0 or done == recipe.steps:
            tested = evaluate(average.model, held_out, recipe.held_out)
            means = {name: value / counted for name, value in sums.items()}
            row = {"step": done, "train": means, "held_out": tested, "seconds": perf_counter() - began}
            with (folder / LOG).open("a") as log:
                log.write(json.dumps({**row, "recipe": asdict(recipe)}) + "\n")
            _checkpoint(folder, done, model, average, optimizers)
            report(done, tested)
            counted, sums = 0, dict.fromkeys(LOSS_NAMES, 0.0)


def average_weights(folders: Sequence[str | Path]) -> TranscriptionNet:
    """Uniform average of the weights of runs that share an initialisation (Wortsman et al., "Model soups",
    2022): it hears better than each of them. Raises ScoretokError when they are not alike.
    """
    models = [TranscriptionNet.load(folder) for folder in folders]
    if not models or any(model.config != models[0].config for model in models):
        raise ScoretokError("weights can be averaged of one network or more, all of one size")
    states = [model.state_dict() for model in models]
    kept = {
        name: torch.stack([state[name] for state in states]).mean(0) if tensor.is_floating_point() else tensor
        for name, tensor in states[0].items()
    }
    models[0].load_state_dict(kept)
    return models[0]


def has_bf16() -> bool:
    """Whether this machine multiplies bfloat16 matrices in hardware."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_amx_tile_supported()


def _epoch_batches(count: int, batch: int, seed: int, first: int) -> Iterator[np.ndarray]:
    """Batches of excerpt indices from step `first` on; each epoch is a permutation."""
    per_epoch = max(1, count // batch)
    step = first
    while True:
        order = np.random.default_rng([seed, step // per_epoch, 1]).permutation(count)
        for at in range(step % per_epoch, per_epoch):
            yield order[at * batch : (at + 1) * batch]
            step += 1


def _checkpoint(
    folder: Path, step: int, model: TranscriptionNet, average: EmaWeights, optimizers: list[torch.optim.Optimizer]
) -> None:
    average.model.save(folder / "model")
    state = {
        "step": step,
        "model": model.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
    }
    torch.save(state, folder / f"{STATE}.partial")
    (folder / f"{STATE}.partial").replace(folder / STATE)


def _resume(folder: Path, model: TranscriptionNet, average: EmaWeights, optimizers: list[torch.optim.Optimizer]) -> int:
    """Take up the run of a folder; says how many steps are done."""
    if not (folder / STATE).is_file():
        return 0
    try:
        state = torch.load(folder / STATE, map_location=next(model.parameters()).device, weights_only=True)
        model.load_state_dict(state["model"])
        for optimizer, kept in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        average.model.load_state_dict(TranscriptionNet.load(folder / "model").state_dict())
    except (RuntimeError, KeyError, ValueError, UnpicklingError) as error:
        reason = str(error).partition("\n")[0]
        raise ScoretokError(f"{folder} holds a run that cannot be taken up: {reason}; name another folder") from None
    return int(state["step"])
