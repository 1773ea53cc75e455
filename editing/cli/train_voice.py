"""scoretok train singing, scoretok train voice: the models of voice conversion."""

from pathlib import Path
from typing import Any

import click

from editing.cli.common import collect, progress_bar, quiet_option, say, seed_option, stages
from editing.cli.training import TrainingOptions, run_training, training_options
from scoretok.errors import ScoretokError
from scoretok.extras import require

SCRATCH_RATE, FINE_TUNING_RATE = 1.2e-3, 3e-4  # learning rates, by hand; the shipped runs took 1.2e-3, 7e-4, 1e-3


@click.command()
@click.option(
    "--data", required=True, metavar="DIR",
    help="A folder of recordings for each voice. Folders NAME~1, NAME~2 say the same at the same times.",
)  # fmt: skip
@click.option("--test", metavar="DIR", help="Other voices to test on (default: a twentieth of --data).")
@click.option("--part", type=click.Choice(["dit", "decoder"]), default="dit", show_default=True,
              help="The model that predicts envelopes, or the decoder that makes sound of them.")  # fmt: skip
@click.option("--from-scratch", is_flag=True, help="Start from random weights.")
@click.option("--start", metavar="DIR", help="Start from the models in this folder.")
@training_options
@collect(TrainingOptions)
def voice(
    data: str, test: str | None, part: str, from_scratch: bool, start: str | None, options: TrainingOptions
) -> None:
    """Train voice conversion on recordings of many voices; use it with scoretok voice convert --model RUN/model."""
    for module in ("torch", "diffusers", "accelerate", "swift_f0", "faster_whisper"):
        require(module, "voice", "training")
    from renderer.voice.training.train_voice import VoiceTrainingRun, train_voice_decoder, train_voice_dit
    from scoretok.nn.recipe import Recipe

    if start and from_scratch:
        raise ScoretokError("--from-scratch and --start contradict each other; give one")
    recipe = Recipe(learning_rate=SCRATCH_RATE if from_scratch else FINE_TUNING_RATE, evaluate_every=100)
    held_out = Path(test) if test else None
    with stages(options.quiet) as report_stage:

        def run(stage: Any, folder: Path, begin: Path | None, report: Any) -> dict[str, float]:  # noqa: ANN401
            job = VoiceTrainingRun(Path(data), folder, stage.recipe, held_out, stage.settings["from_scratch"], begin)
            train = train_voice_dit if stage.settings["part"] == "dit" else train_voice_decoder
            return train(job, report, report_stage)

        settings = {"part": part, "from_scratch": from_scratch}
        run_training("voice", options, recipe, settings, [data, *([test] if test else [])], run, "model", start)


@click.command()
@click.option("--data", required=True, metavar="DIR", help="A folder of recordings for each voice.")
@click.option("--out", required=True, metavar="DIR", help="Folder to fill; what is there stays.")
@click.option("--every", type=click.IntRange(1), default=2, show_default=True, help="Sing one in so many recordings.")
@seed_option
@quiet_option
def singing(data: str, out: str, every: int, seed: int, quiet: bool) -> None:
    """Make singing out of speech: vowels are held and laid on random melodies."""
    for module in ("torch", "swift_f0", "faster_whisper"):
        require(module, "voice", "making singing")
    from renderer.voice.pretrained import load_models
    from renderer.voice.training.prepare import find_recordings
    from renderer.voice.training.synthetic_singing import sing_recordings

    with progress_bar("singing", len(find_recordings(Path(data))), quiet) as advance:
        made = sing_recordings(Path(data), Path(out), load_models().decoder, every, seed, advance)
    if not quiet:
        say(f"{out}: {made} recordings sung")
