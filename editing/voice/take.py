"""A take to convert: read in blocks of any file, and looked over once before anything is converted.

Axes: n samples, f frames.
"""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from editing.voice.content import RATE, encoder
from editing.voice.envelope import loudness_of
from editing.voice.pitch import Pitch, pitch_of
from editing.voice.singer import Heard, bandwidth_of, envelope_of, usual_loudness
from renderer.codec.mel import HOP_SAMPLES, SAMPLE_RATE
from scoretok.audio import resample
from scoretok.errors import ScoretokError, ScoretokWarning

BLOCK_S = 5
SILENT_PEAK = 10 ** (-60 / 20)
CLIPPED_SHARE = 1e-3
WHISPERED = 0.02  # a voice in fewer of its loud frames than this has no pitch
NO_SPEECH = 0.6
RESTLESS = 0.08  # more leaps than this among its pitches are no one's voice
LEAP_OCTAVES = 0.3
TELEPHONE_HZ = 5000.0
FEWEST_FRAMES = 4

Looked = tuple[np.ndarray, Pitch, Tensor]  # samples (n,), their pitch, their envelope (f, k)


@dataclass(frozen=True)
class Survey:
    """What a take is like: middle of its pitch (Hz, 0 without), usual log power, how many samples at 44.1 kHz, up to
    which frequency it was recorded."""

    median_hz: float
    usual: float
    n_samples: int
    bandwidth_hz: float


def look_over(blocks: Iterable[np.ndarray], name: str, rate: int = SAMPLE_RATE) -> Survey:
    """Go through a take, and warn of what will sound odd. Raises ScoretokError where there is no voice in it."""
    return _surveyed(map(_looked_at, _pieces(blocks)), name, rate)


def survey_of(samples: np.ndarray, heard: Heard, name: str, rate: int = SAMPLE_RATE) -> Survey:
    """As `look_over`, of samples (n,) that are heard already."""
    return _surveyed([(samples, heard.pitch, heard.envelope)], name, rate)


def _looked_at(block: np.ndarray) -> Looked:
    pitch = pitch_of(resample(block, SAMPLE_RATE, RATE), len(block) // HOP_SAMPLES)
    return block, pitch, envelope_of(block, pitch)


def _surveyed(looked: Iterable[Looked], name: str, rate: int) -> Survey:
    pitches: list[Pitch] = []
    powers, clipped, n_samples, peak, most_energy = [], 0, 0, 0.0, -1.0
    for block, pitch, envelope in looked:
        n_samples += len(block)
        peak = max(peak, float(np.abs(block).max(initial=0.0)))
        clipped += int((np.abs(block) >= 0.999).sum())
        if len(pitch) < FEWEST_FRAMES:
            continue
        pitches.append(pitch)
        powers.append(loudness_of(envelope[None])[0].numpy())
        energy = float(np.square(block).mean())
        if energy > most_energy:
            most_energy, loudest, its_envelope = energy, block, envelope
    if peak < SILENT_PEAK:
        raise ScoretokError(f"{name} is silent; give a recording of a voice")
    if not powers:
        raise ScoretokError(f"{name} lasts {n_samples / SAMPLE_RATE:.2f} s; a take lasts at least a tenth of a second")
    power = np.concatenate(powers)
    usual = usual_loudness(power)
    heard = Pitch(np.concatenate([p.hz for p in pitches]), np.concatenate([p.voicing for p in pitches]))
    check_voice(heard, power > usual - 4, loudest, name)
    if clipped > CLIPPED_SHARE * n_samples:
        tell(f"{name} is clipped; the result follows its distortion, record it softer if you can")
    width_hz = bandwidth_of(its_envelope, rate)
    if width_hz < TELEPHONE_HZ:
        tell(f"{name} holds nothing above {width_hz / 1000:.1f} kHz; what lies above is made up")
    return Survey(heard.median_hz, usual, n_samples, width_hz)


def _pieces(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Blocks (n,), long ones in pieces, so that memory does not grow with them."""
    for block in blocks:
        for start in range(0, len(block), BLOCK_S * SAMPLE_RATE):
            yield block[start : start + BLOCK_S * SAMPLE_RATE]


def check_voice(heard: Pitch, loud: np.ndarray, samples: np.ndarray, name: str) -> None:
    """Raise ScoretokError where no voice is heard; warn of whispers and of several voices."""
    voiced = heard.is_voiced & loud
    if voiced.sum() < WHISPERED * max(1, loud.sum()):
        if speech_probability(samples) < 1 - NO_SPEECH:
            raise ScoretokError(f"no voice is heard in {name}; give a recording of one singer or speaker")
        tell(f"{name} has no pitch, as whispers have none; it stays a whisper")
        return
    octaves = np.log2(heard.hz)
    both = voiced[1:] & voiced[:-1]
    leaps = (np.abs(np.diff(octaves)) > LEAP_OCTAVES) & both
    if leaps.sum() > RESTLESS * max(1, both.sum()):
        tell(f"the pitch of {name} leaps about, as if several voices or instruments sounded; convert one voice alone")


def speech_probability(samples: np.ndarray) -> float:
    """How sure Whisper is that mono samples (n,) at 44.1 kHz hold speech, 0 to 1."""
    segments, _ = encoder().transcribe(
        resample(samples, SAMPLE_RATE, RATE), language="en", beam_size=1, temperature=0.0, without_timestamps=True
    )
    return 1 - min((segment.no_speech_prob for segment in segments), default=1.0)


def tell(sentence: str) -> None:
    """Warn the user."""
    warnings.warn(sentence, ScoretokWarning, stacklevel=3)
