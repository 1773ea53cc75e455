"""The next few tokens of one sequence, faster than the modules of `PlannerModel` can: fewer and larger products.

Axes: t tokens, c cached tokens, h heads, d channels, v vocabulary.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from planner.llama import DecoderLayer, PlannerConfig, PlannerModel

MOST_STEPS = 4  # tokens that go faster one by one than as rows of a matrix (benchmarks.planner_speed)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread: products this small take longer with two, on busy cores twice as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class KVCache:
    """Keys and values of the tokens so far of every layer, (2, h, c, d / h)."""

    def __init__(self, config: "PlannerConfig", length: int) -> None:
        heads = config.num_attention_heads
        shape = (2, heads, length, config.hidden_size // heads)
        self.layers = [torch.zeros(shape) for _ in range(config.num_hidden_layers)]
        self.length = 0


class IncrementalDecoder:
    """The weights of a model as one sequence needs them: query, key and value in one matrix, gate and up in another.

    The gains of the norms are in the matrices behind them. A single token goes through half floats, as the weights are
    kept in files: half the memory is read, and torch's product of a half matrix and a vector is the fastest it has
    (benchmarks.planner_speed). A copy: the model's weights must not change afterwards.
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
            self.outward = (self.embedding * model.model.norm.weight).half()
            self.half_layers = [tuple(weight.half() for weight in layer) for layer in self.layers]
        self.cos = model.cos.repeat(1, 2)
        self.sin = torch.cat([-model.sin, model.sin], 1)

    def __call__(self, ids: list[int], cache: KVCache) -> Tensor:
        """Logits (v,) of what follows some tokens; the cache holds the tokens before and takes these."""
        if len(ids) > MOST_STEPS:
            self._feed(ids[:-1], cache)
            ids = ids[-1:]
        with one_thread():
            for token in ids[:-1]:
                self._step(token, cache)
            return self._head(self._step(ids[-1], cache))

    def _head(self, x: Tensor) -> Tensor:
        return torch.mv(self.outward, self._norm(x)).float()

    def _step(self, token: int, cache: KVCache) -> Tensor:
        """Take one token into the cache; what the last layer says of it (d,)."""
        at, heads, d = cache.length, self.config.num_attention_heads, self.config.hidden_size
        size = d // heads
        x = self.embedding[token]
        cos, sin = self.cos[at], self.sin[at]
        for (inward, out, gated, down), (keys, values) in zip(self.half_layers, cache.layers, strict=True):
            y = torch.mv(inward, self._norm(x)).float()
            turned = y[: 2 * d].view(2 * heads, size)
            turned = torch.addcmul(turned * cos, turned.roll(size // 2, 1), sin)
            keys[:, at] = turned[heads:]
            values[:, at] = y[2 * d :].view(heads, size)
            q = turned[None, :heads, None]
            seen = functional.scaled_dot_product_attention(q, keys[None, :, : at + 1], values[None, :, : at + 1])
            x = x + torch.mv(out, seen.view(d).half())
            gate, up = torch.mv(gated, self._norm(x)).chunk(2)
            x = x + torch.mv(down, functional.silu(gate) * up)
        cache.length = at + 1
        return x

    def _norm(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, (self.config.hidden_size,), None, self.config.rms_norm_eps).half()

    def _feed(self, ids: list[int], cache: KVCache) -> None:
        """Take some tokens into the cache."""
        t, start = len(ids), cache.length
        heads, d = self.config.num_attention_heads, self.config.hidden_size
        size, stop = d // heads, start + t
        x = self.embedding[ids]
        cos, sin = self.cos[start:stop, None], self.sin[start:stop, None]
        mask = torch.ones(t, stop, dtype=torch.bool).tril(start) if t > 1 else None
        for (inward, out, gated, down), (keys, values) in zip(self.layers, cache.layers, strict=True):
            y = torch.mm(self._norm_rows(x), inward.t())
            turned = y[:, : 2 * d].view(t, 2 * heads, size)
            turned = torch.addcmul(turned * cos, turned.roll(size // 2, 2), sin)
            keys[:, start:stop] = turned[:, heads:].transpose(0, 1)
            values[:, start:stop] = y[:, 2 * d :].view(t, heads, size).transpose(0, 1)
            q = turned[None, :, :heads].transpose(1, 2)
            seen = functional.scaled_dot_product_attention(q, keys[None, :, :stop], values[None, :, :stop], mask)
            x = x + torch.mm(seen.transpose(1, 2).reshape(t, d), out.t())
            gate, up = torch.mm(self._norm_rows(x), gated.t()).chunk(2, 1)
            x = x + torch.mm(functional.silu(gate) * up, down.t())
        cache.length = stop

    def _norm_rows(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, (self.config.hidden_size,), None, self.config.rms_norm_eps)
