"""Singing by rule: speech of a phrase, laid on the score's time and pitch.

Speech has clear consonants and no held vowels: its spectral envelopes are stretched, and the voice decoder sings them.

Axes: f frames (86.13 Hz), k bands.
"""

import numpy as np
import torch
from torch import Tensor

from renderer.codec.mel import SAMPLE_RATE
from renderer.singing.hibari import HibariSpeech, SpokenPhones
from renderer.singing.phone_set import SILENCE, SONORANTS, VOICED_OBSTRUENTS, VOICELESS, StressedPhone
from renderer.singing.phrase_frames import PhraseFrames
from renderer.singing.stretch import evening_gain, read_at, stretched_places
from renderer.voice.envelope import FRAME_S, loudness_of
from renderer.voice.f0 import Pitch
from renderer.voice.features import log_envelope, nominal_loudness
from scoretok.audio import resample

HIGHEST_SPOKEN_HZ = 420.0  # set by hand: above it speech is made an octave lower
TAIL_SAMPLES = 4096
# Nepers of power, by trial on four verses: fewer letters were heard otherwise than without.
CONSONANT_GAIN = {
    **dict.fromkeys(VOICELESS, 1.0),
    **dict.fromkeys(VOICED_OBSTRUENTS, 0.7),
    **dict.fromkeys(SONORANTS, 0.3),
}


def consonant_gain(frames: PhraseFrames) -> np.ndarray:
    """Nepers of power (f,) by which consonants are raised: vowels that are evened and held drown them."""
    gains = [0.0 if phone.is_nucleus else CONSONANT_GAIN.get(phone.symbol, 0.0) for phone in frames.timed.phones]
    number = frames.phone_numbers
    raised = np.where(number < 0, 0.0, np.array(gains)[np.clip(number, 0, None)])
    window = np.hanning(7)[1:-1] / np.hanning(7).sum()
    return np.convolve(raised, window, "same")


def speech_envelope(speech: SpokenPhones) -> Tensor:
    """Log envelopes (f, k) of speech whose pitch is known."""
    samples = np.pad(resample(speech.samples, speech.rate, SAMPLE_RATE), (0, TAIL_SAMPLES)).astype(np.float32)
    times_s = np.arange(len(samples) // 512) * FRAME_S
    hz = np.interp(times_s, (np.arange(len(speech.hz)) + 0.5) * speech.frame_s, speech.hz)
    return log_envelope(samples, Pitch(np.maximum(hz, 1.0), (hz > 50).astype(float)))


class RuleSinger:
    """Envelopes of phrases by stretching what hibari speaks. Raises ScoretokError when a package is missing."""

    def __init__(self) -> None:
        self.speech = HibariSpeech()

    def envelope(self, frames: PhraseFrames) -> Tensor:
        """Log envelopes (f, k) of a phrase; 0 nepers of loudness is that of its loud vowels."""
        timed = [phone for phone in frames.timed.phones if phone.symbol != SILENCE]
        spans = [
            span for span, phone in zip(frames.spans_s, frames.timed.phones, strict=True) if phone.symbol != SILENCE
        ]
        words = frames.phrase.syllables
        starts = [
            number == 0 or (phone.syllable != timed[number - 1].syllable and words[timed[number - 1].syllable].word_end)
            for number, phone in enumerate(timed)
        ]

        def sung_hz(number: np.ndarray, place: np.ndarray) -> np.ndarray:
            begin, end = np.array(spans).T
            hz = np.interp(
                begin[number] + place * (end - begin)[number], np.arange(len(frames)) * FRAME_S, frames.pitch.hz
            )
            return hz / 2 ** np.ceil(np.maximum(0, np.log2(hz / HIGHEST_SPOKEN_HZ)))

        phones = [StressedPhone(phone.symbol, phone.stress) for phone in timed]
        speech = self.speech.speak(phones, starts, sung_hz, seed=frames.seed)
        spoken = speech_envelope(speech)
        power = loudness_of(spoken[None])[0].numpy()
        nuclei = [phone.is_nucleus for phone in timed]
        spoken_s = list(zip(speech.start_s, speech.end_s, strict=True))
        places = stretched_places(spoken_s, spans, nuclei, power, len(frames))
        envelope = read_at(spoken.numpy(), places)
        sung_power = loudness_of(torch.from_numpy(envelope)[None])[0].numpy()
        gain = evening_gain(sung_power, spans, nuclei) + consonant_gain(frames) - nominal_loudness(sung_power)
        return torch.from_numpy((envelope + (gain + frames.dynamics)[:, None]).astype(np.float32))
