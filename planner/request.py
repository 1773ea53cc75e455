"""Requests to the planner: bars, parts, given plan and notes, and constraints on what is generated.

Axes: b bars, p parts.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from planner.language import ID, MAX_POSITION, Cell
from planner.rules import Rule
from planner.rules.breath import Breath, breath_due, ticks_without_breath
from planner.rules.chord_size import ChordSize
from planner.rules.chord_span import ChordSpan
from planner.rules.chord_tones import OnChord
from planner.rules.contour import Contour
from planner.rules.density import Density
from planner.rules.novelty import Novelty, note_content
from planner.rules.pitch_range import PitchRange
from planner.rules.polyphony import Polyphony
from planner.rules.rhythm import Rhythm
from planner.rules.scale import Scale
from planner.rules.syllables import SungCell, Syllables
from planner.sequence import Place
from planner.song import PHRASE, Song
from scoretok.errors import ScoretokError
from scoretok.parts import TICKS_PER_QUARTER, Chord

FREE = "free"  # a label that the model may choose
NOT_SILENT = -1  # a density that the model may choose, but not silence


@dataclass(frozen=True)
class BarRequest:
    """What is given of the plan of a bar; what is None the model chooses.

    `label` is the section that begins, None where none does, or FREE. `densities` (p,) are those of the section, None
    where the model may choose, NOT_SILENT where it may choose all but silence.
    """

    chords: tuple[Chord, ...] | None = None
    label: str | None = FREE
    densities: tuple[int | None, ...] = ()
    meter: tuple[int, int] | None = None
    key: str | None = None

    def label_token(self) -> int | None:
        """The label as `PlanBarState` takes it."""
        if self.label == FREE:
            return None
        if self.label is None:
            return 0
        return ID["Phrase"] if self.label == PHRASE else ID[f"Section_{self.label}"]


@dataclass(frozen=True)
class Controls:
    """Hard constraints on generated notes, by part name where they concern one part.

    `scale` are pitch classes, `chord_style` one of CHORD_STYLES, that of the genre where it is None; `spans` lowest and
    highest pitch, `polyphony` most notes that sound at once and `chord_sizes` that begin at once, `chord_spans` within
    how many semitones these lie, `max_repeats` how many bars in a row may be the same, `density` least and most onsets
    a bar, `on_chord` whether what begins with a bar or a chord is of the chord's tones, `breath_s` for how many
    seconds at most a part plays on without a breath, to the next bar line. `rhythm`, `contour` and
    `novelty` hold the cells whose rhythm or contour is kept, or that must not come out as they were; `syllables` what
    is sung in a cell.
    """

    scale: frozenset[int] | None = None
    chord_style: str | None = None
    spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    polyphony: Mapping[str, int] = field(default_factory=dict)
    chord_sizes: Mapping[str, int] = field(default_factory=dict)
    chord_spans: Mapping[str, int] = field(default_factory=dict)
    max_repeats: Mapping[str, int] = field(default_factory=dict)
    density: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    on_chord: Mapping[str, bool] = field(default_factory=dict)
    breath_s: Mapping[str, float] = field(default_factory=dict)
    rhythm: Mapping[Place, Cell] = field(default_factory=dict)
    contour: Mapping[Place, Cell] = field(default_factory=dict)
    novelty: Mapping[Place, Cell] = field(default_factory=dict)
    syllables: Mapping[Place, SungCell] = field(default_factory=dict)

    def rules(self, song: Song, place: Place) -> list[Rule]:
        """The rules of one cell."""
        part = song.parts[place[0]]
        rules: list[Rule] = []
        if self.scale is not None and not part.is_drums:
            rules.append(Scale(self.scale))
        if part.name in self.spans:
            rules.append(PitchRange(*self.spans[part.name]))
        if part.name in self.density:
            rules.append(Density(*self.density[part.name]))
        if part.name in self.polyphony:
            rules.append(Polyphony(self.polyphony[part.name], self._least_onsets(part.name, place)))
        if part.name in self.chord_sizes:
            rules.append(ChordSize(self.chord_sizes[part.name]))
        if part.name in self.chord_spans:
            rules.append(ChordSpan(self.chord_spans[part.name]))
        if self.on_chord.get(part.name):
            rules.append(OnChord(song.chords_in(place[1])))
        if part.name in self.max_repeats:
            rules += [Novelty(cell) for cell in over_repeated_cells(song, place, self.max_repeats[part.name])]
        if part.name in self.breath_s:
            rules += self._breath(song, place)
        return rules + self._kept(song, place)

    def _kept(self, song: Song, place: Place) -> list[Rule]:
        """The rules of what a cell keeps, must not be, or sings."""
        rules: list[Rule] = []
        if place in self.rhythm:
            rules.append(Rhythm(self.rhythm[place]))
        if place in self.contour:
            rules.append(Contour(self.contour[place]))
        if place in self.novelty:
            rules.append(Novelty(self.novelty[place]))
        if place in self.syllables:  # last: which beats it would rather have depends on what the others leave
            rules.append(Syllables(self.syllables[place], 96 // song.meter_at(place[1])[1]))
        return rules

    def _breath(self, song: Song, place: Place) -> list[Rule]:
        """Where a part has to breathe next."""
        part, bar = place
        if any(place in kept for kept in (self.rhythm, self.contour, self.syllables)):
            return []
        cells = {at: cell for (owner, at), cell in song.cells.items() if owner == part}
        longest_ticks = self.breath_s[song.parts[part].name] * TICKS_PER_QUARTER * song.bpm / 60
        played_ticks = ticks_without_breath(cells, song.bar_starts(), bar)
        return [Breath(breath_due(played_ticks, longest_ticks, song.bar_ticks()[bar:]))]

    def _least_onsets(self, name: str, place: Place) -> int:
        """How many onsets a cell needs."""
        line = {hit.position for hit in self.contour.get(place, ())}
        return max(self.density.get(name, (0, 0))[0], len(line), len(self.syllables.get(place, SungCell()).kinds))

    def shifted_by(self, bars: int) -> "Controls":
        """The same for a window that begins so many bars later."""

        def moved(cells: Mapping) -> dict:
            return {(part, bar - bars): cell for (part, bar), cell in cells.items()}

        return replace(
            self, rhythm=moved(self.rhythm), contour=moved(self.contour), novelty=moved(self.novelty),
            syllables=moved(self.syllables),
        )  # fmt: skip

    def restricted_to(self, places: Collection[Place]) -> "Controls":
        """The same without what is said of other cells."""

        def here(cells: Mapping[Place, Any]) -> dict[Place, Any]:
            return {place: cell for place, cell in cells.items() if place in places}

        return replace(
            self, rhythm=here(self.rhythm), contour=here(self.contour), novelty=here(self.novelty),
            syllables=here(self.syllables),
        )  # fmt: skip

    def renamed(self, names: Mapping[str, str]) -> "Controls":
        """The same for parts of other names."""

        def moved(rules: Mapping[str, Any]) -> dict[str, Any]:
            return {names.get(name, name): rule for name, rule in rules.items()}

        return replace(
            self, spans=moved(self.spans), polyphony=moved(self.polyphony), chord_sizes=moved(self.chord_sizes),
            chord_spans=moved(self.chord_spans),
            max_repeats=moved(self.max_repeats), density=moved(self.density),
            on_chord=moved(self.on_chord), breath_s=moved(self.breath_s),
        )  # fmt: skip


def over_repeated_cells(song: Song, place: Place, limit: int) -> list[Cell]:
    """Cells that may not be generated at a place because they would repeat more than `limit` times in a row."""
    part, bar = place

    def run(step: int) -> tuple[list, int]:
        first = note_content(song.cells.get((part, bar + step), ()))
        length = 1
        while first and note_content(song.cells.get((part, bar + step * (length + 1)), ())) == first:
            length += 1
        return first, length if first else 0

    (before, behind), (after, ahead) = run(-1), run(1)
    found = []
    if behind + (ahead if before == after else 0) >= limit:
        found.append(song.cells.get((part, bar - 1), ()))
    if ahead >= limit and after != before:
        found.append(song.cells[part, bar + 1])
    return [cell for cell in found if cell]


@dataclass(frozen=True)
class Request:
    """A song of which `given` cells stand (those with notes are in `song.cells`) and all others are to be written.

    `song.plan` is not looked at; `bars` (b,) say what of it is given. With `repeat_sections` sections that come again
    are played as they were, where nothing else is demanded. `parallels` names sung cells and those whose melody they
    take up. With `develop` verses are as full as the intro and choruses as the verse, or fuller;
    drums fill the last bar of a section, and the last bar is an ending: the tonic, held.
    """

    song: Song
    bars: tuple[BarRequest, ...]
    given: frozenset[Place] = frozenset()
    controls: Controls = field(default_factory=Controls)
    repeat_sections: bool = False
    parallels: Mapping[Place, Place] = field(default_factory=dict)
    develop: bool = False

    def check(self) -> None:
        """Raise ScoretokError where what is demanded contradicts itself."""
        for bar, asked in enumerate(self.bars):
            if asked.densities and len(asked.densities) != len(self.song.parts):
                raise ScoretokError(f"bar {bar + 1} plans {len(asked.densities)} parts of {len(self.song.parts)}")
        controls = self.controls
        for name, (lowest, highest) in controls.spans.items():
            allowed = [p for p in range(lowest, highest + 1) if controls.scale is None or p % 12 in controls.scale]
            if not allowed:
                raise ScoretokError(
                    f"no pitch from {lowest} to {highest} is allowed for {name}; widen its range or scale"
                )
        for name, (least, most) in controls.density.items():
            if not 0 <= least <= most <= MAX_POSITION:
                raise ScoretokError(f"{name} cannot have {least} to {most} onsets a bar; the second is the larger one")
        self._check_silence()
        for place, sung in controls.syllables.items():
            part = self.song.parts[place[0]]
            if not part.name.startswith("vocal."):
                raise ScoretokError(f"words are sung by a vocal track, not by {part.name}")
            least, most = controls.density.get(part.name, (0, MAX_POSITION))
            if not least <= len(sung.kinds) <= most:
                raise ScoretokError(
                    f"bar {place[1] + 1} has {len(sung.kinds)} syllables, and {part.name} is to have {least} to {most}"
                    " onsets a bar"
                )
        for places, what in ((controls.rhythm, "rhythm"), (controls.contour, "contour")):
            for part_number, bar in places:
                if (part_number, bar) in self.given:
                    raise ScoretokError(f"the {what} of bar {bar + 1} is to be kept, but the bar is not written anew")

    def _check_silence(self) -> None:
        """Raise ScoretokError where a part is planned to be silent and has to have onsets."""
        needy = {number for number, part in enumerate(self.song.parts) if self.controls.density.get(part.name, (0,))[0]}
        silent: set[int] = set()
        for bar, asked in enumerate(self.bars):
            if asked.densities or asked.label is not None:
                silent = {part for part, level in enumerate(asked.densities) if level == 0}
            for part in silent:
                is_needy = part in needy or self.controls.syllables.get((part, bar), SungCell()).kinds
                if is_needy and (part, bar) not in self.given:
                    name = self.song.parts[part].name
                    raise ScoretokError(f"{name} is silent in bar {bar + 1} by the plan, but is to have onsets there")


def given_plan(song: Song) -> tuple[BarRequest, ...]:
    """A plan that is given whole."""
    return tuple(
        BarRequest(
            bar.chords, bar.label,
            () if bar.densities is None else bar.densities,
            bar.meter, bar.key,
        )
        for bar in song.plan
    )  # fmt: skip
