"""How a long track is cut into windows: anchors first, then bridges between them.

Anchors are generated on their own, on a fixed grid that begins with the song. A bridge fills the gap between two
anchors and sees the edge of both as known frames. So every frame depends on at most two anchors, wherever rendering
began; nothing drifts over a long song, and memory does not grow with it.

    anchor 0          bridge 0   anchor 1          bridge 1
    |------128-------|----64----|------128-------|----64----|
                 |-32-|        |-32-|  known to the bridge

Axes: t latent frames, d latent dims.
"""

from collections.abc import Callable

import torch
from torch import Tensor

ANCHOR, GAP, CONTEXT = 128, 64, 32  # latent frames: 6.0, 3.0, 1.5 s; set by hand, no benchmark varies them
PERIOD = ANCHOR + GAP

# first frame, known latents (ANCHOR, d), keep mask (ANCHOR,) -> latents (ANCHOR, d)
Generate = Callable[[int, Tensor, Tensor], Tensor]


class Windows:
    """Latents of a track, period by period, made when asked for."""

    def __init__(self, generate: Generate, latent_dims: int) -> None:
        self.generate, self.latent_dims = generate, latent_dims
        self.anchors: dict[int, Tensor] = {}
        self.periods: dict[int, Tensor] = {}

    def anchor(self, number: int) -> Tensor:
        """Anchor `number`, (ANCHOR, d)."""
        if number not in self.anchors:
            nothing = torch.zeros(ANCHOR, self.latent_dims)
            self.anchors = {k: v for k, v in self.anchors.items() if abs(k - number) <= 2}
            self.anchors[number] = self.generate(number * PERIOD, nothing, torch.zeros(ANCHOR))
        return self.anchors[number]

    def period(self, number: int) -> Tensor:
        """Anchor `number` and the bridge behind it, (PERIOD, d)."""
        if number not in self.periods:
            before, after = self.anchor(number), self.anchor(number + 1)
            known = torch.cat([before[-CONTEXT:], torch.zeros(GAP, self.latent_dims), after[:CONTEXT]])
            keep_mask = torch.cat([torch.ones(CONTEXT), torch.zeros(GAP), torch.ones(CONTEXT)])
            bridge = self.generate(number * PERIOD + ANCHOR - CONTEXT, known, keep_mask)
            self.periods = {k: v for k, v in self.periods.items() if abs(k - number) <= 2}
            self.periods[number] = torch.cat([before, bridge[CONTEXT : CONTEXT + GAP]])
        return self.periods[number]

    def around(self, number: int, halo: int) -> Tensor:
        """Period `number` with `halo` frames of its neighbours, (PERIOD + 2 halo, d); halo <= GAP."""
        return torch.cat([self.period(number - 1)[-halo:], self.period(number), self.anchor(number + 1)[:halo]])
