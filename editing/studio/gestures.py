"""What a hand does on the page that no phrase says: notes drawn, moved and taken out, one chord, one syllable, a tempo.

Pure functions from score to score. Ticks and bars count from 0; a note is named by where it begins and by its pitch.
All raise ScoretokError for tracks and notes that are not there and for what would lie outside the score.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from scoretok.errors import ScoretokError, warn
from scoretok.harmony import parse_chord
from scoretok.lyrics import pronounce_syllables, word_places
from scoretok.parts import Chord, Note, Syllable, Tempo, Track
from scoretok.sheet import LeadSheet

NoteName = tuple[int, int]  # start_ticks, pitch


def draw_notes(sheet: LeadSheet, track_id: str, notes: Iterable[Note]) -> LeadSheet:
    """Put notes into a track; what sounds there of the same pitch is cut short, or gives way.

    Words go along to vocal tracks only.
    """
    sings = find_track(sheet, track_id)[1].role == "vocal"
    fresh = [note if sings else note._replace(syllable=None) for note in notes]
    return _with_notes(sheet, track_id, lambda track: lay_over(track.notes, fresh))


def delete_notes(sheet: LeadSheet, track_id: str, names: Iterable[NoteName]) -> LeadSheet:
    """Take notes out of a track."""
    return _with_notes(sheet, track_id, lambda track: _split(sheet, track_id, track, names)[1])


def move_notes(sheet: LeadSheet, track_id: str, names: Iterable[NoteName], ticks: int, semitones: int) -> LeadSheet:
    """Move notes in time and pitch, with their syllables."""
    return _mapped(
        sheet, track_id, names,
        lambda note: note._replace(start_ticks=note.start_ticks + ticks, pitch=note.pitch + semitones),
    )  # fmt: skip


def resize_notes(sheet: LeadSheet, track_id: str, names: Iterable[NoteName], ticks: int) -> LeadSheet:
    """Make notes longer, or shorter where `ticks` is negative, but not shorter than a tick."""
    return _mapped(sheet, track_id, names, lambda note: note.lasting(max(1, note.duration_ticks + ticks)))


def change_velocities(sheet: LeadSheet, track_id: str, names: Iterable[NoteName], by: int) -> LeadSheet:
    """Make notes louder, or softer where `by` is negative, within 1 to 127."""
    return _mapped(sheet, track_id, names, lambda note: note._replace(velocity=min(127, max(1, note.velocity + by))))


def set_chord(sheet: LeadSheet, start_ticks: int, text: str) -> LeadSheet:
    """Write a chord where it begins, in any usual spelling; an empty text takes the one that begins there out."""
    kept = [chord for chord in sheet.chords if chord.start_ticks != start_ticks]
    new: list[Chord] = [parse_chord(text.strip(), start_ticks)] if text.strip() else []
    return replace(sheet, chords=(*kept, *new))


def set_syllable(sheet: LeadSheet, track_id: str, name: NoteName, text: str, language: str = "en") -> LeadSheet:
    """Let a note of a vocal track sing a syllable; a hyphen at its end says that its word goes on.

    An empty text makes the note go on with the syllable before it. Its word is pronounced anew; where the packages for
    that are missing, it has no phonemes, with a warning.
    """
    number, track = find_track(sheet, track_id)
    if track.role != "vocal":
        raise ScoretokError(f"{track_id} does not sing; only vocal tracks have words")
    chosen, kept = _split(sheet, track_id, track, [name])
    notes = sorted([*kept, chosen[0]._replace(syllable=syllable_of(text))], key=lambda note: note[:2])
    places = next((word for word in word_places(notes) if any(notes[place][:2] == name for place in word)), [])
    word = [old._replace(phonemes=()) for place in places if (old := notes[place].syllable)]
    try:
        word = pronounce_syllables(word, language) if word else []
    except ScoretokError as error:
        warn(f"the words have no phonemes: {error}", "dropped")
    for place, spoken in zip(places, word, strict=True):
        notes[place] = notes[place]._replace(syllable=spoken)
    return with_track(sheet, number, replace(track, notes=tuple(notes)))


def syllable_of(text: str) -> Syllable | None:
    """A syllable as it is typed: a hyphen at its end says that its word goes on; None of an empty text."""
    typed = text.strip()
    return Syllable(typed.rstrip("-"), (), not typed.endswith("-")) if typed.rstrip("-") else None


def set_tempo(sheet: LeadSheet, start_ticks: int, bpm: float | None) -> LeadSheet:
    """Set the tempo from a tick on, until the next one; None takes out the one that begins there."""
    kept = [tempo for tempo in sheet.tempos if tempo.start_ticks != start_ticks]
    return replace(sheet, tempos=(*kept, *([] if bpm is None else [Tempo(start_ticks, bpm)])))


def lay_over(notes: Iterable[Note], fresh: Iterable[Note]) -> list[Note]:
    """Notes with others put over them: what begins under one of its pitch is gone, what rings on is cut."""
    found = list(notes)
    for new in fresh:
        kept = []
        for note in found:
            if note.pitch != new.pitch or note.end_ticks <= new.start_ticks or note.start_ticks >= new.end_ticks:
                kept.append(note)
            elif note.start_ticks < new.start_ticks:
                kept.append(note.lasting(new.start_ticks - note.start_ticks))
        found = [*kept, new]
    return found


def check_bar(sheet: LeadSheet, bar: int) -> None:
    """Raise ScoretokError unless the score has a bar, counted from 0."""
    if not 0 <= bar < sheet.bar_count:
        raise ScoretokError(f"the score has the bars 1-{sheet.bar_count}; there is no bar {bar + 1}")


def find_track(sheet: LeadSheet, track_id: str) -> tuple[int, Track]:
    """The number of a track, and the track."""
    if track_id not in sheet.track_ids:
        raise ScoretokError(f"the score has no track {track_id}; it has {', '.join(sheet.track_ids) or 'none'}")
    number = sheet.track_ids.index(track_id)
    return number, sheet.tracks[number]


def _mapped(sheet: LeadSheet, track_id: str, names: Iterable[NoteName], change: Callable[[Note], Note]) -> LeadSheet:
    """The score with some notes of a track changed, which come to lie over the others."""

    def changed(track: Track) -> Sequence[Note]:
        chosen, kept = _split(sheet, track_id, track, names)
        return lay_over(kept, [change(note) for note in chosen])

    return _with_notes(sheet, track_id, changed)


def _split(sheet: LeadSheet, track_id: str, track: Track, names: Iterable[NoteName]) -> tuple[list[Note], list[Note]]:
    """The notes of a track that are named, and the others."""
    wanted = {(start, pitch) for start, pitch in names}
    chosen = [note for note in track.notes if note[:2] in wanted]
    missing = wanted - {note[:2] for note in chosen}
    if missing:
        start, pitch = min(missing)
        raise ScoretokError(
            f"{track_id} has no note of pitch {pitch} there (bar {sheet.bar_at(start) + 1}, tick {start})"
        )
    return chosen, [note for note in track.notes if note[:2] not in wanted]


def _with_notes(sheet: LeadSheet, track_id: str, change: Callable[[Track], Sequence[Note]]) -> LeadSheet:
    """The score with other notes on a track."""
    number, track = find_track(sheet, track_id)
    notes = list(change(track))
    if track.role == "vocal":
        notes = _with_syllables_lowest(notes)
    return with_track(sheet, number, replace(track, notes=tuple(notes)))


def with_track(sheet: LeadSheet, number: int, track: Track) -> LeadSheet:
    """The score with a track in the place of the one of this number."""
    return sheet.with_tracks([*sheet.tracks[:number], track, *sheet.tracks[number + 1 :]])


def _with_syllables_lowest(notes: Sequence[Note]) -> list[Note]:
    """Notes whose syllables are on the lowest note of each onset, one an onset: the one put there last."""
    syllables = {note.start_ticks: note.syllable for note in notes if note.syllable}
    found: list[Note] = []
    for note in sorted(notes, key=lambda note: note[:2]):
        is_lowest = not found or found[-1].start_ticks != note.start_ticks
        found.append(note._replace(syllable=syllables.get(note.start_ticks) if is_lowest else None))
    return found
