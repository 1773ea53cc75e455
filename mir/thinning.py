"""Parts thinned to what a player would play: no doublings that only the network hears, no more than hands can hold.

Axes: n notes.
"""

from collections.abc import Mapping, Sequence

from mir.active_roles import certainties, surest_elsewhere
from mir.estimates import NoteEstimate
from scoretok.instrument_ranges import RANGES, InstrumentRange
from scoretok.roles import ROLE_PROGRAMS

CHORD_S = 0.05  # notes that begin within it are struck together
# Set by a study on 18 songs to tune on that was not kept: at 1 more notes are right, but fewer in their roles.
MUCH_SURER = 1.5
HAND_SEMITONES, FINGERS = 14, 5  # of each hand on a keyboard
SHARED_ROLES = ("lead", "piano", "guitar", "strings")  # a bass does play what others play


def thinned(found: Mapping[str, Sequence[NoteEstimate]]) -> dict[str, list[NoteEstimate]]:
    """The notes by role that players of the usual instrument of each role would play."""
    single = without_doublings(found)
    return {
        role: playable(notes, RANGES[ROLE_PROGRAMS[role]], role == "piano") for role, notes in single.items() if notes
    }


def without_doublings(found: Mapping[str, Sequence[NoteEstimate]]) -> dict[str, list[NoteEstimate]]:
    """Notes by role without those of one pitch and onset that another role plays much more surely."""
    kept = {role: list(notes) for role, notes in found.items()}
    shared = {role: kept[role] for role in SHARED_ROLES if role in kept}
    for role, notes in shared.items():
        surest = zip(notes, certainties(role, notes), surest_elsewhere(role, shared), strict=True)
        kept[role] = [note for note, own, other in surest if other <= MUCH_SURER * own]
    return kept


def playable(notes: Sequence[NoteEstimate], instrument: InstrumentRange, two_hands: bool = False) -> list[NoteEstimate]:
    """The surest notes that an instrument can play together.

    Of notes that are struck together, those that are surest stay; what still sounds and cannot be held any longer ends
    where they begin.
    """
    made: list[NoteEstimate] = []
    held: list[int] = []  # of what is made
    rest = sorted(notes)
    while rest:
        start_s = rest[0].start_s
        count = sum(note.start_s < start_s + CHORD_S for note in rest)
        chord: list[NoteEstimate] = []
        for note in sorted(rest[:count], key=lambda one: -one.confidence):
            if _can_play([*(one.pitch for one in chord), note.pitch], instrument, two_hands):
                chord.append(note)
        rest = rest[count:]
        held = [at for at in held if made[at].end_s > start_s]
        pitches = [note.pitch for note in chord]
        for at in sorted(held, key=lambda one: -made[one].start_s):
            if _can_play([*pitches, made[at].pitch], instrument, two_hands):
                pitches.append(made[at].pitch)
            else:
                made[at] = made[at]._replace(end_s=start_s)
                held.remove(at)
        held += range(len(made), len(made) + len(chord))
        made += chord
    return sorted(made)


def _can_play(pitches: Sequence[int], instrument: InstrumentRange, two_hands: bool) -> bool:
    """Whether pitches can sound together."""
    ordered = sorted(set(pitches))
    if len(ordered) < len(pitches) or len(ordered) > instrument.voices:
        return False
    if not two_hands:
        return ordered[-1] - ordered[0] <= instrument.chord_span
    left = [pitch for pitch in ordered if pitch <= ordered[0] + HAND_SEMITONES][:FINGERS]
    right = ordered[len(left) :]
    return len(right) <= FINGERS and (not right or right[-1] - right[0] <= HAND_SEMITONES)
