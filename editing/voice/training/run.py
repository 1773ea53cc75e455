"""Training runs of the voice model and of its decoder.

A run's folder holds the clips, a folder with checkpoints for each part, and `model`, which `--model` takes.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from accelerate import PartialState

from editing.voice.hub import VoiceDecoderModel, VoiceDiTModel
from editing.voice.models import WEIGHTS, load_models
from editing.voice.training.clips import Clip, load_clips
from editing.voice.training.decoder_task import DecoderTask, Take
from editing.voice.training.others import Strangers
from editing.voice.training.prepare import (
    Advance,
    fingerprint,
    fit_projection,
    followed,
    is_prepared,
    listened,
    prepare,
    sources,
    strangers,
)
from editing.voice.training.sharpen import sharpen
from editing.voice.training.task import VoiceTask
from renderer.codec.mel import HOP_SAMPLES
from renderer.provenance import weights_digest
from renderer.training.bundle import make_shareable
from renderer.training.loop import PROGRESS, Recipe, fit
from scoretok.errors import ScoretokError

Report = Callable[[int, dict[str, float]], None]
Tell = Callable[[str, float], None]
HELD_OUT = 20  # one voice, or clip, in so many is tested on


def train_voice(
    task: VoiceTask,
    model: VoiceDiTModel,
    folder: Path,
    recipe: Recipe,
    report: Report = lambda step, figures: None,
) -> dict[str, float]:
    """Train a voice model on a task's clips, from where the folder's run stands; the last held-out figures."""
    torch.manual_seed(task.seed)
    batches = task.batches(model, done_in(folder), PartialState().process_index)
    return fit(model, batches, task.losses, task.evaluate, folder, recipe, report)


def done_in(folder: Path) -> int:
    """The step that a run has come to."""
    path = folder / PROGRESS
    return int(json.loads(path.read_text())["step"]) if path.is_file() else 0


@dataclass(frozen=True)
class Run:
    """A training: of which voices, tested on which others (else on a twentieth), into which folder, from where on.

    It starts from random weights, or from the models in `start`, or from those that ship.
    """

    data: Path
    folder: Path
    recipe: Recipe
    test: Path | None = None
    from_scratch: bool = False
    start: Path | None = None
    batch: int = 12
    seed: int = 0

    @property
    def begins_with(self) -> Path:
        """The models that it starts from."""
        return self.start or WEIGHTS


def check_goes_on(run: Run, part: str) -> None:
    """Raise ScoretokError where a part's run in this folder began with other weights or recordings."""
    weights = "" if run.from_scratch else weights_digest(str(run.begins_with))
    told = " ".join(fingerprint(folder, weights) for folder in (run.data, run.test) if folder)
    path = run.folder / f"{part}-run" / "begun.txt"
    if path.is_file() and path.read_text() != told:
        raise ScoretokError(f"{run.folder} holds a run that began with other weights or recordings; name another --out")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(told)


def train_dit(
    run: Run,
    report: Report = lambda step, figures: None,
    tell: Tell = lambda stage, share: None,
    **config: object,
) -> dict[str, float]:
    """Train the voice model on a folder of voices; the last held-out figures. Raises ScoretokError.

    `tell` hears which stage of the preparation is how far, 0 to 1.
    """
    check_goes_on(run, "dit")
    folder = run.folder / "clips"
    if is_prepared(run.data, folder):
        others = None
    else:
        others = strangers(run.data, load_models(run.begins_with), run.seed, partial(tell, "enrolling"))
    if run.from_scratch:
        model = _begun(run, others, tell, config)
    else:
        model = VoiceDiTModel.from_pretrained(run.begins_with / "dit", torch_dtype=torch.float32)
    prepare(run.data, folder, model, others, run.seed, partial(tell, "listening"))
    clips = load_clips(folder)
    if run.test is not None:
        prepare(run.test, run.folder / "test-clips", model, seed=run.seed)
        kept = load_clips(run.folder / "test-clips")
    else:
        clips, kept = split(clips)
    task = VoiceTask(clips, kept, run.batch, run.seed)
    if run.from_scratch:
        task.prepare(model)
    figures = train_voice(task, model, run.folder / "dit-run", run.recipe, report)
    trained = VoiceDiTModel.from_pretrained(run.folder / "dit-run" / "ema", torch_dtype=torch.float32)
    sharpen(trained, task)
    trained.save_pretrained(run.folder / "dit-run" / "ema")
    bundle(run.folder, run.begins_with)
    return figures


def _begun(run: Run, others: Strangers | None, tell: Tell, config: dict[str, object]) -> VoiceDiTModel:
    """A new model with its projection, or the one that an earlier run began with."""
    path = run.folder / "begun"
    if (path / "config.json").is_file():
        return VoiceDiTModel.from_pretrained(path, torch_dtype=torch.float32)
    torch.manual_seed(run.seed)
    model = VoiceDiTModel(**config)
    fit_projection(model, run.data, others, run.seed, partial(tell, "finding words"))
    model.save_pretrained(path)
    return model


def split(clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip]]:
    """Training and held-out clips: by voices where there are many, else by clips. Raises ScoretokError."""
    voices = sorted({clip.speaker for clip in clips})
    if len(voices) >= HELD_OUT:
        kept = set(voices[::HELD_OUT])
        return [clip for clip in clips if clip.speaker not in kept], [clip for clip in clips if clip.speaker in kept]
    if len(clips) < 2:
        raise ScoretokError("training needs at least two recordings, one of them to test on")
    kept_numbers = set(range(0, len(clips), min(HELD_OUT, len(clips))))
    every = list(enumerate(clips))
    return [clip for n, clip in every if n not in kept_numbers], [clip for n, clip in every if n in kept_numbers]


def train_decoder(
    run: Run, report: Report = lambda step, figures: None, tell: Tell = lambda stage, share: None
) -> dict[str, float]:
    """Train the decoder on a folder of voices; the last held-out figures. Raises ScoretokError."""
    check_goes_on(run, "decoder")
    torch.manual_seed(run.seed)
    takes = list(_takes(run.data, partial(tell, "listening")))
    held_out = list(_takes(run.test)) if run.test is not None else takes[::HELD_OUT]
    training = takes if run.test is not None else [take for n, take in enumerate(takes) if n % HELD_OUT]
    if not training or not held_out:
        raise ScoretokError(f"{run.data} holds too few recordings; training needs at least two")
    task = DecoderTask(training, held_out, run.batch, run.seed)
    if run.from_scratch:
        model = VoiceDecoderModel()
    else:
        model = VoiceDecoderModel.from_pretrained(run.begins_with / "decoder", torch_dtype=torch.float32)
    folder = run.folder / "decoder-run"
    figures = fit(model, task.batches(done_in(folder)), task.losses, task.evaluate, folder, run.recipe, report)
    bundle(run.folder, run.begins_with)
    return figures


def _takes(folder: Path, advance: Advance = lambda share: None) -> Iterator[Take]:
    for source in followed(sources(folder), advance):
        for samples, heard in listened(source, words=False):
            yield Take(samples[: len(heard) * HOP_SAMPLES], heard.pitch, heard.bandwidth_hz)


def bundle(folder: Path, others: Path) -> None:
    """Put the trained parts of a run together with those that were not trained, in half precision, as `model`."""
    for part, kind in (("dit", VoiceDiTModel), ("decoder", VoiceDecoderModel)):
        trained = folder / f"{part}-run" / "ema"
        source = trained if trained.is_dir() else others / part
        target = folder / "model" / part
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            kind.from_pretrained(source).half().save_pretrained(target)
    make_shareable(folder / "model")
