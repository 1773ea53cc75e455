"""Clips of speech or singing with known phone times, kept as safetensors.

Axes: f frames (86.13 Hz), k bands, v variants, d content dims, p phones.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from renderer.voice.envelope import band_centres_hz
from renderer.voice.training.augment import Frames
from scoretok.errors import ScoretokError

ARRAYS = ("envelope", "hz", "voicing", "contents", "phone_ids", "phone_stress", "is_nucleus", "spans_s")


@dataclass(frozen=True)
class SingingClip:
    """An utterance of one voice: frames as in `VoiceClip`, and its phones: numbers of `PHONES` (p,), stress (p,), which
    are nuclei (p,), and begin and end in seconds (p, 2)."""

    speaker: str
    envelope: np.ndarray
    hz: np.ndarray
    voicing: np.ndarray
    contents: np.ndarray
    phone_ids: np.ndarray
    phone_stress: np.ndarray
    is_nucleus: np.ndarray
    spans_s: np.ndarray
    bandwidth_hz: float

    def __len__(self) -> int:
        return len(self.hz)

    def frames(self, variant: int = 0) -> Frames:
        """All frames, with the content of a variant."""
        known = (band_centres_hz().numpy() <= self.bandwidth_hz).astype(np.float32)
        return Frames(self.envelope, self.hz, self.voicing, self.contents[variant], known)


def save_singing_clip(clip: SingingClip, path: Path) -> None:
    """Keep a clip, envelopes and contents in half precision."""
    halves = ("envelope", "contents")
    tensors = {
        name: np.ascontiguousarray(getattr(clip, name), np.float16 if name in halves else None) for name in ARRAYS
    }
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, {"speaker": clip.speaker, "bandwidth_hz": str(clip.bandwidth_hz)})
    partial.replace(path)


def load_singing_clips(folder: Path) -> list[SingingClip]:
    """The clips of a folder and the folders in it. Raises ScoretokError."""
    paths = sorted(folder.rglob("*.safetensors"))
    if not paths:
        raise ScoretokError(f"{folder} holds no clips; make some with: python -m benchmarks.singing_data")
    return list(_read(paths))


def _read(paths: Iterable[Path]) -> Iterable[SingingClip]:
    for path in paths:
        try:
            with safe_open(path, "np") as file:
                metadata = file.metadata()
                arrays = {name: file.get_tensor(name) for name in ARRAYS}
            yield SingingClip(metadata["speaker"], bandwidth_hz=float(metadata["bandwidth_hz"]), **arrays)
        except (SafetensorError, KeyError, TypeError, ValueError):
            raise ScoretokError(f"{path} is not a clip of a singer's training; make the folder anew") from None
