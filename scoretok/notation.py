"""From notes to notation: voices, ties, note values, tuplets and beams, bar by bar.

Shared by the MusicXML and ABC writers. All ticks here count from the bar line.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from scoretok.parts import TICKS_PER_QUARTER, Meter, Note
from scoretok.sheet import LeadSheet

# Ticks -> (type, dots, is a triplet).
VALUES: dict[int, tuple[str, int, bool]] = {
    96: ("whole", 0, False), 48: ("half", 0, False), 24: ("quarter", 0, False), 12: ("eighth", 0, False),
    6: ("16th", 0, False), 3: ("32nd", 0, False), 144: ("whole", 1, False), 72: ("half", 1, False),
    36: ("quarter", 1, False), 18: ("eighth", 1, False), 9: ("16th", 1, False), 192: ("breve", 0, False),
    64: ("whole", 0, True), 32: ("half", 0, True), 16: ("quarter", 0, True), 8: ("eighth", 0, True),
    4: ("16th", 0, True), 2: ("32nd", 0, True), 1: ("64th", 0, True),
}  # fmt: skip
DESCENDING = sorted(VALUES, reverse=True)


@dataclass
class Piece:
    """A note value in one voice of a bar: some notes that start and end together, or a rest."""

    start: int
    ticks: int
    notes: tuple[Note, ...] = ()
    tied_from: bool = False  # continues a note before it
    tied_to: bool = False  # the note goes on
    tuplet: str = ""  # 'start' or 'stop'
    beam: str = ""  # 'begin', 'continue' or 'end'

    @property
    def value(self) -> tuple[str, int, bool]:
        return VALUES[self.ticks]


@dataclass(frozen=True)
class _Span:
    """Notes of one onset and length, cut at the bar lines."""

    start: int
    stop: int
    notes: tuple[Note, ...]
    tied_from: bool
    tied_to: bool


def bar_voices(sheet: LeadSheet, track: int, cuts_ticks: Iterable[int] = ()) -> list[list[list[Piece]]]:
    """For every bar of a track its voices, each a list of pieces that fill the bar; at least one voice.

    In the first voice no piece lasts across one of `cuts_ticks` (counted from the start of the score).
    """
    bars: list[list[_Span]] = [[] for _ in range(sheet.bar_count)]
    notes = sheet.tracks[track].notes
    for group in _groups(_written_drums(sheet, notes) if sheet.tracks[track].is_drums else notes):
        _cut_at_bars(sheet, group, bars)
    cuts: list[list[int]] = [[] for _ in range(sheet.bar_count)]
    for tick in cuts_ticks:
        bar = sheet.bar_at(tick)
        cuts[bar].append(tick - sheet.bar_starts[bar])
    result = []
    for bar, spans in enumerate(bars):
        length = sheet.bar_starts[bar + 1] - sheet.bar_starts[bar]
        voices = _voices(spans) or [[]]
        meter = sheet.meter_at(bar)
        result.append([_fill(voice, length, meter, () if i else cuts[bar]) for i, voice in enumerate(voices)])
    return result


def _written_drums(sheet: LeadSheet, notes: Iterable[Note]) -> list[Note]:
    """Drum hits with the length that is written: until the next hit, at most to the end of the beat."""
    onsets = sorted({note.start_ticks for note in notes})
    following = dict(pairwise(onsets))
    written = []
    for note in notes:
        bar = sheet.bar_at(note.start_ticks)
        beat = max(beat_of(sheet.meter_at(bar)), TICKS_PER_QUARTER)
        rest_of_beat = beat - (note.start_ticks - sheet.bar_starts[bar]) % beat
        next_hit = following.get(note.start_ticks, sheet.end_ticks) - note.start_ticks
        written.append(
            note._replace(duration_ticks=min(rest_of_beat, next_hit, sheet.bar_starts[bar + 1] - note.start_ticks))
        )
    return written


def _groups(notes: Iterable[Note]) -> list[tuple[Note, ...]]:
    groups: dict[tuple[int, int], list[Note]] = {}
    for note in notes:
        groups.setdefault((note.start_ticks, note.duration_ticks), []).append(note)
    return [tuple(group) for _, group in sorted(groups.items(), key=lambda item: item[0])]


def _cut_at_bars(sheet: LeadSheet, group: tuple[Note, ...], bars: list[list[_Span]]) -> None:
    start, end = group[0].start_ticks, min(group[0].end_ticks, sheet.end_ticks)
    at = start
    while at < end:
        bar = sheet.bar_at(at)
        stop = min(end, sheet.bar_starts[bar + 1])
        offset = sheet.bar_starts[bar]
        bars[bar].append(_Span(at - offset, stop - offset, group, at > start, stop < end))
        at = stop


def _voices(spans: list[_Span]) -> list[list[_Span]]:
    """Put spans into as few voices as can be so that none overlap (first fit, highest first)."""
    voices: list[list[_Span]] = []
    for span in sorted(spans, key=lambda s: (s.start, -s.notes[-1].pitch)):
        for voice in voices:
            if voice[-1].stop <= span.start:
                voice.append(span)
                break
        else:
            voices.append([span])
    return voices


def _fill(spans: list[_Span], length: int, meter: Meter, cuts: Iterable[int]) -> list[Piece]:
    pieces: list[Piece] = []
    at = 0
    edges = sorted(cuts)

    def values(start: int, stop: int) -> list[tuple[int, int]]:
        bounds = [start, *(cut for cut in edges if start < cut < stop), stop]
        return [value for pair in pairwise(bounds) for value in split_values(*pair, meter)]

    for span in spans:
        pieces += [Piece(start, ticks) for start, ticks in values(at, span.start)]
        parts = values(span.start, span.stop)
        for i, (start, ticks) in enumerate(parts):
            tied_from, tied_to = span.tied_from or i > 0, span.tied_to or i + 1 < len(parts)
            pieces.append(Piece(start, ticks, span.notes, tied_from, tied_to))
        at = span.stop
    pieces += [Piece(start, ticks) for start, ticks in values(at, length)]
    _mark_tuplets(pieces)
    _mark_beams(pieces, meter)
    return pieces


def beat_of(meter: Meter) -> int:
    """Ticks of the beat that notation shows: a dotted quarter in 6/8, 9/8, 12/8, else the denominator."""
    if meter.denominator >= 8 and meter.numerator % 3 == 0 and meter.numerator > 3:
        return 3 * meter.beat_ticks
    return meter.beat_ticks


def split_values(start: int, stop: int, meter: Meter) -> list[tuple[int, int]]:
    """Cut a span into note values (start, ticks): one if it reads well there, else broken at the beats."""
    result = []
    beat = beat_of(meter)
    while start < stop:
        ticks = stop - start
        if ticks in VALUES and _reads_well(start, ticks, beat):
            result.append((start, ticks))
            break
        to_beat = beat - start % beat
        within = min(ticks, to_beat) if start % beat else max(ticks - ticks % beat, 0) or ticks
        value = next(value for value in DESCENDING if value <= within and (value % 3 == 0 or within % 3))
        result.append((start, value))
        start += value
    return result


def _reads_well(start: int, ticks: int, beat: int) -> bool:
    _, dots, triplet = VALUES[ticks]
    inside_beat = start % beat + ticks <= beat
    if triplet:
        return inside_beat or start % (3 * ticks // 2) == 0
    plain = ticks if not dots else ticks * 2 // 3
    return (
        start % beat == 0 or (start % plain == 0 and inside_beat) or (ticks == beat and start % (beat // 2 or 1) == 0)
    )


def _mark_tuplets(pieces: list[Piece]) -> None:
    """Bracket runs of triplet values whose length is a multiple of the plain value they replace."""
    run: list[Piece] = []
    for piece in pieces:
        if not piece.value[2]:
            run = []
            continue
        run.append(piece)
        total = sum(part.ticks for part in run)
        longest = max(part.ticks for part in run)
        if len(run) > 1 and total % (3 * longest) == 0:
            run[0].tuplet, run[-1].tuplet = "start", "stop"
            run = []


def _mark_beams(pieces: list[Piece], meter: Meter) -> None:
    """Join notes shorter than a quarter that lie in one beat."""
    beat = max(beat_of(meter), 24)
    run: list[Piece] = []
    for piece in [*pieces, Piece(0, 96)]:
        short = bool(piece.notes) and piece.value[0] not in ("breve", "whole", "half", "quarter")
        if run and (not short or piece.start // beat != run[0].start // beat):
            if len(run) > 1:
                for part in run:
                    part.beam = "continue"
                run[0].beam, run[-1].beam = "begin", "end"
            run = []
        if short:
            run.append(piece)
