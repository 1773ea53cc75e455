"""Training the DiT: windows of clips under random keep masks, with or without a reference.

Axes: b batch, r reference frames, t frames of the window, d latent dims.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from renderer.codec.mel import LATENT_HZ, MelPca
from renderer.dit.conditioning import NotePairs, collate_pairs, frame_centres_s, note_pairs
from renderer.dit.masks import random_keep_mask
from renderer.dit.score_dit import ScoreDiT
from renderer.dit.timbres import REFERENCE
from renderer.dit.windows import ANCHOR as WINDOW
from renderer.hub import ScoreDiTModel
from renderer.training.clips import CLIP_LATENTS, ScoreClip

# Set by hand; no run varied them by themselves, benchmarks.renderer measures what came out.
REFERENCE_SHARE, SCORE_OF_REFERENCE_SHARE = 0.85, 0.7
KEPT_WEIGHT = 0.1
ONSET_WEIGHT = 2.0  # frames in which notes begin are few, and are what a listener follows
FLUX_WEIGHT = 0.5


@dataclass(frozen=True)
class DiTBatch:
    """What one step sees; shapes as in `ScoreDiT.predict`, the true `latents` (b, t, d), `onset_weight` (b, t)."""

    pairs: NotePairs
    program: Tensor
    latents: Tensor
    keep_mask: Tensor
    reference: Tensor
    reference_mask: Tensor
    score_mask: Tensor
    onset_weight: Tensor

    def to(self, device: torch.device | str) -> "DiTBatch":
        """The same on another device."""
        return DiTBatch(*(getattr(self, field.name).to(device) for field in fields(self)))


class DiTTask:
    """Batches, loss and held-out figures of the DiT over the latents of a codec."""

    def __init__(
        self, pca: MelPca, training: Sequence[ScoreClip], held_out: Sequence[ScoreClip], batch: int = 16, seed: int = 0
    ) -> None:
        self.pca, self.batch, self.seed = pca, batch, seed
        self.training, self.held_out = self._encode(training), self._encode(held_out)
        # Loud components matter more than faint ones, yet not as much as their variance says.
        self.weight = pca.scale / pca.scale.mean()
        rng = np.random.default_rng(seed + 1)
        self.test = [self.collate(self.held_out, rng, 32) for _ in range(2)] if held_out else []

    @torch.no_grad()
    def _encode(self, clips: Sequence[ScoreClip]) -> list[tuple[ScoreClip, Tensor]]:
        return [(clip, self.pca.encode(torch.from_numpy(clip.mel.astype(np.float32))[None])[0]) for clip in clips]

    def batches(self, first_step: int = 0, rank: int = 0) -> Iterator[DiTBatch]:
        """Random windows without end."""
        rng = np.random.default_rng([self.seed, first_step, rank])
        while True:
            yield self.collate(self.training, rng, self.batch)

    def collate(self, clips: Sequence[tuple[ScoreClip, Tensor]], rng: np.random.Generator, count: int) -> DiTBatch:
        """`count` windows, each with a reference from elsewhere in its clip."""
        rows = [self._window(clips[int(rng.integers(len(clips)))], rng) for _ in range(count)]
        pairs = collate_pairs([row[0] for row in rows], REFERENCE + WINDOW)
        program, latents, keep, reference, has_reference, has_score, weight = zip(
            *(row[1:] for row in rows), strict=True
        )
        ones = torch.ones(count, REFERENCE)
        return DiTBatch(
            pairs,
            torch.tensor(program),
            torch.stack(latents),
            torch.from_numpy(np.stack(keep)),
            torch.stack(reference),
            ones * torch.tensor(has_reference).float()[:, None],
            ones * torch.tensor(has_score).float()[:, None],
            torch.from_numpy(np.stack(weight)),
        )

    def _window(self, source: tuple[ScoreClip, Tensor], rng: np.random.Generator) -> tuple:
        """A window, and a reference before or after it that does not overlap it."""
        clip, latents = source
        before = rng.random() < 0.5
        start = int(rng.integers(REFERENCE if before else 0, CLIP_LATENTS - WINDOW + (1 if before else 1 - REFERENCE)))
        if before:
            other = int(rng.integers(0, start - REFERENCE + 1))
        else:
            other = int(rng.integers(start + WINDOW, CLIP_LATENTS - REFERENCE + 1))
        frames = np.concatenate([other + np.arange(REFERENCE), start + np.arange(WINDOW)])
        onsets = np.unique(np.floor(clip.notes.start_s * LATENT_HZ).astype(int) - start)
        onsets = onsets[(onsets > 0) & (onsets < WINDOW)]
        weight = np.ones(WINDOW, np.float32)
        weight[onsets] = weight[np.minimum(onsets + 1, WINDOW - 1)] = ONSET_WEIGHT
        keep = random_keep_mask(WINDOW, onsets, rng)
        has_reference, has_score = rng.random() < REFERENCE_SHARE, rng.random() < SCORE_OF_REFERENCE_SHARE
        pairs = note_pairs(clip.notes, frame_centres_s(frames))
        window, reference = latents[start : start + WINDOW], latents[other : other + REFERENCE]
        return pairs, clip.notes.program, window, keep, reference, has_reference, has_score, weight

    def losses(self, dit: ScoreDiT, batch: DiTBatch) -> dict[str, Tensor]:
        """Errors of the coarse prediction (mel, and flux: its changes) and the flow (velocity), on generated frames."""
        sigma = torch.sigmoid(torch.randn(len(batch.latents)))
        noise = torch.randn_like(batch.latents)
        coarse, hidden = dit.predict(
            batch.pairs, batch.program, batch.latents, batch.keep_mask, batch.reference, batch.reference_mask,
            batch.score_mask,
        )  # fmt: skip
        coarse = coarse.float()
        at = sigma[:, None, None]
        noisy = at * noise + (1 - at) * batch.latents
        velocity = dit(noisy, sigma * 1000, coarse.detach(), hidden, batch.latents, batch.keep_mask).float()
        with torch.autocast(coarse.device.type, enabled=False):
            mel_error = self.pca.decode(coarse) - self.pca.decode(batch.latents)
        flux_error = functional.pad(mel_error.diff(dim=1), (0, 0, 1, 0))
        flow_error = ((velocity - (noise - batch.latents)) ** 2 * self.weight).mean(-1)
        share = 1 - batch.keep_mask + KEPT_WEIGHT * batch.keep_mask
        mel, flux = (_mean(error.abs().mean(-1).unflatten(1, (-1, 4)).mean(-1), share, batch.onset_weight)
                     for error in (mel_error, flux_error))  # fmt: skip
        flow = _mean(flow_error, share, batch.onset_weight)
        loss = mel.weighted + FLUX_WEIGHT * flux.weighted + 0.5 * flow.weighted
        return {"loss": loss, "mel": mel.plain, "flux": flux.plain, "flow": flow.plain}

    def evaluate(self, dit: ScoreDiT) -> dict[str, float]:
        """The losses on held-out clips, the noise the same each time."""
        with torch.random.fork_rng():
            torch.manual_seed(0)
            every = [self.losses(dit, batch) for batch in self.test]
        return {f"held_out_{k}": sum(float(one[k]) for one in every) / len(every) for k in ("mel", "flux", "flow")}

    def save(self, dit: ScoreDiTModel, folder: Path) -> None:
        """Write the weights to `ema`."""
        dit.save_pretrained(folder / "ema")


class _Mean(NamedTuple):
    plain: Tensor
    weighted: Tensor


def _mean(error: Tensor, share: Tensor, weight: Tensor) -> _Mean:
    """Mean of an error (b, t) by how much frames count (b, t), and again with onsets counting more."""
    stressed = share * weight
    return _Mean((error * share).sum() / share.sum(), (error * stressed).sum() / stressed.sum())
