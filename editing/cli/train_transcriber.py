"""scoretok train mixes, scoretok train ears: what the ears learn from, and their training."""

from pathlib import Path

import click

from editing.cli.common import progress_bar, quiet_option, seed_option
from scoretok.extras import require


@click.command()
@click.option("--scores", required=True, metavar="DIR", help="Folder of scores; names up to '__' tell songs apart.")
@click.option("--soundfont", "soundfonts", multiple=True, required=True, metavar="FILE", help="A .sf2 or .sf3 file.")
@click.option("--out", required=True, metavar="DIR", help="Folder to fill; an earlier run goes on.")
@click.option(
    "--excerpts", type=click.IntRange(1), default=3072, show_default=True, help="Excerpts of 10 s, in shards of 128."
)
@click.option("--held-out", "is_held_out", is_flag=True, help="Make mixes to test on: of the songs else left out.")
@click.option("--processes", type=click.IntRange(1), default=2, show_default=True)
@seed_option
@quiet_option
def mixes(
    scores: str, soundfonts: tuple[str, ...], out: str, excerpts: int, is_held_out: bool, processes: int, seed: int,
    quiet: bool,
) -> None:  # fmt: skip
    """Make mixes for the ears: scores played by random soundfonts through random effects, with what is played.

    One song in twelve is left out, so that it can be tested on; test with soundfonts that training did not hear.
    """
    require("torch", "mir", "making mixes")
    from mir.training.mixes import EXCERPTS_PER_SHARD, make_mixes, score_files

    paths = score_files(scores, is_held_out)
    with progress_bar("playing", -(-excerpts // EXCERPTS_PER_SHARD), quiet) as advance:
        for _ in make_mixes(Path(out), paths, soundfonts, excerpts, seed, processes):
            advance()
    if not quiet:
        whole = -(-excerpts // EXCERPTS_PER_SHARD) * EXCERPTS_PER_SHARD
        click.echo(f"{out}: {whole} excerpts of {len(paths)} scores", err=True)


@click.command()
@click.option("--data", required=True, metavar="DIR", help="Mixes of 'train mixes'.")
@click.option("--test", required=True, metavar="DIR", help="Mixes of 'train mixes --held-out'.")
@click.option("--out", required=True, metavar="DIR", help="Folder of the run; an earlier run goes on.")
@click.option("--steps", type=click.IntRange(1), default=4000, show_default=True)
@click.option("--batch", type=click.IntRange(1), default=8, show_default=True)
@click.option("--channels", type=click.IntRange(8), default=48, show_default=True)
@click.option("--learning-rate", type=click.FloatRange(0, 1, min_open=True), default=2e-3, show_default=True)
@click.option("--evaluate-every", type=click.IntRange(1), default=100, show_default=True)
@click.option("--compile", "compiled", is_flag=True, help="Compile the model first (takes a minute, needs g++).")
@seed_option
@quiet_option
def transcriber(
    data: str, test: str, out: str, steps: int, batch: int, channels: int, learning_rate: float, evaluate_every: int,
    compiled: bool, seed: int, quiet: bool,
) -> None:  # fmt: skip
    """Train the network that hears notes, drums and beats."""
    require("torch", "mir", "training")
    from editing.cli.train import reporting
    from mir.training.train_transcriber import TranscriptionRecipe, train

    recipe = TranscriptionRecipe(
        steps, learning_rate, batch=batch, channels=channels, evaluate_every=evaluate_every, compiled=compiled
    )
    with reporting(steps, quiet) as report:
        train(data, test, out, recipe, seed, report)
    if not quiet:
        click.echo(f"{out}: the weights are in model/, losses in log.jsonl", err=True)
