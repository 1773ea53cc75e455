"""Timeline of an edit: which pieces of the old recording are copied where, and which spans are new.

Axes: c channels, n samples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from torch import Tensor

from editing.inpainting.regions import audible_controls_in, audible_spans, bars_of_span
from editing.inpainting.splice import Change
from editing.inpainting.stems import Stems
from editing.inpainting.time_map import TimeMap
from renderer.codec.mel import SAMPLE_RATE
from renderer.note_array import notes_of
from scoretok.audio import AudioFile, common_period
from scoretok.difference import Difference
from scoretok.sheet import LeadSheet

# Set by hand; no benchmark varies them.
TAIL_S = 2.0  # what is kept free behind a new last bar
USUAL_S = 6.0
EDGE_S = 0.01
MOST_STEP_S = 0.005


@dataclass(frozen=True)
class AudioPiece:
    """Samples `start` to `stop` of the new recording: copied from `source` on, or new where that is None."""

    start: int
    stop: int
    source: int | None
    is_last: bool = False


@dataclass(frozen=True)
class Timeline:
    """The new recording as pieces of the old one, when the new score is heard in it, and its new and joined bars.

    `joints` are bars (from 0) before whose first line the old recording went on otherwise, or did not go on; `kept`
    names the old bar of every bar that is copied.
    """

    pieces: tuple[AudioPiece, ...]
    time_map: TimeMap
    new_bars: tuple[int, ...]
    joints: tuple[int, ...]
    kept: Mapping[int, int]

    @property
    def moves(self) -> bool:
        """Whether anything lies elsewhere than before."""
        return any(piece.source != piece.start for piece in self.pieces)


def plan_timeline(
    before: LeadSheet, after: LeadSheet, difference: Difference, time_map: TimeMap, n_samples: int, sample_rate: int
) -> Timeline:
    """Keep every bar that lasts as long as before, move it where the new score has it, leave room for the others."""
    kept = {new: old for new, old in difference.old_bars.items() if bar_timing(before, old) == bar_timing(after, new)}
    kept |= repeated_bars(before, after, kept)
    written_s = np.array([before.seconds_at(tick) for tick in before.bar_starts])
    old_lines_s = time_map.to_audio(written_s)
    pace = float(np.median(np.diff(old_lines_s) / np.diff(written_s)))
    lines_s = [float(old_lines_s[0])]
    for bar in range(after.bar_count):
        old = kept.get(bar)
        start_s, stop_s = after.bar_span_s(range(bar, bar + 1))
        lasts_s = (stop_s - start_s) * pace if old is None else old_lines_s[old + 1] - old_lines_s[old]
        lines_s.append(lines_s[-1] + float(lasts_s))
    pieces = _pieces(kept, after.bar_count, before.bar_count, lines_s, old_lines_s, n_samples, sample_rate)
    joints = [bar for bar in range(1, after.bar_count) if not is_contiguous(kept, bar)]
    if kept.get(0, 0) > 0:
        joints.insert(0, 0)
    if pieces[-1].source is None:
        joints.append(after.bar_count)
    new_clock = _new_time_map(after, kept, before, time_map, lines_s)
    return Timeline(pieces, new_clock, tuple(sorted(set(range(after.bar_count)) - kept.keys())), tuple(joints), kept)


def repeated_bars(before: LeadSheet, after: LeadSheet, kept: Mapping[int, int]) -> dict[int, int]:
    """Bars without a bar of their own before that sound just like one: that one can be heard again."""
    found: dict[int, int] = {}
    missing = sorted(set(range(after.bar_count)) - kept.keys())
    if not missing:
        return found
    like: dict[tuple, list[int]] = {}
    for bar, music in enumerate(bar_contents(before)):
        like.setdefault(music, []).append(bar)
    new = bar_contents(after)
    for bar in missing:
        same = like.get(new[bar])
        if same:
            following = {**kept, **found}.get(bar - 1, -2) + 1
            found[bar] = following if following in same else same[0]
    return found


def bar_contents(sheet: LeadSheet) -> list[tuple]:
    """Hashable content of every bar: tempo map, onsets on audible tracks, and notes held into it."""
    cells: list[list[tuple]] = [[] for _ in range(sheet.bar_count)]
    for track_id in sheet.track_ids:
        for note, begin, end in audible_spans(sheet, track_id):
            for bar in bars_of_span(sheet, note, begin, end):
                line = sheet.bar_starts[bar]
                start = begin - line if bar == sheet.bar_at(note.start_ticks) else -1
                cells[bar].append((track_id, start, end - line, note.pitch, note.velocity))
        for bar in range(sheet.bar_count):
            cells[bar] += [(track_id, *control) for control in audible_controls_in(sheet, track_id, bar)]
    return [(bar_timing(sheet, bar), frozenset(cells[bar])) for bar in range(sheet.bar_count)]


def is_contiguous(kept: Mapping[int, int], bar: int) -> bool:
    """Whether a bar and the one before it are both new, or were neighbours already."""
    if bar not in kept or bar - 1 not in kept:
        return bar not in kept and bar - 1 not in kept
    return kept[bar] == kept[bar - 1] + 1


def bar_timing(sheet: LeadSheet, bar: int) -> tuple:
    """How time runs in a bar: its ticks, its tempo, and changes of tempo inside it."""
    start, stop = sheet.bar_starts[bar], sheet.bar_starts[bar + 1]
    inside = [(tempo.start_ticks - start, tempo.bpm) for tempo in sheet.tempos if start < tempo.start_ticks < stop]
    return stop - start, sheet.tempo_at(start).bpm, tuple(inside)


def _pieces(
    kept: dict[int, int],
    bars: int,
    old_bars: int,
    lines_s: Sequence[float],
    old_lines_s: np.ndarray,
    n_samples: int,
    rate: int,
) -> tuple[AudioPiece, ...]:
    """Runs of kept bars as copies, and what lies between them as room; a lead-in and an old ending stay."""
    at = [round(line_s * rate) for line_s in lines_s]
    period = common_period(SAMPLE_RATE, rate)[1]
    step = period if period < MOST_STEP_S * rate else 1
    pieces = [AudioPiece(0, at[0], 0)]
    for bar in range(bars):
        old = kept.get(bar)
        last = pieces[-1]
        if is_contiguous(kept, bar) if bar else old == 0:
            pieces[-1] = replace(last, stop=at[bar + 1])
        else:
            # Whole steps of both rates, so that stems at 44.1 kHz move by whole samples too.
            shift = 0.0 if old is None else (old_lines_s[old] - lines_s[bar]) * rate
            source = None if old is None else at[bar] + step * round(shift / step)
            pieces.append(AudioPiece(at[bar], at[bar + 1], source))
    last = pieces[-1]
    if kept.get(bars - 1) == old_bars - 1 and last.source is not None:
        pieces[-1] = replace(last, stop=last.stop + n_samples - (last.source + last.stop - last.start))
    else:
        pieces.append(AudioPiece(at[-1], at[-1] + round(TAIL_S * rate), None))
    pieces = [piece for piece in pieces if piece.start < piece.stop]
    return (*pieces[:-1], replace(pieces[-1], is_last=True))


def _new_time_map(
    after: LeadSheet, kept: dict[int, int], before: LeadSheet, time_map: TimeMap, lines_s: list[float]
) -> TimeMap:
    """When the new score is heard: at its bar lines, and inside kept bars as before."""
    score_s, audio_s = [], []
    for bar in range(after.bar_count):
        start_s, stop_s = after.bar_span_s(range(bar, bar + 1))
        score_s.append(start_s)
        audio_s.append(lines_s[bar])
        if bar in kept:
            old_start_s = before.seconds_at(before.bar_starts[kept[bar]])
            knots_s = [k for k in time_map.score_s - old_start_s if 1e-6 < k < stop_s - start_s - 1e-6]
            first_s = float(time_map.to_audio(old_start_s))
            score_s += [start_s + k for k in knots_s]
            audio_s += [lines_s[bar] + float(time_map.to_audio(old_start_s + k)) - first_s for k in knots_s]
    score_s.append(after.duration_s)
    audio_s.append(lines_s[-1])
    return TimeMap(np.array(score_s), np.array(audio_s))


def edge_gains(piece: AudioPiece, start: int, stop: int, rate: int) -> np.ndarray:
    """Gains (n,) of samples of a piece that is copied: it begins and ends softly, so that no joint clicks."""
    at = np.arange(start, stop)
    fade = EDGE_S * rate
    gains = np.ones(len(at))
    if piece.start > 0:
        gains *= np.clip((at - piece.start + 0.5) / fade, 0, 1)
    if not piece.is_last:
        gains *= np.clip((piece.stop - at - 0.5) / fade, 0, 1)
    return gains


@dataclass(frozen=True)
class RearrangedFile(AudioFile):
    """A recording whose pieces lie elsewhere."""

    pieces: tuple[AudioPiece, ...] = ()
    source: AudioFile | None = None

    @property
    def is_in_place(self) -> bool:
        """Not so."""
        return False

    def stored(self, start: int, stop: int) -> np.ndarray:
        """Samples (n, c) as they are stored, zeros where nothing is yet."""
        assert self.source is not None
        out = np.zeros((stop - start, self.channels), self.stored_type)
        for piece in self.pieces:
            begin, end = max(start, piece.start), min(stop, piece.stop)
            if begin < end and piece.source is not None:
                offset = piece.source - piece.start
                begin, end = max(begin, -offset), min(end, self.source.n_samples - offset)
                if begin < end:
                    out[begin - start : end - start] = self.source.stored(begin + offset, end + offset)
        return out

    def read(self, start: int, stop: int, dtype: str = "float64") -> np.ndarray:
        """Samples (c, stop - start), zeros where nothing is yet."""
        assert self.source is not None
        out = np.zeros((self.channels, stop - start), dtype)
        for piece in self.pieces:
            begin, end = max(start, piece.start), min(stop, piece.stop)
            if begin < end and piece.source is not None:
                offset = piece.source - piece.start
                copied = self.source.read(begin + offset, end + offset, dtype)
                out[:, begin - start : end - start] = copied * edge_gains(piece, begin, end, self.sample_rate)
        return out


def pieces_at_44100(pieces: Sequence[AudioPiece], rate: int) -> list[AudioPiece]:
    """Pieces of a recording in samples at 44.1 kHz."""
    scale = SAMPLE_RATE / rate
    return [
        replace(
            piece, start=round(piece.start * scale), stop=round(piece.stop * scale),
            source=None if piece.source is None else round(piece.source * scale),
        )
        for piece in pieces
    ]  # fmt: skip


def rearranged(recording: AudioFile, pieces: tuple[AudioPiece, ...]) -> RearrangedFile:
    """A recording with its pieces in other places."""
    same = {field.name: getattr(recording, field.name) for field in fields(AudioFile) if field.name != "n_samples"}
    return RearrangedFile(**same, n_samples=pieces[-1].stop, pieces=pieces, source=recording)


class RearrangedStems:
    """The stems of a recording whose pieces lie elsewhere."""

    def __init__(self, stems: Stems, before: LeadSheet, time_map: TimeMap, recording: RearrangedFile) -> None:
        self.stems, self.before, self.time_map = stems, before, time_map
        self.usual: dict[str, np.ndarray] = {}
        self.pieces = [p for p in pieces_at_44100(recording.pieces, recording.sample_rate) if p.source is not None]

    def read(self, track_id: str, start: int, stop: int) -> np.ndarray:
        """What is heard of a track in its new places."""
        parts = []
        for piece in self.pieces:
            begin, end = max(start, piece.start), min(stop, piece.stop)
            if begin < end and piece.source is not None:
                offset = piece.source - piece.start
                stem = self.stems.read(track_id, begin + offset, end + offset)
                parts.append((begin - start, stem * edge_gains(piece, begin, end, SAMPLE_RATE)))
        # The level is the track's usual one, not that of a tail at the edge of a piece.
        level_sample = self.stems.measure_level(track_id, self._usual(track_id))
        out = np.zeros((level_sample.shape[0], stop - start))
        for at, part in parts:
            out[:, at : at + part.shape[1]] = part
        return out

    def _usual(self, track_id: str) -> np.ndarray:
        """Some seconds from the track's first note on, for its level and timbre."""
        if track_id in self.usual:
            return self.usual[track_id]
        first_s = 0.0
        if track_id in self.before.tracks_by_id:
            notes = notes_of(self.before, self.before.tracks_by_id[track_id])
            first_s = float(self.time_map.to_audio(notes.start_s.min())) if len(notes) else 0.0
        start = round(max(0.0, first_s) * SAMPLE_RATE)
        self.usual[track_id] = self.stems.read(track_id, start, start + round(USUAL_S * SAMPLE_RATE))
        return self.usual[track_id]

    def measure_level(self, track_id: str, stem: np.ndarray) -> np.ndarray:
        """As the stems do."""
        return self.stems.measure_level(track_id, stem)

    def to_model(self, track_id: str, stem: np.ndarray) -> np.ndarray:
        """As the stems do."""
        return self.stems.to_model(track_id, stem)

    def from_model(self, track_id: str, made: np.ndarray) -> np.ndarray:
        """As the stems do."""
        return self.stems.from_model(track_id, made)

    def reference(self, track_id: str, stem: np.ndarray) -> tuple[Tensor, Tensor] | None:
        """What is heard around the span, or else where the track began."""
        level_sample = self.stems.to_model(track_id, self._usual(track_id))
        return self.stems.reference(track_id, stem) or self.stems.reference(track_id, level_sample)

    def into_mix(self, track_id: str, change: Change) -> Change:
        """As the stems do."""
        return self.stems.into_mix(track_id, change)

    def add(self, mix: np.ndarray, change: np.ndarray) -> np.ndarray:
        """As the stems do."""
        return self.stems.add(mix, change)
