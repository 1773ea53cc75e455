"""scoretok train scores, planner: what the language model reads, and its training."""

from math import inf
from pathlib import Path
from typing import Any

import click

from editing.cli.common import collect, quiet_option, say
from editing.cli.training import TrainingOptions, run_training, training_options
from scoretok.errors import ScoretokError
from scoretok.extras import require


@click.command()
@click.option("--data", "paths", multiple=True, required=True, metavar="PATH", help="Folder of scores, or .jsonl[.gz].")
@click.option("--out", required=True, metavar="DIR", help="Folder of shards; those that are there stay.")
@click.option("--leave-out", multiple=True, metavar="TEXT", help="Leave out records whose licence holds this text.")
@quiet_option
def scores(paths: tuple[str, ...], out: str, leave_out: tuple[str, ...], quiet: bool) -> None:
    """Make shards of scores for the language model: cleaned, split by song."""
    from planner.score_shards import make_score_shard, shard_name

    names = [shard_name(Path(name)) for name in paths]
    if len(set(names)) < len(names):
        raise ScoretokError(f"two --data would make one shard called {max(names, key=names.count)}; rename one")
    seen: set[str] = set()
    for name in paths:
        path = Path(name)
        if not path.exists():
            raise ScoretokError(f"{path} does not exist; check the name")
        if (Path(out) / f"{shard_name(path)}.json").is_file():
            continue
        counts = make_score_shard(path, Path(out), leave_out, seen)
        if not quiet:
            summary = ", ".join(
                f"{count} {'taken' if why == 'taken' else f'left out: {why}'}" for why, count in counts.items()
            )
            say(f"{path}: {summary or 'no scores'}")


def read_mixture(text: str) -> dict[str, float]:
    """Weights of shards from "pop909=3, hymns=0.5". Raises ScoretokError where it says something else."""
    try:
        found = {name.strip(): float(weight) for name, weight in (one.split("=") for one in text.split(",") if one)}
    except ValueError:
        found = {"": -1.0}
    if not all(name and 0 <= weight < inf for name, weight in found.items()):
        raise ScoretokError(f"--mixture {text!r} is not like pop909=3,hymns=0.5")
    return found


@click.command()
@click.option("--data", required=True, metavar="DIR", help="Shards of 'train scores'.")
@click.option("--start", metavar="DIR", help="Start from the model in this folder.")
@click.option("--context", type=click.IntRange(256), default=2048, show_default=True, help="Tokens a row.")
@click.option("--width", type=click.IntRange(64), default=320, show_default=True, help="Channels, a multiple of 64.")
@click.option("--layers", type=click.IntRange(1), default=6, show_default=True)
@click.option("--mixture", default="", metavar="SHARD=WEIGHT,...", help="How often a score of a shard is drawn.")
@training_options
@collect(TrainingOptions)
def planner(
    data: str, start: str | None, context: int, width: int, layers: int, mixture: str, options: TrainingOptions
) -> None:
    """Train the language model that plans, composes and infills."""
    require("torch", "planner", "training")
    require("accelerate", "planner", "training")
    from planner.training import RECIPE

    if width % 64:
        raise ScoretokError(f"--width {width} is not a multiple of 64")
    settings = {"context": context, "width": width, "layers": layers, "mixture": mixture}

    def run(stage: Any, folder: Path, begin: Path | None, report: Any) -> dict[str, float]:  # noqa: ANN401
        import torch

        from planner.checkpoint import load_model
        from planner.llama import PlannerConfig, PlannerModel
        from planner.training import train

        torch.manual_seed(stage.recipe.seed)
        length = stage.settings["context"]
        config = PlannerConfig.of_size(
            stage.settings["width"], stage.settings["layers"], max_position_embeddings=length
        )
        model = load_model(begin) if begin else PlannerModel(config)
        if length > model.config.max_position_embeddings:
            raise ScoretokError(
                f"the model of {begin} reads {model.config.max_position_embeddings} tokens; give --context"
            )
        weights = read_mixture(stage.settings["mixture"])
        return train(data, folder, model, stage.recipe, length, report=report, weights=weights)

    run_training("planner", options, RECIPE, settings, [data], run, "model", start)
