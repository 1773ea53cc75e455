"""Content augmentation: content features of speed-perturbed and voice-converted copies of a recording.

A model whose content features always come from the voice that it is to make learns that voice from them; in use they
come from another. So recordings are converted by an earlier model first, as Seed-VC (Liu, 2024) shifts the timbre of
what it learns to convert.

Axes: n samples, f frames, d Whisper dims (512).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from renderer.codec.mel import SAMPLE_RATE
from renderer.voice.content import RATE, STEP_S, extract_content, frame_times_s
from renderer.voice.f0 import Pitch
from renderer.voice.features import VoiceFeatures, nominal_loudness
from renderer.voice.pretrained import VoiceModels
from renderer.voice.profile import VoiceProfile
from renderer.voice.stream import ConversionParams, ConversionStream
from scoretok.audio import resample

# Set by hand; no run varied them, benchmarks.voice_content measures how much of a speaker is left.
SPEED_COPIES, MAX_SPEED_RATIO = 4, 1.25
CONVERTED_COPIES = 2
SAME_PITCH_SHARE = 0.25  # the share of copies that stay at the pitch of the recording
PITCH_SPREAD = 0.1


@dataclass(frozen=True)
class ConversionAugmenter:
    """Voices by name of their speaker, and the models that convert to them."""

    models: VoiceModels
    voices: Sequence[tuple[str, VoiceProfile]]

    def converted_features(
        self, samples: np.ndarray, source: VoiceFeatures, speaker: str, rng: np.random.Generator
    ) -> Iterator[np.ndarray]:
        """Features (f, 512) of a speaker's samples (n,) in some voices that are not theirs, if there are any."""
        candidates = [voice for name, voice in self.voices if name != speaker]
        for _ in range(CONVERTED_COPIES if candidates else 0):
            voice = candidates[rng.integers(len(candidates))]
            ratio = pitch_ratio(source, voice, rng)

            def change(first: int, pitch: Pitch, ratio: float = ratio) -> Pitch:
                return Pitch(np.clip(pitch.hz * ratio, 50, 1300), pitch.voicing)

            manner = ConversionParams(nominal_loudness(source.log_power.numpy()), change, steps=0)
            stream = ConversionStream(self.models.dit, self.models.decoder, voice, manner)
            copy = np.concatenate([stream.push(samples), stream.finish()])
            yield extract_content(
                resample(copy, SAMPLE_RATE, RATE), frame_times_s(len(source)), float(rng.uniform(-STEP_S, 0))
            )


def pitch_ratio(source: VoiceFeatures, voice: VoiceProfile, rng: np.random.Generator) -> float:
    """To about the pitch of a voice, or to none other; never more than an octave and a fourth."""
    if min(source.pitch.median_hz, voice.median_hz) <= 0 or rng.random() < SAME_PITCH_SHARE:
        return 1.0
    return float(np.clip(voice.median_hz / source.pitch.median_hz * np.exp(rng.normal(0, PITCH_SPREAD)), 0.4, 2.5))


def speed_perturbed_features(samples: np.ndarray, frames: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Content features (f, 512) of speed-perturbed copies of samples (n,), windows on a shifted grid."""
    at_16k = resample(samples, SAMPLE_RATE, RATE)
    times_s = frame_times_s(frames)
    for _ in range(SPEED_COPIES):
        ratio = float(np.exp(rng.uniform(-1, 1) * np.log(MAX_SPEED_RATIO)))
        copy = resample(at_16k, RATE, round(RATE * ratio))
        yield extract_content(copy, times_s * len(copy) / len(at_16k), float(rng.uniform(-STEP_S, 0)))
