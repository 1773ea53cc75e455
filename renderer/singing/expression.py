"""How a phrase is sung: pitch with glides, scoops, vibrato, drift and falls; loudness from velocity and place.

Axes: f frames.
"""

import numpy as np

from renderer.singing.vocal_phrases import VocalPhrase, joined_notes
from scoretok.singing import Singing

# Rates and depths: Sundberg, "The Science of the Singing Voice" (1987), and Saitou et al., "Development of an F0
# control model based on F0 dynamic characteristics for singing-voice synthesis" (2005); the values between what they
# give set by hand; benchmarks.singing_words measures what comes out.
GLIDE_S, GLIDE_LATE_SHARE = 0.09, 0.35  # of a glide, how much lies behind the note's start
VIBRATO_HZ, VIBRATO_CENTS = 5.6, 35.0
VIBRATO_DELAY_S, VIBRATO_GROWTH_S, VIBRATO_LEAST_NOTE_S = 0.28, 0.45, 0.5
SCOOP_CENTS, SCOOP_S = 35.0, 0.06
FALL_CENTS, FALL_S = 35.0, 0.12
DRIFT_CENTS, DRIFT_S = 5.0, 0.35
DECIBELS_A_VELOCITY = 40.0  # times the logarithm of velocity over the usual: from 40 to 127, -12 to 8 dB
USUAL_VELOCITY, SOFTEST_DB = 80, -18.0
ARCH_DB, END_DB = 1.5, -3.0  # of a phrase's middle and its end
RELEASE_S, RELEASE_DB = 0.12, -12.0
NEPERS_A_DECIBEL = np.log(10) / 10  # of power


def pitch_curve(phrase: VocalPhrase, times_s: np.ndarray, style: Singing, seed: int) -> np.ndarray:
    """MIDI pitch (f,) at times (f,), evenly spaced."""
    notes = joined_notes(phrase.notes)
    starts_s, ends_s = np.array([note.start_s for note in notes]), np.array([note.end_s for note in notes])
    pitches = np.array([note.pitch for note in notes])
    rng = np.random.default_rng(seed)
    rate_hz = VIBRATO_HZ * np.exp(rng.normal(0, 0.04))
    number = np.clip(np.searchsorted(starts_s, times_s, side="right") - 1, 0, len(notes) - 1)
    age_s = times_s - starts_s[number]
    vibrato = _vibrato(age_s, (ends_s - starts_s)[number], rate_hz) * style.vibrato
    scoop = -SCOOP_CENTS * np.exp(-np.clip(times_s - starts_s[0], 0, None) / SCOOP_S) * style.portamento
    fall = -FALL_CENTS * np.clip((times_s - ends_s[-1] + FALL_S) / FALL_S, 0, 1) ** 2 * style.portamento
    cents = vibrato + scoop + fall + _drift(times_s, phrase.start_s, rng)
    return _with_glides(starts_s, pitches, times_s, GLIDE_S * style.portamento) + cents / 100


def _with_glides(starts_s: np.ndarray, pitches: np.ndarray, times_s: np.ndarray, glide_s: float) -> np.ndarray:
    """Steps rounded to glides (raised cosines) that arrive just behind a note's start; shorter between short notes."""
    curve = np.full(len(times_s), pitches[0], float)
    lengths_s = np.diff(starts_s, append=np.inf)
    for number in range(1, len(starts_s)):
        length_s = max(1e-3, min(glide_s, 0.5 * lengths_s[number - 1], 0.5 * lengths_s[number]))
        place = (times_s - starts_s[number]) / length_s + 1 - GLIDE_LATE_SHARE
        curve += (pitches[number] - pitches[number - 1]) * (0.5 - 0.5 * np.cos(np.pi * np.clip(place, 0, 1)))
    return curve


def _vibrato(age_s: np.ndarray, length_s: np.ndarray, rate_hz: float) -> np.ndarray:
    """Cents (f,): it begins late on long notes, and grows."""
    depth = np.clip((age_s - VIBRATO_DELAY_S) / VIBRATO_GROWTH_S, 0, 1) * (length_s > VIBRATO_LEAST_NOTE_S)
    return VIBRATO_CENTS * depth * np.sin(2 * np.pi * rate_hz * age_s)


def _drift(times_s: np.ndarray, start_s: float, rng: np.random.Generator) -> np.ndarray:
    """Slow movement in cents (f,) that no singer is without."""
    nodes = rng.normal(0, DRIFT_CENTS, 256)
    places = np.clip((times_s - start_s) / DRIFT_S + 4, 0, len(nodes) - 2)
    left = places.astype(int)
    share = 0.5 - 0.5 * np.cos(np.pi * (places - left))
    return nodes[left] * (1 - share) + nodes[left + 1] * share


def dynamics(phrase: VocalPhrase, times_s: np.ndarray) -> np.ndarray:
    """Loudness (f,) in nepers of power over the usual: velocity, an arch over the phrase, a soft end."""
    notes = joined_notes(phrase.notes)
    middles_s = np.array([(note.start_s + note.end_s) / 2 for note in notes])
    velocities = np.array([note.velocity for note in notes])
    velocity_db = np.maximum(DECIBELS_A_VELOCITY * np.log10(velocities / USUAL_VELOCITY), SOFTEST_DB)
    place = np.clip((times_s - phrase.start_s) / max(phrase.end_s - phrase.start_s, 0.1), 0, 1)
    arch_db = ARCH_DB * np.sin(np.pi * place) + END_DB * place**4
    release_db = RELEASE_DB * np.clip((times_s - phrase.end_s + RELEASE_S) / RELEASE_S, 0, 1) ** 2
    return (np.interp(times_s, middles_s, velocity_db) + arch_db + release_db) * NEPERS_A_DECIBEL


def hz_of(midi: np.ndarray) -> np.ndarray:
    """MIDI pitches as frequencies in Hz."""
    return 440.0 * 2 ** ((midi - 69) / 12)


def midi_of(hz: np.ndarray) -> np.ndarray:
    """Frequencies in Hz as MIDI pitches."""
    pitches: np.ndarray = 69 + 12 * np.log2(hz / 440.0)
    return pitches
