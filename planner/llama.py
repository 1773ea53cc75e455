"""The language model: a small decoder in the Llama architecture, in plain torch.

Names of weights and of the configuration are those of `transformers.LlamaForCausalLM`, which loads the same folder
(`tests/test_planner_training.py` compares the two), so that package need not be imported here.

Axes: b batch, t tokens, h heads, d channels, v vocabulary.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from planner.incremental import IncrementalDecoder, KVCache
from planner.language import SIZE
from scoretok.nn.rotary import apply_rotary, rotary


@dataclass(frozen=True)
class PlannerConfig:
    """The size of a model; the names are those of `transformers.LlamaConfig`."""

    vocab_size: int = SIZE
    hidden_size: int = 320
    intermediate_size: int = 896
    num_hidden_layers: int = 6
    num_attention_heads: int = 5
    max_position_embeddings: int = 2048
    rms_norm_eps: float = 1e-5
    rope_theta: float = 10000.0

    @classmethod
    def of_size(cls, width: int, layers: int, **more: int) -> "PlannerConfig":
        """A model of other size but the same shape: heads of 64 channels, feed-forward layers 2.8 times as wide."""
        return cls(
            hidden_size=width, intermediate_size=width * 14 // 5, num_hidden_layers=layers,
            num_attention_heads=width // 64, **more,
        )  # fmt: skip

    def to_dict(self) -> dict[str, object]:
        """What config.json holds."""
        more: dict[str, object] = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_act": "silu"}
        more |= {"num_key_value_heads": self.num_attention_heads, "tie_word_embeddings": True}
        return asdict(self) | more | {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


def blocked_attention(q: Tensor, k: Tensor, v: Tensor, block: int = 256) -> Tensor:
    """Causal attention (b, h, t, d / h), a block of queries after another, as plain products of matrices.

    In half precision on a CPU that multiplies it in hardware, forward and backward take half the time of torch's own
    kernel (benchmarks.planner_training): what training needs. Scores are rounded to the precision of `q`.
    """
    b, h, t, size = q.shape
    q = (q * size**-0.5).reshape(b * h, t, size)
    k, v = k.transpose(2, 3).reshape(b * h, size, t), v.reshape(b * h, t, size)
    later = torch.full((block, block), float("-inf"), dtype=q.dtype, device=q.device).triu(1)
    out = []
    for start in range(0, t, block):
        stop = min(start + block, t)
        scores = torch.bmm(q[:, start:stop], k[:, :, :stop])
        own = scores[:, :, start:] + later[: stop - start, : stop - start]
        weights = torch.softmax(torch.cat([scores[:, :, :start], own], -1), -1)
        out.append(torch.bmm(weights, v[:, :stop]))
    return torch.cat(out, 1).view(b, h, t, size)


class Attention(nn.Module):
    """Causal self-attention."""

    def __init__(self, config: PlannerConfig) -> None:
        super().__init__()
        d = config.hidden_size
        self.heads = config.num_attention_heads
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(d, d, bias=False) for _ in range(4))

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """(b, t, d) -> (b, t, d)."""
        b, t, d = x.shape
        q, k, v = (
            project(x).view(b, t, self.heads, d // self.heads).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        q, k = apply_rotary(q, cos, sin), apply_rotary(k, cos, sin)
        if self.training and torch.is_autocast_enabled(x.device.type) and x.device.type == "cpu":
            out = blocked_attention(q, k, v)
        else:
            out = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o_proj(out.transpose(1, 2).reshape(b, t, d))


class MLP(nn.Module):
    """The gated feed-forward layer (Shazeer, "GLU variants improve transformer", 2020)."""

    def __init__(self, config: PlannerConfig) -> None:
        super().__init__()
        d, inside = config.hidden_size, config.intermediate_size
        self.gate_proj, self.up_proj = nn.Linear(d, inside, bias=False), nn.Linear(d, inside, bias=False)
        self.down_proj = nn.Linear(inside, d, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class DecoderLayer(nn.Module):
    """One block."""

    def __init__(self, config: PlannerConfig) -> None:
        super().__init__()
        self.self_attn, self.mlp = Attention(config), MLP(config)
        self.input_layernorm = nn.RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.post_attention_layernorm = nn.RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Decoder(nn.Module):
    """Embedding, layers, norm."""

    def __init__(self, config: PlannerConfig) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.num_hidden_layers))
        self.norm = nn.RMSNorm(config.hidden_size, config.rms_norm_eps)


class PlannerModel(nn.Module):
    """Token ids (b, t) -> logits (b, t, v)."""

    cos: Tensor
    sin: Tensor

    def __init__(self, config: PlannerConfig | None = None) -> None:
        super().__init__()
        self.config = config or PlannerConfig()
        self.model = Decoder(self.config)
        size = self.config.hidden_size // self.config.num_attention_heads
        # transformers' own formula: other roundings would be another model.
        rates = 1.0 / self.config.rope_theta ** (torch.arange(0, size, 2).float() / size)
        cos, sin = rotary(torch.arange(self.config.max_position_embeddings).float(), rates)
        self.step: IncrementalDecoder | None = None
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self.apply(self._init)

    def _init(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)

    def forward(self, ids: Tensor) -> Tensor:
        """Logits of what follows each token."""
        x = self.model.embed_tokens(ids)
        for layer in self.model.layers:
            x = layer(x, self.cos[: ids.shape[1]], self.sin[: ids.shape[1]])
        return functional.linear(self.model.norm(x), self.model.embed_tokens.weight)

    def train(self, mode: bool = True) -> "PlannerModel":
        """Switch between training and use, whose copy of the weights is then made anew."""
        self.step = None
        return super().train(mode)

    @torch.inference_mode()
    def next_logits(self, ids: list[int], cache: KVCache) -> Tensor:
        """Logits (v,) of what follows some tokens; the cache holds the tokens before and takes these."""
        self.step = self.step or IncrementalDecoder(self)
        return self.step(ids, cache)
