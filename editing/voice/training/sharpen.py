"""How much detail a trained voice model leaves out, measured on voices that it learned from and that are disguised.

Axes: b batch, t tokens, f frames, k bands.
"""

from itertools import islice

import torch
from torch import Tensor

from editing.voice.detail import SPAN, filters, movement
from editing.voice.envelope import BANDS
from editing.voice.model import STEPS, VoiceDiT, frames_of
from editing.voice.training.task import Batch, VoiceTask

BATCHES = 24
AUDIBLE_SHARE = 0.7  # spans in which less is heard do not count
FEWEST_BANDS = 0.7  # of a recording that counts


@torch.no_grad()
def sharpen(model: VoiceDiT, task: VoiceTask) -> None:
    """Set the model's filters of detail."""
    recorded, made = torch.zeros(SPAN // 2 + 1, BANDS), torch.zeros(SPAN // 2 + 1, BANDS)
    for batch in islice(task.batches(model), BATCHES):
        coarse, hidden = model.predict(batch.told, batch.shape, batch.reference_mask, batch.timbre)
        recorded += _movement(batch.target, batch)
        made += _movement(model.refined(coarse, hidden, STEPS), batch)
    model.detail.copy_(filters(recorded, made))


def _movement(tokens: Tensor, batch: Batch) -> Tensor:
    """Movements (m, c) of tokens (b, t, 2 k) where they are heard."""
    shapes, weight = frames_of(tokens), frames_of(batch.weight)
    known = weight.amax(1) > 0  # (b, k)
    last = (known * torch.arange(BANDS)).amax(1)
    shapes = shapes.gather(2, torch.minimum(torch.arange(BANDS), last[:, None])[:, None].expand_as(shapes))
    heard = weight.amax(-1).unfold(1, SPAN, SPAN // 2).mean(-1) > AUDIBLE_SHARE  # (b, spans)
    heard &= (known.float().mean(1) > FEWEST_BANDS)[:, None]
    spans = shapes.unfold(1, SPAN, SPAN // 2)[heard].transpose(1, 2)  # (spans, SPAN, k)
    return movement(spans) * len(spans) if len(spans) else torch.zeros(SPAN // 2 + 1, BANDS)
