"""Model folders: config.json and model.safetensors, as `transformers` writes and reads them."""

from dataclasses import fields
from pathlib import Path

import torch

from planner.llama import PlannerConfig, PlannerModel
from scoretok.errors import ScoretokError, quoted
from scoretok.nn.weights import CONFIG, MODEL, build, first_line, read_weights, write_weights

PLANNER_WEIGHTS = Path(__file__).with_name("weights")
HEAD = "lm_head.weight"  # some write it though it is the embedding again


def load_model(folder: str | Path = PLANNER_WEIGHTS) -> PlannerModel:
    """The model of a folder, ready to be used. Raises ScoretokError when there is none, or a foreign one."""
    folder = Path(folder)
    if not (folder / CONFIG).is_file() or not (folder / MODEL).is_file():
        raise ScoretokError(f"{folder} holds no model; name a folder with {CONFIG} and {MODEL}")
    try:
        saved, tensors = read_weights(folder)
        names = {field.name for field in fields(PlannerConfig)}
        config = PlannerConfig(**{name: value for name, value in saved.items() if name in names})
        _check_config(config)
        if saved.get("model_type") != "llama" or config.vocab_size != PlannerConfig.vocab_size:
            raise ScoretokError(f"{folder} is not a model of this planner: its tokens are others")
        tensors.pop(HEAD, None)
        model = build(PlannerModel, {"config": config}, tensors)
    except (OSError, ValueError, TypeError, ArithmeticError) as error:
        raise ScoretokError(f"{folder} is not a model of this planner: {first_line(error)}") from None
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise ScoretokError(f"{folder} holds weights that are no numbers; its training went astray")
    return model.eval()


def _check_config(config: PlannerConfig) -> None:
    """Raise ValueError for numbers that are none, or that nothing can be computed with."""
    for field in fields(PlannerConfig):
        value = getattr(config, field.name)
        if isinstance(field.default, int | float) and not isinstance(field.default, bool):
            right = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
            if not right or (field.default and not value):
                raise ValueError(f"{field.name} is {quoted(str(value))}")


def save_model(model: PlannerModel, folder: str | Path, dtype: torch.dtype = torch.float16) -> None:
    """Write a model so that `load_model` and `transformers.LlamaForCausalLM.from_pretrained` read it."""
    write_weights(model, model.config.to_dict() | {"dtype": str(dtype).removeprefix("torch.")}, folder, dtype)
