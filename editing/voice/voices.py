"""A voice to convert to: enrolled from seconds of a singer, mixed with others, kept in a small file.

Axes: f frames, c content dims, k bands.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from editing.voice.correction import correction_of, terms
from editing.voice.envelope import BANDS, FRAME_S
from editing.voice.model import FRAMES_PER_TOKEN, TELL, TIMBRE, VoiceDiT
from editing.voice.singer import Heard, shape_of, timbre_vector, told_of, usual_loudness
from scoretok.errors import ScoretokError
from scoretok.files import whole_file

FORMAT = "scoretok voice 1"
LONGEST_S = 12.0
SHORTEST_FRAMES = round(0.5 / FRAME_S)
LOW, HIGH = 0.05, 0.95
PARTS = ("told", "shape", "timbre", "correction")


@dataclass(frozen=True)
class Voice:
    """How a singer sounds, as the model is told: `told` (1, f, c + 3) and `shape` (1, f, k) of a stretch of their
    singing, `timbre` (1, 4 k + 3) of all of it, `correction` (c + 2, k) of what the model misses of it; the range (Hz)
    they were heard in; whose voice it is.

    `adapter` are what `scoretok voice adapt` learned, by name.
    """

    told: Tensor
    shape: Tensor
    timbre: Tensor
    correction: Tensor
    low_hz: float
    median_hz: float
    high_hz: float
    seconds: float = 0.0
    name: str = ""
    note: str = ""
    adapter: dict[str, Tensor] | None = None


def enrolled(model: VoiceDiT, heard: Heard, name: str = "", note: str = "") -> Voice:
    """The voice of a recording; what the model looks things up in is the stretch in which most is sung."""
    usual = usual_loudness(heard.log_power.numpy())
    told, shape = told_of(model, heard, heard.pitch, usual), shape_of(model, heard)
    weight = heard.weight
    best = fullest(weight, round(LONGEST_S / FRAME_S))
    timbre = timbre_vector(model, heard)
    correction = correction_of(model, told, shape, timbre, torch.from_numpy(weight).float()[None], heard.known_bands)
    sung = heard.pitch.hz[heard.pitch.is_voiced]
    low, middle, high = np.quantile(sung, (LOW, 0.5, HIGH)) if len(sung) else (0.0, 0.0, 0.0)
    return Voice(
        told[:, best], shape[:, best], timbre, correction, float(low), float(middle), float(high),
        len(heard) * FRAME_S, name, note,
    )  # fmt: skip


def fullest(weight: np.ndarray, frames: int) -> slice:
    """The even stretch of at most so many frames in which weights (f,) are highest."""
    length = min(frames, len(weight)) // FRAMES_PER_TOKEN * FRAMES_PER_TOKEN
    sums = np.concatenate([[0.0], np.cumsum(weight)])
    start = int(np.argmax(sums[length:] - sums[: len(sums) - length]))
    return slice(start, start + length)


def mixed(voices: Sequence[tuple[Voice, float]]) -> Voice:
    """A voice between voices: numbers averaged by weight, and stretches of each as long as it weighs.

    Raises ScoretokError when no weight is above zero.
    """
    total = sum(weight for _, weight in voices)
    if total <= 0 or any(weight < 0 for _, weight in voices):
        raise ScoretokError("--timbre-mix: weights are at least 0, and one is above")
    shares = [(voice, weight / total) for voice, weight in voices if weight > 0]
    told, shapes = [], []
    for voice, share in shares:
        length = round(voice.told.shape[1] * share) // FRAMES_PER_TOKEN * FRAMES_PER_TOKEN
        told.append(voice.told[:, :length])
        shapes.append(voice.shape[:, :length])
    pitched = [(voice, share) for voice, share in shares if voice.median_hz > 0]
    whole = sum(share for _, share in pitched)

    def middle(name: str) -> float:
        logs = [share / whole * np.log(getattr(voice, name)) for voice, share in pitched]
        return float(np.exp(sum(logs))) if pitched else 0.0

    return Voice(
        torch.cat(told, 1), torch.cat(shapes, 1), sum(voice.timbre * share for voice, share in shares),
        sum(voice.correction * share for voice, share in shares),
        middle("low_hz"), middle("median_hz"), middle("high_hz"), sum(voice.seconds for voice, _ in shares),
        " + ".join(f"{voice.name or 'a voice'} {share:.2f}" for voice, share in shares),
    )  # fmt: skip


def save_voice(voice: Voice, path: str | Path, weights: str) -> None:
    """Keep a voice as safetensors; `weights` is the digest of the model that it speaks to. Raises ScoretokError."""
    tensors = {name: getattr(voice, name) for name in PARTS}
    tensors |= {f"adapter.{name}": value for name, value in (voice.adapter or {}).items()}
    told = {
        "format": FORMAT, "weights": weights, "name": voice.name, "note": voice.note,
        "range_hz": json.dumps([voice.low_hz, voice.median_hz, voice.high_hz]), "seconds": str(voice.seconds),
    }  # fmt: skip
    data = save({name: value.contiguous().to(torch.float16) for name, value in tensors.items()}, told)
    with whole_file(path) as temporary:
        temporary.write_bytes(data)


def load_voice(path: str | Path, model: VoiceDiT, weights: str) -> Voice:
    """A voice of `save_voice`. Raises ScoretokError for other files, broken ones, and voices of other weights."""
    try:
        with safe_open(path, "pt") as file:
            told = file.metadata() or {}
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 - no dict
    except (SafetensorError, OSError) as error:
        raise ScoretokError(f"{path} is not a whole voice file: {str(error).splitlines()[0]}; enrol it anew") from None
    if told.get("format") != FORMAT:
        raise ScoretokError(f"{path} is not a voice of scoretok; make one with: scoretok voice enrol")
    if told.get("weights") != weights:
        raise ScoretokError(f"{path} was enrolled for other weights; enrol the voice anew with these")
    try:
        low, middle, high = (float(value) for value in json.loads(told["range_hz"]))
        adapter = {name.removeprefix("adapter."): value for name, value in tensors.items() if "." in name}
        parts = {name: tensors[name] for name in PARTS}
        seconds, name, note = float(told["seconds"]), told["name"], told["note"]
        voice = Voice(**parts, low_hz=low, median_hz=middle, high_hz=high, seconds=seconds, name=name, note=note,
                      adapter=adapter or None)  # fmt: skip
    except (KeyError, ValueError, TypeError):
        raise ScoretokError(f"{path} lacks parts of a voice; enrol it anew") from None
    frames = voice.told.shape[1] if voice.told.ndim == 3 else 0
    content = model.content_dims
    wanted = [(1, frames, content + TELL), (1, frames, BANDS), (1, TIMBRE), (terms(content), BANDS)]
    found = [tuple(getattr(voice, name).shape) for name in PARTS]
    if found != wanted or frames < 2 or not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        raise ScoretokError(f"{path} does not hold what a voice of scoretok does; enrol it anew")
    return voice
