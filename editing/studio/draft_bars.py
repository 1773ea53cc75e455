"""The draft sound of single bars: what can be heard at once, while the model renders.

Axes: c channels (2), n samples at 44.1 kHz.
"""

from collections import OrderedDict
from dataclasses import replace
from threading import Lock

import numpy as np

from editing.studio.takes import bars_played
from renderer.draft import DraftEngine
from renderer.note_array import notes_of
from scoretok.sheet import LeadSheet

KEPT_SAMPLES = 1 << 26  # of all bars, 256 MB


class DraftBars:
    """Bars played by the soundfont, each by itself with all that rings on; the last ones are kept by what they play."""

    def __init__(self) -> None:
        self.engine = DraftEngine()
        self.lock = Lock()  # the synthesizer plays one thing at a time
        self.kept: OrderedDict[str, np.ndarray] = OrderedDict()
        self.kept_samples = 0

    def bar(self, sheet: LeadSheet, number: int, bar: int) -> np.ndarray:
        """Samples (c, n) of the notes of a track that begin in a bar, from its bar line on."""
        played = bars_played(sheet, number)[bar]
        if not played.notes:
            return np.zeros((2, 0), np.float32)
        with self.lock:
            if played.digest not in self.kept:
                self.kept[played.digest] = self._play(sheet, number, bar)
                self.kept_samples += self.kept[played.digest].size
                while self.kept_samples > KEPT_SAMPLES and len(self.kept) > 1:
                    self.kept_samples -= self.kept.popitem(last=False)[1].size
            self.kept.move_to_end(played.digest)
            return self.kept[played.digest]

    def _play(self, sheet: LeadSheet, number: int, bar: int) -> np.ndarray:
        track = replace(sheet.tracks[number], notes=sheet.notes_in(number, bar))
        notes, start_s = notes_of(sheet, track), sheet.seconds_at(sheet.bar_starts[bar])
        return self.engine.play(notes.shifted(-start_s))
