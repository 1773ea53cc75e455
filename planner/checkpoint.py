"""Model folders: config.json and model.safetensors, as `transformers` writes and reads them."""

import json
from dataclasses import fields
from pathlib import Path

import torch

from planner.llama import PlannerConfig, PlannerModel
from scoretok.errors import ScoretokError
from scoretok.files import whole_file

PLANNER_WEIGHTS = Path(__file__).with_name("weights")
HEAD = "lm_head.weight"  # some write it though it is the embedding again


def load_model(folder: str | Path = PLANNER_WEIGHTS) -> PlannerModel:
    """The model of a folder, ready to be used. Raises ScoretokError when there is none, or a foreign one."""
    from safetensors.torch import load_file

    folder = Path(folder)
    if not (folder / "config.json").is_file() or not (folder / "model.safetensors").is_file():
        raise ScoretokError(f"{folder} holds no model; name a folder with config.json and model.safetensors")
    try:
        saved = json.loads((folder / "config.json").read_text())
        names = {field.name for field in fields(PlannerConfig)}
        config = PlannerConfig(**{name: value for name, value in saved.items() if name in names})
        if saved.get("model_type") != "llama" or config.vocab_size != PlannerConfig.vocab_size:
            raise ScoretokError(f"{folder} is not a model of this planner: its tokens are others")
        model = PlannerModel(config)
        tensors = {name: tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()}
        tensors.pop(HEAD, None)
        model.load_state_dict(tensors)
        if not all(tensor.isfinite().all() for tensor in tensors.values()):
            raise ScoretokError(f"{folder} holds weights that are no numbers; its training went astray")
    except ScoretokError:
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ScoretokError(f"{folder} is not a model of this planner: {reason[:200]}") from None
    return model.eval()


def save_model(model: PlannerModel, folder: str | Path, dtype: torch.dtype = torch.float16) -> None:
    """Write a model so that `load_model` and `transformers.LlamaForCausalLM.from_pretrained` read it."""
    from safetensors.torch import save_file

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().to(dtype).contiguous() for name, tensor in model.state_dict().items()}
    with whole_file(folder / "model.safetensors") as temporary:
        save_file(tensors, temporary, {"format": "pt"})
    with whole_file(folder / "config.json") as temporary:
        config = model.config.to_dict() | {"dtype": str(dtype).removeprefix("torch.")}
        temporary.write_text(json.dumps(config, indent=1) + "\n")
