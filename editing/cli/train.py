"""scoretok train: pairs, codec, renderer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from editing.cli.common import progress_bar, quiet_option, seed_option
from scoretok.errors import ScoretokError

EPILOG = """\b
Examples:
  scoretok train pairs --soundfont FluidR3_GM.sf2 --scores midi/ --out pairs/ --clips 3000
  scoretok train renderer --data pairs/ --out run/                    goes on from the weights that ship
  scoretok train renderer --data my_stems/ --out run/ --steps 2000    stems beside their MIDI files
  scoretok train codec --data pairs/ --out codec/ --from-scratch
  scoretok train bundle --renderer run/ --out model/                  then: scoretok render --model model/
"""

RUN_OPTIONS = (
    click.option("--data", required=True, metavar="DIR", help="Pairs of 'train pairs', or stems beside their scores."),
    click.option("--test", metavar="DIR", help="Pairs to test on (default: a twentieth of --data)."),
    click.option("--out", required=True, metavar="DIR", help="Folder of the run; an earlier run goes on."),
    click.option("--steps", type=click.IntRange(1), default=2000, show_default=True),
    click.option("--batch", type=click.IntRange(1), default=12, show_default=True),
    click.option(
        "--learning-rate", type=click.FloatRange(0, 1, min_open=True), help="Default: 1.2e-3 from scratch, else 3e-4."
    ),
    click.option(
        "--evaluate-every", type=click.IntRange(1), default=200, show_default=True, help="Steps between checkpoints."
    ),
    click.option("--from-scratch", is_flag=True, help="Start from random weights."),
    click.option("--start", metavar="DIR", help="Start from these weights."),
    seed_option,
    quiet_option,
)


def run_options(command: Callable) -> Callable:
    """The options of every training run."""
    for option in reversed(RUN_OPTIONS):
        command = option(command)
    return command


@click.group(epilog=EPILOG)
def train() -> None:
    """Train the models on your own data."""


@train.command()
@click.option("--soundfont", "soundfonts", multiple=True, required=True, metavar="FILE", help="A .sf2 or .sf3 file.")
@click.option("--scores", metavar="DIR", help="Folder of scores to play beside random notes.")
@click.option("--out", required=True, metavar="DIR", help="Folder to fill; an earlier run goes on.")
@click.option("--clips", type=click.IntRange(1), default=400, show_default=True, help="Clips of 12 s.")
@click.option("--held-out", "is_held_out", is_flag=True, help="Make pairs to test on: what is else left out.")
@click.option("--processes", type=click.IntRange(1), default=2, show_default=True)
@seed_option
@quiet_option
def pairs(
    soundfonts: tuple[str, ...],
    scores: str | None,
    out: str,
    clips: int,
    is_held_out: bool,
    processes: int,
    seed: int,
    quiet: bool,
) -> None:
    """Make training pairs: scores and random notes played by soundfonts (needs the program fluidsynth).

    One score in twelve and some presets are left out, so that they can be tested on.
    """
    from renderer.training.pairs import CLIPS_PER_SHARD, held_out, make_pairs, playable, trainable
    from renderer.training.scores import song_tracks
    from renderer.training.soundfonts import check_player, presets

    check_player()
    fit = playable if is_held_out else trainable
    sounds = [preset for path in soundfonts for preset in presets(path) if fit(preset)]
    songs = [song for song in (song_tracks(scores) if scores else []) if held_out(song[0]) == is_held_out]
    with progress_bar("playing", -(-clips // CLIPS_PER_SHARD), quiet) as advance:
        for _ in make_pairs(Path(out), sounds, songs, clips, seed, processes):
            advance()
    if not quiet:
        click.echo(f"{out}: {clips} clips of {len(sounds)} presets and {len(songs)} tracks", err=True)


@train.command()
@run_options
@click.option("--codec", metavar="DIR", help="The codec whose latents to make (default: the one that ships).")
def renderer(**options: Any) -> None:
    """Train the DiT, from the weights that ship unless told otherwise."""
    from renderer.dit_engine import WEIGHTS
    from renderer.training.bundle import run_folder
    from renderer.training.run import train_dit

    start = None if options["from_scratch"] else options["start"] or WEIGHTS / "dit"
    codec = run_folder(options["codec"]) if options["codec"] else WEIGHTS / "codec"
    _train(train_dit, options, start=start, codec=codec)


@train.command()
@run_options
@click.option("--head", type=click.Choice(["exciter", "phase"]), default="exciter", help="With --from-scratch.")
@click.option("--encoder", type=click.Choice(["pca", "conv"]), default="pca", help="With --from-scratch.")
def codec(head: str, encoder: str, **options: Any) -> None:
    """Train the codec's decoder, from the weights that ship unless told otherwise."""
    from renderer.dit_engine import WEIGHTS
    from renderer.training.run import train_codec

    if options["from_scratch"]:
        _train(train_codec, options, start=None, head=head, encoder=encoder)
    else:
        _train(train_codec, options, start=options["start"] or WEIGHTS / "codec")


@train.command()
@click.option("--renderer", "dit", metavar="DIR", help="A run of 'train renderer' (default: the weights that ship).")
@click.option("--codec", metavar="DIR", help="A run of 'train codec' (default: the weights that ship).")
@click.option("--soundfont", metavar="FILE", help="Take the default timbres from this soundfont.")
@click.option("--out", required=True, metavar="DIR", help="Folder of the model.")
@quiet_option
def bundle(dit: str | None, codec: str | None, soundfont: str | None, out: str, quiet: bool) -> None:
    """Put trained parts together as a model for 'scoretok render --model'."""
    from renderer.training.bundle import write_bundle

    write_bundle(Path(out), dit, codec, soundfont)
    if not quiet:
        click.echo(f"{out}: use it with scoretok render --model {out}", err=True)


def _train(run: Callable[..., dict[str, float]], options: dict, **more: object) -> None:
    """Run a training with progress, on pairs or on stems that are made pairs of first."""
    from rich.console import Console
    from rich.progress import Progress

    from renderer.training.loop import PLOT, Recipe
    from renderer.training.stems import stems_to_pairs

    data, out = Path(options["data"]), Path(options["out"])
    if not data.is_dir():
        raise ScoretokError(f"the folder {data} does not exist")
    if not list(data.glob("*.safetensors")):
        made = out / "pairs"
        if not list(made.glob("*.safetensors")):
            stems_to_pairs(data, made)
        data = made
    rate = options["learning_rate"] or (1.2e-3 if options["from_scratch"] else 3e-4)
    recipe = Recipe(options["steps"], rate, evaluate_every=options["evaluate_every"])
    console = Console(stderr=True)
    with Progress(console=console, disable=options["quiet"] or not console.is_terminal) as progress:
        task = progress.add_task("training", total=recipe.steps)

        def report(step: int, figures: dict[str, float]) -> None:
            progress.update(task, completed=step)
            if not options["quiet"]:
                shown = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
                progress.console.print(f"step {step}  {shown}")

        test = Path(options["test"]) if options["test"] else None
        run(data, out, recipe, test=test, batch=options["batch"], seed=options["seed"], report=report, **more)
    if not options["quiet"]:
        click.echo(f"{out}: weights in ema/, losses in {PLOT}", err=True)
