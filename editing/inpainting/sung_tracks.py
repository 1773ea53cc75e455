"""The sung tracks of an inpainting job: in our own renders made again exactly, in recordings of others in the recorded
singer's voice.

Axes: c channels, n samples at 44.1 kHz.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from editing.inpainting.regions import Region, is_audible
from editing.inpainting.spans import InpaintSpan
from editing.inpainting.splice import Change
from editing.inpainting.sung_changes import PhraseChanges, changed_phrases, sung_change
from editing.inpainting.time_map import TimeMap
from editing.inpainting.timeline import AudioPiece
from renderer.codec.mel import SAMPLE_RATE
from renderer.singing.phrase_frames import PhraseFrames
from renderer.singing.sung_engine import SungTracks
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

WHOLE = (AudioPiece(0, 0, 0, is_last=True),)  # a recording in which nothing moves


class OldVocals(Protocol):
    """What was sung before the edit."""

    @property
    def own_voice_ids(self) -> Collection[str]:
        """Track ids whose voice is that of the recording."""
        ...

    def read(self, track_id: str, stale: Sequence[PhraseFrames], start: int, stop: int) -> np.ndarray:
        """Stale phrases of a track from sample `start` to `stop`, (c, n), as they lie in the stem."""
        ...

    def placed(self, track_id: str, sung: np.ndarray, start: int) -> np.ndarray:
        """What the singer made (n,) from sample `start` on as it shall be heard, (c, n)."""
        ...


@dataclass(frozen=True)
class SungJob:
    """Who sings before and after, on which tracks, and when the scores are heard.

    `seed` sang what is there; the phrases that `chosen` names by track id (spans of seconds) are sung in another take.
    """

    before: LeadSheet
    after: LeadSheet
    sung_before: SungTracks
    sung_after: SungTracks
    old: OldVocals
    pieces: Sequence[AudioPiece]
    old_time: TimeMap
    new_time: TimeMap
    seed: int = 0
    chosen: Mapping[str, Sequence[tuple[float, float]]] | None = None
    only: Sequence[str] | None = None

    @property
    def track_ids(self) -> list[str]:
        """The vocal tracks of both scores."""
        names = dict.fromkeys((*self.before.track_ids, *self.after.track_ids))
        vocals = [n for n in names if n.startswith("vocal.") and (self.only is None or n in self.only)]
        return [n for n in vocals if is_audible(self.before, n) or is_audible(self.after, n)]

    @property
    def sings_in_recorded_voice(self) -> bool:
        """Whether a voice that was enrolled from the recording sings anything."""
        own = self.old.own_voice_ids
        return any(self.changes(track_id, self.seed - 1).fresh for track_id in self.track_ids if track_id in own)

    @property
    def changes_anything(self) -> bool:
        """Whether any phrase is sung otherwise."""
        return any(self.changes(track_id, self.seed).spans for track_id in self.track_ids)

    def sing_all(self, seed: int) -> Iterator[tuple[InpaintSpan, Change]]:
        """What changes of all vocal tracks, with the bars and seconds that it lies in."""
        for track_id in self.track_ids:
            changes = self.changes(track_id, seed)
            for change in self.sing(track_id, changes):
                start_s, stop_s = change.start / SAMPLE_RATE, change.stop / SAMPLE_RATE
                bars = self._bars(changes, start_s, stop_s)
                yield InpaintSpan(track_id, (Region(track_id, bars),), start_s, stop_s), change

    def _bars(self, changes: PhraseChanges, start_s: float, stop_s: float) -> range:
        """The bars of the score after the edit in which the phrases of a span are sung."""
        lines_s = self.new_time.to_audio(np.array([self.after.seconds_at(tick) for tick in self.after.bar_starts]))
        every = (*changes.fresh, *changes.stale)
        inside = [p for p in every if p.timed.start_s < stop_s and p.timed.end_s > start_s]
        first = min((p.phrase.start_s for p in inside), default=start_s)
        last = max((p.phrase.end_s for p in inside), default=stop_s)
        number = np.searchsorted(lines_s[:-1], np.array([first + 1e-3, last - 1e-3]), side="right") - 1
        return range(max(0, int(number[0])), max(0, int(number[1])) + 1)

    def changes(self, track_id: str, seed: int) -> PhraseChanges:
        """The phrases of a track that change; `seed` is that of the new take."""
        old = self._phrases(self.sung_before, self.before, track_id, self.seed, self.old_time)
        new = self._phrases(self.sung_after, self.after, track_id, self.seed, self.new_time)
        if self.chosen is not None:
            other = self._phrases(self.sung_after, self.after, track_id, seed, self.new_time)
            spans = self.chosen.get(track_id, ())
            new = [b if any(_overlaps(a, span) for span in spans) else a for a, b in zip(new, other, strict=True)]
            if seed == self.seed and spans:
                raise ScoretokError(f"seed {seed} sang {track_id} as it is; take another --seed for another take")
        return changed_phrases(old, new, self.pieces, self._voice_changed(track_id))

    def _voice_changed(self, track_id: str) -> bool:
        if not (is_audible(self.before, track_id) and is_audible(self.after, track_id)):
            return False
        said = [
            sung.provenance(sheet.with_tracks([sheet.tracks_by_id[track_id]]))
            for sung, sheet in ((self.sung_before, self.before), (self.sung_after, self.after))
        ]
        return said[0] != said[1]

    @staticmethod
    def _phrases(sung: SungTracks, sheet: LeadSheet, track_id: str, seed: int, time_map: TimeMap) -> list[PhraseFrames]:
        if not is_audible(sheet, track_id):
            return []
        return sung.phrases(sheet, sheet.track_ids.index(track_id), seed, time_map.to_audio)

    def sing(self, track_id: str, changes: PhraseChanges) -> list[Change]:
        """The changes of a track as it is heard, (c, n)."""
        fresh: Callable[[int, int], np.ndarray] = lambda start, stop: np.zeros(stop - start, np.float32)  # noqa: E731
        if changes.fresh:
            number = self.after.track_ids.index(track_id)
            fresh = self.sung_after.sing(changes.fresh, self.after, number).span

        def stale(start: int, stop: int) -> np.ndarray:
            return self.old.read(track_id, changes.stale, start, stop)

        made = []
        for span in changes.spans:
            new = self.old.placed(track_id, fresh(span.start, span.stop), span.start)
            made.append(sung_change(span, new, stale, self.pieces))
        return made


def _overlaps(phrase: PhraseFrames, span_s: tuple[float, float]) -> bool:
    return phrase.timed.start_s < span_s[1] and phrase.timed.end_s > span_s[0]


class RenderedVocals:
    """Vocals that this package sang: made again exactly."""

    @property
    def own_voice_ids(self) -> Collection[str]:
        """None."""
        return ()

    def __init__(self, before: LeadSheet, sung: SungTracks) -> None:
        self.before, self.sung = before, sung

    def read(self, track_id: str, stale: Sequence[PhraseFrames], start: int, stop: int) -> np.ndarray:
        """The dry phrases, (1, n)."""
        if not stale:
            return np.zeros((1, stop - start), np.float32)
        number = self.before.track_ids.index(track_id)
        return self.sung.sing(stale, self.before, number).span(start, stop)[None]

    def placed(self, track_id: str, sung: np.ndarray, start: int) -> np.ndarray:
        """The same: the level is known."""
        return sung[None]
