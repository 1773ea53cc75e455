"""Playability defaults: what a track's instrument has comfortably, how many notes at once, whether it keeps to chords.

In bands 99 of 100 notes of guitar, piano and strings that begin with a bar or a chord belong to the chord.
"""

from dataclasses import replace
from itertools import accumulate

from planner.language import Cell
from planner.request import Controls
from planner.rules.chord_tones import OnChord
from planner.song import Song
from scoretok.instrument_ranges import ANY, ANY_SPAN, range_of_part

# Hold all but about one chord in a thousand of the training data; the script was not kept.
CHORD_SIZES = {"vocal": 1, "lead": 4, "guitar": 6, "piano": 10, "strings": 8, "bass": 3, "drums": 7}

HARMONIC = ("guitar", "piano", "strings")
FREE_GENRES = ("art song", "game")
# Set by hand; benchmarks.planner_music measures the chord tones of what is written.
MIN_CHORD_TONE_SHARE = 0.95
MOST_ONSETS = 16  # a bar
PERCUSSION = (27, 87)  # the drums that General MIDI 2 names
BREATH_S = 8.0  # that a wind player or singer goes on without a breath, to the next bar line


def with_playability(controls: Controls, song: Song) -> Controls:
    """The controls with range, voices, chord size and span, and harmony for every track that has none, as wide as its
    own notes need."""
    spans, sizes, on_chord = dict(controls.spans), dict(controls.chord_sizes), dict(controls.on_chord)
    voices, chord_spans, breath_s = dict(controls.polyphony), dict(controls.chord_spans), dict(controls.breath_s)
    for number, part in enumerate(song.parts):
        role = part.name.partition(".")[0]
        own = [cell for (owner, _), cell in song.cells.items() if owner == number]
        pitches = [hit.pitch for cell in own for hit in cell]
        largest = max((_chord_size([hit.position for hit in cell]) for cell in own), default=0)
        limits = range_of_part(role, part.program)
        if part.is_drums:
            spans.setdefault(part.name, (min(PERCUSSION[0], *pitches, 127), max(PERCUSSION[1], *pitches, 0)))
        if limits is not None:
            low, high = limits.comfortable
            spans.setdefault(part.name, (min(low, *pitches, 127), max(high, *pitches, 0)))
            if limits.voices < ANY and part.name not in voices:
                voices[part.name] = max(limits.voices, _most_at_once(song, number))
            if limits.breathes and limits.voices == 1:
                breath_s.setdefault(part.name, BREATH_S)
            if limits.chord_span < ANY_SPAN:
                chord_spans.setdefault(part.name, max(limits.chord_span, max(map(_chord_span, own), default=0)))
        most = CHORD_SIZES[role] if limits is None else min(CHORD_SIZES[role], limits.voices)
        sizes.setdefault(part.name, max(most, largest))
        may_keep = role in HARMONIC and not _may_exhaust_chord_tones(controls, number, part.name)
        on_chord.setdefault(part.name, may_keep and _keeps_to_chords(song, number))
    return replace(
        controls,
        spans=spans,
        polyphony=voices,
        chord_sizes=sizes,
        chord_spans=chord_spans,
        on_chord=on_chord,
        breath_s=breath_s,
    )


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


def _chord_span(cell: Cell) -> int:
    """The widest chord of a cell in semitones."""
    chords = [[hit.pitch for hit in cell if hit.position == position] for position in {hit.position for hit in cell}]
    return max((max(pitches) - min(pitches) for pitches in chords), default=0)


def _most_at_once(song: Song, part: int) -> int:
    """How many notes of a part sound at once at most."""
    starts = song.bar_starts()
    hits = [
        (starts[bar] + hit.position, hit) for (owner, bar), cell in song.cells.items() if owner == part for hit in cell
    ]
    changes = sorted(change for tick, hit in hits for change in ((tick, 1), (tick + hit.duration, -1)))
    return max(accumulate(change for _, change in changes), default=0)
