"""How near a converted voice is to the one that was asked for, and what is left of the take.

Axes: n samples, f frames.
"""

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from benchmarks.renderer_measures import embedder
from benchmarks.transcription_voice import distance
from renderer.codec.mel import HOP_SAMPLES, SAMPLE_RATE
from renderer.voice.content import RATE, whisper_encoder
from renderer.voice.envelope import loudness_of, warp_formants
from renderer.voice.f0 import Pitch, estimate_pitch
from renderer.voice.features import log_envelope
from scoretok.audio import resample

LOUD = 4.0  # nepers of power below the loudest tenth at which loudness still counts


def embedding(samples: np.ndarray) -> np.ndarray:
    """Resemblyzer's embedding (256,) of mono samples (n,) at 44.1 kHz."""
    from resemblyzer import preprocess_wav

    return embedder().embed_utterance(preprocess_wav(resample(samples, SAMPLE_RATE, RATE), RATE))


def letters(samples: np.ndarray) -> str:
    """What Whisper base understands, in small letters and blanks."""
    segments, _ = whisper_encoder().transcribe(
        resample(samples, SAMPLE_RATE, RATE),
        language="en",
        temperature=0.0,
        beam_size=1,
        condition_on_previous_text=False,
    )
    words = re.sub(r"[^a-z ]", "", " ".join(segment.text for segment in segments).lower())
    return " ".join(words.split())


def character_error(true: str, found: str) -> float:
    """Edits a letter of `true`."""
    return distance(list(true), list(found)) / max(1, len(true))


@cache
def judge():
    """DNSMOS P.835 (Reddy et al., 2022) as the package speechmos ships it."""
    from speechmos import dnsmos

    return dnsmos


def quality(samples: np.ndarray) -> float:
    """Overall opinion score from 1 to 5 that DNSMOS expects."""
    return float(judge().run(resample(samples, SAMPLE_RATE, RATE).clip(-1, 1), RATE)["ovrl_mos"])


@dataclass(frozen=True)
class Course:
    """How pitch and loudness (nepers of power, (f,)) of a recording go."""

    pitch: Pitch
    power: np.ndarray

    @classmethod
    def of(cls, samples: np.ndarray) -> "Course":
        """The course of mono samples (n,) at 44.1 kHz."""
        pitch = estimate_pitch(resample(samples, SAMPLE_RATE, RATE), len(samples) // HOP_SAMPLES)
        return cls(pitch, loudness_of(log_envelope(samples, pitch)[None])[0].numpy())


def pitch_likeness(take: Course, made: Course) -> tuple[float, float]:
    """Correlation of log F0 where both have a pitch, and the share of loud frames voiced in only one."""
    n = min(len(take.pitch), len(made.pitch))
    a, b = take.pitch.is_voiced[:n], made.pitch.is_voiced[:n]
    loud = take.power[:n] > np.quantile(take.power, 0.9) - LOUD
    both = a & b
    logs = [np.log(course.pitch.hz[:n][both]) for course in (take, made)]
    correlation = float(np.corrcoef(*logs)[0, 1]) if both.sum() > 10 else float("nan")
    return correlation, float((a != b)[loud].mean())


def loudness_error_db(take: Course, made: Course) -> float:
    """Mean distance of A-weighted loudness over the loud frames, in decibels."""
    n = min(len(take.power), len(made.power))
    loud = take.power[:n] > np.quantile(take.power, 0.9) - LOUD
    return float(np.abs(take.power[:n] - made.power[:n])[loud].mean() * 10 / np.log(10))


def world(samples: np.ndarray, pitch_ratio: float, formant_ratio: float) -> np.ndarray:
    """The classical way: WORLD (Morise et al., 2016) with pitch and formants moved by ratios."""
    import pyworld

    at_24k = resample(samples, SAMPLE_RATE, 24000).astype(np.float64)
    f0, times = pyworld.harvest(at_24k, 24000)
    envelope = pyworld.cheaptrick(at_24k, f0, times, 24000)
    noise = pyworld.d4c(at_24k, f0, times, 24000)
    bins = envelope.shape[1]
    places = np.clip(np.arange(bins) / formant_ratio, 0, bins - 1)
    left = np.minimum(places.astype(int), bins - 2)
    logs = np.log(envelope)
    moved = np.exp(logs[:, left] * (1 - (places - left)) + logs[:, left + 1] * (places - left))
    made = pyworld.synthesize(f0 * pitch_ratio, np.ascontiguousarray(moved), noise, 24000)
    return resample(made.astype(np.float32), 24000, SAMPLE_RATE)[: len(samples)]


def formant_ratio(take: np.ndarray, target: np.ndarray) -> float:
    """By which ratio the formants of a voice move to another's: where their mean envelopes are most alike."""
    means = []
    for samples in (take, target):
        course = Course.of(samples)
        loud = course.pitch.is_voiced & (course.power > np.quantile(course.power, 0.9) - LOUD)
        means.append(log_envelope(samples, course.pitch)[torch.from_numpy(loud)].mean(0))
    ratios = np.exp(np.linspace(-0.22, 0.22, 23))

    def apart(ratio: float) -> float:
        moved = warp_formants(means[0][None, None], torch.tensor([ratio], dtype=torch.float32))[0, 0]
        difference = (moved - means[1])[:60]  # up to 8 kHz
        return float((difference - difference.mean()).square().mean())

    return float(min(ratios, key=apart))
