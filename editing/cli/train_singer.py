"""scoretok train singer: the singer's model."""

from pathlib import Path
from typing import Any

import click

from editing.cli.common import collect
from editing.cli.training import TrainingOptions, run_training, training_options
from scoretok.extras import require

RATE, BATCH, ENCODER_STEPS = 1e-3, 10, 1200  # of the shipped run


@click.command()
@click.option("--data", required=True, metavar="DIR", help="Clips of speech or singing with phone times.")
@click.option("--start", metavar="DIR", help="Start from this singer, not from the weights of voice conversion.")
@click.option("--encoder-steps", type=click.IntRange(1), default=ENCODER_STEPS, show_default=True,
              help="Steps of the encoder of phones alone, before the rest.")  # fmt: skip
@training_options
@collect(TrainingOptions)
def singer(data: str, start: str | None, encoder_steps: int, options: TrainingOptions) -> None:
    """Train the singer on clips with phone times (see benchmarks/singing_data.py)."""
    for module in ("torch", "diffusers", "accelerate"):
        require(module, "voice", "training")
    from renderer.singing.training.train_singer import SingerTrainingRun, train_singer
    from scoretok.nn.recipe import Recipe

    recipe = Recipe(learning_rate=RATE, batch=BATCH, evaluate_every=100)

    def run(stage: Any, folder: Path, begin: Path | None, report: Any) -> dict[str, float]:  # noqa: ANN401
        job = SingerTrainingRun(Path(data), folder, stage.recipe, begin, stage.settings["encoder_steps"])
        return train_singer(job, report)

    run_training("singer", options, recipe, {"encoder_steps": encoder_steps}, [data], run, "model", start)
