"""How much a bar of melody, behind the bars before it, is like those that people write.

A measure is a number of the last NEAR_BARS bars, or of the last WINDOW_BARS; a logistic regression on the measures and
their squares tells melodies of songs from melodies of the model (benchmarks.planner_melodies fits it, on songs of the
training split), and its log-odds say which of several candidates is kept. Words add how their stress falls on the
beats (Palmer and Kelly, "Linguistic prosody and musical meter in song", 1992).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from planner.language import Cell, SyllableKind, metrical_weight
from planner.melody_weights import MEANS, SCALES, WEIGHTS
from planner.prosody import STRONG, WEAK
from planner.song import Song
from scoretok.theory import PITCH_CLASS_NAMES

NEAR_BARS, WINDOW_BARS = 4, 16
PHRASE_GAP_TICKS = 24  # of silence between phrases, at least
PHRASE_NOTES = 32  # more in a phrase count as these
LIMIT = 2.5  # standard deviations beyond which a measure counts no more
# Set by hand. At 1 instead of 0.3, vocal melodies are told from real ones in 77 % instead of 69 % of cases
# (benchmarks.planner_melodies): of several candidates the likeliest repeat themselves.
LIKELIHOOD_WEIGHT = 0.3  # of a nat a token
STRESS_WEIGHT = 1.5  # of the share of syllables whose stress is on the right beat
MEASURES = (
    "range", "repeated notes", "steps", "leaps", "largest leap", "turns", "rhythm again", "bar again", "onsets",
    "change of onsets", "rests", "longest note", "kinds of duration", "off the beat", "in key", "chord tones on beats",
    "range of the window", "notes of a phrase",
)  # fmt: skip
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10, 11)


@dataclass(frozen=True)
class MelodyBar:
    """A bar of melody: its notes, its length and beat, and the pitch classes of the chord at each tick of a beat."""

    cell: Cell
    bar_ticks: int
    beat_ticks: int
    chord_tones: Mapping[int, frozenset[int]]


def melody_bar(song: Song, part: int, bar: int) -> MelodyBar:
    """A bar of a part of a song."""
    numerator, denominator = song.meter_at(bar)
    bar_ticks, beat_ticks = 96 * numerator // denominator, 96 // denominator
    chords = song.chords_in(bar)
    tones: dict[int, frozenset[int]] = {}
    for tick in range(0, bar_ticks, beat_ticks):
        sounding = [chord for chord in chords if chord.start_ticks <= tick and chord.root is not None]
        tones |= {tick: frozenset(sounding[-1].pitch_classes)} if sounding else {}
    return MelodyBar(song.cells.get((part, bar), ()), bar_ticks, beat_ticks, tones)


def measures(bars: Sequence[MelodyBar], key: str) -> dict[str, float] | None:
    """The MEASURES of the last bar behind those before it; None for a bar without notes."""
    last = bars[-1]
    if not last.cell:
        return None
    pitches = [hit.pitch for bar in bars for hit in bar.cell]
    bars = bars[-NEAR_BARS:]
    line = [hit for bar in bars for hit in bar.cell]
    steps = [after.pitch - before.pitch for before, after in pairwise(line)] or [0]
    turns = [a * b < 0 for a, b in pairwise([step for step in steps if step])] or [False]
    count = len(steps)
    rhythm = [(hit.position, hit.duration) for hit in last.cell]
    before = [bar.cell for bar in bars[:-1] if bar.cell]
    tonic, scale = PITCH_CLASS_NAMES.index(key.partition(":")[0]), MINOR if key.endswith("min") else MAJOR
    on_beat = [hit for hit in last.cell if hit.position in last.chord_tones]
    onsets = len(last.cell) * 96 / last.bar_ticks
    earlier = sum(map(len, before)) * 96 / last.bar_ticks / len(before) if before else onsets
    values = (
        max(hit.pitch for hit in line) - min(hit.pitch for hit in line),
        sum(step == 0 for step in steps) / count,
        sum(1 <= abs(step) <= 2 for step in steps) / count,
        sum(abs(step) >= 5 for step in steps) / count,
        max(abs(step) for step in steps),
        sum(turns) / len(turns),
        any([(hit.position, hit.duration) for hit in cell] == rhythm for cell in before),
        any([hit[:3] for hit in cell] == [hit[:3] for hit in last.cell] for cell in before),
        onsets,
        abs(onsets - earlier),
        max(0.0, 1 - sum(hit.duration for hit in last.cell) / last.bar_ticks),
        max(hit.duration for hit in last.cell) / 24,
        len({hit.duration for hit in last.cell}),
        sum(hit.position % (last.beat_ticks // 2) > 0 for hit in last.cell) / len(last.cell),
        sum((hit.pitch - tonic) % 12 in scale for hit in last.cell) / len(last.cell),
        sum(hit.pitch % 12 in last.chord_tones[hit.position] for hit in on_beat) / len(on_beat) if on_beat else 0.8,
        max(pitches) - min(pitches),
        min(PHRASE_NOTES, max(phrase_lengths([bar.cell for bar in bars], [bar.bar_ticks for bar in bars]))),
    )
    return dict(zip(MEASURES, map(float, values), strict=True))


def phrase_lengths(cells: Sequence[Cell], bar_ticks: Sequence[int]) -> list[int]:
    """Notes of the phrases of some bars, which at least PHRASE_GAP_TICKS of silence part; empty without notes."""
    starts = [sum(bar_ticks[:bar]) for bar in range(len(cells))]
    line = [(start + hit.position, hit.duration) for start, cell in zip(starts, cells, strict=True) for hit in cell]
    lengths = [1] if line else []
    for (begin, duration), (following, _) in pairwise(line):
        if following - begin - duration >= PHRASE_GAP_TICKS:
            lengths.append(0)
        lengths[-1] += 1
    return lengths


def log_odds(found: Mapping[str, float]) -> dict[str, float]:
    """What every measure says for a melody that a person wrote, in nats; they add up, but for a constant."""
    terms = {}
    for name in MEASURES:
        z = max(-LIMIT, min(LIMIT, (found[name] - MEANS[name]) / SCALES[name]))
        linear, square = WEIGHTS[name]
        terms[name] = linear * z + square * z * z
    return terms


def stress_share(cell: Cell, kinds: Sequence[SyllableKind], bar_ticks: int, beat_ticks: int) -> float:
    """Of neighbouring syllables of which one is stressed, how many have it on the stronger beat; ties count half."""
    sung = [metrical_weight(hit.position, bar_ticks, beat_ticks) for hit in cell if hit.syllable]
    rows = [
        (one, other) if kind.stress == STRONG else (other, one)
        for (one, kind), (other, following) in pairwise(zip(sung, kinds, strict=False))
        if {kind.stress, following.stress} == {STRONG, WEAK}
    ]
    return sum((strong > weak) + 0.5 * (strong == weak) for strong, weak in rows) / len(rows) if rows else 0.5


def score_candidate(
    bars: Sequence[MelodyBar], key: str, likelihood: float, kinds: Sequence[SyllableKind] = ()
) -> dict[str, float]:
    """What speaks for the last bar as a candidate, by name; the sum is its score.

    `likelihood` is the mean log-likelihood of its tokens in nats.
    """
    found = measures(bars, key)
    terms = {"likelihood": LIKELIHOOD_WEIGHT * likelihood}
    if found is not None:
        terms |= log_odds(found)
    last = bars[-1]
    if kinds:
        terms["stress"] = STRESS_WEIGHT * stress_share(last.cell, kinds, last.bar_ticks, last.beat_ticks)
    return terms
