"""Playability defaults by role: pitch range, chord size, and whether a track keeps to the chords.

The values hold all but about one note in a thousand of the training data, less what only game music has. In bands 99 of
100 notes of guitar, piano and strings that begin with a bar or a chord belong to the chord.
"""

from dataclasses import replace

from planner.request import Controls
from planner.rules.chord_tones import OnChord
from planner.song import Song

# Counted in the training data of the planner (see above); the script was not kept.
ROLE_RANGES = {
    "vocal": (48, 88), "lead": (36, 96), "guitar": (31, 88), "piano": (21, 105), "strings": (28, 100), "bass": (23, 67),
}  # fmt: skip
CHORD_SIZES = {"vocal": 2, "lead": 4, "guitar": 6, "piano": 10, "strings": 8, "bass": 3, "drums": 7}

HARMONIC = ("guitar", "piano", "strings")
FREE_GENRES = ("art song", "game")
# Set by hand; benchmarks.planner_music measures the chord tones of what is written.
MIN_CHORD_TONE_SHARE = 0.95
MOST_ONSETS = 16  # a bar


def with_playability(controls: Controls, song: Song) -> Controls:
    """The controls with range, chord size and harmony for every track that has none, as wide as its own notes need."""
    spans, sizes, on_chord = dict(controls.spans), dict(controls.chord_sizes), dict(controls.on_chord)
    for number, part in enumerate(song.parts):
        role = part.name.partition(".")[0]
        own = [cell for (owner, _), cell in song.cells.items() if owner == number]
        pitches = [hit.pitch for cell in own for hit in cell]
        if role in ROLE_RANGES:
            span = min(pitches, default=127), max(pitches, default=0)
            spans.setdefault(part.name, (min(ROLE_RANGES[role][0], span[0]), max(ROLE_RANGES[role][1], span[1])))
        largest = max((_chord_size([hit.position for hit in cell]) for cell in own), default=0)
        sizes.setdefault(part.name, max(CHORD_SIZES[role], largest))
        may_keep = role in HARMONIC and not _may_exhaust_chord_tones(controls, number, part.name)
        on_chord.setdefault(part.name, may_keep and _keeps_to_chords(song, number))
    return replace(controls, spans=spans, chord_sizes=sizes, on_chord=on_chord)


def _may_exhaust_chord_tones(controls: Controls, number: int, name: str) -> bool:
    """Whether a part's other rules may leave no chord tone to play, so that the on-chord rule must be off."""
    has_contour, has_rhythm = (
        any(part == number for part, _ in demands) for demands in (controls.contour, controls.rhythm)
    )
    is_narrow = controls.scale is not None or name in controls.spans
    return has_contour or (has_rhythm and is_narrow) or controls.density.get(name, (0, 0))[0] > MOST_ONSETS


def _keeps_to_chords(song: Song, part: int) -> bool:
    """Whether a part keeps to the chords, or would in its genre while it has no notes."""
    on_chord = []
    for (owner, bar), cell in song.cells.items():
        tones = OnChord(song.chords_in(bar)).tones if owner == part else {}
        on_chord += [bool(tones[hit.position][hit.pitch]) for hit in cell if hit.position in tones]
    return sum(on_chord) >= MIN_CHORD_TONE_SHARE * len(on_chord) if on_chord else song.genre not in FREE_GENRES


def _chord_size(positions: list[int]) -> int:
    return max(map(positions.count, set(positions)))
