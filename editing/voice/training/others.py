"""The same said otherwise: a recording's copies on other tapes and in other voices, heard again.

A model that is always told the words by the voice that it is to make learns that voice from them; at work they are told
by another. So recordings are converted by a model that is there already, as Seed-VC (Liu, 2024) changes the timbre of
what it learns to convert.

Axes: n samples, f frames, d Whisper dims (512).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from editing.voice.content import RATE, STEP_S, features, frame_times_s
from editing.voice.models import VoiceModels
from editing.voice.pitch import Pitch
from editing.voice.singer import Heard, usual_loudness
from editing.voice.stream import Manner, Stream
from editing.voice.voices import Voice
from renderer.codec.mel import SAMPLE_RATE
from scoretok.audio import resample

TAPES, RESAMPLED = 4, 1.25
STRANGERS = 2
AT_ITS_PITCH = 0.25  # the share of copies that stay at the pitch of the recording
PITCH_SPREAD = 0.1


@dataclass(frozen=True)
class Strangers:
    """Voices by name of their speaker, and the models that convert to them."""

    models: VoiceModels
    voices: Sequence[tuple[str, Voice]]

    def tell(self, samples: np.ndarray, heard: Heard, speaker: str, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Features (f, 512) of a speaker's samples (n,) in some voices that are not theirs, if there are any."""
        others = [voice for name, voice in self.voices if name != speaker]
        for _ in range(STRANGERS if others else 0):
            voice = others[rng.integers(len(others))]
            ratio = pitch_ratio(heard, voice, rng)

            def change(first: int, pitch: Pitch, ratio: float = ratio) -> Pitch:
                return Pitch(np.clip(pitch.hz * ratio, 50, 1300), pitch.voicing)

            manner = Manner(usual_loudness(heard.log_power.numpy()), change, steps=0)
            stream = Stream(self.models.dit, self.models.decoder, voice, manner)
            copy = np.concatenate([stream.push(samples), stream.finish()])
            yield features(resample(copy, SAMPLE_RATE, RATE), frame_times_s(len(heard)), float(rng.uniform(-STEP_S, 0)))


def pitch_ratio(heard: Heard, voice: Voice, rng: np.random.Generator) -> float:
    """To about the pitch of a voice, or to none other; never more than an octave and a fourth."""
    if min(heard.pitch.median_hz, voice.median_hz) <= 0 or rng.random() < AT_ITS_PITCH:
        return 1.0
    return float(np.clip(voice.median_hz / heard.pitch.median_hz * np.exp(rng.normal(0, PITCH_SPREAD)), 0.4, 2.5))


def told_by_tapes(samples: np.ndarray, frames: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Features (f, 512) of faster and slower tapes of samples (n,), by another grid of windows."""
    at_16k = resample(samples, SAMPLE_RATE, RATE)
    times_s = frame_times_s(frames)
    for _ in range(TAPES):
        ratio = float(np.exp(rng.uniform(-1, 1) * np.log(RESAMPLED)))
        copy = resample(at_16k, RATE, round(RATE * ratio))
        yield features(copy, times_s * len(copy) / len(at_16k), float(rng.uniform(-STEP_S, 0)))
