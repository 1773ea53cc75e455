"""Sections: where they begin, which are the same, and what they are called."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mir.bar_features import BarFeatures
from mir.section_boundaries import (
    BLOCK_WEIGHT,
    BOUNDARY_FEATURES,
    LENGTH_WEIGHT,
    OFFSET,
    SHORTEST_BARS,
    boundaries,
    boundary_features,
)
from mir.section_labels import (
    LABEL_FEATURES,
    LETTER_SHARE,
    TRANSITION_WEIGHT,
    LabelModel,
    label_features,
    section_labels,
    section_letters,
)
from mir.sections import SectionModel, find_sections
from scoretok.parts import SECTION_LABELS

FORMS = ["iababcb", "abab", "iaabab", "abcab"]


def song(form, rng, bars=8):
    """Bars of sections named by letters: pitches, melody and texture of their own."""
    letters = sorted(set(form))
    pitches = {letter: rng.uniform(0, 1, (bars, 12)) ** 3 for letter in letters}
    melody = {letter: np.eye(12)[rng.integers(0, 12, bars)] * (letter != "i") for letter in letters}
    texture = {letter: np.tile(rng.uniform(0, 1, 6) + 2 * at, (bars, 1)) for at, letter in enumerate(letters)}
    rows = [np.concatenate([part[letter] for letter in form]) for part in (pitches, melody, texture)]
    return BarFeatures(*(row + rng.uniform(0, 0.05, row.shape) * (row is not rows[1]) for row in rows))


@given(st.sampled_from(FORMS), st.integers(0, 200))
def test_sections_begin_where_the_music_changes_and_repeats_share_a_name(form, seed):
    features = song(form, np.random.default_rng(seed))
    found = find_sections(features)
    starts = [section.section.bar for section in found]
    wanted = {8 * at for at in range(len(form)) if not at or form[at] != form[at - 1]}
    assert len(wanted & set(starts)) >= 0.7 * len(wanted)
    assert all(0 <= section.confidence <= 1 for section in found)
    if form[0] == "i":
        assert found[0].section.label == "intro"


@given(st.sampled_from(FORMS), st.integers(0, 200))
def test_letters_are_those_of_the_form(form, seed):
    features = song(form, np.random.default_rng(seed))
    letters = section_letters(features, list(range(0, 8 * len(form), 8)))
    first_at = [form.index(letter) for letter in form]
    assert [letters.tolist().index(letter) for letter in letters] == first_at


@given(st.integers(9, 16), st.integers(0, 500))
def test_boundaries_are_the_likeliest_of_all_that_are_allowed(count, seed):
    """By every choice of boundaries in a few bars."""
    rng = np.random.default_rng(seed)
    features = BarFeatures(
        rng.uniform(0, 1, (count, 12)), rng.uniform(0, 1, (count, 12)), rng.uniform(0, 1, (count, 3))
    )
    model, logits = SectionModel.shipped().boundaries, rng.normal(-2, 3, count)
    alike = features.similarity
    others = ~np.eye(count, dtype=bool)
    scaled = (alike - alike[others].mean()) / alike.std()

    def value(starts):
        total = sum(logits[start] - OFFSET for start in starts[1:])
        for start, stop in pairwise([*starts, count]):
            block = (scaled * others)[start:stop, start:stop]
            total += LENGTH_WEIGHT * model.log_lengths[stop - start] + BLOCK_WEIGHT * block.sum() / (stop - start)
        return total

    def allowed(starts):
        return all(stop - start >= SHORTEST_BARS for start, stop in list(pairwise([*starts, count]))[1:-1])

    every = [
        [0, *(bar for bar, begins in zip(range(1, count), choice, strict=True) if begins)]
        for choice in product((False, True), repeat=count - 1)
    ]
    best = max(value(starts) for starts in every if allowed(starts))
    found = boundaries(model, features, logits)
    assert allowed(found)
    assert np.isclose(value(found), best)


@given(st.sampled_from(FORMS), st.integers(0, 100))
def test_labels_are_the_likeliest_one_after_another(form, seed):
    rng = np.random.default_rng(seed)
    features, starts = song(form[:4], rng), [0, 8, 16, 24]
    letters = section_letters(features, starts)
    kinds = 3
    model = LabelModel(
        rng.normal(0, 0.3, (len(LABEL_FEATURES), kinds)), np.zeros(kinds), rng.normal(0, 2, (kinds + 1, kinds + 1))
    )
    logits = label_features(features, starts, letters) @ model.weights
    chances = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    together = np.array([chances[letters == letter].mean(0) for letter in letters])

    def value(labels):
        total = sum(
            (1 - LETTER_SHARE) * chances[at, label] + LETTER_SHARE * together[at, label]
            for at, label in enumerate(labels)
        )
        return total + TRANSITION_WEIGHT * sum(model.transitions[pair] for pair in pairwise([kinds, *labels, kinds]))

    best = max(product(range(kinds), repeat=4), key=value)
    assert section_labels(model, features, starts, letters) == [SECTION_LABELS[label] for label in best]


@pytest.mark.parametrize("kind", ["silent", "the same in every bar", "nothing but drums"])
def test_music_without_form_still_has_a_section(kind):
    rng = np.random.default_rng(0)
    pitches, melody, texture = np.zeros((24, 12)), np.zeros((24, 12)), np.zeros((24, 5))
    if kind == "the same in every bar":
        pitches, melody, texture = (np.ones_like(part) for part in (pitches, melody, texture))
    if kind == "nothing but drums":
        texture = rng.uniform(0, 1, (24, 5))
    found = find_sections(BarFeatures(pitches, melody, texture))
    assert found[0].section.bar == 0
    assert all(np.isfinite(section.confidence) for section in found)


def test_features_of_bars_and_sections_have_names():
    features = song("abab", np.random.default_rng(0))
    assert boundary_features(features).shape == (32, len(BOUNDARY_FEATURES))
    starts = [0, 8, 16, 24]
    assert label_features(features, starts, section_letters(features, starts)).shape == (4, len(LABEL_FEATURES))


def test_few_bars_have_no_sections():
    features = song("a", np.random.default_rng(0))
    few = BarFeatures(*(part[:6] for part in (features.pitches, features.melody, features.texture)))
    assert find_sections(few) == []
