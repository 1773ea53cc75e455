"""Training runs of the singer: from the weights of voice conversion, the encoder of phones first.

A run's folder holds `encoder-run`, `dit-run`, and `model`, which `--model` takes.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from renderer.singing.hub import SingingDiTModel
from renderer.singing.singing_dit import SingingDiT
from renderer.singing.training.singing_clips import SingingClip, load_singing_clips
from renderer.singing.training.singing_task import EncoderTask, SingingBatch, SingingTask, by_speaker
from renderer.training.bundle import make_shareable
from renderer.voice.envelope import ENVELOPE_BANDS, FRAME_S
from renderer.voice.hub import VoiceDiTModel
from renderer.voice.postfilter import MODULATION_FRAMES, design_postfilter, modulation_power
from renderer.voice.pretrained import VOICE_WEIGHTS
from renderer.voice.voice_dit import STEPS, frames_of, tokens_of
from scoretok.nn.recipe import Recipe
from scoretok.nn.training import StepReport, fit

HELD_OUT_EVERY = 40  # one clip in so many of each voice with several is tested on
ENCODER_RATE = 1.5e-3
POSTFILTER_BATCHES = 24  # set by hand


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
    trained = SingingDiTModel.from_pretrained(run.folder / "dit-run" / "ema", torch_dtype=torch.float32)
    finish_singer(trained, task, training)
    target = run.folder / "model" / "dit"
    shutil.rmtree(target, ignore_errors=True)
    trained.half().save_pretrained(target)
    make_shareable(run.folder / "model")
    return figures


def initial_model() -> SingingDiTModel:
    """The weights of voice conversion, with an encoder that knows nothing yet."""
    voice = VoiceDiTModel.from_pretrained(VOICE_WEIGHTS / "dit", torch_dtype=torch.float32)
    model = SingingDiTModel(**{key: value for key, value in voice.config.items() if not key.startswith("_")})
    missing, unexpected = model.load_state_dict(voice.state_dict(), strict=False)
    assert not unexpected
    assert all(name.startswith(("encoder.", "phone_means", "content_variance")) for name in missing)
    return model


def split_clips(clips: list[SingingClip]) -> tuple[list[SingingClip], list[SingingClip]]:
    """Training clips and held-out ones: every so many of the voices of which there are several."""
    held = {id(clip) for own in by_speaker(clips).values() for clip in own[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY]}
    if not held:
        held = {id(clips[-1])}
    return [clip for clip in clips if id(clip) not in held], [clip for clip in clips if id(clip) in held]


@torch.no_grad()
def finish_singer(model: SingingDiT, task: SingingTask, clips: Sequence[SingingClip]) -> None:
    """Set what is measured on training clips: the densities of phones, and the postfilter."""
    fit_densities(model, clips)
    recorded = torch.zeros(MODULATION_FRAMES // 2 + 1, ENVELOPE_BANDS)
    made = recorded.clone()
    for batch in islice(task.batches(), POSTFILTER_BATCHES):
        refined, voice = predicted(model, batch), batch.voice
        recorded += modulation_power(frames_of(voice.target))
        made += modulation_power(frames_of(refined))
    model.detail.copy_(design_postfilter(recorded, made))


def predicted(model: SingingDiT, batch: SingingBatch) -> Tensor:
    """What the model sings of a batch, (b, t, 2 k)."""
    voice, encoded = batch.voice, model.encoder(batch.ids, batch.numbers)
    reference = voice.reference.shape[1]
    told = frames_of(voice.conditioning[:, reference:])
    tokens = tokens_of(torch.cat([encoded.content, told[..., model.content_dims :]], -1))
    conditioning = torch.cat([voice.conditioning[:, :reference], tokens], 1)
    coarse, hidden = model.predict(conditioning, voice.reference, voice.reference_mask, voice.timbre, encoded.added)
    return model.refine(coarse, hidden, STEPS)


def fit_densities(model: SingingDiT, clips: Sequence[SingingClip]) -> None:
    """Means of the content features of each phone, and their common variance."""
    sums = np.zeros(model.phone_means.shape)
    counts, squares = np.zeros((len(sums), 1)), np.zeros(sums.shape[1])
    for clip in clips:
        content = clip.contents[0].astype(np.float64)
        for number, (start_s, end_s) in zip(clip.phone_ids, clip.spans_s, strict=True):
            first = round(float(start_s) / FRAME_S)
            own = content[first : max(first + 1, round(float(end_s) / FRAME_S))]
            sums[number] += own.sum(0)
            squares += (own**2).sum(0)
            counts[number] += len(own)
    means = sums / np.maximum(counts, 1)
    variance = (squares - (means**2 * counts).sum(0)) / max(1.0, float(counts.sum()))
    model.phone_means.copy_(torch.from_numpy(means))
    model.content_variance.copy_(torch.from_numpy(np.maximum(variance, 1e-4)))
