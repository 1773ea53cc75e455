"""The bars, tempos, keys, chords and sections of a score that music21 has parsed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from xml.etree.ElementTree import Element

from scoretok.bars import Layout, lay_bars
from scoretok.errors import warn
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


def played_measures(part: Any, order: list[int]) -> list[Any]:  # noqa: ANN401
    """The measures of a part as they are played; None where the part has none."""
    measures = list(part.getElementsByClass("Measure"))
    return [measures[number] if number < len(measures) else None for number in order]


def read_maps(parts: list[Any], order: list[int], bar_ticks: list[int] | None = None) -> Maps:
    """Read the maps from music21 parts: meters and keys from the first, tempos, chords and sections from all.

    `order` are the measures as they are played. `bar_ticks` gives the lengths of the measures where they are
    known; else they are measured.
    """
    written = list(parts[0].getElementsByClass("Measure"))
    order[:] = [number for number in order if number < len(written)]
    in_force = _signatures(written)
    signatures = [in_force[number] for number in order]
    measured = bar_ticks or [round(max(_length(part, bar) for part in parts) * 24) for bar in range(len(written))]
    lengths = [measured[number] for number in order]
    groups = [[number] for number in range(len(order))] if bar_ticks else _join_split(signatures, lengths)
    layout = lay_bars([signatures[group[0]] for group in groups], [sum(lengths[n] for n in group) for group in groups])
    starts, first_bars = _starts(layout, groups, lengths)
    maps = _Played(order, starts, first_bars)
    events = [_events(part, part is parts[0]) for part in parts]
    keys, sections = maps.by_bar(events, "key"), maps.by_bar(events, "section", restate=False)
    tempos, chords = maps.by_tick(events, "tempo"), maps.by_tick(events, "chord")
    has_key = bool(keys)
    first_key = keys[min(keys)] if keys else Key(0, 0)
    keys.setdefault(0, replace(first_key, bar=0))
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


Event = tuple[int, str, Any]  # ticks from the start of its measure, kind, value without a place


def _events(part: Any, with_keys: bool) -> list[list[Event]]:  # noqa: ANN401
    """What stands in each written measure of a part: keys, tempos, chords and sections."""
    rows: list[list[Event]] = []
    for measure in part.getElementsByClass("Measure"):
        row: list[Event] = []
        for element in measure.flatten():
            offset, kinds = round(element.offset * 24), element.classes
            if "KeySignature" in kinds and with_keys:
                row.append((offset, "key", _key(element)))
            elif "MetronomeMark" in kinds and (bpm := element.getQuarterBPM()):
                row.append((offset, "tempo", Tempo(0, min(max(bpm, MIN_BPM), MAX_BPM))))
            elif "Harmony" in kinds and (chord := _chord(element)):
                row.append((offset, "chord", chord))
            elif label := _section_label(element, kinds):
                row.append((offset, "section", Section(0, label)))
        rows.append(row)
    return rows


class _Played:
    """Puts what stands in written measures where these are played, and restates what holds behind a jump."""

    def __init__(self, order: list[int], starts: tuple[int, ...], first_bars: list[int]) -> None:
        self.order, self.starts, self.first_bars = order, starts, first_bars

    def by_tick(self, parts: list[list[list[Event]]], kind: str) -> dict[int, Any]:
        """Values by tick; of several at a tick the first part's counts."""
        found: dict[int, Any] = {}
        for place, offset, value in self._values(parts, kind, restate=True):
            tick = self.starts[place] + offset
            if tick < self.starts[-1]:
                found.setdefault(tick, replace(value, start_ticks=tick))
        return found

    def by_bar(self, parts: list[list[list[Event]]], kind: str, restate: bool = True) -> dict[int, Any]:
        """Values by bar; of several in a bar the last counts."""
        found: dict[int, Any] = {}
        for place, _, value in self._values(parts, kind, restate):
            bar = self.first_bars[place]
            found[bar] = replace(value, bar=bar)
        return found

    def _values(self, parts: list[list[list[Event]]], kind: str, restate: bool) -> Iterator[tuple[int, int, Any]]:
        """Place in the order, offset and value; behind a jump first what held at that measure when it was written."""
        rows = [_of_kind(parts, number, kind) for number in range(max(map(len, parts)))]
        held: list[Any] = [None]  # what holds at the start of each written measure
        for row in rows:
            held.append(row[-1][1] if row else held[-1])
        sounding = None
        for place, number in enumerate(self.order):
            jumped = place > 0 and number != self.order[place - 1] + 1
            if restate and jumped and held[number] != sounding and not any(not offset for offset, _ in rows[number]):
                value = held[number] if kind != "chord" or held[number] else Chord(0, None)
                if value:
                    yield place, 0, value
            for offset, value in rows[number]:
                yield place, offset, value
            sounding = rows[number][-1][1] if rows[number] else held[number]


def _of_kind(parts: list[list[list[Event]]], number: int, kind: str) -> list[tuple[int, Any]]:
    """Offset and value of all events of a kind in a measure, by offset, the first part's first."""
    every = [event for part in parts if number < len(part) for event in part[number] if event[1] == kind]
    return [(offset, value) for offset, _, value in sorted(every, key=lambda event: event[0])]


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


def _key(element: Any) -> Key:  # noqa: ANN401
    mode = MODES_BY_NAME.get(str(getattr(element, "mode", "major")), "maj")
    fifths = int(element.sharps or 0)
    return Key(0, fifths if -7 <= fifths <= 7 else (fifths + 6) % 12 - 6, mode)  # G# major is Ab major


def _chord(element: Any) -> Chord | None:  # noqa: ANN401
    if "NoChord" in element.classes:
        return Chord(0, None)
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
        warn(f"chord {element.figure} was read as {quality}", "repaired")
    return Chord(0, root.pitchClass, quality, slash)


# music21 renames some of MusicXML's kinds.
QUALITY_OF_M21_KIND = QUALITY_OF_KIND | {
    "dominant-seventh": "7", "minor-major-seventh": "minmaj7", "half-diminished-seventh": "hdim7",
    "power": "5", "augmented-major-seventh": "aug", "minor-major": "minmaj7",
}  # fmt: skip
