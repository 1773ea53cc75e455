"""When the phones of known words are said or sung in a recording: forced alignment.

A hidden Markov model whose states are the phones in order, with silence between words where there is some; the density
of content features in each is a normal distribution (Viterbi alignment, as in HTK: Young et al., 2006).

Axes: f frames (86.13 Hz), s states, p phones, c content dims.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from renderer.singing.phone_set import PHONE_IDS, StressedPhone
from renderer.voice.envelope import FRAME_S

LEAST_FRAMES = 2  # that a phone lasts
SILENCE_LEVEL = -4.5  # nepers under the usual loudness, where silence is as likely as any phone; set by hand
SILENCE_SLOPE = 2.0  # of its log likelihood, a neper
UNLIKELY = -1e9


@dataclass(frozen=True)
class PhoneTrack:
    """Phones of a recording: numbers of `PHONES` (p,), stress (p,), which are nuclei (p,), begin and end in seconds
    (p, 2)."""

    ids: np.ndarray
    stress: np.ndarray
    is_nucleus: np.ndarray
    spans_s: np.ndarray


@dataclass(frozen=True)
class PhoneDensities:
    """Means (p, c) of the content features of each phone of the set, and their common variance (c,)."""

    means: np.ndarray
    variance: np.ndarray

    def log_likelihood(self, content: np.ndarray) -> np.ndarray:
        """Of each phone at each frame, (f, p), but for a constant."""
        scaled, means = content / self.variance**0.5, self.means / self.variance**0.5
        return scaled @ means.T - 0.5 * (means**2).sum(1)[None] - 0.5 * (scaled**2).sum(1)[:, None]


def align_phones(
    content: np.ndarray, loudness: np.ndarray, phones: Sequence[StressedPhone], word_starts: Sequence[bool],
    densities: PhoneDensities,
) -> PhoneTrack:  # fmt: skip
    """Times of phones in content features (f, c) whose loudness over the usual is (f,) nepers.

    Of more phones than there are frames for, the times are spread evenly.
    """
    ids = np.array([PHONE_IDS[phone.symbol] for phone in phones])
    frames = len(content)
    if frames < LEAST_FRAMES * len(phones):
        edges = np.linspace(0, frames * FRAME_S, len(phones) + 1)
        return _track(phones, ids, np.stack([edges[:-1], edges[1:]], 1))
    # States: silence, then every phone, each in LEAST_FRAMES parts, with silence before each word and at the end.
    owner: list[int] = [-1]
    for number, starts in enumerate(word_starts):
        if starts and number:
            owner.append(-1)
        owner += [number] * LEAST_FRAMES
    owner.append(-1)
    owners = np.array(owner)
    silence = SILENCE_SLOPE * (SILENCE_LEVEL - loudness)
    by_phone = densities.log_likelihood(content)
    silence = silence + by_phone.max(1)
    emission = np.where(owners[None] < 0, silence[:, None], by_phone[:, ids[np.clip(owners, 0, None)]])
    path = _viterbi(emission, owners)
    spans = np.zeros((len(phones), 2))
    for number in range(len(phones)):
        inside = np.flatnonzero(owners[path] == number)
        spans[number] = inside[0] * FRAME_S, (inside[-1] + 1) * FRAME_S
    return _track(phones, ids, spans)


def _track(phones: Sequence[StressedPhone], ids: np.ndarray, spans_s: np.ndarray) -> PhoneTrack:
    stress, nuclei = [phone.stress for phone in phones], [phone.is_vowel for phone in phones]
    return PhoneTrack(ids, np.array(stress), np.array(nuclei), spans_s)


def _viterbi(emission: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """The likeliest states (f,) from the first or second to the last or the one before; silence may be skipped."""
    frames, count = emission.shape
    may_stay = np.append(owners[:-1] != owners[1:], True)  # in the last part of a phone, and in silence
    skipped = np.zeros(count, bool)
    skipped[2:] = (owners[1:-1] < 0) & (owners[:-2] >= 0)
    score = np.full(count, UNLIKELY)
    score[:2] = emission[0, :2]
    back = np.zeros((frames, count), np.int8)
    for frame in range(1, frames):
        stay = np.where(may_stay, score, UNLIKELY)
        step = np.concatenate([[UNLIKELY], score[:-1]])
        skip = np.where(skipped, np.concatenate([[UNLIKELY] * 2, score[:-2]]), UNLIKELY)
        choices = np.stack([stay, step, skip])
        back[frame] = choices.argmax(0)
        score = choices.max(0) + emission[frame]
    state = count - 1 if score[-1] >= score[-2] else count - 2
    path = np.zeros(frames, int)
    for frame in range(frames - 1, -1, -1):
        path[frame] = state
        state -= int(back[frame, state])
    return path
