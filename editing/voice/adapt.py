"""Learning one singer: a few thousand numbers of the model are fitted to minutes of recordings.

They are kept in the voice's file, and put in place of the model's own where that voice is asked for.

Axes: c content dims, k bands.
"""

from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import torch

from editing.voice.adapter import is_learned, with_adapter
from editing.voice.convert import hear_reference
from editing.voice.envelope import FRAME_S
from editing.voice.hub import VoiceDiTModel
from editing.voice.model import VoiceDiT
from editing.voice.models import VoiceModels
from editing.voice.singer import Heard
from editing.voice.training.clips import Clip, load_clips
from editing.voice.training.prepare import fingerprint, prepare, sources
from editing.voice.training.run import Tell, split, train_voice
from editing.voice.training.task import VoiceTask
from editing.voice.voices import Voice, enrolled
from renderer.codec.mel import SAMPLE_RATE
from renderer.training.loop import Recipe
from scoretok.audio import open_audio
from scoretok.errors import ScoretokError

RATE = 3e-3
KEPT = 0.5  # of the way that is learned: further on words suffer (WiSE-FT: Wortsman et al., 2022)
SHORTEST_S = 30.0


def adapted(
    models: VoiceModels,
    folder: str | Path,
    run: Path,
    name: str,
    note: str,
    steps: int = 300,
    seed: int = 0,
    tell: Tell = lambda stage, share: None,
) -> tuple[Voice, dict[str, float]]:
    """A voice with an adapter, fitted to a folder of one singer's recordings, and how held-out ones come out before
    and after: the distance of envelopes (in their usual spreads) and the correlation with what they are.

    An earlier run in `run` of the same recordings and weights goes on. `tell` hears which stage is how far, 0 to 1.
    Raises ScoretokError where there is too little to learn from.
    """
    run = run / fingerprint(Path(folder), models.digest)
    prepare(Path(folder), run / "clips", models.dit, seed=seed, advance=partial(tell, "listening"))
    clips = [replace(clip, speaker=name) for clip in load_clips(run / "clips")]
    seconds = sum(map(len, clips)) * FRAME_S
    if seconds < SHORTEST_S:
        raise ScoretokError(f"{folder} holds {seconds:.0f} s of recordings; adapting needs half a minute, better five")
    training, kept = split(clips)
    model = VoiceDiTModel.from_pretrained(models.folder / "dit", torch_dtype=torch.float32)
    for parameter_name, parameter in model.named_parameters():
        parameter.requires_grad_(is_learned(parameter_name))
    before = _likeness(models.dit, training, kept, seed)
    recipe = Recipe(steps, RATE, warmup_steps=20, weight_decay=0.0, ema_decay=0.98, evaluate_every=max(1, steps // 10))
    task = VoiceTask(training, kept, 6, seed, plain=True)
    train_voice(task, model, run / "fit", recipe, lambda step, figures: tell("adapting", step / steps))
    fitted = VoiceDiTModel.from_pretrained(run / "fit" / "ema", torch_dtype=torch.float32)
    own = dict(models.dit.named_parameters())
    adapter = {
        key: torch.lerp(own[key], value.detach(), KEPT) for key, value in fitted.named_parameters() if is_learned(key)
    }
    best = with_adapter(models.dit, adapter)
    after = _likeness(best, training, kept, seed)
    voice = enrolled(best, _all_heard(Path(folder)), name, note)
    figures = {
        "held_out_distance_before": before[0], "held_out_distance_after": after[0],
        "held_out_correlation_before": before[1], "held_out_correlation_after": after[1],
    }  # fmt: skip
    return replace(voice, adapter=adapter), figures


@torch.no_grad()
def _likeness(model: VoiceDiT, training: list[Clip], kept: list[Clip], seed: int) -> tuple[float, float]:
    """Mean distance of held-out shapes from what is predicted for them, and their correlation."""
    distances, correlations = [], []
    for batch in VoiceTask(training, kept, 4, seed).held_out_batches(model):
        made, _ = model.predict(batch.told, batch.shape, batch.reference_mask, batch.timbre)
        weight = batch.weight
        distances.append(float(((made - batch.target).abs() * weight).sum() / weight.sum()))
        a, b = (x - (x * weight).sum() / weight.sum() for x in (made, batch.target))
        both = ((a * a * weight).sum() * (b * b * weight).sum()).sqrt()
        correlations.append(float((a * b * weight).sum() / both))
    return float(np.mean(distances)), float(np.mean(correlations))


def _all_heard(folder: Path) -> Heard:
    """The recordings of a folder as one, as much as a reference may last."""
    every = sources(folder)
    files = [open_audio(source.path) for source in every]
    blocks = chain.from_iterable(file.blocks(SAMPLE_RATE) for file in files)
    return hear_reference(blocks, str(folder), files[0].sample_rate)
