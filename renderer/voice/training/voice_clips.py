"""Clips of many voices, ready for training: made from a folder of recordings, kept as safetensors.

Axes: f frames, k bands, v variants, d content dims, n samples.
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


@dataclass(frozen=True)
class VoiceClip:
    """A recording of one voice as frames.

    `utterance` is shared by parallel clips, which say the same at the same times. `contents` (v, f, d) are what is
    said, from `v` changed copies of the clip, the first unchanged.
    """

    speaker: str
    utterance: str
    envelope: np.ndarray
    hz: np.ndarray
    voicing: np.ndarray
    contents: np.ndarray
    bandwidth_hz: float

    def __len__(self) -> int:
        return len(self.hz)

    @property
    def known_bands(self) -> np.ndarray:
        """1 for bands that the recording holds, (k,)."""
        return (band_centres_hz().numpy() <= self.bandwidth_hz).astype(np.float32)

    def frames(self, variant: int) -> Frames:
        """All frames, with the content of a variant."""
        return Frames(self.envelope, self.hz, self.voicing, self.contents[variant], self.known_bands)

    def variant(self, rng: np.random.Generator) -> int:
        """A random variant; the clip unchanged only if there is no other."""
        return int(rng.integers(1, len(self.contents))) if len(self.contents) > 1 else 0


def save_clip(clip: VoiceClip, path: Path) -> None:
    """Keep a clip as safetensors in half precision.

    Arrays are laid out in rows first: safetensors writes the memory of others as it lies.
    """
    tensors: dict[str, np.ndarray] = {
        "envelope": clip.envelope.astype(np.float16, order="C"),
        "hz": clip.hz.astype(np.float32),
        "voicing": clip.voicing.astype(np.float32),
        "contents": clip.contents.astype(np.float16, order="C"),
    }
    partial = path.with_suffix(".partial")
    save_file(
        tensors, partial, {"speaker": clip.speaker, "take": clip.utterance, "bandwidth_hz": str(clip.bandwidth_hz)}
    )
    partial.replace(path)


def load_voice_clips(folder: Path) -> list[VoiceClip]:
    """The clips of a folder. Raises ScoretokError."""
    paths = sorted(folder.glob("*.safetensors"))
    if not paths:
        raise ScoretokError(f"{folder} holds no clips; make some with: scoretok train voices")
    return list(_read(paths))


def _read(paths: Iterable[Path]) -> Iterable[VoiceClip]:
    for path in paths:
        try:
            with safe_open(path, "np") as file:
                metadata = file.metadata()
                tensors = {name: file.get_tensor(name) for name in ("envelope", "hz", "voicing", "contents")}
            yield VoiceClip(
                metadata["speaker"], metadata["take"], bandwidth_hz=float(metadata["bandwidth_hz"]), **tensors
            )
        except (SafetensorError, KeyError, TypeError, ValueError):
            raise ScoretokError(f"{path} is not a clip of scoretok; make the folder anew") from None
