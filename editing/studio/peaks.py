"""How loud bars are, for drawing: a few peaks a bar, so that a page need not fetch samples that it only shows."""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from editing.studio.gestures import check_bar, find_track
from editing.studio.recorded_jobs import needed_recording
from editing.studio.rendering import BarState, bar_states
from editing.studio.takes import SAMPLE_RATE, bars_played
from scoretok.errors import ScoretokError

if TYPE_CHECKING:
    from editing.studio.session import Session

PEAKS = 48  # of a bar
KEPT_BARS = 20_000
RECORDING = "recording"  # what names the recording in the place of a track


class PeakStore:
    """The peaks of bars, the last ones kept by what names their samples."""

    def __init__(self) -> None:
        self.kept: OrderedDict[str, np.ndarray] = OrderedDict()
        self.lock = Lock()

    def bars(self, session: "Session", name: str, bars: range) -> np.ndarray:
        """Peaks (b, PEAKS) of some bars of a track, or of the recording. Raises ScoretokError where they are not."""
        if not 0 <= bars.start < bars.stop:
            raise ScoretokError("name bars, from one up to before another")
        return self._of_recording(session, bars) if name == RECORDING else self._of_track(session, name, bars)

    def _of_track(self, session: "Session", track_id: str, bars: range) -> np.ndarray:
        with session.lock:
            sheet, number = session.sheet, find_track(session.sheet, track_id)[0]
            check_bar(sheet, bars.stop - 1)
            take_ids = session.chosen_takes(number)
            states = bar_states(sheet, number, session.store, take_ids)
        played, found = bars_played(sheet, number), []
        for bar in bars:
            one, state = played[bar], states[bar]
            length = one.stop_sample - one.start_sample
            if state == BarState.EMPTY:
                found.append(np.zeros(PEAKS, np.float32))
            elif state == BarState.RENDERED:
                start, stop = one.start_sample, one.stop_sample
                key = session.store.key(take_ids, start, stop)
                found.append(self._of(key, partial(session.store.read, take_ids, start, stop), length))
            else:
                key = f"draft {one.digest}"
                found.append(self._of(key, partial(session.draft.bar, sheet, number, bar), length))
        return np.stack(found)

    def _of_recording(self, session: "Session", bars: range) -> np.ndarray:
        with session.lock:
            sheet, recorded = session.sheet, needed_recording(session)
            check_bar(sheet, bars.stop - 1)
        spans, found = recorded.spans_s(sheet), []
        for bar in bars:
            span = spans[bar]
            if span is None:
                found.append(np.zeros(PEAKS, np.float32))
                continue
            key = f"{recorded.recording_id} {span}"
            length = round((span[1] - span[0]) * SAMPLE_RATE)
            found.append(self._of(key, partial(session.recordings.samples, recorded, span), length))
        return np.stack(found)

    def _of(self, key: str, read: Callable[[], np.ndarray], length: int) -> np.ndarray:
        """The peaks of the first `length` of samples, by what names them."""
        with self.lock:
            known = self.kept.get(key)
        if known is not None:
            return known
        made = peaks(np.atleast_2d(read())[:, :length], length)
        with self.lock:
            self.kept[key] = made
            if len(self.kept) > KEPT_BARS:
                self.kept.popitem(last=False)
        return made


def peaks(samples: np.ndarray, length: int) -> np.ndarray:
    """The largest of each of PEAKS equal parts (PEAKS,) of samples (c, n), of which `length` make up the whole."""
    size = max(1, -(-length // PEAKS))
    level = np.abs(samples).max(0, initial=0.0)
    return np.pad(level, (0, max(0, PEAKS * size - len(level))))[: PEAKS * size].reshape(PEAKS, size).max(1)
