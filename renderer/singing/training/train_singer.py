"""Training runs of the singer: from the weights of voice conversion, the encoder of phones first.

A run's folder holds `encoder-run`, `dit-run`, and `model`, which `--model` takes.
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from renderer.singing.hub import SingingDiTModel
from renderer.singing.training.singing_clips import SingingClip, load_singing_clips
from renderer.singing.training.singing_task import EncoderTask, SingingTask, by_speaker
from renderer.training.bundle import make_shareable
from renderer.voice.hub import VoiceDiTModel
from renderer.voice.pretrained import VOICE_WEIGHTS
from scoretok.nn.recipe import Recipe
from scoretok.nn.training import StepReport, fit

HELD_OUT_EVERY = 40  # one clip in so many of each voice with several is tested on
ENCODER_RATE = 1.5e-3


@dataclass(frozen=True)
class SingerTrainingRun:
    """A training: of which clips, into which folder, from which models on (else those of voice conversion)."""

    data: Path
    folder: Path
    recipe: Recipe
    start: Path | None = None
    encoder_steps: int = 1500


def train_singer(run: SingerTrainingRun, report: StepReport = lambda step, figures: None) -> dict[str, float]:
    """Train the singer's model; the last held-out figures. Raises ScoretokError."""
    training, held_out = split_clips(load_singing_clips(run.data))
    torch.manual_seed(run.recipe.seed)
    if run.start:
        model = SingingDiTModel.from_pretrained(run.start / "dit", torch_dtype=torch.float32)
    else:
        model = initial_model()
        encoder_run = replace(run.recipe, steps=run.encoder_steps, learning_rate=ENCODER_RATE)
        fit(EncoderTask(model, training, held_out, run.recipe.batch, run.recipe.seed), model,
            run.folder / "encoder-run", encoder_run, report)  # fmt: skip
        model = SingingDiTModel.from_pretrained(run.folder / "encoder-run" / "ema", torch_dtype=torch.float32)
    task = SingingTask(model, training, held_out, run.recipe.batch, run.recipe.seed)
    figures = fit(task, model, run.folder / "dit-run", run.recipe, report)
    assemble_singer(run.folder)
    return figures


def initial_model() -> SingingDiTModel:
    """The weights of voice conversion, with an encoder that knows nothing yet."""
    voice = VoiceDiTModel.from_pretrained(VOICE_WEIGHTS / "dit", torch_dtype=torch.float32)
    model = SingingDiTModel(**{key: value for key, value in voice.config.items() if not key.startswith("_")})
    missing, unexpected = model.load_state_dict(voice.state_dict(), strict=False)
    assert not unexpected
    assert all(name.startswith("encoder.") for name in missing)
    return model


def split_clips(clips: list[SingingClip]) -> tuple[list[SingingClip], list[SingingClip]]:
    """Training clips and held-out ones: every so many of the voices of which there are several."""
    held = {id(clip) for own in by_speaker(clips).values() for clip in own[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY]}
    if not held:
        held = {id(clips[-1])}
    return [clip for clip in clips if id(clip) not in held], [clip for clip in clips if id(clip) in held]


def assemble_singer(folder: Path) -> None:
    """Put the trained weights, in half precision, where `--model` takes them from."""
    target = folder / "model" / "dit"
    shutil.rmtree(target, ignore_errors=True)
    SingingDiTModel.from_pretrained(folder / "dit-run" / "ema").half().save_pretrained(target)
    make_shareable(folder / "model")
