"""Training runs of the voice model and of its decoder.

A run's folder holds the clips, a folder with checkpoints for each part, and `model`, which `--model` takes.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from renderer.codec.mel import HOP_SAMPLES
from renderer.training.bundle import make_shareable
from renderer.voice.hub import VoiceDecoderModel, VoiceDiTModel
from renderer.voice.pretrained import VOICE_WEIGHTS, load_models
from renderer.voice.training.content_augment import ConversionAugmenter
from renderer.voice.training.decoder_task import DecoderClip, DecoderTask
from renderer.voice.training.fit_postfilter import fit_postfilter
from renderer.voice.training.prepare import (
    analysed_pieces,
    conversion_augmenter,
    data_digest,
    find_recordings,
    fit_projection,
    is_prepared,
    prepare_clips,
    with_share_progress,
)
from renderer.voice.training.voice_clips import VoiceClip, load_voice_clips
from renderer.voice.training.voice_task import VoiceTask
from scoretok.errors import ScoretokError
from scoretok.files import weights_digest
from scoretok.nn.recipe import Recipe
from scoretok.nn.training import ShareProgress, StageProgress, StepReport, fit

HELD_OUT = 20  # one voice, or clip, in so many is tested on


@dataclass(frozen=True)
class VoiceTrainingRun:
    """A training: of which voices, tested on which others (else on a twentieth), into which folder, from where on.

    It starts from random weights, or from the models in `start`, or from those that ship.
    """

    data: Path
    folder: Path
    recipe: Recipe
    test: Path | None = None
    from_scratch: bool = False
    start: Path | None = None

    @property
    def initial_weights(self) -> Path:
        """The models that it starts from."""
        return self.start or VOICE_WEIGHTS


def check_resumable(run: VoiceTrainingRun, part: str) -> None:
    """Raise ScoretokError where a part's run in this folder began with other weights or recordings."""
    weights = "" if run.from_scratch else weights_digest(str(run.initial_weights))
    digests = " ".join(data_digest(folder, weights) for folder in (run.data, run.test) if folder)
    path = run.folder / f"{part}-run" / "begun.txt"
    if path.is_file() and path.read_text() != digests:
        raise ScoretokError(f"{run.folder} holds a run that began with other weights or recordings; name another --out")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(digests)


def train_voice_dit(
    run: VoiceTrainingRun,
    report: StepReport = lambda step, figures: None,
    report_stage: StageProgress = lambda stage, share: None,
    **config: object,
) -> dict[str, float]:
    """Train the voice model on a folder of voices; the last held-out figures. Raises ScoretokError.

    `report_stage` is called with the stage of the preparation and how far it is, 0 to 1.
    """
    check_resumable(run, "dit")
    folder = run.folder / "clips"
    if is_prepared(run.data, folder):
        augmenter = None
    else:
        augmenter = conversion_augmenter(
            run.data, load_models(run.initial_weights), run.recipe.seed, partial(report_stage, "enrolling voices")
        )
    if run.from_scratch:
        model = _initial_model(run, augmenter, report_stage, config)
    else:
        model = VoiceDiTModel.from_pretrained(run.initial_weights / "dit", torch_dtype=torch.float32)
    prepare_clips(run.data, folder, model, augmenter, run.recipe.seed, partial(report_stage, "extracting features"))
    clips = load_voice_clips(folder)
    if run.test is not None:
        prepare_clips(run.test, run.folder / "test-clips", model, seed=run.recipe.seed)
        kept = load_voice_clips(run.folder / "test-clips")
    else:
        clips, kept = split_voice_clips(clips)
    task = VoiceTask(model, clips, kept, run.recipe.batch, run.recipe.seed)
    if run.from_scratch:
        task.prepare()
    torch.manual_seed(run.recipe.seed)
    figures = fit(task, model, run.folder / "dit-run", run.recipe, report)
    trained = VoiceDiTModel.from_pretrained(run.folder / "dit-run" / "ema", torch_dtype=torch.float32)
    fit_postfilter(trained, task)
    trained.save_pretrained(run.folder / "dit-run" / "ema")
    assemble_model(run.folder, run.initial_weights)
    return figures


def _initial_model(
    run: VoiceTrainingRun, augmenter: ConversionAugmenter | None, report_stage: StageProgress, config: dict[str, object]
) -> VoiceDiTModel:
    """A new model with its projection, or the one that an earlier run began with."""
    path = run.folder / "begun"
    if (path / "config.json").is_file():
        return VoiceDiTModel.from_pretrained(path, torch_dtype=torch.float32)
    torch.manual_seed(run.recipe.seed)
    model = VoiceDiTModel(**config)
    fit_projection(model, run.data, augmenter, run.recipe.seed, partial(report_stage, "fitting projection"))
    model.save_pretrained(path)
    return model


def split_voice_clips(clips: Sequence[VoiceClip]) -> tuple[list[VoiceClip], list[VoiceClip]]:
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


def train_voice_decoder(
    run: VoiceTrainingRun,
    report: StepReport = lambda step, figures: None,
    report_stage: StageProgress = lambda stage, share: None,
) -> dict[str, float]:
    """Train the decoder on a folder of voices; the last held-out figures. Raises ScoretokError."""
    check_resumable(run, "decoder")
    torch.manual_seed(run.recipe.seed)
    clips = list(_decoder_clips(run.data, partial(report_stage, "extracting features")))
    held_out = list(_decoder_clips(run.test)) if run.test is not None else clips[::HELD_OUT]
    training = clips if run.test is not None else [clip for n, clip in enumerate(clips) if n % HELD_OUT]
    if not training or not held_out:
        raise ScoretokError(f"{run.data} holds too few recordings; training needs at least two")
    task = DecoderTask(training, held_out, run.recipe.batch, run.recipe.seed)
    if run.from_scratch:
        model = VoiceDecoderModel()
    else:
        model = VoiceDecoderModel.from_pretrained(run.initial_weights / "decoder", torch_dtype=torch.float32)
    figures = fit(task, model, run.folder / "decoder-run", run.recipe, report)
    assemble_model(run.folder, run.initial_weights)
    return figures


def _decoder_clips(folder: Path, advance: ShareProgress = lambda share: None) -> Iterator[DecoderClip]:
    for source in with_share_progress(find_recordings(folder), advance):
        for samples, features in analysed_pieces(source, words=False):
            own = samples[: len(features) * HOP_SAMPLES]
            yield DecoderClip(own, features.pitch, features.envelope, features.bandwidth_hz)


def assemble_model(folder: Path, others: Path) -> None:
    """Put the trained parts of a run together with those that were not trained, in half precision, as `model`."""
    for part, kind in (("dit", VoiceDiTModel), ("decoder", VoiceDecoderModel)):
        trained = folder / f"{part}-run" / "ema"
        source = trained if trained.is_dir() else others / part
        target = folder / "model" / part
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            kind.from_pretrained(source).half().save_pretrained(target)
    make_shareable(folder / "model")
