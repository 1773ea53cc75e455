"""What a page sends to the server of the studio, checked; editing.studio.server says where each goes."""

from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, Field

from editing.studio import gestures
from scoretok.errors import ScoretokError
from scoretok.parts import Note
from scoretok.sheet import LeadSheet

NoteName = tuple[int, int]  # start_ticks, pitch
NoteRow = tuple[int, int, int, int]  # and duration_ticks, velocity
SungRow = tuple[int, int, int, int, str]  # and a syllable


def note_of(row: NoteName | NoteRow | SungRow) -> Note:
    """A whole note. Raises ScoretokError for the name of one."""
    if len(row) == 2:
        raise ScoretokError("a note to be drawn is a start, a pitch, a duration and a velocity")
    return Note(*row[:4], gestures.syllable_of(row[4]) if len(row) == 5 else None)


class Versioned(BaseModel):
    """What may be done only to the score that the page shows."""

    version: int | None = None


class PhraseEdit(Versioned):
    """Edit phrases, applied from left to right as one step."""

    phrases: list[str] = Field(min_length=1, max_length=100)


class TextEdit(Versioned):
    """The whole text."""

    text: str


class Gesture(Versioned):
    """What a hand did: one of the functions of editing.studio.gestures, and what it is called for the history."""

    gesture: Literal[
        "draw_notes", "delete_notes", "move_notes", "resize_notes", "change_velocities", "set_chord", "set_syllable",
        "set_tempo",
    ]  # fmt: skip
    name: str = Field("", max_length=200)
    merge: str = Field("", max_length=100)
    track: str = ""
    notes: list[NoteName | NoteRow | SungRow] = Field(default_factory=list, max_length=100_000)
    ticks: int = 0
    semitones: int = 0
    by: int = 0
    at: int = 0
    text: str = Field("", max_length=1000)
    bpm: float | None = None
    language: str = "en"

    def change(self, sheet: LeadSheet) -> LeadSheet:
        """The score after it. Raises ScoretokError."""
        names, track = [(note[0], note[1]) for note in self.notes], self.track
        makers: dict[str, Callable[[], LeadSheet]] = {
            "draw_notes": lambda: gestures.draw_notes(sheet, track, [note_of(one) for one in self.notes]),
            "delete_notes": lambda: gestures.delete_notes(sheet, track, names),
            "move_notes": lambda: gestures.move_notes(sheet, track, names, self.ticks, self.semitones),
            "resize_notes": lambda: gestures.resize_notes(sheet, track, names, self.ticks),
            "change_velocities": lambda: gestures.change_velocities(sheet, track, names, self.by),
            "set_chord": lambda: gestures.set_chord(sheet, self.at, self.text),
            "set_syllable": lambda: gestures.set_syllable(sheet, track, names[0], self.text, self.language),
            "set_tempo": lambda: gestures.set_tempo(sheet, self.at, self.bpm),
        }
        return makers[self.gesture]()


class Position(BaseModel):
    """A place in the history."""

    position: int


class LevelChange(BaseModel):
    """Levels of a track; what is left out stays."""

    track: str
    gain_db: float | None = Field(None, ge=-60, le=24)
    pan: float | None = Field(None, ge=-1, le=1)
    room: float | None = Field(None, ge=0, le=1)


class TakeRequest(BaseModel):
    """Bars of a track, from one up to before another, to be played anew."""

    track: str
    bars: tuple[int, int]
    seed: int = Field(1, ge=0)


class WriteRequest(BaseModel):
    """What the language model is to write."""

    what: Literal["infill", "vary", "continue", "accompany", "harmonise", "compose"]
    cells: list[tuple[str, int]] = Field(default_factory=list, max_length=100_000)
    keep: Literal["rhythm", "contour"] = "rhythm"
    bars: int = Field(8, ge=1, le=999)
    tracks: str = Field("", max_length=200)
    prompt: str = Field("", max_length=2000)
    plan: str = Field("", max_length=100_000)
    seed: int = Field(1, ge=0)


class Keep(BaseModel):
    """Which take of a track, or which variant, is to stand; neither: what follows from the score."""

    track: str = ""
    take: str | None = None
    variant: int | None = None


class Switch(BaseModel):
    """On or off."""

    on: bool


class OpenUpload(BaseModel):
    """What is to become of a file that was sent."""

    upload: int
    what: Literal["score", "recording", "sing", "convert"]
    track: str = ""
    consent: str = Field("", max_length=500)


class Correction(BaseModel):
    """What is known of the recording, which is then written down anew; what is left out is found out."""

    tempo_bpm: float | None = Field(None, ge=20, le=400)
    octave: Literal["half", "double"] | None = None
    meter: tuple[int, int] | None = None
    key: str | None = Field(None, max_length=20)
    downbeat_s: float | None = Field(None, ge=0)
    fast: bool | None = None


class InpaintRequest(BaseModel):
    """The recording, changed where the score was; `consent` where its singer sings what they did not."""

    seed: int = Field(1, ge=0)
    consent: str = Field("", max_length=500)
