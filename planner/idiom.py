"""What is playable where a request does not say: the range of a track and the size of its chords, by its role.

The values hold all but about one note in a thousand of the training data, less what only game music has.
"""

from dataclasses import replace

from planner.request import Controls
from planner.song import Song

SPANS = {
    "vocal": (48, 88), "lead": (36, 96), "guitar": (31, 88), "piano": (21, 105), "strings": (28, 100), "bass": (23, 67),
}  # fmt: skip
CHORD_SIZES = {"vocal": 2, "lead": 4, "guitar": 6, "piano": 10, "strings": 8, "bass": 3, "drums": 7}


def with_idiom(controls: Controls, song: Song) -> Controls:
    """The controls with a range and a chord size for every track that has none, wide enough for its own notes."""
    spans, sizes = dict(controls.spans), dict(controls.chord_sizes)
    for number, part in enumerate(song.parts):
        role = part.name.partition(".")[0]
        own = [cell for (owner, _), cell in song.cells.items() if owner == number]
        pitches = [hit.pitch for cell in own for hit in cell]
        if role in SPANS:
            span = min(pitches, default=127), max(pitches, default=0)
            spans.setdefault(part.name, (min(SPANS[role][0], span[0]), max(SPANS[role][1], span[1])))
        largest = max((_chord_size([hit.position for hit in cell]) for cell in own), default=0)
        sizes.setdefault(part.name, max(CHORD_SIZES[role], largest))
    return replace(controls, spans=spans, chord_sizes=sizes)


def _chord_size(positions: list[int]) -> int:
    return max(map(positions.count, set(positions)))
