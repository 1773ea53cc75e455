"""Voice profiles: enrolment from seconds of recording, mixing, saving and loading.

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

from renderer.voice.envelope import ENVELOPE_BANDS, FRAME_S
from renderer.voice.features import (
    VoiceFeatures,
    conditioning_of,
    nominal_loudness,
    normalised_envelope,
    timbre_of_features,
)
from renderer.voice.speaker_transform import fit_speaker_transform, regressor_dims
from renderer.voice.voice_dit import FRAMES_PER_TOKEN, PROSODY_DIMS, TIMBRE_DIMS, VoiceDiT
from scoretok.errors import ScoretokError
from scoretok.files import whole_file

FORMAT = "scoretok voice 1"
TOP_HZ = 20_000.0  # no pitch of a voice file is higher
MAX_PROMPT_S = 12.0  # set by hand; benchmarks.voice compares lengths of references
MIN_VOICED_FRAMES = round(0.5 / FRAME_S)  # half a second with a pitch; set by hand
LOW_QUANTILE, HIGH_QUANTILE = 0.05, 0.95  # of the pitches of a voice, its range; set by hand
PROFILE_TENSORS = {  # field -> name in the file
    "conditioning": "told",
    "norm_envelope": "shape",
    "timbre": "timbre",
    "speaker_transform": "correction",
}


@dataclass(frozen=True)
class VoiceProfile:
    """A voice profile: prompt `conditioning` (1, f, c + 3) and `norm_envelope` (1, f, k) of a stretch of their
    singing, `timbre` (1, 4 k + 3) of all of it, `correction` (c + 2, k) of what the model misses of it; the range (Hz)
    they were heard in; whose voice it is.

    `adapter` are what `scoretok voice adapt` learned, by name.
    """

    conditioning: Tensor
    norm_envelope: Tensor
    timbre: Tensor
    speaker_transform: Tensor
    low_hz: float
    median_hz: float
    high_hz: float
    seconds: float = 0.0
    name: str = ""
    consent: str = ""
    adapter: dict[str, Tensor] | None = None


def enrol_voice(model: VoiceDiT, features: VoiceFeatures, name: str = "", note: str = "") -> VoiceProfile:
    """Profile of a recording; the prompt is the stretch with the highest total weight."""
    nominal = nominal_loudness(features.log_power.numpy())
    conditioning, norm_envelope = (
        conditioning_of(model, features, features.pitch, nominal),
        normalised_envelope(model, features),
    )
    weight = features.weight
    best = heaviest_span(weight, round(MAX_PROMPT_S / FRAME_S))
    timbre = timbre_of_features(model, features)
    correction = fit_speaker_transform(
        model, conditioning, norm_envelope, timbre, torch.from_numpy(weight).float()[None], features.known_bands
    )
    sung = features.pitch.hz[features.pitch.is_voiced]
    low, middle, high = np.quantile(sung, (LOW_QUANTILE, 0.5, HIGH_QUANTILE)) if len(sung) else (0.0, 0.0, 0.0)
    return VoiceProfile(
        conditioning[:, best], norm_envelope[:, best], timbre, correction, float(low), float(middle), float(high),
        len(features) * FRAME_S, name, note,
    )  # fmt: skip


def heaviest_span(weight: np.ndarray, frames: int) -> slice:
    """The even stretch of at most so many frames in which weights (f,) are highest."""
    length = min(frames, len(weight)) // FRAMES_PER_TOKEN * FRAMES_PER_TOKEN
    sums = np.concatenate([[0.0], np.cumsum(weight)])
    start = int(np.argmax(sums[length:] - sums[: len(sums) - length]))
    return slice(start, start + length)


def mix_voices(voices: Sequence[tuple[VoiceProfile, float]]) -> VoiceProfile:
    """A voice between voices: numbers averaged by weight, and stretches of each as long as it weighs.

    Raises ScoretokError when no weight is above zero.
    """
    total = sum(weight for _, weight in voices)
    if total <= 0 or any(weight < 0 for _, weight in voices):
        raise ScoretokError("--timbre-mix: weights are at least 0, and one is above")
    shares = [(voice, weight / total) for voice, weight in voices if weight > 0]
    conditionings, norm_envelopes = [], []
    for voice, share in shares:
        length = round(voice.conditioning.shape[1] * share) // FRAMES_PER_TOKEN * FRAMES_PER_TOKEN
        conditionings.append(voice.conditioning[:, :length])
        norm_envelopes.append(voice.norm_envelope[:, :length])
    pitched = [(voice, share) for voice, share in shares if voice.median_hz > 0]
    whole = sum(share for _, share in pitched)

    def middle(name: str) -> float:
        logs = [share / whole * np.log(getattr(voice, name)) for voice, share in pitched]
        return float(np.exp(sum(logs))) if pitched else 0.0

    return VoiceProfile(
        torch.cat(conditionings, 1), torch.cat(norm_envelopes, 1),
        sum((voice.timbre * share for voice, share in shares), torch.zeros(())),
        sum((voice.speaker_transform * share for voice, share in shares), torch.zeros(())),
        middle("low_hz"), middle("median_hz"), middle("high_hz"), sum(voice.seconds for voice, _ in shares),
        " + ".join(f"{voice.name or 'a voice'} {share:.2f}" for voice, share in shares),
    )  # fmt: skip


def save_voice(voice: VoiceProfile, path: str | Path, weights: str) -> None:
    """Keep a voice as safetensors; `weights` is the digest of the model that it speaks to. Raises ScoretokError."""
    tensors = {key: getattr(voice, name) for name, key in PROFILE_TENSORS.items()}
    tensors |= {f"adapter.{name}": value for name, value in (voice.adapter or {}).items()}
    metadata = {
        "format": FORMAT, "weights": weights, "name": voice.name, "note": voice.consent,
        "range_hz": json.dumps([voice.low_hz, voice.median_hz, voice.high_hz]), "seconds": str(voice.seconds),
    }  # fmt: skip
    data = save({name: value.contiguous().to(torch.float16) for name, value in tensors.items()}, metadata)
    with whole_file(path) as temporary:
        temporary.write_bytes(data)


def load_voice(path: str | Path, model: VoiceDiT, weights: str) -> VoiceProfile:
    """A voice of `save_voice`. Raises ScoretokError for other files, broken ones, and voices of other weights."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 - no dict
    except (SafetensorError, OSError) as error:
        raise ScoretokError(f"{path} is not a whole voice file: {str(error).splitlines()[0]}; enrol it anew") from None
    if metadata.get("format") != FORMAT:
        raise ScoretokError(f"{path} is not a voice of scoretok; make one with: scoretok voice enrol")
    if metadata.get("weights") != weights:
        raise ScoretokError(f"{path} was enrolled for other weights; enrol the voice anew with these")
    try:
        low, middle, high = (float(value) for value in json.loads(metadata["range_hz"]))
        if not 0 <= low <= middle <= high <= TOP_HZ:
            raise ValueError("the range is none")
        adapter = {name.removeprefix("adapter."): value for name, value in tensors.items() if "." in name}
        parts = {name: tensors[key] for name, key in PROFILE_TENSORS.items()}
        seconds, name, note = float(metadata["seconds"]), metadata["name"], metadata["note"]
        voice = VoiceProfile(
            **parts,
            low_hz=low,
            median_hz=middle,
            high_hz=high,
            seconds=seconds,
            name=name,
            consent=note,
            adapter=adapter or None,
        )
    except (KeyError, ValueError, TypeError, OverflowError, RecursionError):
        raise ScoretokError(f"{path} lacks parts of a voice; enrol it anew") from None
    frames = voice.conditioning.shape[1] if voice.conditioning.ndim == 3 else 0
    content = model.content_dims
    wanted = [
        (1, frames, content + PROSODY_DIMS),
        (1, frames, ENVELOPE_BANDS),
        (1, TIMBRE_DIMS),
        (regressor_dims(content), ENVELOPE_BANDS),
    ]
    found = [tuple(getattr(voice, name).shape) for name in PROFILE_TENSORS]
    if found != wanted or frames < 2 or not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        raise ScoretokError(f"{path} does not hold what a voice of scoretok does; enrol it anew")
    return voice
