"""How a network is trained, as a value that a file can hold."""

import math
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.files import write_text

SCHEDULES = ("cosine", "wsd")


@dataclass(frozen=True)
class Recipe:
    """Steps, rates, optimizer and averaging of one stage of training.

    schedule: "cosine" falls from the warm-up to `final_rate` of the rate; "wsd" stays (Hu et al., "MiniCPM", 2024)
        and falls to nothing over the last `decay_share` of the steps.
    muon: regular expression of the names of matrices that Muon moves (Jordan et al., 2024); AdamW moves the rest.
    ema_decay: of the average of the weights over steps, which is evaluated and kept; 0 for the last weights.
    precision: "fp32", "bf16", or "auto" for the faster one, measured.
    """

    steps: int = 2000
    learning_rate: float = 1.2e-3
    warmup_steps: int = 100
    schedule: str = "cosine"
    final_rate: float = 0.05
    decay_share: float = 0.25
    weight_decay: float = 0.01
    adam_weight_decay: float = 0.01
    adam_betas: tuple[float, float] = (0.9, 0.98)
    muon: str = r"blocks\."
    clip_norm: float = 1.0
    ema_decay: float = 0.999
    batch: int = 12
    evaluate_every: int = 200
    precision: str = "auto"
    compiled: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES:
            raise ScoretokError(f"schedule {self.schedule!r} is not known; it is one of: {', '.join(SCHEDULES)}")
        object.__setattr__(self, "adam_betas", tuple(self.adam_betas))

    def rate_at(self, step: int) -> float:
        """Learning rate of a step."""
        rising = min(1.0, (step + 1) / max(1, self.warmup_steps))
        if self.schedule == "wsd":
            falling = (self.steps - step) / max(1.0, self.decay_share * self.steps)
            return self.learning_rate * min(rising, falling, 1.0)
        if rising < 1.0:
            return self.learning_rate * rising
        share = min(1.0, max(0, step - self.warmup_steps) / max(1, self.steps - self.warmup_steps))
        low = self.learning_rate * self.final_rate
        return low + (self.learning_rate - low) * 0.5 * (1 + math.cos(math.pi * share))

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON or TOML hold them."""
        return asdict(self) | {"adam_betas": list(self.adam_betas)}


RECIPE_FIELDS = frozenset(field.name for field in fields(Recipe))


def read_toml(path: str | Path) -> dict[str, Any]:
    """The tables of a recipe file. Raises ScoretokError."""
    try:
        return tomllib.loads(Path(path).read_text("utf-8"))
    except FileNotFoundError:
        raise ScoretokError(f"{path} does not exist; check the name") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScoretokError(f"{path} is not a recipe: {error}") from None


def write_toml(tables: dict[str, Any], path: str | Path) -> None:
    """Write a recipe file, whole or not at all."""
    tomli_w = require("tomli_w", "planner", "training")
    write_text(tomli_w.dumps(tables), path)
