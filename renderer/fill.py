"""Making a span of a track anew in the context of what is heard around it.

Axes: t latent frames, d latent dims, n samples.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from renderer.codec.exciter import excite
from renderer.codec.mel import LATENT_SAMPLES
from renderer.dit.windows import ANCHOR, CONTEXT, GAP
from renderer.notes import NoteArray
from renderer.pipeline import HALO, Sampling, ScoreToAudio, gated

# What has to be heard on either side of a span, in samples: context for the model, and what the decoder reaches into.
AROUND_SAMPLES = (CONTEXT + HALO) * LATENT_SAMPLES


@dataclass(frozen=True)
class Heard:
    """Audio of one track, mono (n,), from latent frame `first_frame` on; n is a multiple of a latent frame."""

    audio: np.ndarray
    first_frame: int

    @property
    def frames(self) -> range:
        """The latent frames that it holds."""
        return range(self.first_frame, self.first_frame + len(self.audio) // LATENT_SAMPLES)


def fill(
    pipeline: ScoreToAudio,
    notes: NoteArray,
    heard: Heard,
    span: range,
    sampling: Sampling,
    reference: tuple[Tensor, Tensor] | None = None,
) -> np.ndarray:
    """Audio (n,) like `heard` in which the latent frames `span` play `notes`; the rest is what the codec makes of it.

    Spans longer than a window are made from left to right, each part in the context of the one before.
    """
    first = heard.first_frame
    with torch.no_grad():
        latents = pipeline.codec.encode(torch.from_numpy(heard.audio.astype(np.float32))[None].to(pipeline.device))[0]
    latents = latents.cpu()
    chosen = reference or pipeline.timbres.reference(notes.program)
    for window, made in windows(span, heard.frames):
        known = latents[window.start - first : window.stop - first]
        keep_mask = torch.tensor([float(frame not in range(made.start, span.stop)) for frame in window])
        fresh = pipeline.sample(notes, window.start, known[None], keep_mask[None], chosen, sampling)[0]
        latents[made.start - first : made.stop - first] = fresh[made.start - window.start : made.stop - window.start]
    start = first * LATENT_SAMPLES
    excitation = excite(notes, start, len(heard.audio), sampling.seed)[None]
    audio = pipeline.decode(latents[None], excitation)[0].numpy()
    return gated(audio, notes, first)


def windows(span: range, frames: range) -> Iterator[tuple[range, range]]:
    """Windows of at most ANCHOR frames within `frames`, and the part of `span` that each makes."""
    left = span.start
    while left < span.stop:
        start = max(frames.start, left - CONTEXT)
        window = range(start, min(frames.stop, start + ANCHOR))
        # The last part is made with both its neighbours known, the others with room to lead somewhere.
        reach = window.stop - CONTEXT if window.stop < frames.stop else window.stop
        stop = span.stop if span.stop <= reach else min(span.stop, left + GAP)
        yield window, range(left, stop)
        left = stop
