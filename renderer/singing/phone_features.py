"""Phones with times as what the network is given of each frame.

Axes: f frames (86.13 Hz), p phones, n neighbours, d numbers.
"""

from dataclasses import dataclass

import numpy as np

from renderer.singing.phone_set import PHONE_IDS, SILENCE, VOICED
from renderer.singing.phrase_frames import PhraseFrames
from renderer.voice.envelope import FRAME_S

NEIGHBOURS = (-2, -1, 0, 1, 2)  # phones that a frame knows, counted from its own
NUMBER_DIMS, IS_NUCLEUS = 9, 5  # numbers of a frame, and which of them says that it is a nucleus
SINCE_SCALE_S, LEFT_SCALE_S, LENGTH_SCALE_S = 0.03, 0.03, 0.1  # of the logarithms of times; set by hand


@dataclass(frozen=True)
class PhoneFeatures:
    """Phones around each frame (f, n), as numbers of `PHONES`; and numbers (f, d): time since the phone's begin and to
    its end, its length, the place in it, stress, whether it is a nucleus, whether it is voiced, silence, pitch."""

    ids: np.ndarray
    numbers: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


def phone_features(
    phone_ids: np.ndarray, spans_s: np.ndarray, stress: np.ndarray, is_nucleus: np.ndarray, hz: np.ndarray
) -> PhoneFeatures:
    """Features of frames (f,) whose pitch is `hz`, of phones (p,) that begin and end (p, 2) in seconds from there."""
    times_s = np.arange(len(hz)) * FRAME_S
    own = np.searchsorted(spans_s[:, 0], times_s, side="right") - 1
    gap = (own < 0) | (times_s >= spans_s[np.clip(own, 0, None), 1])
    at = np.clip(own, 0, len(phone_ids) - 1)
    padded = np.pad(phone_ids, 2, constant_values=PHONE_IDS[SILENCE])
    ids = np.stack([padded[np.clip(own + 2 + k, 0, len(padded) - 1)] for k in NEIGHBOURS], 1)
    ids[gap, 2] = PHONE_IDS[SILENCE]
    since, left = np.maximum(times_s - spans_s[at, 0], 0), np.maximum(spans_s[at, 1] - times_s, 0)
    length = np.maximum(spans_s[at, 1] - spans_s[at, 0], 0.01)
    voiced = np.array([symbol in VOICED for symbol in PHONE_IDS])[phone_ids[at]] & ~gap
    numbers = np.stack(
        [
            np.log1p(since / SINCE_SCALE_S), np.log1p(left / LEFT_SCALE_S), np.log(length / LENGTH_SCALE_S),
            np.clip(since / length, 0, 1), stress[at] / 2, is_nucleus[at] & ~gap, voiced, gap,
            np.log2(np.clip(hz, 40, None) / 200),
        ],
        1,
    )  # fmt: skip
    return PhoneFeatures(ids.astype(np.int64), numbers.astype(np.float32))


def features_of_phrase(frames: PhraseFrames) -> PhoneFeatures:
    """The features of a phrase as it will be sung."""
    phones = frames.timed.phones
    return phone_features(
        np.array([PHONE_IDS[phone.symbol] for phone in phones]), np.array(frames.spans_s),
        np.array([phone.stress for phone in phones]), np.array([phone.is_nucleus for phone in phones]), frames.pitch.hz,
    )  # fmt: skip
