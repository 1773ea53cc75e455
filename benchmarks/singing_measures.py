"""How well a voice sings a score: its words, its pitch, its onsets, and how it sounds.

Axes: n samples, t frames of the pitch finder.
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from benchmarks.transcription_voice import distance
from benchmarks.voice_measures import judge
from renderer.codec.mel import SAMPLE_RATE
from renderer.singing.vocal_phrases import VocalNote
from renderer.voice.content import RATE, whisper_encoder
from scoretok.audio import resample

PITCH_CONFIDENCE = 0.5
INSIDE_S = (0.06, 0.1)  # of a note's begin and end, where consonants and glides are
JUDGED_SAMPLES = 144160  # that DNSMOS takes at once


@dataclass(frozen=True)
class SingingFigures:
    """Shares of words and letters heard otherwise; of frames in tune (50 cents), of note frames with a pitch; of onsets
    the median distance in ms; DNSMOS."""

    word_error: float
    character_error: float
    in_tune: float
    voiced: float
    onset_ms: float
    overall: float
    p808: float
    heard: str


def words_in(text: str) -> list[str]:
    """The words of a text in small letters."""
    return re.sub(r"[^a-z' ]", " ", text.lower().replace("-", " ")).replace("'", "").split()


def hear(samples_16k: np.ndarray) -> str:
    """What Whisper base understands; where it repeats itself without end it tries anew, as it is meant to."""
    import ctranslate2

    ctranslate2.set_random_seed(0)  # of those attempts
    segments, _ = whisper_encoder().transcribe(
        samples_16k, language="en", beam_size=5, condition_on_previous_text=False
    )
    return " ".join(segment.text.strip() for segment in segments)


@cache
def pitch_finder():
    """swift-f0 (Nieradzik, 2025)."""
    from swift_f0 import SwiftF0

    return SwiftF0(threads=1)


def opinion(samples_16k: np.ndarray) -> tuple[float, float]:
    """Overall and P.808 opinion scores that DNSMOS expects, the mean of stretches of nine seconds."""
    starts = range(0, max(1, len(samples_16k) - JUDGED_SAMPLES // 2), JUDGED_SAMPLES)
    scores = [
        judge().run(samples_16k[start : start + JUDGED_SAMPLES].clip(-1, 1).astype(np.float32), RATE)
        for start in starts
    ]
    return float(np.mean([s["ovrl_mos"] for s in scores])), float(np.mean([s["p808_mos"] for s in scores]))


def measure(samples: np.ndarray, words: str, notes: list[VocalNote]) -> SingingFigures:
    """Figures of mono samples (n,) at 44.1 kHz that sing words on notes."""
    at_16k = resample(samples, SAMPLE_RATE, RATE).astype(np.float32)
    at_16k *= 0.5 / max(1e-6, float(np.abs(at_16k).max()))
    heard = hear(at_16k)
    wanted, found = words_in(words), words_in(heard)
    in_tune, voiced, onset_ms = _pitch_figures(at_16k, notes)
    letters, found_letters = list("".join(wanted)), list("".join(found))
    return SingingFigures(
        distance(wanted, found) / len(wanted), distance(letters, found_letters) / len(letters),
        in_tune, voiced, onset_ms, *opinion(at_16k), heard,
    )  # fmt: skip


def _pitch_figures(at_16k: np.ndarray, notes: list[VocalNote]) -> tuple[float, float, float]:
    """Share of pitched frames inside notes within 50 cents, share of frames inside notes with a pitch, median distance
    of onsets in ms: of the moments where the pitch of a note is first heard, from the note's begin."""
    found = pitch_finder().detect(at_16k, RATE, 50, 1400)
    times_s, confident = np.asarray(found.timestamps), np.asarray(found.confidence) > PITCH_CONFIDENCE
    midi = 69 + 12 * np.log2(np.maximum(np.asarray(found.pitch_hz), 1) / 440)
    good = heard = frames = 0
    onsets = []
    for before, note in pairwise([None, *notes]):
        inside = (times_s > note.start_s + INSIDE_S[0]) & (times_s < note.end_s - INSIDE_S[1])
        frames, heard = frames + inside.sum(), heard + (inside & confident).sum()
        good += (inside & confident & (np.abs(midi - note.pitch) < 0.5)).sum()
        if before is None or before.pitch != note.pitch or note.start_s - before.end_s > 0.1:
            near = (np.abs(times_s - note.start_s) < 0.2) & confident & (np.abs(midi - note.pitch) < 0.5)
            if near.any():
                onsets.append(abs(times_s[near][0] - note.start_s))
    return float(good / max(1, heard)), float(heard / max(1, frames)), 1000 * float(np.median(onsets or [np.nan]))
