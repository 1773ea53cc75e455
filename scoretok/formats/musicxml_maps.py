"""The bars, tempos, keys, chords and sections of a score that music21 has parsed."""

import warnings
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from scoretok.bars import Layout, lay_bars
from scoretok.errors import ScoretokWarning
from scoretok.formats.musicxml_terms import MODES_BY_NAME, QUALITY_OF_KIND
from scoretok.parts import MAX_BPM, MIN_BPM, Chord, Key, Meter, Section, Tempo
from scoretok.roles import parse_section
from scoretok.theory import QUALITY_BY_ALIAS, nearest_quality


@dataclass(frozen=True)
class Maps:
    """The maps of a score; `measure_starts` has the tick of every measure and of the end."""

    measure_starts: tuple[int, ...]
    bar_count: int
    meters: tuple[Meter, ...]
    keys: tuple[Key, ...]
    tempos: tuple[Tempo, ...]
    chords: tuple[Chord, ...]
    sections: tuple[Section, ...]
    pickup_ticks: int
    has_key: bool


def measure_ticks(root: Element) -> list[int]:
    """Lengths of the measures of the first part, summed from the XML itself (24 divisions a quarter)."""
    lengths = []
    for measure in root.iterfind("part[1]/measure"):
        at = longest = 0
        for element in measure:
            ticks = int(element.findtext("duration") or 0)
            if element.tag in ("note", "forward") and element.find("chord") is None:
                at += ticks
            elif element.tag == "backup":
                at -= ticks
            longest = max(longest, at)
        lengths.append(longest)
    return lengths


def read_maps(parts: list[Any], bar_ticks: list[int] | None = None) -> Maps:
    """Read the maps from music21 parts: bars from the first, tempos, chords and sections from all.

    `bar_ticks` gives the lengths of the bars where they are known; else they are measured.
    """
    measures = list(parts[0].getElementsByClass("Measure"))
    signatures = _signatures(measures)
    lengths = bar_ticks or [round(max(_length(part, bar) for part in parts) * 24) for bar in range(len(measures))]
    groups = [[number] for number in range(len(measures))] if bar_ticks else _join_split(signatures, lengths)
    layout = lay_bars([signatures[group[0]] for group in groups], [sum(lengths[n] for n in group) for group in groups])
    starts, first_bars = _starts(layout, groups, lengths)
    keys: dict[int, Key] = {}
    tempos: dict[int, Tempo] = {}
    chords: dict[int, Chord] = {}
    sections: dict[int, Section] = {}
    for part in parts:
        for number, measure in enumerate(list(part.getElementsByClass("Measure"))[: len(measures)]):
            bar = first_bars[number]
            for element in measure.flatten():
                tick = starts[number] + round(element.offset * 24)
                kinds = element.classes
                if tick >= starts[-1]:
                    continue
                if "KeySignature" in kinds and part is parts[0]:
                    keys[bar] = _key(element, bar)
                elif "MetronomeMark" in kinds and (bpm := element.getQuarterBPM()):
                    tempos.setdefault(tick, Tempo(tick, min(max(bpm, MIN_BPM), MAX_BPM)))
                elif "Harmony" in kinds and (chord := _chord(element, tick)):
                    chords.setdefault(tick, chord)
                elif label := _section_label(element, kinds):
                    sections[bar] = Section(bar, label)
    has_key = bool(keys)
    if 0 not in keys:
        first = keys[min(keys)] if keys else Key(0, 0)
        keys[0] = Key(0, first.fifths, first.mode)
    tempos.setdefault(0, Tempo(0, 120.0))
    return Maps(
        measure_starts=starts,
        bar_count=len(layout.meters),
        meters=layout.meters,
        keys=tuple(keys.values()),
        tempos=tuple(tempos.values()),
        chords=tuple(chord for _, chord in sorted(chords.items())),
        sections=tuple(sections.values()),
        pickup_ticks=layout.pickup_ticks,
        has_key=has_key,
    )


def _section_label(element: Any, kinds: tuple[str, ...]) -> str | None:  # noqa: ANN401
    written = "RehearsalMark" in kinds or "TextExpression" in kinds
    return parse_section(str(element.content)) if written else None


def _join_split(signatures: list[tuple[int, int]], lengths: list[int]) -> list[list[int]]:
    """Groups of measures that are one bar: two neighbours that a repeat sign inside the bar had split."""
    groups: list[list[int]] = []
    for number, (signature, length) in enumerate(zip(signatures, lengths, strict=True)):
        full = 96 * signature[0] // signature[1]
        before = lengths[groups[-1][0]] if len(groups) > 1 and len(groups[-1]) == 1 else full
        if before < full and 0 < length < full and before + length == full:
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups


def _starts(layout: Layout, groups: list[list[int]], lengths: list[int]) -> tuple[tuple[int, ...], list[int]]:
    """The tick of every measure and of the end, and the bar that every measure lies in."""
    starts, bars = [], []
    for start, bar, group in zip(layout.measure_starts, layout.first_bars, groups, strict=False):
        for place, _ in enumerate(group):
            starts.append(start + sum(lengths[n] for n in group[:place]))
            bars.append(bar)
    return (*starts, layout.measure_starts[-1]), bars


def _signatures(measures: list[Any]) -> list[tuple[int, int]]:
    """Numerator and denominator in force in every measure, 4/4 before the first."""
    signatures = []
    current = (4, 4)
    for measure in measures:
        if measure.timeSignature is not None:
            current = (int(measure.timeSignature.numerator), int(measure.timeSignature.denominator))
        signatures.append(current)
    return signatures


def _length(part: Any, bar: int) -> float:  # noqa: ANN401
    measures = part.getElementsByClass("Measure")
    return measures[bar].highestTime if bar < len(measures) else 0


def _key(element: Any, bar: int) -> Key:  # noqa: ANN401
    mode = MODES_BY_NAME.get(str(getattr(element, "mode", "major")), "maj")
    return Key(bar, min(max(int(element.sharps or 0), -7), 7), mode)


def _chord(element: Any, tick: int) -> Chord | None:  # noqa: ANN401
    if "NoChord" in element.classes:
        return Chord(tick, None)
    root = element.root()
    if root is None:
        return None
    bass = element.bass()
    slash = bass.pitchClass if bass is not None and bass.pitchClass != root.pitchClass else None
    text = element.chordKindStr or ""
    if not element.chordStepModifications and element.chordKind in QUALITY_OF_M21_KIND:
        quality = QUALITY_OF_M21_KIND[element.chordKind]
    elif text in QUALITY_BY_ALIAS and text:
        quality = QUALITY_BY_ALIAS[text].name
    else:
        intervals = frozenset((p.pitchClass - root.pitchClass) % 12 for p in element.pitches)
        quality = nearest_quality(intervals | {0}).name
        warnings.warn(f"chord {element.figure} was read as {quality}", ScoretokWarning, stacklevel=2)
    return Chord(tick, root.pitchClass, quality, slash)


# music21 renames some of MusicXML's kinds.
QUALITY_OF_M21_KIND = QUALITY_OF_KIND | {
    "dominant-seventh": "7", "minor-major-seventh": "minmaj7", "half-diminished-seventh": "hdim7",
    "power": "5", "augmented-major-seventh": "aug", "minor-major": "minmaj7",
}  # fmt: skip
