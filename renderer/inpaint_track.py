"""Inpaints a span of a track, conditioned on the audio around it.

Axes: t latent frames, d latent dims, n samples.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from renderer.codec.exciter import excite
from renderer.codec.mel import LATENT_SAMPLES
from renderer.dit.windows import ANCHOR, CONTEXT, GAP, PERIOD
from renderer.note_array import NoteArray
from renderer.pipeline import DECODER_HALO, FlowSampling, ScoreToAudio, gate_silence

# What has to be heard on either side of a span, in samples: context for the model, and what the decoder reaches into.
AROUND_SAMPLES = (CONTEXT + DECODER_HALO) * LATENT_SAMPLES


@dataclass(frozen=True)
class AudioContext:
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
    context: AudioContext,
    span: range,
    sampling: FlowSampling,
    reference: tuple[Tensor, Tensor] | None = None,
    begin: np.ndarray | None = None,
) -> np.ndarray:
    """Audio (n,) of `context` with latent frames `span` regenerated; the rest is its codec reconstruction.

    Spans longer than a window are made from left to right, each part in the context of the one before. `begin` is
    audio (n,) that the flow starts from instead of what the model predicts at once.
    """
    first = context.first_frame
    latents = encode_audio(pipeline, context.audio)
    chosen = reference or pipeline.timbres.reference(notes.program)
    starts = None if begin is None else encode_audio(pipeline, begin)[None]
    for window, made in fill_windows(span, context.frames):
        known = latents[window.start - first : window.stop - first]
        keep_mask = torch.tensor([float(frame not in range(made.start, span.stop)) for frame in window])
        start = None if starts is None else starts[:, window.start - first : window.stop - first]
        fresh = pipeline.sample(notes, window.start, known[None], keep_mask[None], chosen, sampling, start)[0]
        latents[made.start - first : made.stop - first] = fresh[made.start - window.start : made.stop - window.start]
    return gate_silence(decode_latents(pipeline, latents, notes, first, sampling.seed), notes, first)


def chunks_with_halo(frames: int) -> Iterator[tuple[range, range]]:
    """Stretches of up to PERIOD frames, and each with what its neighbours reach into: memory stays flat in `frames`."""
    for begin in range(0, frames, PERIOD):
        end = min(frames, begin + PERIOD)
        yield range(begin, end), range(max(0, begin - DECODER_HALO), min(frames, end + DECODER_HALO))


@torch.no_grad()
def encode_audio(pipeline: ScoreToAudio, audio: np.ndarray) -> Tensor:
    """Audio (n,) -> latents (n / 2048, d)."""
    parts = []
    for inner, outer in chunks_with_halo(len(audio) // LATENT_SAMPLES):
        samples = audio[outer.start * LATENT_SAMPLES : outer.stop * LATENT_SAMPLES].astype(np.float32)
        latents = pipeline.codec.encode(torch.from_numpy(samples)[None].to(pipeline.device))[0].cpu()
        parts.append(latents[inner.start - outer.start : inner.stop - outer.start])
    return torch.cat(parts)


def decode_latents(
    pipeline: ScoreToAudio, latents: Tensor, notes: NoteArray, first_frame: int, seed: int
) -> np.ndarray:
    """Latents (t, d) from a frame of the song on, with the exciter of the notes -> audio (2048 t,)."""
    parts = []
    for inner, outer in chunks_with_halo(len(latents)):
        start = (first_frame + outer.start) * LATENT_SAMPLES
        excitation = excite(notes, start, len(outer) * LATENT_SAMPLES, seed)[None]
        audio = pipeline.decode(latents[None, outer.start : outer.stop], excitation)[0].numpy()
        offset = (inner.start - outer.start) * LATENT_SAMPLES
        parts.append(audio[offset : offset + len(inner) * LATENT_SAMPLES])
    return np.concatenate(parts)


def fill_windows(span: range, frames: range) -> Iterator[tuple[range, range]]:
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
