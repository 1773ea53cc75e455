"""Logit mask of the plan of a bar."""

from collections.abc import Mapping, Sequence

import numpy as np

from planner.chord_style import allowed_qualities
from planner.language import DENSITIES, FIRST, ID, KIND_OF, SIZE, TOKENS
from planner.song import PHRASE_BARS
from scoretok.parts import SECTION_LABELS
from scoretok.theory import PITCH_CLASS_NAMES, QUALITY_NAMES

# Set by hand; no benchmark varies them.
LEAST_SECTION_BARS = 4
LEAST_PARTS_OF_INTRO = 3  # one of which is silent in it
POSITION, ROOT, QUALITY, BASS, DENSITY, SECTION = (
    FIRST[kind] for kind in ("Position", "Root", "Quality", "Bass", "Density", "Section")
)
NO_CHORD = ROOT + len(PITCH_CLASS_NAMES)


class PlanBarState:
    """The plan of one bar so far.

    `label` is the token of the section that begins with the bar; None where the model may choose, 0 where none does.
    `densities` are those of the parts, None where the model may choose, negative where it may choose all but silence;
    `must_play` (p,) the parts that have to play in this section. `chords` are the tokens of its chords when they are
    given. `scale` holds the pitch classes that roots have, if any; `style` the chord style and the key.
    With `ends` the bar has the tonic alone. `floors` are the least densities of sections (p,) by their label; where it
    names an intro, some part is silent in that. `since` is how many bars ago a section began, None
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
        style: tuple[str, str] = ("any", "C:maj"),
        ends: bool = False,
        floors: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self.bar_ticks, self.beat_ticks = bar_ticks, beat_ticks
        self.since, self.left = since, left
        self.label, self.densities, self.due_parts = label, list(densities), list(must_play)
        self.chords, self.scale = chords, scale
        self.style, self.ends, self.floors = style, ends, floors or {}
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
        mask[DENSITY + self.floor(part) : DENSITY + len(DENSITIES)] = True
        is_last_chance = part == len(self.densities) - 1 and not any(self.written_densities)
        if due is None and self._fills_an_intro(part):
            mask[DENSITY + 1 : DENSITY + len(DENSITIES)] = False
            return
        if due is not None or is_last_chance or self.due_parts[part]:
            mask[DENSITY] = False

    def floor(self, part: int) -> int:
        """The least density of a part in the section that begins here."""
        label = TOKENS[self.ids[0]].partition("_")[2] if self.ids else ""
        return self.floors[label][part] if label in self.floors else 0

    def _fills_an_intro(self, part: int) -> bool:
        """Whether this part would make an introduction as full as what follows."""
        if "intro" not in self.floors or self.ids[:1] != [ID["Section_intro"]] or self.due_parts[part]:
            return False
        return part == len(self.densities) - 1 >= LEAST_PARTS_OF_INTRO - 1 and all(self.written_densities)

    def _chords(self, mask: np.ndarray, last: str, after: int) -> None:
        if last == "Position":
            mask[NO_CHORD] = not self.ends
            for pitch_class in range(12):
                mask[ROOT + pitch_class] = self.scale is None or pitch_class in self.scale
            if self.ends:
                tonic = PITCH_CLASS_NAMES.index(self.style[1].split(":")[0])
                mask[ROOT : ROOT + 12] = np.arange(12) == tonic
        elif last == "Root" and self.root != NO_CHORD:
            mask[QUALITY : QUALITY + len(QUALITY_NAMES)] = allowed_qualities(*self.style, self.root - ROOT)
        else:
            if last == "Quality":
                mask[BASS : BASS + 12] = True
                mask[BASS + self.root - ROOT] = False
            first = 0 if self.position < 0 else (self.position // self.beat_ticks + 1) * self.beat_ticks
            mask[POSITION + first : POSITION + self.bar_ticks : self.beat_ticks] = True
            # The first bar says its chord at once.
            is_due = self.position < 0 and (self.since is None or self.ends)
            if is_due or self.ends:
                mask[POSITION + 1 : POSITION + self.bar_ticks] = False
            mask[after] = not is_due

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
