"""scoretok train: pairs, codec, renderer, scores, planner, mixes, ears, singing, voice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from editing.cli.common import progress_bar, quiet_option, seed_option, with_options
from editing.cli.train_transcriber import mixes, transcriber
from editing.cli.train_voice import singing, voice
from scoretok.errors import ScoretokError

EPILOG = """\b
Examples:
  scoretok train pairs --soundfont FluidR3_GM.sf2 --scores midi/ --out pairs/ --clips 3000
  scoretok train renderer --data pairs/ --out run/                    goes on from the weights that ship
  scoretok train renderer --data my_stems/ --out run/ --steps 2000    stems beside their MIDI files
  scoretok train codec --data pairs/ --out codec/ --from-scratch
  scoretok train bundle --renderer run/ --out model/                  then: scoretok render --model model/
  scoretok train scores --data songs/ --data more.jsonl.gz --out shards/
  scoretok train planner --data shards/ --out run/ --steps 5000       the language model, in run/model
  scoretok train mixes --scores midi/ --soundfont FluidR3_GM.sf2 --out mixes/
  scoretok train ears --data mixes/ --test held_out/ --out run/       the ears, in run/model
  scoretok train voice --data voices/ --out run/                      voice conversion, in run/model
"""

run_options = with_options(
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
    from renderer.training.clips import CLIPS_PER_SHARD, is_held_out_name, make_pairs, playable, trainable
    from renderer.training.scores import song_tracks
    from renderer.training.soundfonts import check_player, presets

    check_player()
    fit = playable if is_held_out else trainable
    sounds = [preset for path in soundfonts for preset in presets(path) if fit(preset)]
    songs = [song for song in (song_tracks(scores) if scores else []) if is_held_out_name(song[0]) == is_held_out]
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
    from renderer.dit_engine import RENDERER_WEIGHTS
    from renderer.training.bundle import run_folder
    from renderer.training.train_renderer import train_dit

    start = None if options["from_scratch"] else options["start"] or RENDERER_WEIGHTS / "dit"
    codec = run_folder(options["codec"]) if options["codec"] else RENDERER_WEIGHTS / "codec"
    _train(train_dit, options, start=start, codec=codec)


@train.command()
@run_options
@click.option("--head", type=click.Choice(["exciter", "phase"]), default="exciter", help="With --from-scratch.")
@click.option("--encoder", type=click.Choice(["pca", "conv"]), default="pca", help="With --from-scratch.")
def codec(head: str, encoder: str, **options: Any) -> None:
    """Train the codec's decoder, from the weights that ship unless told otherwise."""
    from renderer.dit_engine import RENDERER_WEIGHTS
    from renderer.training.train_renderer import train_codec

    if options["from_scratch"]:
        _train(train_codec, options, start=None, head=head, encoder=encoder)
    else:
        _train(train_codec, options, start=options["start"] or RENDERER_WEIGHTS / "codec")


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


@train.command()
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
            click.echo(f"{path}: {summary or 'no scores'}", err=True)


@train.command()
@click.option("--data", required=True, metavar="DIR", help="Shards of 'train scores'.")
@click.option("--out", required=True, metavar="DIR", help="Folder of the run; an earlier run goes on.")
@click.option("--start", metavar="DIR", help="Start from the model in this folder.")
@click.option("--steps", type=click.IntRange(1), default=2000, show_default=True)
@click.option("--batch", type=click.IntRange(1), default=4, show_default=True, help="Rows of --context tokens a step.")
@click.option("--context", type=click.IntRange(256), default=2048, show_default=True)
@click.option("--width", type=click.IntRange(64), default=320, show_default=True, help="Channels, a multiple of 64.")
@click.option("--layers", type=click.IntRange(1), default=6, show_default=True)
@click.option("--learning-rate", type=click.FloatRange(0, 1, min_open=True), default=2e-3, show_default=True)
@click.option("--evaluate-every", type=click.IntRange(1), default=100, show_default=True)
@click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "bf16"]),
    default="auto",
    show_default=True,
    help="auto: bf16 where the hardware has it.",
)
@click.option("--compile", "compiled", is_flag=True, help="Compile the model first (takes a minute, needs g++).")
@seed_option
@quiet_option
def planner(
    data: str, out: str, start: str | None, width: int, layers: int, seed: int, quiet: bool, **options: Any
) -> None:
    """Train the language model that plans, composes and infills."""
    from scoretok.extras import require

    require("torch", "planner", "training")
    require("accelerate", "planner", "training")
    import torch

    from planner.checkpoint import load_model
    from planner.llama import PlannerConfig, PlannerModel
    from planner.training import PLOT, PlannerRecipe, train

    if width % 64:
        raise ScoretokError(f"--width {width} is not a multiple of 64")
    torch.manual_seed(seed)
    config = PlannerConfig.of_size(width, layers, max_position_embeddings=options["context"])
    model = load_model(start) if start else PlannerModel(config)
    if options["context"] > model.config.max_position_embeddings:
        raise ScoretokError(f"the model of {start} reads {model.config.max_position_embeddings} tokens; give --context")
    with reporting(options["steps"], quiet) as report:
        train(data, out, model.train(), PlannerRecipe(**options), seed, report)
    if not quiet:
        click.echo(f"{out}: the model is in model/, losses in {PLOT}", err=True)


train.add_command(mixes)
train.add_command(transcriber)
train.add_command(singing)
train.add_command(voice)


@contextmanager
def reporting(steps: int, quiet: bool) -> Iterator[Callable[[int, dict[str, float]], None]]:
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


def _train(run: Callable[..., dict[str, float]], options: dict, **more: object) -> None:
    """Run a training with progress, on pairs or on stems that are made pairs of first."""
    from renderer.training.loop import PLOT, RendererRecipe
    from renderer.training.stem_pairs import stems_to_pairs

    data, out = Path(options["data"]), Path(options["out"])
    if not data.is_dir():
        raise ScoretokError(f"the folder {data} does not exist")
    if not list(data.glob("*.safetensors")):
        made = out / "pairs"
        if not list(made.glob("*.safetensors")):
            stems_to_pairs(data, made)
        data = made
    rate = options["learning_rate"] or (1.2e-3 if options["from_scratch"] else 3e-4)
    recipe = RendererRecipe(options["steps"], rate, evaluate_every=options["evaluate_every"])
    test = Path(options["test"]) if options["test"] else None
    with reporting(recipe.steps, options["quiet"]) as report:
        run(data, out, recipe, test=test, batch=options["batch"], seed=options["seed"], report=report, **more)
    if not options["quiet"]:
        click.echo(f"{out}: weights in ema/, losses in {PLOT}", err=True)
