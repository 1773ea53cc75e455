"""A score as the language model sees it: a header, a plan, and cells of rounded notes.

Axes: b bars, p parts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from planner.language import (
    MAX_POSITION,
    METERS,
    TRACKS_PER_ROLE,
    Cell,
    CellNote,
    SyllableKind,
    count_onsets,
    density_level,
    quantised_note,
)
from planner.prosody import syllable_kinds
from scoretok.errors import ScoretokError
from scoretok.parts import Chord, Key
from scoretok.sheet import LeadSheet
from scoretok.theory import PITCH_CLASS_NAMES

# Set by hand; the shipped weights were trained with it.
PHRASE_BARS = 8  # where the form says nothing for longer than this, densities are stated again
PHRASE = "phrase"


@dataclass(frozen=True)
class Part:
    """A track of the score: its name, "piano.1", and General MIDI program."""

    name: str
    program: int

    @property
    def is_drums(self) -> bool:
        """Whether it is a drum kit."""
        return self.name.startswith("drums.")


@dataclass(frozen=True)
class PlanBar:
    """What is planned for a bar.

    `label` is the section (or PHRASE) that begins with it, `densities` (p,) how densely every part plays in that, None
    in bars where nothing begins; `chords` those that begin in it, their ticks counted from the bar line; `meter` and
    `key` where they change.
    """

    chords: tuple[Chord, ...] = ()
    label: str | None = None
    densities: tuple[int, ...] | None = None
    meter: tuple[int, int] | None = None
    key: str | None = None


@dataclass(frozen=True)
class Song:
    """A score, or a window of bars of one. `cells` names (part, bar) and holds those with notes only.

    `words` are the syllables that begin in a cell, where they are known.
    """

    parts: tuple[Part, ...]
    plan: tuple[PlanBar, ...]
    cells: Mapping[tuple[int, int], Cell] = field(default_factory=dict)
    meter: tuple[int, int] = (4, 4)
    key: str = "C:maj"
    bpm: float = 120.0
    genre: str = "other"
    pickup_ticks: int = 0  # how long the first bar lasts, where it is shorter than its meter says
    words: Mapping[tuple[int, int], tuple[SyllableKind, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.plan)

    @property
    def places(self) -> frozenset[tuple[int, int]]:
        """Every (part, bar)."""
        return frozenset((part, bar) for part in range(len(self.parts)) for bar in range(len(self)))

    def blocks(self) -> list[range]:
        """Bars of every section or phrase, in order."""
        starts = [bar for bar, plan in enumerate(self.plan) if plan.label is not None]
        return [range(start, stop) for start, stop in zip(starts, [*starts[1:], len(self)], strict=True)]

    def densities_at(self, bar: int) -> tuple[int, ...]:
        """How densely every part plays in a bar, (p,)."""
        return next(plan.densities for plan in reversed(self.plan[: bar + 1]) if plan.densities is not None)

    def meter_at(self, bar: int) -> tuple[int, int]:
        """The meter of a bar."""
        return next((plan.meter for plan in reversed(self.plan[: bar + 1]) if plan.meter), self.meter)

    def key_at(self, bar: int) -> str:
        """The key of a bar."""
        return next((plan.key for plan in reversed(self.plan[: bar + 1]) if plan.key), self.key)

    def chord_before(self, bar: int) -> Chord | None:
        """The last chord that begins before a bar line."""
        return next((plan.chords[-1] for plan in reversed(self.plan[:bar]) if plan.chords), None)

    def chords_in(self, bar: int) -> tuple[Chord, ...]:
        """The chords that sound in a bar, that of the bar before at its bar line where no other begins there."""
        chords = self.plan[bar].chords
        if chords and not chords[0].start_ticks:
            return chords
        before = self.chord_before(bar)
        return (replace(before, start_ticks=0), *chords) if before else chords

    def bar_ticks(self) -> list[int]:
        """How long every bar lasts."""
        ticks, meter = [], self.meter
        for plan in self.plan:
            meter = plan.meter or meter
            ticks.append(96 * meter[0] // meter[1])
        if ticks and self.pickup_ticks:
            ticks[0] = self.pickup_ticks
        return ticks

    def bar_starts(self) -> list[int]:
        """The tick of every bar line, the last one included."""
        return [0, *accumulate(self.bar_ticks())]


def model_key(key: Key) -> str:
    """A key as the model knows it: major or minor on a pitch class."""
    return f"{PITCH_CLASS_NAMES[key.tonic]}:{'min' if key.is_minor else 'maj'}"


def check_meters(sheet: LeadSheet) -> None:
    """Raise ScoretokError for a meter that the model does not know."""
    for meter in sheet.meters:
        if (meter.numerator, meter.denominator) not in METERS:
            raise ScoretokError(
                f"the model does not know the meter {meter.numerator}/{meter.denominator} of bar {meter.bar + 1}"
            )


def writable_tracks(sheet: LeadSheet) -> list[str]:
    """The ids of the tracks that the model sees."""
    return [
        name
        for name, track in sheet.tracks_by_id.items()
        if not track.muted and int(name.rpartition(".")[2]) <= TRACKS_PER_ROLE
    ]


def song_of(sheet: LeadSheet, genre: str = "other") -> Song:
    """The model's view of a score; notes are rounded, tracks that are muted or beyond TRACKS_PER_ROLE are left out.

    Raises ScoretokError for a meter that the model does not know.
    """
    check_meters(sheet)
    kept = [(name, sheet.tracks_by_id[name]) for name in writable_tracks(sheet)]
    cells: dict[tuple[int, int], Cell] = {}
    for part, (name, _) in enumerate(kept):
        number = sheet.track_ids.index(name)
        for bar in range(sheet.bar_count):
            cell = cell_of(sheet, number, bar)
            if cell:
                cells[part, bar] = cell
    parts = tuple(Part(name, track.program) for name, track in kept)
    first = sheet.meters[0]
    song = Song(
        parts, _plan(sheet), cells, (first.numerator, first.denominator), model_key(sheet.keys[0]),
        sheet.tempos[0].bpm, genre, sheet.pickup_ticks, _words(sheet, [name for name, _ in kept]),
    )  # fmt: skip
    return with_densities(song)


def _words(sheet: LeadSheet, names: Sequence[str]) -> dict[tuple[int, int], tuple[SyllableKind, ...]]:
    """The syllables that begin in the cells of these tracks."""
    words: dict[tuple[int, int], tuple[SyllableKind, ...]] = {}
    for part, name in enumerate(names):
        sung = [note for note in sheet.tracks_by_id[name].notes if note.syllable]
        kinds = syllable_kinds([note.syllable for note in sung if note.syllable])
        for note, kind in zip(sung, kinds, strict=True):
            place = part, sheet.bar_at(note.start_ticks)
            words[place] = (*words.get(place, ()), kind)
    return words


def cell_of(sheet: LeadSheet, track: int, bar: int) -> Cell:
    """The notes of a cell as the model says them."""
    start, is_drums = sheet.bar_starts[bar], sheet.tracks[track].is_drums
    return tuple(
        quantised_note(
            CellNote(
                note.start_ticks - start, note.pitch, note.duration_ticks, note.velocity,
                0 if note.syllable is None else 1 + note.syllable.word_end,
            ),
            is_drums,
        )
        for note in sheet.notes_in(track, bar)
        if note.start_ticks - start < MAX_POSITION
    )  # fmt: skip


def _plan(sheet: LeadSheet) -> tuple[PlanBar, ...]:
    """Sections, chords, meters and keys bar by bar; densities are still missing."""
    meters = {meter.bar: (meter.numerator, meter.denominator) for meter in sheet.meters[1:]}
    keys = {key.bar: model_key(key) for key in sheet.keys[1:]}
    labels = {section.bar: section.label for section in sheet.sections}
    chords: dict[int, list[Chord]] = {}
    for chord in sheet.chords:
        bar = sheet.bar_at(chord.start_ticks)
        at = chord.start_ticks - sheet.bar_starts[bar]
        if at < MAX_POSITION:
            chords.setdefault(bar, []).append(replace(chord, start_ticks=at))
    return tuple(
        PlanBar(tuple(chords.get(bar, ())), labels.get(bar), None, meters.get(bar), keys.get(bar))
        for bar in range(sheet.bar_count)
    )


def with_densities(song: Song) -> Song:
    """Phrases where the form is silent, and how densely every part plays in each of them and in each section."""
    plan = [replace(bar, label=None if bar.label == PHRASE else bar.label, densities=None) for bar in song.plan]
    since = 0
    for bar in range(len(plan)):
        if plan[bar].label is None and (bar == 0 or bar - since >= PHRASE_BARS):
            plan[bar] = replace(plan[bar], label=PHRASE)
        since = bar if plan[bar].label is not None else since
    marked = replace(song, plan=tuple(plan))
    for block in marked.blocks():
        plan[block.start] = replace(plan[block.start], densities=densities_in(song, block))
    return replace(song, plan=tuple(plan))


def densities_in(song: Song, bars: range) -> tuple[int, ...]:
    """How densely every part plays in some bars, (p,)."""
    return tuple(
        density_level(sum(count_onsets(song.cells.get((part, bar), ())) for bar in bars) / len(bars))
        for part in range(len(song.parts))
    )


def song_window(song: Song, bars: range, recount: bool = True) -> Song:
    """Some bars of a song as a song of their own: what was in force when they begin is stated again.

    Densities are counted anew, or those that were planned stay.
    """
    before = song.plan[: bars.start + 1]
    meter = song.meter_at(bars.start)
    key = song.key_at(bars.start)
    plan = list(song.plan[bars.start : bars.stop])
    first = replace(plan[0], chords=song.chords_in(bars.start))
    label = next((bar.label for bar in reversed(before) if bar.label), PHRASE)
    densities = song.densities_at(bars.start)
    plan[0] = replace(first, label=label, densities=densities, meter=None, key=None)
    cells = {(part, bar - bars.start): cell for (part, bar), cell in song.cells.items() if bar in bars}
    words = {(part, bar - bars.start): kinds for (part, bar), kinds in song.words.items() if bar in bars}
    pickup_ticks = 0 if bars.start else song.pickup_ticks
    part_of = replace(song, plan=tuple(plan), cells=cells, words=words, meter=meter, key=key, pickup_ticks=pickup_ticks)
    for block in part_of.blocks() if recount else ():
        plan[block.start] = replace(plan[block.start], densities=densities_in(part_of, block))
    return replace(part_of, plan=tuple(plan))
