"""Speech laid on sung time: which frame of the speech is heard at each frame of the song.

Vowels are held around their loudest frame, consonants keep the pace of their beginnings and ends.

Axes: f frames (86.13 Hz) of the song, s frames of the speech.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from renderer.voice.envelope import FRAME_S

# Set by hand, on two songs; benchmarks.singing_words measures what comes out.
HOLD_FRAMES = 2.0  # to either side of the loudest frame of a vowel, what is held
EDGE_SHARE = 0.35  # of a consonant at either end that keeps its pace when it is held
EVENING, LEAST_GAIN, MOST_GAIN = 0.6, -2.0, 2.8  # of vowels towards the usual loudness: share; nepers of power


def stretched_places(
    spoken: Sequence[tuple[float, float]], sung: Sequence[tuple[float, float]], is_nucleus: Iterable[bool],
    log_power: np.ndarray, frames: int,
) -> np.ndarray:  # fmt: skip
    """Places (f,) in the speech, in frames, for each frame of the song.

    `spoken` and `sung` are the begin and end of each phone in seconds from the first frame; `log_power` (s,) is the
    loudness of the speech.
    """
    times = np.arange(frames) * FRAME_S
    first_s, last_s = sung[0][0], sung[-1][1]
    places = np.where(times < first_s, spoken[0][0] + times - first_s, spoken[-1][1] + times - last_s)
    for (a, b), (start, end), held in zip(spoken, sung, is_nucleus, strict=True):
        inside = (times >= start) & (times < end)
        at, length, natural = times[inside] - start, end - start, max(b - a, 1e-4)
        if held and length > natural:
            low, high = _loudest(a, b, log_power)
            tail = b - high
            places[inside] = np.interp(at, [0, low - a, max(length - tail, low - a + 1e-6), length], [a, low, high, b])
        elif length > natural:
            edge = EDGE_SHARE * natural
            places[inside] = np.interp(at, [0, edge, length - edge, length], [a, a + edge, b - edge, b])
        else:
            places[inside] = a + at * natural / max(length, 1e-4)
    return np.clip(places / FRAME_S, 0, len(log_power) - 1)


def _loudest(start_s: float, end_s: float, log_power: np.ndarray) -> tuple[float, float]:
    """The span in seconds around the loudest frame of a vowel."""
    first, last = int(start_s / FRAME_S), max(int(start_s / FRAME_S) + 1, int(end_s / FRAME_S))
    middle = log_power[first:last]
    top = (first + (int(np.argmax(middle)) if len(middle) else 0)) * FRAME_S
    margin = 0.15 * (end_s - start_s)
    low = min(max(start_s + margin, top - HOLD_FRAMES * FRAME_S), end_s - margin)
    return low, max(low, min(end_s - margin, top + HOLD_FRAMES * FRAME_S))


def read_at(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Values (s, ...) at fractional places (f,), linear in between."""
    left = np.clip(places.astype(int), 0, max(0, len(values) - 2))
    right = np.minimum(left + 1, len(values) - 1)
    share = (places - left).reshape(-1, *[1] * (values.ndim - 1)).astype(np.float32)
    return values[left] * (1 - share) + values[right] * share


def evening_gain(
    log_power: np.ndarray, sung: Sequence[tuple[float, float]], is_nucleus: Iterable[bool], strength: float = EVENING
) -> np.ndarray:
    """Nepers of power (f,) that draw vowels to their usual loudness in a song whose loudness is `log_power` (f,)."""
    times = np.arange(len(log_power)) * FRAME_S
    held = np.zeros(len(log_power), bool)
    for (start, end), nucleus in zip(sung, is_nucleus, strict=True):
        held |= nucleus & (times >= start) & (times < end)
    if not held.any():
        return np.zeros(len(log_power), np.float32)
    usual = np.quantile(log_power[held], 0.7)
    gain = np.where(held, np.clip(strength * (usual - log_power), LEAST_GAIN, MOST_GAIN), 0.0)
    window = np.hanning(11)[1:-1] / np.hanning(11).sum()
    return np.convolve(np.pad(gain, 4, mode="edge"), window, "valid").astype(np.float32)
