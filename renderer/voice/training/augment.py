"""Feature-domain augmentation of voice clips: formants, EQ, pitch, accent, speech to song.

All of it happens on frames, so that no sound is made: a step of training meets a voice that it never met before.

Axes: f frames, k bands, v variants, d content dims.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

from renderer.voice.envelope import ENVELOPE_BANDS, FRAME_S, band_centres_hz, warp_formants

# Content augmentation, a random linear map of so low a rank; set by hand, no run varied it by itself.
ACCENT_RANK, ACCENT_SCALE = 4, 0.6


@dataclass(frozen=True)
class Frames:
    """Frames of a clip: `envelope` (f, k), `hz` (f,), `voicing` (f,), `content` (f, d), and the bands (k,) known."""

    envelope: np.ndarray
    hz: np.ndarray
    voicing: np.ndarray
    content: np.ndarray
    known_bands: np.ndarray

    def __len__(self) -> int:
        return len(self.hz)

    def __getitem__(self, frames: slice) -> "Frames":
        return Frames(
            self.envelope[frames], self.hz[frames], self.voicing[frames], self.content[frames], self.known_bands
        )


@dataclass(frozen=True)
class VoiceAugmentation:
    """A voice augmentation: formant ratio by band (k,), pitch ratio, spectral colour (k,) in nepers of power, and an
    accent (d, k): how much more of a band there is for what is said."""

    formant: np.ndarray
    pitch: float
    colour: np.ndarray
    accent: np.ndarray

    def __call__(self, frames: Frames) -> Frames:
        """The frames in that voice; bands that came from beyond the known ones are not known."""
        envelope = torch.from_numpy(frames.envelope.astype(np.float32))[None]
        moved = warp_formants(envelope, torch.from_numpy(self.formant[None].astype(np.float32)))[0].numpy()
        centres = band_centres_hz().numpy()
        top_hz = centres[frames.known_bands > 0].max(initial=0.0) * self.formant[-1]
        known = ((centres <= top_hz) & (frames.known_bands.max() > 0)).astype(np.float32)
        return replace(
            frames,
            envelope=moved + self.colour + frames.content @ self.accent,
            hz=np.clip(frames.hz * self.pitch, 55, 1200),
            known_bands=known,
        )


def random_augmentation(rng: np.random.Generator, content_dims: int, strength: float = 1.0) -> VoiceAugmentation:
    """A random voice: tracts a fifth shorter or longer, all along or in parts, pitch that goes with it and does not, a
    smooth colour, and sounds that are made otherwise."""
    formant = float(np.exp(np.clip(rng.normal(0, 0.09), -0.22, 0.22) * strength))
    bend = np.exp(strength * _random_curve(rng, 0.03))
    pitch = float(formant ** rng.uniform(0, 3) * np.exp(rng.normal(0, 0.12) * strength))
    ways = rng.standard_normal((content_dims, ACCENT_RANK)) / content_dims**0.5
    accent = strength * ways @ np.stack([_random_curve(rng, ACCENT_SCALE) for _ in range(ACCENT_RANK)])
    return VoiceAugmentation(formant * bend, pitch, strength * _random_curve(rng, 0.8), accent.astype(np.float32))


def _random_curve(rng: np.random.Generator, size: float) -> np.ndarray:
    """A smooth random curve over the bands, (k,)."""
    places = np.linspace(0, 1, ENVELOPE_BANDS)
    waves = [rng.normal(0, size / (1 + n) ** 0.5) * np.cos(np.pi * n * places + rng.uniform(0, 6)) for n in range(1, 6)]
    return np.sum(waves, 0).astype(np.float32)


def speech_to_song(frames: Frames, rng: np.random.Generator) -> Frames:
    """Speech held and pitched like song: voiced frames last longer, and follow a melody with slides and vibrato."""
    steps = rng.uniform(0.5, 5.0) * np.convolve(frames.voicing, np.hanning(9) / np.hanning(9).sum(), "same")
    ends = np.cumsum(1 + steps)
    places = np.interp(np.arange(int(ends[-1])), ends, np.arange(len(frames)))
    left = np.minimum(places.astype(int), len(frames) - 2)
    share = (places - left).astype(np.float32)

    def read(values: np.ndarray) -> np.ndarray:
        weight = share.reshape(-1, *[1] * (values.ndim - 1))
        return (values[left] * (1 - weight) + values[left + 1] * weight).astype(np.float32)

    voicing = (read(frames.voicing) > 0.5).astype(np.float32)
    hz = melody_hz(len(places), float(np.median(frames.hz)), rng)
    return Frames(read(frames.envelope), hz, voicing, read(frames.content), frames.known_bands)


def melody_hz(frames: int, centre_hz: float, rng: np.random.Generator) -> np.ndarray:
    """A random melody (f,) in Hz around a pitch, with slides and vibrato."""
    semitones = np.zeros(frames)
    at, pitch = 0, float(rng.uniform(-3, 10))
    while at < frames:
        length = int(rng.uniform(0.15, 1.2) / FRAME_S)
        semitones[at : at + length] = pitch
        at, pitch = at + length, float(np.clip(pitch + rng.integers(-5, 6), -5, 14))
    window = np.hanning(11) / np.hanning(11).sum()
    glide = np.convolve(np.pad(semitones, 5, mode="edge"), window, "valid")
    times_s = np.arange(frames) * FRAME_S
    vibrato = rng.uniform(0, 0.6) * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * times_s + rng.uniform(0, 6))
    return np.clip(centre_hz * 2 ** ((glide + vibrato) / 12), 60, 1200).astype(np.float32)
