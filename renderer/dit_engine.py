"""The DiT engine: the shipped model, or one of the same kind, behind the engine interface."""

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from renderer.note_array import DRUM_PROGRAM, NoteArray, notes_of
from scoretok.errors import ScoretokError, ScoretokWarning, quoted
from scoretok.extras import require
from scoretok.sheet import LeadSheet

if TYPE_CHECKING:
    from torch import Tensor

    from renderer.pipeline import FlowSampling, ScoreToAudio, TrackRenderer

RENDERER_WEIGHTS = Path(__file__).with_name("weights")
TRAINED_PITCHES = range(21, 109)


class DitEngine:
    """Renders every track with the score-conditioned DiT, mono, at 44.1 kHz."""

    def __init__(
        self,
        model: str | Path | None = None,
        steps: int | None = None,
        references: Mapping[str, str | Path] | None = None,
        device: str | None = None,
    ) -> None:
        """Load a model: a folder, a hub id, or the one that ships.

        `references` are audio files by track id whose timbre the tracks take. Raises ScoretokError.
        """
        require("torch", "dit", "the dit engine")
        from renderer.pipeline import PERIOD_SAMPLES, SAMPLE_RATE, STEPS

        self.sample_rate, self.block_samples = SAMPLE_RATE, PERIOD_SAMPLES
        self.steps = STEPS if steps is None else steps
        self.pipeline = load_pipeline(model or RENDERER_WEIGHTS, device)
        self.references = {name: self._read_reference(path) for name, path in (references or {}).items()}

    def _read_reference(self, path: str | Path) -> "tuple[Tensor, Tensor]":
        from scoretok.audio import read_mono

        audio = read_mono(path, self.sample_rate)
        if np.abs(audio).max(initial=0.0) < 1e-4:
            raise ScoretokError(f"{path} is silent; a reference must hold a few seconds of the timbre")
        return self.pipeline.encode_reference(audio)

    def track_blocks(self, sheet: LeadSheet, track: int, seed: int = 0, first_block: int = 0) -> Iterator[np.ndarray]:
        """Blocks (1, block_samples) of one track; a block is the same whichever were made before it."""
        renderer = self.track(sheet, track, seed)
        for number in range(first_block, -(-renderer.end_sample // self.block_samples)):
            yield renderer.block(number)[None]

    def track(self, sheet: LeadSheet, track: int, seed: int = 0) -> "TrackRenderer":
        """One track, ready to be rendered in blocks; warns of notes outside of what it was trained on."""
        name = sheet.track_ids[track]
        notes = notes_of(sheet, sheet.tracks[track])
        warn_out_of_range(notes, name)
        return self.pipeline.track(notes, self.sampling(name, seed), self.reference(name))

    def sampling(self, track_id: str, seed: int) -> "FlowSampling":
        """How the flow runs for a track."""
        from renderer.pipeline import FlowSampling

        return FlowSampling(steps=self.steps, seed=seed, name=track_id)

    def reference(self, track_id: str) -> "tuple[Tensor, Tensor] | None":
        """The timbre that was named for a track or its role."""
        return self.references.get(track_id) or self.references.get(track_id.partition(".")[0])


def warn_out_of_range(notes: NoteArray, name: str) -> None:
    """Warn of notes outside of what the model was trained on."""
    strange = sum(pitch not in TRAINED_PITCHES for pitch in notes.pitch) if notes.program != DRUM_PROGRAM else 0
    if strange:
        warnings.warn(
            f"{name} has {strange} note{'s' * (strange > 1)} below A0 or above C8, which the model never heard;"
            " they may sound odd",
            ScoretokWarning,
            stacklevel=2,
        )


def load_pipeline(model: str | Path, device: str | None = None) -> "ScoreToAudio":
    """A ScoreToAudio from a folder or a hub id. Raises ScoretokError."""

    from scoretok.nn.device import device_of
    from scoretok.nn.weights import first_line

    check_folder_of_model(Path(model))
    try:
        pipeline = _load_folder(Path(model)) if _has_default_scheduler(Path(model)) else _load_with_diffusers(model)
    except Exception as error:
        raise ScoretokError(f"{model} is not a model of this engine: {first_line(error)}") from None
    return pipeline.to(device_of(device))


def _has_default_scheduler(folder: Path) -> bool:
    """Whether a folder holds a model whose scheduler is the one that ships; then diffusers is not needed."""
    path = Path("scheduler", "scheduler_config.json")
    return (folder / path).is_file() and (folder / path).read_text() == (RENDERER_WEIGHTS / path).read_text()


def _load_folder(folder: Path) -> "ScoreToAudio":
    from renderer.codec.score_codec import ScoreCodec
    from renderer.dit.score_dit import ScoreDiT
    from renderer.dit.timbres import TimbreBank
    from renderer.pipeline import ScoreToAudio
    from scoretok.nn.weights import load_module

    return ScoreToAudio(
        load_module(ScoreCodec, folder / "codec"),
        load_module(ScoreDiT, folder / "dit"),
        load_module(TimbreBank, folder / "timbres"),
    )


def _load_with_diffusers(model: str | Path) -> "ScoreToAudio":
    require("diffusers", "dit", f"the model {model}")
    import torch
    from diffusers.utils import logging

    from renderer.hub import ScoreToAudioPipeline
    from scoretok.nn.weights import DIFFUSERS_MODEL, read_weights

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    if Path(model).is_dir():
        for part in ("codec", "dit", "timbres"):
            read_weights(Path(model) / part, DIFFUSERS_MODEL)  # raises for what diffusers would build without end
    return ScoreToAudioPipeline.from_pretrained(str(model), dtype=torch.float32, use_safetensors=True)


def check_folder_of_model(folder: Path) -> None:
    """Raise ScoretokError for a folder that is missing or holds another model; hub ids pass."""
    if not folder.is_dir():
        if re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", str(folder), re.ASCII):
            return
        raise ScoretokError(
            f"there is no model folder {folder}; name a folder that holds model_index.json, or a hub id"
        )
    index = folder / "model_index.json"
    if not index.is_file():
        raise ScoretokError(f"{folder} holds no model: model_index.json is missing")
    try:
        kind = json.loads(index.read_text())["_class_name"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ScoretokError(f"{folder} is not a model of this engine: model_index.json cannot be read") from None
    if kind != "ScoreToAudioPipeline":
        raise ScoretokError(f"{folder} is not a model of this engine: it holds a {quoted(str(kind))}")
