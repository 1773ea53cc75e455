"""Fits the modulation-spectrum postfilter of a trained voice model on augmented training clips.

Axes: b batch, t tokens, f frames, k bands.
"""

from itertools import islice

import torch
from torch import Tensor

from renderer.voice.envelope import ENVELOPE_BANDS
from renderer.voice.postfilter import MODULATION_FRAMES, design_postfilter, modulation_power
from renderer.voice.training.voice_task import VoiceBatch, VoiceTask
from renderer.voice.voice_dit import STEPS, VoiceDiT, frames_of

# Set by hand; no run varied them.
BATCHES = 24
AUDIBLE_SHARE = 0.7  # spans with a smaller audible share do not count
MIN_BAND_SHARE = 0.7  # of a recording that counts


@torch.no_grad()
def fit_postfilter(model: VoiceDiT, task: VoiceTask) -> None:
    """Sets the model's postfilter."""
    recorded, made = (
        torch.zeros(MODULATION_FRAMES // 2 + 1, ENVELOPE_BANDS),
        torch.zeros(MODULATION_FRAMES // 2 + 1, ENVELOPE_BANDS),
    )
    for batch in islice(task.batches(), BATCHES):
        coarse, hidden = model.predict(batch.conditioning, batch.reference, batch.reference_mask, batch.timbre)
        recorded += _modulation_power(batch.target, batch)
        made += _modulation_power(model.refine(coarse, hidden, STEPS), batch)
    model.detail.copy_(design_postfilter(recorded, made))


def _modulation_power(tokens: Tensor, batch: VoiceBatch) -> Tensor:
    """Movements (m, c) of tokens (b, t, 2 k) where they are audible."""
    shapes, weight = frames_of(tokens), frames_of(batch.weight)
    known = weight.amax(1) > 0  # (b, k)
    last = (known * torch.arange(ENVELOPE_BANDS)).amax(1)
    shapes = shapes.gather(2, torch.minimum(torch.arange(ENVELOPE_BANDS), last[:, None])[:, None].expand_as(shapes))
    audible = (
        weight.amax(-1).unfold(1, MODULATION_FRAMES, MODULATION_FRAMES // 2).mean(-1) > AUDIBLE_SHARE
    )  # (b, spans)
    audible &= (known.float().mean(1) > MIN_BAND_SHARE)[:, None]
    spans = shapes.unfold(1, MODULATION_FRAMES, MODULATION_FRAMES // 2)[audible].transpose(1, 2)  # (spans, SPAN, k)
    return (
        modulation_power(spans) * len(spans) if len(spans) else torch.zeros(MODULATION_FRAMES // 2 + 1, ENVELOPE_BANDS)
    )
