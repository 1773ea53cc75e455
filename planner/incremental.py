"""The next few tokens of one sequence, faster than the modules of `PlannerModel` can: fewer and larger products.

Axes: t tokens, c cached tokens, h heads, d channels, v vocabulary.
"""

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Iterable

    from planner.llama import DecoderLayer, PlannerConfig, PlannerModel


class KVCache:
    """Keys and values of the tokens so far of every layer, (2, h, c, d / h)."""

    def __init__(self, config: "PlannerConfig", length: int) -> None:
        heads = config.num_attention_heads
        shape = (2, heads, length, config.hidden_size // heads)
        self.layers = [torch.zeros(shape) for _ in range(config.num_hidden_layers)]
        self.length = 0


class IncrementalDecoder:
    """The weights of a model as one sequence needs them: query, key and value in one matrix, gate and up in another.

    The gains of the norms are in the matrices behind them. A copy: the model's weights must not change afterwards.
    """

    def __init__(self, model: "PlannerModel") -> None:
        self.config = model.config
        self.layers = []
        with torch.no_grad():
            # torch's types do not say what a ModuleList holds.
            for layer in cast("Iterable[DecoderLayer]", model.model.layers):
                own, mlp = layer.self_attn, layer.mlp
                inward = torch.cat([own.q_proj.weight, own.k_proj.weight, own.v_proj.weight])
                gated = torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight])
                self.layers.append((
                    (inward * layer.input_layernorm.weight).contiguous(), own.o_proj.weight,
                    (gated * layer.post_attention_layernorm.weight).contiguous(), mlp.down_proj.weight,
                ))  # fmt: skip
            self.embedding = model.model.embed_tokens.weight
            self.outward = (self.embedding * model.model.norm.weight).contiguous()
        self.cos = model.cos.repeat(1, 2)
        self.sin = torch.cat([-model.sin, model.sin], 1)

    def __call__(self, ids: list[int], cache: KVCache) -> Tensor:
        """Logits (v,) of what follows some tokens; the cache holds the tokens before and takes these."""
        t, start = len(ids), cache.length
        heads, d = self.config.num_attention_heads, self.config.hidden_size
        size, stop = d // heads, start + t
        x = self.embedding[ids]
        cos, sin = self.cos[start:stop, None], self.sin[start:stop, None]
        mask = torch.ones(t, stop, dtype=torch.bool).tril(start) if t > 1 else None
        for (inward, out, gated, down), (keys, values) in zip(self.layers, cache.layers, strict=True):
            y = linear(self._norm(x), inward)
            turned = y[:, : 2 * d].view(t, 2 * heads, size)
            turned = torch.addcmul(turned * cos, turned.roll(size // 2, 2), sin)
            keys[:, start:stop] = turned[:, heads:].transpose(0, 1)
            values[:, start:stop] = y[:, 2 * d :].view(t, heads, size).transpose(0, 1)
            q = turned[None, :, :heads].transpose(1, 2)
            seen = functional.scaled_dot_product_attention(q, keys[None, :, :stop], values[None, :, :stop], mask)
            x = x + linear(seen.transpose(1, 2).reshape(t, d), out)
            gate, up = linear(self._norm(x), gated).chunk(2, 1)
            x = x + linear(functional.silu(gate) * up, down)
        cache.length = stop
        return torch.mv(self.outward, self._norm(x[-1:])[0])

    def _norm(self, x: Tensor) -> Tensor:
        length = torch.linalg.vector_norm(x, dim=1, keepdim=True)
        return x * torch.rsqrt(length.square() / x.shape[1] + self.config.rms_norm_eps)


def linear(x: Tensor, weight: Tensor) -> Tensor:
    """Rows (t, d) through a matrix (e, d): (t, e). A single row goes faster as a vector."""
    return torch.mv(weight, x[0])[None] if len(x) == 1 else torch.mm(x, weight.t())
