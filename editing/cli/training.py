"""What the training commands share: options, recipes in files, progress."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from editing.cli.common import FiniteRange, quiet_option, say, with_options
from scoretok.errors import ScoretokError

if TYPE_CHECKING:
    from scoretok.nn.recipe import Recipe
    from scoretok.nn.stages import Stage
    from scoretok.nn.training import StepReport

training_options = with_options(
    click.option("--out", required=True, metavar="DIR", help="Folder of the run; an earlier run goes on."),
    click.option("--recipe", "recipe_file", metavar="FILE", help="Repeat the stages of a recipe.toml."),
    click.option("--steps", type=click.IntRange(1), help="Of the run in all."),
    click.option("--batch", type=click.IntRange(1)),
    click.option("--learning-rate", type=FiniteRange(0, 1, min_open=True)),
    click.option("--evaluate-every", type=click.IntRange(1), help="Steps between checkpoints."),
    click.option("--precision", type=click.Choice(["auto", "fp32", "bf16"]), help="auto: the faster one, measured."),
    click.option("--compile", "compiled", is_flag=True, default=None, help="Compile first (a minute; needs g++)."),
    click.option("--seed", type=click.IntRange(0), help="Seed of all chance."),
    quiet_option,
)


@dataclass(frozen=True)
class TrainingOptions:
    """The options of every training; None where one is not given."""

    out: str
    recipe_file: str | None
    steps: int | None
    batch: int | None
    learning_rate: float | None
    evaluate_every: int | None
    precision: str | None
    compiled: bool | None
    seed: int | None
    quiet: bool

    def over(self, recipe: "Recipe") -> "Recipe":
        """A recipe with the options that are given."""
        names = ("steps", "batch", "learning_rate", "evaluate_every", "precision", "compiled", "seed")
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return replace(recipe, **given)


def run_training(
    model: str,
    options: TrainingOptions,
    defaults: "Recipe",
    settings: Mapping[str, Any],
    data: list[str | Path],
    train: "Callable[[Stage, Path, Path | None, StepReport], dict[str, float]]",
    weights: str = "model",
    start: str | None = None,
) -> None:
    """Train in the stages of --recipe, or in one, with progress. Raises ScoretokError.

    `settings` are options of the model; those that were not typed give way to those of the recipe file.
    """
    from scoretok.nn.stages import FILE, Stage, read_stages, run_stages
    from scoretok.nn.state import PLOT

    if options.recipe_file:
        typed = {name: value for name, value in settings.items() if is_typed(name)}
        stages = [
            replace(stage, recipe=options.over(stage.recipe), settings={**stage.settings, **typed})
            for stage in read_stages(options.recipe_file, model, defaults, settings)
        ]
        if start:
            raise ScoretokError("--start and --recipe contradict each other; name the start of a stage in the recipe")
    else:
        stages = [Stage(options.over(defaults), start=start or "", settings=settings)]
    with reporting(sum(stage.recipe.steps for stage in stages if not stage.average), options.quiet) as report:
        run_stages(
            stages, options.out, lambda one, folder, begin: train(one, folder, begin, report), model, data, weights
        )
    if not options.quiet:
        say(f"{options.out}: the weights are in {weights}/, losses in {PLOT}, all choices in {FILE}")


def is_typed(name: str) -> bool:
    """Whether an option was given on the command line."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


@contextmanager
def reporting(steps: int, quiet: bool) -> "Iterator[StepReport]":
    """Progress of a training, and its figures line by line."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task("training", total=steps)

        def report(step: int, figures: dict[str, float]) -> None:
            progress.update(task, completed=step)
            if not quiet:
                shown = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
                progress.console.print(f"step {step}  {shown}")

        yield report
