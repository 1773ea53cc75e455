"""Logit mask of the plan of a bar."""

from collections.abc import Sequence

import numpy as np

from planner.language import DENSITIES, FIRST, ID, KIND_OF, SIZE
from planner.song import PHRASE_BARS
from scoretok.parts import SECTION_LABELS
from scoretok.theory import PITCH_CLASS_NAMES, QUALITY_NAMES

LEAST_SECTION_BARS = 4  # set by hand; no benchmark varies it
POSITION, ROOT, QUALITY, BASS, DENSITY, SECTION = (
    FIRST[kind] for kind in ("Position", "Root", "Quality", "Bass", "Density", "Section")
)
NO_CHORD = ROOT + len(PITCH_CLASS_NAMES)


class PlanBarState:
    """The plan of one bar so far.

    `label` is the token of the section that begins with the bar; None where the model may choose, 0 where none does.
    `densities` are those of the parts, None where the model may choose, negative where it may choose all but silence;
    `must_play` (p,) the parts that have to play in this section. `chords` are the tokens of its chords when they are
    given. `scale` holds the pitch classes that roots have, if any. `since` is how many bars ago a section began, None
    where none did; `left` how many bars the song still has with this one.
    """

    def __init__(
        self,
        bar_ticks: int,
        beat_ticks: int,
        since: int | None,
        left: int,
        label: int | None = None,
        densities: Sequence[int | None] = (),
        must_play: Sequence[bool] = (),
        chords: Sequence[int] | None = None,
        scale: frozenset[int] | None = None,
    ) -> None:
        self.bar_ticks, self.beat_ticks = bar_ticks, beat_ticks
        self.since, self.left = since, left
        self.label, self.densities, self.due_parts = label, list(densities), list(must_play)
        self.chords, self.scale = chords, scale
        self.ids: list[int] = []
        self.written_densities: list[int] = []  # densities so far
        self.position = self.root = -1

    def mask(self, after: int) -> np.ndarray:
        """Legal next tokens (v,); `after` is the token that would follow the bar."""
        mask = np.zeros(SIZE, bool)
        last = KIND_OF[self.ids[-1]] if self.ids else "start"
        if last == "start":
            self._labels(mask)
            if mask.any() and (self.label or self.since is None or self.since >= PHRASE_BARS):
                return mask
        if last in ("Section", "Phrase", "Density") and len(self.written_densities) < len(self.densities):
            self._densities(mask)
            return mask
        if self.chords is not None:
            done = sum(KIND_OF[token] in ("Position", "Root", "Quality", "Bass") for token in self.ids)
            mask[self.chords[done] if done < len(self.chords) else after] = True
            return mask
        self._chords(mask, last, after)
        return mask

    def _labels(self, mask: np.ndarray) -> None:
        if self.label:
            mask[self.label] = True
        elif self.label is None:
            due = self.since is None or self.since >= PHRASE_BARS
            mask[ID["Phrase"]] = due
            if self.since is None or (self.since >= LEAST_SECTION_BARS and self.left >= LEAST_SECTION_BARS):
                mask[SECTION : SECTION + len(SECTION_LABELS)] = True
        elif self.since is None or self.since >= PHRASE_BARS:
            mask[ID["Phrase"]] = True

    def _densities(self, mask: np.ndarray) -> None:
        part = len(self.written_densities)
        due = self.densities[part]
        if due is not None and due >= 0:
            mask[DENSITY + due] = True
            return
        mask[DENSITY : DENSITY + len(DENSITIES)] = True
        is_last_chance = part == len(self.densities) - 1 and not any(self.written_densities)
        if due is not None or is_last_chance or self.due_parts[part]:
            mask[DENSITY] = False

    def _chords(self, mask: np.ndarray, last: str, after: int) -> None:
        if last == "Position":
            mask[NO_CHORD] = True
            for pitch_class in range(12):
                mask[ROOT + pitch_class] = self.scale is None or pitch_class in self.scale
        elif last == "Root" and self.root != NO_CHORD:
            mask[QUALITY : QUALITY + len(QUALITY_NAMES)] = True
        else:
            if last == "Quality":
                mask[BASS : BASS + 12] = True
                mask[BASS + self.root - ROOT] = False
            first = 0 if self.position < 0 else (self.position // self.beat_ticks + 1) * self.beat_ticks
            mask[POSITION + first : POSITION + self.bar_ticks : self.beat_ticks] = True
            # The first bar says its chord at once.
            is_first = self.since is None and self.position < 0
            if is_first:
                mask[POSITION + 1 : POSITION + self.bar_ticks] = False
            mask[after] = not is_first

    def advance(self, token: int) -> None:
        """Take one legal token."""
        kind = KIND_OF[token]
        self.ids.append(token)
        if kind == "Density":
            self.written_densities.append(token - DENSITY)
        elif kind == "Position":
            self.position = token - POSITION
        elif kind == "Root":
            self.root = token
