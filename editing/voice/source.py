"""Analysis of a source recording before conversion: pitch, level, bandwidth, and warnings.

Axes: n samples, f frames.
"""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from renderer.codec.mel import HOP_SAMPLES, SAMPLE_RATE
from renderer.voice.content import RATE, whisper_encoder
from renderer.voice.envelope import loudness_of
from renderer.voice.f0 import Pitch, estimate_pitch
from renderer.voice.features import VoiceFeatures, estimate_bandwidth_hz, log_envelope, nominal_loudness
from scoretok.audio import resample
from scoretok.errors import ScoretokError, ScoretokWarning

BLOCK_S = 5
# By hand, but for Whisper's; no benchmark varies them, tests/test_voice_source.py has the warnings.
SILENT_PEAK = 10 ** (-60 / 20)
CLIPPED_SHARE = 1e-3
MIN_PITCHED_SHARE = 0.02  # a voice in fewer of its loud frames than this has no pitch
MIN_NO_SPEECH = 0.6  # Whisper's own threshold (no_speech_threshold)
MAX_LEAP_SHARE = 0.08  # more leaps than this among its pitches are no one's voice
LEAP_OCTAVES = 0.3
TELEPHONE_HZ = 5000.0
MIN_BLOCK_FRAMES = 4

AnalysedBlock = tuple[np.ndarray, Pitch, Tensor]  # samples (n,), their pitch, their envelope (f, k)


@dataclass(frozen=True)
class SourceAnalysis:
    """What a source is like: middle of its pitch (Hz, 0 without), usual log power, how many samples at 44.1 kHz, up to
    which frequency it was recorded."""

    median_hz: float
    nominal_log_power: float
    n_samples: int
    bandwidth_hz: float


def analyse_source(blocks: Iterable[np.ndarray], name: str, rate: int = SAMPLE_RATE) -> SourceAnalysis:
    """Analyses a source in blocks; warns of clipping, band limits, whispers. Raises ScoretokError."""
    return _summarise(map(_analyse_block, _split_long_blocks(blocks)), name, rate)


def analyse_features(
    samples: np.ndarray, features: VoiceFeatures, name: str, rate: int = SAMPLE_RATE
) -> SourceAnalysis:
    """As `analyse_source`, from samples (n,) whose features are known."""
    return _summarise([(samples, features.pitch, features.envelope)], name, rate)


def _analyse_block(block: np.ndarray) -> AnalysedBlock:
    pitch = estimate_pitch(resample(block, SAMPLE_RATE, RATE), len(block) // HOP_SAMPLES)
    return block, pitch, log_envelope(block, pitch)


def _summarise(analysed: Iterable[AnalysedBlock], name: str, rate: int) -> SourceAnalysis:
    pitches: list[Pitch] = []
    powers, clipped, n_samples, peak, most_energy = [], 0, 0, 0.0, -1.0
    for block, pitch, envelope in analysed:
        n_samples += len(block)
        peak = max(peak, float(np.abs(block).max(initial=0.0)))
        clipped += int((np.abs(block) >= 0.999).sum())
        if len(pitch) < MIN_BLOCK_FRAMES:
            continue
        pitches.append(pitch)
        powers.append(loudness_of(envelope[None])[0].numpy())
        energy = float(np.square(block).mean())
        if energy > most_energy:
            most_energy, loudest, its_envelope = energy, block, envelope
    if peak < SILENT_PEAK:
        raise ScoretokError(f"{name} is silent; give a recording of a voice")
    if not powers:
        raise ScoretokError(
            f"{name} lasts {n_samples / SAMPLE_RATE:.2f} s; a source lasts at least a tenth of a second"
        )
    power = np.concatenate(powers)
    nominal = nominal_loudness(power)
    pitch_track = Pitch(np.concatenate([p.hz for p in pitches]), np.concatenate([p.voicing for p in pitches]))
    check_voice(pitch_track, power > nominal - 4, loudest, name)
    if clipped > CLIPPED_SHARE * n_samples:
        warn_user(f"{name} is clipped; the result follows its distortion, record it softer if you can")
    width_hz = estimate_bandwidth_hz(its_envelope, rate)
    if width_hz < TELEPHONE_HZ:
        warn_user(f"{name} holds nothing above {width_hz / 1000:.1f} kHz; what lies above is made up")
    return SourceAnalysis(pitch_track.median_hz, nominal, n_samples, width_hz)


def _split_long_blocks(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Blocks (n,), long ones in pieces, so that memory does not grow with them."""
    for block in blocks:
        for start in range(0, len(block), BLOCK_S * SAMPLE_RATE):
            yield block[start : start + BLOCK_S * SAMPLE_RATE]


def check_voice(pitch: Pitch, loud: np.ndarray, samples: np.ndarray, name: str) -> None:
    """Raise ScoretokError where no voice is heard; warn of whispers and of several voices."""
    voiced = pitch.is_voiced & loud
    if voiced.sum() < MIN_PITCHED_SHARE * max(1, loud.sum()):
        if speech_probability(samples) < 1 - MIN_NO_SPEECH:
            raise ScoretokError(f"no voice is heard in {name}; give a recording of one singer or speaker")
        warn_user(f"{name} has no pitch, as whispers have none; it stays a whisper")
        return
    octaves = np.log2(pitch.hz)
    both = voiced[1:] & voiced[:-1]
    leaps = (np.abs(np.diff(octaves)) > LEAP_OCTAVES) & both
    if leaps.sum() > MAX_LEAP_SHARE * max(1, both.sum()):
        warn_user(
            f"the pitch of {name} leaps about, as if several voices or instruments sounded; convert one voice alone"
        )


def speech_probability(samples: np.ndarray) -> float:
    """How sure Whisper is that mono samples (n,) at 44.1 kHz hold speech, 0 to 1."""
    segments, _ = whisper_encoder().transcribe(
        resample(samples, SAMPLE_RATE, RATE), language="en", beam_size=1, temperature=0.0, without_timestamps=True
    )
    return 1 - min((segment.no_speech_prob for segment in segments), default=1.0)


def warn_user(sentence: str) -> None:
    """Warn the user."""
    warnings.warn(sentence, ScoretokWarning, stacklevel=3)
