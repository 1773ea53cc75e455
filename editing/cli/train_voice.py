"""scoretok train singing, scoretok train voice: the models of voice conversion."""

from pathlib import Path

import click

from editing.cli.common import progress_bar, quiet_option, seed_option, stages
from scoretok.errors import ScoretokError
from scoretok.extras import require

SCRATCH_RATE, FINE_TUNING_RATE = 1.2e-3, 3e-4


@click.command()
@click.option(
    "--data", required=True, metavar="DIR",
    help="A folder of recordings for each voice. Folders NAME~1, NAME~2 say the same at the same times.",
)  # fmt: skip
@click.option("--test", metavar="DIR", help="Other voices to test on (default: a twentieth of --data).")
@click.option("--out", required=True, metavar="DIR", help="Folder of the run; an earlier run goes on.")
@click.option("--part", type=click.Choice(["dit", "decoder"]), default="dit", show_default=True,
              help="The model that predicts envelopes, or the decoder that makes sound of them.")  # fmt: skip
@click.option("--steps", type=click.IntRange(1), default=2000, show_default=True)
@click.option("--batch", type=click.IntRange(1), default=12, show_default=True)
@click.option(
    "--learning-rate", type=click.FloatRange(0, 1, min_open=True), help="Default: 1.2e-3 from scratch, else 3e-4."
)
@click.option("--evaluate-every", type=click.IntRange(1), default=100, show_default=True)
@click.option("--from-scratch", is_flag=True, help="Start from random weights.")
@click.option("--start", metavar="DIR", help="Start from the models in this folder.")
@seed_option
@quiet_option
def voice(
    data: str, test: str | None, out: str, part: str, steps: int, batch: int, learning_rate: float | None,
    evaluate_every: int, from_scratch: bool, start: str | None, seed: int, quiet: bool,
) -> None:  # fmt: skip
    """Train voice conversion on recordings of many voices; use it with scoretok voice convert --model RUN/model."""
    for module in ("torch", "diffusers", "accelerate", "swift_f0", "faster_whisper"):
        require(module, "voice", "training")
    from editing.cli.train import reporting
    from renderer.training.loop import PLOT, RendererRecipe
    from renderer.voice.training.train_voice import VoiceTrainingRun, train_voice_decoder, train_voice_dit

    if start and from_scratch:
        raise ScoretokError("--from-scratch and --start contradict each other; give one")
    recipe = RendererRecipe(
        steps, learning_rate or (SCRATCH_RATE if from_scratch else FINE_TUNING_RATE), evaluate_every=evaluate_every
    )
    begins = Path(start) if start else None
    run = VoiceTrainingRun(
        Path(data), Path(out), recipe, Path(test) if test else None, from_scratch, begins, batch, seed
    )
    with stages(quiet) as report_stage, reporting(steps, quiet) as report:
        (train_voice_dit if part == "dit" else train_voice_decoder)(run, report, report_stage)
    if not quiet:
        click.echo(f"{out}: the model is in model/, losses in {part}-run/{PLOT}", err=True)


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
        click.echo(f"{out}: {made} recordings sung", err=True)
