"""What makes the sound of the studio: the model for instruments, the singer for vocal tracks.

The server calls nothing else of the models' rooms to make sound, so that a stand-in with its methods is enough
to test it without weights.

Axes: n samples, mono, at 44.1 kHz.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from editing.inpainting.fill_spans import fill_span
from editing.inpainting.spans import InpaintSpan
from editing.inpainting.splice import Change
from editing.inpainting.sung_changes import changed_phrases, merge_ranges
from editing.inpainting.sung_tracks import WHOLE
from editing.studio.takes import TakeStore
from renderer.dit_engine import DitEngine
from renderer.note_array import notes_of
from renderer.singing.sung_engine import SungTracks
from renderer.singing.synthesis import samples_of
from scoretok.sheet import LeadSheet

if TYPE_CHECKING:
    from torch import Tensor


class TakeStems:
    """Takes laid over one another, as the track that an edit changes."""

    def __init__(self, store: TakeStore, take_ids: Sequence[str]) -> None:
        self.store, self.take_ids = store, take_ids

    def read(self, track_id: str, start: int, stop: int) -> np.ndarray:
        """The dry track from sample `start` to `stop`, (1, n)."""
        return self.store.read(self.take_ids, start, stop)[None]

    def to_model(self, track_id: str, stem: np.ndarray) -> np.ndarray:
        """Mono (n,): it is at the level of the model."""
        return stem[0]

    def from_model(self, track_id: str, made: np.ndarray) -> np.ndarray:
        """The same, (1, n)."""
        return made[None]

    def reference(self, track_id: str, stem: np.ndarray) -> "tuple[Tensor, Tensor] | None":
        """The timbre of the instrument."""
        return None


class Engines:
    """The models that ship, loaded when they are first asked for."""

    def __init__(self, steps: int | None = None, language: str = "en") -> None:
        self.steps, self.language = steps, language

    @property
    def block_samples(self) -> int:
        """How long the blocks of `render_blocks` are."""
        return self._dit.block_samples

    def render_blocks(self, sheet: LeadSheet, number: int, seed: int, first_block: int) -> Iterator[np.ndarray]:
        """A track that is played, block after block (n,) from one on, until its last sound has died away."""
        for block in self._dit.track_blocks(sheet, number, seed, first_block):
            yield block[0]

    def fill(self, sheet: LeadSheet, span: InpaintSpan, stems: TakeStems, seed: int) -> Change:
        """A span of a played track made anew in its context, as a change of it, (1, n)."""
        notes = notes_of(sheet, sheet.tracks_by_id[span.track_id])
        return fill_span(span, notes, stems, self._dit, seed)

    def sing(
        self, heard: LeadSheet, sheet: LeadSheet, number: int, seed: int, bars: Sequence[int]
    ) -> list[tuple[range, Callable[[], np.ndarray]]]:
        """The phrases of a vocal track that differ from those of `heard` or reach into some bars.

        Where each is heard, in samples, and what sings it, (n,).
        """
        sung = self._singers
        old = sung.phrases(heard, number, seed) if heard.tracks[number].notes else []
        new = sung.phrases(sheet, number, seed)
        vocal = sung.sing(new, sheet, number)
        spans_s = [sheet.bar_span_s(range(bar, bar + 1)) for bar in bars]
        asked = [
            samples_of(phrase)
            for phrase in new
            if any(phrase.timed.start_s < stop_s and phrase.timed.end_s > start_s for start_s, stop_s in spans_s)
        ]
        spans = merge_ranges([*changed_phrases(old, new, WHOLE).spans, *asked])
        return [(span, partial(vocal.span, span.start, span.stop)) for span in spans]

    @cached_property
    def _dit(self) -> DitEngine:
        return DitEngine(steps=self.steps)

    @cached_property
    def _singers(self) -> SungTracks:
        return SungTracks(language=self.language)
