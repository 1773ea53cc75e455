"""Several samples of one request: near-duplicates removed, sorted by likelihood."""

from collections.abc import Callable
from dataclasses import replace

from planner.composition import GeneratedScore
from planner.token_sampling import TokenSampling
from scoretok.sheet import LeadSheet

# Set by hand; no benchmark varies them.
DUPLICATE_JACCARD = 0.9  # two answers that share so much of their new notes count as one
ATTEMPTS_PER_VARIANT = 3  # for each variant at most


def new_notes(sheet: LeadSheet, before: LeadSheet | None) -> frozenset[tuple[str, int, int, int]]:
    """The notes of a score, (track id, start, pitch, duration), that another one does not have."""
    found = {
        (name, note.start_ticks, note.pitch, note.duration_ticks)
        for name, track in sheet.tracks_by_id.items()
        for note in track.notes
    }
    return frozenset(found) - (new_notes(before, None) if before else frozenset())


def are_near_duplicates(one: LeadSheet, other: LeadSheet, before: LeadSheet | None = None) -> bool:
    """Whether two scores made of `before` have the same chords and share ALIKE of their new notes (Jaccard)."""
    a, b = new_notes(one, before), new_notes(other, before)
    return one.chords == other.chords and len(a & b) >= DUPLICATE_JACCARD * len(a | b)


def variants(
    make: Callable[[TokenSampling], GeneratedScore],
    count: int,
    sampling: TokenSampling | None = None,
    before: LeadSheet | None = None,
) -> list[GeneratedScore]:
    """At most `count` different scores, the likeliest by the model first; seeds count up from that of `sampling`.

    `before` is the score that `make` works on, so that only what is new is compared.
    """
    sampling = sampling or TokenSampling()
    made: list[GeneratedScore] = []
    for number in range(count if count == 1 else ATTEMPTS_PER_VARIANT * count):
        one = make(replace(sampling, seed=sampling.seed + number))
        if not any(are_near_duplicates(one.sheet, other.sheet, before) for other in made):
            made.append(one)
        if len(made) == count:
            break
    return sorted(made, key=lambda one: -one.likelihood)
