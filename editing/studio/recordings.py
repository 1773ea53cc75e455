"""The recordings of a project: files, each with the score that it plays and how sure that is.

    recordings/
        000001.wav      as it was dropped on the page, or as an edit made it of the one before
        000001.json     its name, the score that it plays, when bar lines are heard in it, how sure each chord is
        cache/          what slow stages of a transcription found, for another try with other choices

None is ever lost. Which one lies under the score is a step of the history.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np

from editing.studio.takes import SAMPLE_RATE
from editing.studio.writers import Transcribed
from scoretok.audio import open_audio
from scoretok.difference import diff
from scoretok.errors import ScoretokError
from scoretok.files import write_text
from scoretok.formats.lead import print_lead
from scoretok.formats.lead_parser import parse
from scoretok.sheet import LeadSheet

LONGEST_S, SHORTEST_S = 3600.0, 1.0
Span = tuple[float, float]


@dataclass(frozen=True)
class Recorded:
    """A recording: its file, its name for people, and what it plays.

    `text` is the score as `.lead`, empty until it is written down; `lines_s` are its bar lines in the recording, the
    end of the last bar with them. `sure` is how sure beats ("beats"), keys ("keys", a bar each) and chords ("chords",
    by start_ticks) are, 0 to 1. `given` is what was said of it beforehand.
    """

    recording_id: str
    file: str
    name: str
    duration_s: float
    text: str = ""
    lines_s: tuple[float, ...] = ()
    sure: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sheet(self) -> LeadSheet:
        """The score that it plays. Raises ScoretokError when it is not written down."""
        if not self.text:
            raise ScoretokError(f"{self.name} is not written down yet; wait for that")
        return parsed(self.text)

    def spans_s(self, sheet: LeadSheet) -> list[Span | None]:
        """When the bars of a score are heard in it; None for bars that it does not play."""
        pairs = kept_diff(self.sheet, sheet).old_bars
        return [
            None if (old := pairs.get(bar)) is None else (self.lines_s[old], self.lines_s[old + 1])
            for bar in range(sheet.bar_count)
        ]


class RecordingStore:
    """The recordings of a folder, which is made when the first one is added."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lock = folder, RLock()
        self.recordings: dict[str, Recorded] = {}
        for path in sorted(folder.glob("*.json")):
            data = json.loads(path.read_text(encoding="utf-8"))
            one = Recorded(**{**data, "lines_s": tuple(data["lines_s"])})
            if (folder / one.file).exists():
                self.recordings[one.recording_id] = one

    @property
    def cache(self) -> str:
        """Where slow stages of transcriptions are kept."""
        return str(self.folder / "cache")

    def get(self, recording_id: str) -> Recorded:
        """A recording by its number. Raises ScoretokError when there is none."""
        if recording_id not in self.recordings:
            raise ScoretokError(f"the project has no recording {recording_id}")
        return self.recordings[recording_id]

    def add(self, name: str, suffix: str, make: Callable[[Path], object]) -> Recorded:
        """Keep what `make` writes to a path as a recording. Raises ScoretokError when it cannot be read."""
        with self.lock:
            recording_id = self._new_id()
            path = self.folder / f"{recording_id}{suffix}"
            try:
                self.folder.mkdir(exist_ok=True)
                make(path)
                found = open_audio(path, SHORTEST_S, LONGEST_S)
                recorded = Recorded(recording_id, path.name, name, found.duration_s)
                self._keep(recorded)
            except BaseException as error:  # a job that was cancelled, too, leaves nothing
                path.unlink(missing_ok=True)
                if isinstance(error, OSError):
                    raise ScoretokError(f"{name} cannot be kept: {error.strerror}") from None
                raise
            return recorded

    def add_file(self, source: Path, name: str) -> Recorded:
        """Keep a copy of a file as a recording. Raises ScoretokError."""
        return self.add(name, source.suffix.lower(), lambda path: shutil.copyfile(source, path))

    def write_down(self, recording_id: str, found: Transcribed, given: Mapping[str, Any]) -> Recorded:
        """Keep what a transcription found in a recording: as another entry, so that the one before stays."""
        recorded = self.get(recording_id)
        sheet = found.sheet
        known = replace(
            recorded, text=print_lead(sheet), lines_s=tuple(sheet.seconds_at(tick) for tick in sheet.bar_starts),
            sure=found.sure, given=given,
        )  # fmt: skip
        if not recorded.text:
            self._keep(known)
            return known
        with self.lock:
            another = replace(known, recording_id=self._new_id())
            self._keep(another)
            return another

    def plays(self, recorded: Recorded, sheet: LeadSheet, lines_s: tuple[float, ...]) -> Recorded:
        """Keep that a recording plays a score."""
        known = replace(recorded, text=print_lead(sheet), lines_s=lines_s)
        self._keep(known)
        return known

    def path(self, recorded: Recorded) -> Path:
        """The file of a recording."""
        return self.folder / recorded.file

    def samples(self, recorded: Recorded, span: Span) -> np.ndarray:
        """What is heard in a span of seconds, (c, n) at 44.1 kHz."""
        start, stop = (round(edge_s * SAMPLE_RATE) for edge_s in span)
        return open_audio(self.path(recorded)).read_at(SAMPLE_RATE, start, stop).astype(np.float32)[:2]

    def _new_id(self) -> str:
        return f"{1 + max((int(one) for one in self.recordings), default=0):06d}"

    def _keep(self, recorded: Recorded) -> None:
        text = json.dumps(asdict(recorded), ensure_ascii=False)
        write_text(text, self.folder / f"{recorded.recording_id}.json")
        self.recordings[recorded.recording_id] = recorded


@lru_cache(maxsize=8)
def parsed(text: str) -> LeadSheet:
    """The score of a text that was printed here."""
    return parse(text, "the recording's score")


kept_diff = lru_cache(maxsize=8)(diff)  # of the same two scores, asked for at every look


def changed_cells(before: LeadSheet, after: LeadSheet) -> list[tuple[str, int]]:
    """The cells (track, bar) of an edited score that differ from another."""
    return [(cell.track, cell.after_bar) for cell in kept_diff(before, after).cells if cell.after_bar is not None]


def sure_chords(recorded: Recorded, sheet: LeadSheet) -> list[tuple[int, float]]:
    """How sure the chords of a score are (start_ticks, 0 to 1) that stand as they were written down."""
    old, pairs = recorded.sheet, kept_diff(recorded.sheet, sheet).old_bars
    known = {chord.start_ticks: chord for chord in old.chords}
    found = []
    for chord in sheet.chords:
        bar = sheet.bar_at(chord.start_ticks)
        if bar in pairs:
            tick = chord.start_ticks - sheet.bar_starts[bar] + old.bar_starts[pairs[bar]]
            confidence = recorded.sure.get("chords", {}).get(str(tick))
            if confidence is not None and known.get(tick) == replace(chord, start_ticks=tick):
                found.append((chord.start_ticks, confidence))
    return found
