"""What each format can hold: the score as it comes back, and a warning that names what does not."""

import warnings
from collections.abc import Callable
from dataclasses import replace

from scoretok.errors import ScoretokWarning
from scoretok.notation import bar_voices
from scoretok.parts import DEFAULT_VELOCITY, Note, Track
from scoretok.sheet import LeadSheet
from scoretok.singing import AS_USUAL

WITHOUT_PHONEMES = frozenset((".mid", ".midi", ".kar", ".rmi", ".musicxml", ".xml", ".mxl", ".abc"))
WITHOUT_SINGING = frozenset((".musicxml", ".xml", ".mxl", ".abc"))
WITHOUT_PERFORMANCE = WITHOUT_SINGING
WITHIN_BARS = frozenset((".musicxml", ".xml", ".mxl", ".abc"))


def held(sheet: LeadSheet, suffix: str) -> LeadSheet:
    """The score as a file with this suffix gives it back."""
    for _, _, strip in _limits(suffix):
        sheet = strip(sheet)
    return sheet


def warn_of_drops(sheet: LeadSheet, suffix: str) -> None:
    """Warn, in one sentence a kind of thing, of what a file with this suffix will not hold."""
    for what, hint, strip in _limits(suffix):
        stripped = strip(sheet)
        if stripped != sheet:
            warnings.warn(f"{suffix} files hold no {what}; {hint}", ScoretokWarning, stacklevel=3)
        sheet = stripped


Limit = tuple[str, str, Callable[[LeadSheet], LeadSheet]]


def _limits(suffix: str) -> list[Limit]:
    limits: list[Limit] = []
    if suffix in WITHOUT_PHONEMES:
        limits.append(("phonemes", "they are worked out again from the words", without_phonemes))
    if suffix in WITHOUT_SINGING:
        limits.append(("settings of singers", "keep the score as .lead, .json or .mid too", without_singing))
    if suffix in WITHOUT_PERFORMANCE:
        marks = "keep the score as .lead, .json or .mid too"
        limits.append(("performance (timing off the grid, bends, controllers)", marks, without_performance))
    if suffix in WITHIN_BARS:
        limits.append(("notes past the last bar line", "they end there", within_bars))
    if suffix == ".abc":
        limits.append(("velocities", "all notes are equally loud", _without_velocities))
        limits.append(("words under notes that overlap", "those words are dropped", _without_buried_words))
    return limits


def map_notes(sheet: LeadSheet, change: Callable[[Note], Note]) -> LeadSheet:
    """The score with every note changed by itself."""
    return sheet.with_tracks(replace(track, notes=tuple(map(change, track.notes))) for track in sheet.tracks)


def without_phonemes(sheet: LeadSheet) -> LeadSheet:
    """The score with bare syllables."""

    def strip(note: Note) -> Note:
        return note._replace(syllable=note.syllable._replace(phonemes=())) if note.syllable else note

    return map_notes(sheet, strip)


def without_singing(sheet: LeadSheet) -> LeadSheet:
    """The score sung as usual."""
    return sheet.with_tracks(replace(track, singing=AS_USUAL) for track in sheet.tracks)


def without_performance(sheet: LeadSheet) -> LeadSheet:
    """The score on its grid, without pedals, bends and controllers."""
    plain = map_notes(sheet, lambda note: note if note.timing is None else note._replace(timing=None))
    return plain.with_tracks(replace(track, controls=()) for track in plain.tracks)


def within_bars(sheet: LeadSheet) -> LeadSheet:
    """The score with every note ended at the last bar line."""
    end = sheet.end_ticks
    return map_notes(sheet, lambda n: n.lasting(min(n.duration_ticks, end - n.start_ticks)))


def _without_velocities(sheet: LeadSheet) -> LeadSheet:
    return map_notes(sheet, lambda note: note._replace(velocity=DEFAULT_VELOCITY))


def _without_buried_words(sheet: LeadSheet) -> LeadSheet:
    """ABC lays words on the first voice of a bar alone: a word whose onset that voice does not have is dropped."""
    return sheet.with_tracks(
        _top_words(sheet, number) if track.role == "vocal" else track for number, track in enumerate(sheet.tracks)
    )


def _top_words(sheet: LeadSheet, number: int) -> Track:
    sung = {
        sheet.bar_starts[bar] + piece.start
        for bar, voices in enumerate(bar_voices(sheet, number))
        for piece in voices[0]
        if piece.notes and not piece.tied_from
    }
    track = sheet.tracks[number]
    notes = tuple(n if n.start_ticks in sung else n._replace(syllable=None) for n in track.notes)
    return replace(track, notes=notes)
