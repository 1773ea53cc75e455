"""Sound of tracks that is kept: takes, each some samples of one track, laid over one another.

What sounds on a track is a list of takes; where several have samples, the last one in the list is heard. A take never
changes and is never deleted. It knows which takes it was laid over, and which notes it plays in which bars: a bar of
the score is rendered while these are its notes, and changed when they are not. Nobody writes down which takes sound:
`TakeStore.chosen` finds those that play what stands in the score, so that undoing gives back the same samples.

Axes: n samples, mono, at 44.1 kHz.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from editing.studio.gestures import lay_over, with_track
from renderer.pedals import sounding_spans_ticks
from scoretok.errors import ScoretokError
from scoretok.files import write_text, write_with
from scoretok.parts import Note, Syllable, Track
from scoretok.performance import (
    MIXED_CONTROLS,
    NO_END,
    SUBTICKS_PER_TICK,
    BarControl,
    ControlPoint,
    Timing,
    named,
    replaced,
    with_control,
)
from scoretok.sheet import LeadSheet

SAMPLE_RATE = 44100  # of every engine that the studio plays
LAST_TAIL_S = 2.0


@dataclass(frozen=True)
class PlayedBar:
    """A bar of a track as a take plays it: a digest of all that is heard, its samples, its notes from the bar line.

    `controls` are what the controls of the track do in it.
    """

    digest: str
    start_sample: int
    stop_sample: int
    notes: tuple[Note, ...]
    controls: tuple[BarControl, ...] = ()

    def is_at(self, other: "PlayedBar") -> bool:
        """Whether another bar has the same samples."""
        return (self.start_sample, self.stop_sample) == (other.start_sample, other.stop_sample)

    def is_like(self, other: "PlayedBar") -> bool:
        """Whether another bar is heard there just so."""
        return self.digest == other.digest and self.is_at(other)


@dataclass(frozen=True)
class Take:
    """Samples of a track from `start_sample` on, laid over other takes, and what they play in which bars.

    `name` is what a person called it, or asked it for; what is rendered because the score changed has none.
    """

    take_id: str
    track_id: str
    start_sample: int
    n_samples: int
    plays: Mapping[int, PlayedBar]
    over: tuple[str, ...] = ()
    seed: int = 0
    name: str = ""

    @property
    def layers(self) -> tuple[str, ...]:
        """The takes that are heard with it, from the lowest to itself."""
        return (*self.over, self.take_id)

    @property
    def stop_sample(self) -> int:
        """The sample behind its last."""
        return self.start_sample + self.n_samples


class TakeStore:
    """The takes of a project, in the folder `audio`: samples as float32, and a JSON file beside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.takes: dict[str, Take] = {}
        self.lock = Lock()
        self._replaced_by: dict[str, list[tuple[int, PlayedBar, PlayedBar | None]]] = {}
        for path in sorted(folder.glob("*.json")) if folder.exists() else ():
            take = _from_dict(json.loads(path.read_text(encoding="utf-8")))
            if self._samples_path(take.take_id).exists() and all(one in self.takes for one in take.over):
                self.takes[take.take_id] = take

    def add(
        self,
        track_id: str,
        start_sample: int,
        samples: np.ndarray,
        plays: Mapping[int, PlayedBar],
        over: Sequence[str] = (),
        seed: int = 0,
        name: str = "",
    ) -> Take:
        """Keep samples (n,) as a take. Raises ScoretokError when the disk does not take them."""
        data = np.ascontiguousarray(samples, np.float32)
        digest = hashlib.sha256(repr((track_id, start_sample, tuple(over))).encode() + data.tobytes()).hexdigest()
        with self.lock:
            number = 1 + max((int(one.partition("-")[0]) for one in self.takes), default=0)
            take_id = f"{number:06d}-{digest[:10]}"
            take = Take(take_id, track_id, start_sample, len(data), plays, tuple(over), seed, name)
            self.folder.mkdir(exist_ok=True)
            write_with(data.tofile, self._samples_path(take_id))
            write_text(json.dumps(asdict(take), ensure_ascii=False), self.folder / f"{take_id}.json")
            self.takes[take_id] = take
        return take

    def chosen(self, sheet: LeadSheet, number: int, kept: Sequence[str] = ()) -> tuple[str, ...]:
        """The takes to be heard on a track, from the lowest on: those that play most of its bars, the oldest of equals.

        They go on from those that the person `kept`; other takes that have a name are not heard.
        """
        wanted, kept = bars_played(sheet, number), tuple(kept)
        right = {"": 0}  # bars that are played as wanted, by the last of some takes
        follows = {"": not kept}  # whether they go on from those that were kept, by takes without a name
        best, most = kept, -1 if kept else 0
        for take in list(self.takes.values()):
            if take.track_id != sheet.track_ids[number]:
                continue
            own, before = take.take_id, take.over[-1] if take.over else ""
            right[own] = right[before] + sum(
                _is_right(one, wanted, bar) - _is_right(below, wanted, bar) for bar, one, below in self._replaced(take)
            )
            follows[own] = (own == kept[-1]) if own in kept else follows[before] and not take.name
            if follows[own] and right[own] > most:
                best, most = take.layers, right[own]
        return best

    def _replaced(self, take: Take) -> list[tuple[int, PlayedBar, PlayedBar | None]]:
        """The bars that a take plays, as it plays them, and as they are played without it."""
        if take.take_id not in self._replaced_by:
            over = [self.takes[one].plays for one in reversed(take.over)]
            self._replaced_by[take.take_id] = [
                (bar, one, next((plays[bar] for plays in over if bar in plays), None))
                for bar, one in take.plays.items()
            ]
        return self._replaced_by[take.take_id]

    def samples(self, take: Take) -> np.ndarray:
        """The samples (n,) of a take, mapped from the disk."""
        return (
            np.memmap(self._samples_path(take.take_id), np.float32, "r") if take.n_samples else np.zeros(0, np.float32)
        )

    def read(self, take_ids: Sequence[str], start: int, stop: int) -> np.ndarray:
        """What is heard of takes laid over one another from sample `start` to `stop`, (n,)."""
        out = np.zeros(stop - start, np.float32)
        for take in map(self.get, take_ids):
            first, last = max(start, take.start_sample), min(stop, take.stop_sample)
            if first < last:
                out[first - start : last - start] = self.samples(take)[
                    first - take.start_sample : last - take.start_sample
                ]
        return out

    def get(self, take_id: str) -> Take:
        """A take by its number. Raises ScoretokError when there is none."""
        if take_id not in self.takes:
            raise ScoretokError(f"the project has no take {take_id}")
        return self.takes[take_id]

    def played(self, take_ids: Iterable[str]) -> dict[int, PlayedBar]:
        """What is heard in which bars of takes laid over one another."""
        found: dict[int, PlayedBar] = {}
        for take in map(self.get, take_ids):
            found |= take.plays
        return found

    def key(self, take_ids: Sequence[str], start: int, stop: int) -> str:
        """What names the samples from `start` to `stop`: they are others when this is another."""
        ids = [t.take_id for t in map(self.get, take_ids) if t.start_sample < stop and t.stop_sample > start]
        return hashlib.sha256(repr((ids, start, stop)).encode()).hexdigest()[:16]

    def _samples_path(self, take_id: str) -> Path:
        return self.folder / f"{take_id}.f32"


def _is_right(played: PlayedBar | None, wanted: Sequence[PlayedBar], bar: int) -> bool:
    """Whether a bar is played as wanted."""
    return played is not None and bar < len(wanted) and played.is_like(wanted[bar])


def _from_dict(data: dict[str, Any]) -> Take:
    plays = {
        int(bar): PlayedBar(
            **{
                **one,
                "notes": tuple(note_of(row) for row in one["notes"]),
                "controls": tuple(_control_of(row) for row in one.get("controls", ())),
            }
        )
        for bar, one in data["plays"].items()
    }
    return Take(**{**data, "plays": plays, "over": tuple(data["over"])})


def note_of(row: list[Any]) -> Note:
    syllable = row[4] and Syllable(row[4][0], tuple(row[4][1]), row[4][2])
    timing = Timing(*row[5]) if len(row) > 5 and row[5] else None
    return Note(row[0], row[1], row[2], row[3], syllable, timing)


def _control_of(row: list[Any]) -> BarControl:
    return BarControl(row[0], row[1], tuple(ControlPoint(*point) for point in row[2]))


def bars_played(sheet: LeadSheet, number: int) -> tuple[PlayedBar, ...]:
    """Every bar of a track as it is to be heard: the notes that begin in it, when, on what, and with which words."""
    return _bars_played(replace(sheet.with_tracks([sheet.tracks[number]]), chords=(), sections=(), title=""))


@lru_cache(maxsize=256)
def _bars_played(sheet: LeadSheet) -> tuple[PlayedBar, ...]:
    """The same of the only track of a score."""
    track, found, done = sheet.tracks[0], [], 0
    spans = sounding_spans_ticks(sheet, track)
    in_bars = [
        tuple(one for one in sheet.controls_in(track, bar) if one.name not in MIXED_CONTROLS) if track.controls else ()
        for bar in range(sheet.bar_count)
    ]
    for bar in range(sheet.bar_count):
        start, start_s = sheet.bar_starts[bar], sheet.seconds_at(sheet.bar_starts[bar])
        notes = sheet.notes_in(0, bar)
        rows = tuple(note._replace(start_ticks=note.start_ticks - start) for note in notes)
        sounding = spans[done : done + len(notes)]
        done += len(notes)
        times = [round(sheet.seconds_at(tick) - start_s, 6) for span in sounding for tick in span]
        length_s = round(sheet.seconds_at(sheet.bar_starts[bar + 1]) - start_s, 6)
        last_bar = max((sheet.bar_at(int(end)) for _, end in sounding), default=bar)
        controls = in_bars[bar : max(last_bar, bar) + 1]
        heard = (track.role, track.program, track.singing, length_s, rows, times, controls)
        samples = bar_samples(sheet, bar)
        digest = hashlib.sha256(repr(heard).encode()).hexdigest()[:16]
        found.append(PlayedBar(digest, samples.start, samples.stop, rows, in_bars[bar]))
    return tuple(found)


def as_heard(sheet: LeadSheet, number: int, played: Mapping[int, PlayedBar]) -> LeadSheet:
    """The score with the notes of a track that takes play in its bars instead of its own."""
    notes: list[Note] = []
    track = sheet.tracks[number]
    for bar, wanted in enumerate(bars_played(sheet, number)):
        one = played.get(bar)
        if one is not None and one.is_at(wanted):
            start = sheet.bar_starts[bar]
            moved = [note._replace(start_ticks=note.start_ticks + start) for note in one.notes]
            notes = lay_over(notes, [note for note in moved if note.start_ticks < sheet.end_ticks])
            track = _played_so(sheet, track, bar, one.controls)
    return with_track(sheet, number, replace(track, notes=tuple(notes)))


def _played_so(sheet: LeadSheet, track: Track, bar: int, controls: Sequence[BarControl]) -> Track:
    """A track whose controls, but for those that are mixed, do in a bar what these do."""
    if not track.controls and not controls:
        return track
    start, stop = (tick * SUBTICKS_PER_TICK for tick in sheet.bar_starts[bar : bar + 2])
    wanted = {control.name: control for control in controls}
    for name in {*wanted, *(control.name for control in track.controls)} - MIXED_CONTROLS:
        found = named(track.controls, name)
        one = wanted.get(name, BarControl(name, found.neutral, ()))
        points = [ControlPoint(start, one.first_value), *(ControlPoint(start + at, v) for at, v in one.points)]
        is_last = bar + 1 == sheet.bar_count
        changed = replaced(found, start, NO_END if is_last else stop, points)
        track = replace(track, controls=with_control(track.controls, changed))
    return track


def bar_samples(sheet: LeadSheet, bar: int) -> range:
    """The samples from a bar line to the next; the last bar has two more seconds, for what rings on."""
    start_s, stop_s = sheet.bar_span_s(range(bar, bar + 1))
    tail_s = LAST_TAIL_S if bar + 1 == sheet.bar_count else 0.0
    return range(round(start_s * SAMPLE_RATE), round((stop_s + tail_s) * SAMPLE_RATE))
