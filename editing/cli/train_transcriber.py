"""scoretok train mixes, transcriber, beats: what the networks of mir learn from, and their training."""

from pathlib import Path
from typing import Any

import click

from editing.cli.common import collect, progress_bar, quiet_option, say, seed_option
from editing.cli.training import TrainingOptions, run_training, training_options
from scoretok.extras import require


@click.command()
@click.option("--scores", required=True, metavar="DIR", help="Folder of scores; names up to '__' name songs.")
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
    """Make mixes for training: scores played by random soundfonts through random effects, with what is played.

    The songs of two splits are left out, so that they can be tested on; test with other soundfonts too.
    """
    require("torch", "mir", "making mixes")
    from mir.training.mixes import EXCERPTS_PER_SHARD, make_mixes, score_files

    paths = score_files(scores, is_held_out)
    with progress_bar("playing", -(-excerpts // EXCERPTS_PER_SHARD), quiet) as advance:
        for _ in make_mixes(Path(out), paths, soundfonts, excerpts, seed, processes):
            advance()
    if not quiet:
        whole = -(-excerpts // EXCERPTS_PER_SHARD) * EXCERPTS_PER_SHARD
        say(f"{out}: {whole} excerpts of {len(paths)} scores")


@click.command()
@click.option("--scores", required=True, metavar="DIR", help="Scores to be played as people play them.")
@click.option("--start", metavar="DIR", help="Start from the weights in this folder.")
@click.option("--channels", type=click.IntRange(8), default=40, show_default=True)
@training_options
@collect(TrainingOptions)
def beats(scores: str, start: str | None, channels: int, options: TrainingOptions) -> None:
    """Train the network that finds beats in performances, from their notes alone."""
    require("torch", "mir", "training")
    require("accelerate", "mir", "training")
    from mir.training.played_scores import RECIPE, train

    def run(stage: Any, folder: Path, begin: Path | None, report: Any) -> dict[str, float]:  # noqa: ANN401
        return train(scores, folder, stage.recipe, begin, stage.settings["channels"], report=report)

    run_training("beats", options, RECIPE, {"channels": channels}, [scores], run, "model", start)


@click.command()
@click.option("--data", required=True, metavar="DIR", help="Mixes of 'train mixes'.")
@click.option("--test", required=True, metavar="DIR", help="Mixes of 'train mixes --held-out'.")
@click.option("--start", metavar="DIR", help="Start from the weights in this folder.")
@click.option("--channels", type=click.IntRange(8), default=48, show_default=True)
@training_options
@collect(TrainingOptions)
def transcriber(data: str, test: str, start: str | None, channels: int, options: TrainingOptions) -> None:
    """Train the network that transcribes notes, drums and beats."""
    require("torch", "mir", "training")
    require("accelerate", "mir", "training")
    from mir.training.train_transcriber import RECIPE, train

    def run(stage: Any, folder: Path, begin: Path | None, report: Any) -> dict[str, float]:  # noqa: ANN401
        return train(data, test, folder, stage.recipe, begin, stage.settings["channels"], report=report)

    run_training("transcriber", options, RECIPE, {"channels": channels}, [data, test], run, "model", start)
