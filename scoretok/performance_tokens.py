"""The second stream of tokens: what was played beside the grid, behind the end of the score that it belongs to.

    performance = Performance part {part} EOS
    part        = Track [Timing number {note}] {Control number {point}}
    note        = number number number       notes passed over since the last one; onset and end in subticks
    point       = number number              subticks since the last point, and the value
    number      = byte {byte}                in groups of seven bits as in MIDI files, signed ones in zigzag order

`Timing` and `Control` say first how many notes or points follow. Parts come in the order of the header, controls in
that of `scoretok.performance.CONTROL_NAMES`. A score without a performance has no second stream.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from scoretok.errors import ScoretokError
from scoretok.parts import Note, Track
from scoretok.performance import CONTROL_NAMES, Control, ControlPoint, Timing
from scoretok.sheet import LeadSheet
from scoretok.vocabulary import BLOCKS, token_id

_BYTE, _CONTROL = BLOCKS["Byte"].first, BLOCKS["Control"].first
PERFORMANCE, TIMING, EOS = token_id("Performance"), token_id("Timing"), token_id("EOS")


def encode_performance(sheet: LeadSheet) -> list[int]:
    """The token ids of a score's performance; none where it has none."""
    parts = [
        [token_id("Track", track_id), *tokens]
        for track_id, track in sheet.tracks_by_id.items()
        if (tokens := [*_timing_tokens(track), *_control_tokens(track)])
    ]
    return [PERFORMANCE, *(token for part in parts for token in part), EOS] if parts else []


def _timing_tokens(track: Track) -> Iterator[int]:
    played = [(place, note.timing) for place, note in enumerate(track.notes) if note.timing is not None]
    if played:
        yield TIMING
        yield from _number(len(played))
    last = -1
    for place, (onset, end) in played:
        yield from (*_number(place - last - 1), *_number(onset), *_number(end))
        last = place


def _control_tokens(track: Track) -> Iterator[int]:
    for control in track.controls:
        yield _CONTROL + CONTROL_NAMES.index(control.name)
        yield from _number(len(control.points))
        last = 0
        for at, value in control.points:
            yield from (*_number(at - last), *_number(value))
            last = at


def _number(value: int) -> list[int]:
    """The bytes of a number: 0, -1, 1, -2, ... are 0, 1, 2, 3, ..., in groups of seven bits, the highest first."""
    rest = 2 * value if value >= 0 else -2 * value - 1
    groups = [rest & 0x7F]
    while rest := rest >> 7:
        groups.append(0x80 | rest & 0x7F)
    return [_BYTE + group for group in reversed(groups)]


def decode_performance(sheet: LeadSheet, ids: Sequence[int]) -> LeadSheet:
    """A score with the performance that token ids say. Raises ScoretokError where they do not fit it."""
    try:
        played = _PerformanceReader(ids).read(sheet)
    except IndexError:
        raise ScoretokError("the performance breaks off") from None
    if encode_performance(played) != list(ids):
        raise ScoretokError("the performance does not fit the score that it stands behind")
    return played


class _PerformanceReader:
    """Reads tokens; illegal ones give a performance that encodes to others, or an error."""

    def __init__(self, ids: Sequence[int]) -> None:
        self.ids = ids
        self.at = 0

    def read(self, sheet: LeadSheet) -> LeadSheet:
        tracks = {token_id("Track", track_id): track for track_id, track in sheet.tracks_by_id.items()}
        self._expect(PERFORMANCE)
        while self.ids[self.at] in tracks:
            token = self.ids[self.at]
            self.at += 1
            tracks[token] = self._read_part(tracks[token])
        self._expect(EOS)
        return sheet.with_tracks(tracks.values())

    def _expect(self, token: int) -> None:
        if self.ids[self.at] != token:
            raise ScoretokError(f"token {self.at} of the performance cannot stand there")
        self.at += 1

    def _read_part(self, track: Track) -> Track:
        notes = list(track.notes)
        if self.ids[self.at] == TIMING:
            self.at += 1
            self._read_timings(notes)
        controls = []
        while 0 <= self.ids[self.at] - _CONTROL < len(CONTROL_NAMES):
            name = CONTROL_NAMES[self.ids[self.at] - _CONTROL]
            self.at += 1
            controls.append(self._read_control(name))
        return replace(track, notes=tuple(notes), controls=tuple(controls))

    def _read_timings(self, notes: list[Note]) -> None:
        place = -1
        for _ in range(self._read_number()):
            place += 1 + self._read_number()
            timing = Timing(self._read_number(), self._read_number())
            notes[max(place, 0)] = notes[max(place, 0)]._replace(timing=timing)

    def _read_control(self, name: str) -> Control:
        points: list[ControlPoint] = []
        for _ in range(self._read_number()):
            last = points[-1].start_subticks if points else 0
            points.append(ControlPoint(last + self._read_number(), self._read_number()))
        return Control(name, tuple(points))

    def _read_number(self) -> int:
        rest = 0
        while True:
            byte = self.ids[self.at] - _BYTE
            self.at += 1
            if not 0 <= byte < 256:
                raise ScoretokError(f"token {self.at - 1} of the performance is no byte of a number")
            rest = rest << 7 | byte & 0x7F
            if byte < 0x80:
                return -(rest + 1 >> 1) if rest & 1 else rest >> 1
