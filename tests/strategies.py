"""Random scores for property tests: wild ones walked through the grammar, and plain ones that shrink well."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from scoretok.bars import join_notes
from scoretok.encode import decode
from scoretok.parts import ROLES, SECTION_LABELS, Chord, Key, Meter, Note, Section, Syllable, Tempo, Track
from scoretok.performance import (
    CONTROL_NAMES,
    MAX_SHIFT_SUBTICKS,
    SUBTICKS_PER_TICK,
    Control,
    ControlPoint,
    Timing,
    control_kind,
)
from scoretok.sample import random_walk
from scoretok.sheet import LeadSheet
from scoretok.theory import MODES, QUALITY_NAMES


@st.composite
def walked_ids(draw: st.DrawFn) -> list[int]:
    """Token ids walked at random through the grammar."""
    seed, length = draw(st.integers(0, 2**32 - 1)), draw(st.integers(5, 300))
    return random_walk(np.random.default_rng(seed), length)


def walked_sheets() -> st.SearchStrategy[LeadSheet]:
    """Wild but legal scores."""
    return walked_ids().map(decode)


METERS = st.sampled_from([(4, 4), (3, 4), (6, 8), (5, 4), (7, 8), (2, 2), (12, 8), (3, 16)])
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=8)


@st.composite
def lead_sheets(draw: st.DrawFn) -> LeadSheet:
    """Small plain scores: changes of meter, a pickup, up to three tracks."""
    bar_count = draw(st.integers(1, 5))
    change = draw(st.integers(1, 5))
    meters = {0: draw(METERS), **({change: draw(METERS)} if change < bar_count else {})}
    pickup = draw(st.sampled_from([0, 0, 12, 24]))
    sheet = LeadSheet(
        bar_count,
        meters=tuple(Meter(bar, *meter) for bar, meter in meters.items()),
        pickup_ticks=pickup if pickup < 96 * meters[0][0] // meters[0][1] else 0,
    )
    end = sheet.end_ticks
    ticks = st.integers(0, end - 1)
    qualities = st.sampled_from(QUALITY_NAMES)
    chords = draw(
        st.dictionaries(ticks, st.tuples(st.integers(0, 11), qualities, st.none() | st.integers(0, 11)), max_size=4)
    )
    tempos = {0: 120.0, **draw(st.dictionaries(ticks, st.integers(1000, 48000).map(lambda c: c / 100), max_size=2))}
    sections = draw(st.dictionaries(st.integers(0, bar_count - 1), st.sampled_from(SECTION_LABELS), max_size=3))
    key = Key(0, draw(st.integers(-7, 7)), draw(st.sampled_from(MODES)))
    return replace(
        sheet,
        chords=tuple(Chord(tick, *chord) for tick, chord in chords.items()),
        tempos=tuple(Tempo(tick, bpm) for tick, bpm in tempos.items()),
        sections=tuple(Section(bar, label) for bar, label in sections.items()),
        keys=(key,),
        title=draw(st.just("") | TEXT),
        tracks=tuple(draw(st.lists(tracks(end), max_size=3))),
    )


@st.composite
def tracks(draw: st.DrawFn, end: int) -> Track:
    """A track of a score that lasts `end` ticks."""
    role = draw(st.sampled_from(ROLES))
    starts = draw(st.lists(st.integers(0, end - 1), max_size=8))
    notes = [
        Note(start, draw(st.integers(30, 90)), min(draw(st.integers(1, 200)), end - start), draw(st.integers(1, 127)))
        for start in starts
    ]
    legal = join_notes(notes)
    if role == "vocal":
        onsets: set[int] = set()
        sung = []
        for note in legal:
            words = None
            if note.start_ticks not in onsets and draw(st.booleans()):
                text = draw(st.sampled_from(["la", "ré", "o'er", "日", "two words", "a-b"]))
                words = Syllable(text, draw(st.sampled_from([(), ("l", "ˈɑː")])), draw(st.booleans()))
            onsets.add(note.start_ticks)
            sung.append(note._replace(syllable=words))
        legal = tuple(sung)
    track = Track(role, legal, draw(st.integers(0, 127)), draw(st.just("") | TEXT), draw(st.booleans()))
    return draw(performances(track, end)) if draw(st.booleans()) else track


@st.composite
def performances(draw: st.DrawFn, track: Track, end: int) -> Track:
    """A track as somebody plays it: notes off the grid, and curves of controls."""
    off = st.integers(-200, 200) | st.integers(-MAX_SHIFT_SUBTICKS, MAX_SHIFT_SUBTICKS)
    timings = st.none() | st.builds(Timing, off, off)
    notes = tuple(note._replace(timing=draw(timings)) for note in track.notes)
    names = draw(st.lists(st.sampled_from(CONTROL_NAMES), max_size=3, unique=True))
    return replace(track, notes=notes, controls=tuple(draw(curves(name, end)) for name in names))


@st.composite
def curves(draw: st.DrawFn, name: str, end: int) -> Control:
    """The curve of a control, some of it behind the end of the score."""
    kind = control_kind(name)
    at = st.integers(0, (end + 50) * SUBTICKS_PER_TICK)
    points = draw(st.lists(st.tuples(at, st.integers(kind.lowest, kind.highest)), min_size=1, max_size=6))
    return Control(name, tuple(ControlPoint(*point) for point in points))
