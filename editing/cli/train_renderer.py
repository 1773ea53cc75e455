"""scoretok train pairs, codec, renderer, bundle: the models of rendering."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from editing.cli.common import collect, progress_bar, quiet_option, say, seed_option, with_options
from editing.cli.training import TrainingOptions, run_training, training_options
from scoretok.errors import ScoretokError

if TYPE_CHECKING:
    from scoretok.nn.recipe import Recipe

SCRATCH_RATE, FINE_TUNING_RATE = 1.2e-3, 3e-4  # learning rates, by hand; the shipped weights took the first

data_options = with_options(
    click.option("--data", required=True, metavar="DIR", help="Pairs of 'train pairs', or stems beside their scores."),
    click.option("--test", metavar="DIR", help="Pairs to test on (default: a twentieth of --data)."),
    click.option("--from-scratch", is_flag=True, help="Start from random weights."),
    click.option("--start", metavar="DIR", help="Start from these weights."),
)


@click.command()
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

    The songs of two splits (docs/architecture.md) and some presets are left out, so that they can be tested on.
    """
    from renderer.training.clips import CLIPS_PER_SHARD, make_pairs, playable, trainable
    from renderer.training.scores import song_tracks
    from renderer.training.soundfonts import check_player, presets
    from scoretok import splits

    check_player()
    fit = playable if is_held_out else trainable
    sounds = [preset for path in soundfonts for preset in presets(path) if fit(preset)]
    songs = [song for song in (song_tracks(scores) if scores else []) if splits.is_held_out(song[0]) == is_held_out]
    with progress_bar("playing", -(-clips // CLIPS_PER_SHARD), quiet) as advance:
        for _ in make_pairs(Path(out), sounds, songs, clips, seed, processes):
            advance()
    if not quiet:
        say(f"{out}: {clips} clips of {len(sounds)} presets and {len(songs)} tracks")


@click.command()
@data_options
@click.option("--codec", metavar="DIR", help="The codec whose latents to make (default: the one that ships).")
@training_options
@collect(TrainingOptions)
def renderer(
    data: str, test: str | None, from_scratch: bool, start: str | None, codec: str | None, options: TrainingOptions
) -> None:
    """Train the DiT, from the weights that ship unless told otherwise."""
    from renderer.dit_engine import RENDERER_WEIGHTS
    from renderer.training.bundle import run_folder
    from renderer.training.train_renderer import train_dit

    latents = run_folder(codec) if codec else RENDERER_WEIGHTS / "codec"
    pairs_folder = pairs_in(Path(data), Path(options.out))

    def run(stage: Any, folder: Path, begin: Path | None, report: Any) -> dict[str, float]:  # noqa: ANN401
        begin = None if stage.settings["from_scratch"] else begin or RENDERER_WEIGHTS / "dit"
        return train_dit(pairs_folder, folder, stage.recipe, latents, Path(test) if test else None, begin, report)

    settings = {"from_scratch": from_scratch}
    run_training("renderer", options, defaults(from_scratch), settings, [pairs_folder], run, "ema", start)


@click.command()
@data_options
@click.option("--head", type=click.Choice(["exciter", "phase"]), default="exciter", help="With --from-scratch.")
@click.option("--encoder", type=click.Choice(["pca", "conv"]), default="pca", help="With --from-scratch.")
@training_options
@collect(TrainingOptions)
def codec(
    data: str, test: str | None, from_scratch: bool, start: str | None, head: str, encoder: str,
    options: TrainingOptions,
) -> None:  # fmt: skip
    """Train the codec's decoder, from the weights that ship unless told otherwise."""
    from renderer.dit_engine import RENDERER_WEIGHTS
    from renderer.training.train_renderer import train_codec

    pairs_folder = pairs_in(Path(data), Path(options.out))

    def run(stage: Any, folder: Path, begin: Path | None, report: Any) -> dict[str, float]:  # noqa: ANN401
        chosen = {name: stage.settings[name] for name in ("head", "encoder")}
        if not stage.settings["from_scratch"]:
            begin, chosen = begin or RENDERER_WEIGHTS / "codec", {}
        return train_codec(pairs_folder, folder, stage.recipe, Path(test) if test else None, begin, report, **chosen)

    settings = {"from_scratch": from_scratch, "head": head, "encoder": encoder}
    run_training("codec", options, defaults(from_scratch), settings, [pairs_folder], run, "ema", start)


def defaults(from_scratch: bool) -> "Recipe":
    """The recipe of a run from random weights, or from those that ship."""
    from scoretok.nn.recipe import Recipe

    return Recipe(learning_rate=SCRATCH_RATE if from_scratch else FINE_TUNING_RATE)


def pairs_in(data: Path, out: Path) -> Path:
    """The folder of pairs: `data`, or pairs that are made of the stems in it. Raises ScoretokError."""
    from renderer.training.stem_pairs import stems_to_pairs

    if not data.is_dir():
        raise ScoretokError(f"the folder {data} does not exist")
    if list(data.glob("*.safetensors")):
        return data
    made = out / "pairs"
    if not list(made.glob("*.safetensors")):
        stems_to_pairs(data, made)
    return made


@click.command()
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
        say(f"{out}: use it with scoretok render --model {out}")
