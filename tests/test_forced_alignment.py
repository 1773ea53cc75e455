"""Phones are found where they are said, in order, with silence between words or without."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.singing.forced_alignment import LEAST_FRAMES, PhoneDensities, align_phones
from renderer.singing.phone_set import PHONES, StressedPhone
from renderer.voice.envelope import FRAME_S

DIMS = 16
MEANS = np.random.default_rng(0).standard_normal((len(PHONES), DIMS)) * 3
DENSITIES = PhoneDensities(MEANS, np.ones(DIMS))


@st.composite
def utterances(draw):
    """Phones with lengths in frames, and pauses in front of words."""
    count = draw(st.integers(1, 12))
    phones = [StressedPhone(draw(st.sampled_from(PHONES[1:]))) for _ in range(count)]
    starts = [number == 0 or draw(st.booleans()) for number in range(count)]
    lengths = [draw(st.integers(LEAST_FRAMES + 1, 20)) for _ in range(count)]
    pauses = [draw(st.sampled_from([0, 0, 8])) if start else 0 for start in starts]
    return phones, starts, lengths, pauses


@given(utterances(), st.integers(0, 2**16))
@settings(deadline=None, max_examples=40)
def test_boundaries_are_found(utterance, seed):
    phones, starts, lengths, pauses = utterance
    rng = np.random.default_rng(seed)
    content, loudness, spans = [], [], []
    for phone, length, pause in zip(phones, lengths, pauses, strict=True):
        content += [rng.standard_normal(DIMS)] * pause + [MEANS[PHONES.index(phone.symbol)]] * length
        loudness += [-12.0] * pause + [0.0] * length
        spans.append((len(content) - length, len(content)))
    noisy = np.array(content) + 0.3 * rng.standard_normal((len(content), DIMS))
    track = align_phones(noisy, np.array(loudness), phones, starts, DENSITIES)
    assert (np.diff(track.spans_s.ravel()) >= -1e-9).all()
    found = np.round(track.spans_s / FRAME_S)
    different = [n for n in range(len(phones) - 1) if phones[n] != phones[n + 1]]  # equal neighbours have no boundary
    for number in different:
        assert abs(found[number, 1] - spans[number][1]) <= 2
        assert abs(found[number + 1, 0] - spans[number + 1][0]) <= 2


def test_more_phones_than_frames_are_spread_evenly():
    phones = [StressedPhone("t")] * 9
    track = align_phones(np.zeros((6, DIMS)), np.zeros(6), phones, [True] + [False] * 8, DENSITIES)
    assert np.allclose(np.diff(track.spans_s), 6 * FRAME_S / 9)
