"""Edits of tracks: add, remove, rename, mute, replace, change program."""

from dataclasses import replace
from itertools import pairwise

from editing.form_edits import clear
from editing.where import Where
from scoretok.bars import join_notes
from scoretok.errors import ScoretokError
from scoretok.parts import Note, Track
from scoretok.performance import Timing, default_end
from scoretok.roles import ROLE_PROGRAMS
from scoretok.sheet import LeadSheet
from scoretok.singing import AS_USUAL, with_amount


def add_track(sheet: LeadSheet, role: str, program: int | None = None, name: str = "") -> LeadSheet:
    """Add an empty track at the end."""
    track = Track(role, (), ROLE_PROGRAMS.get(role, 0) if program is None else program, name)
    return replace(sheet, tracks=(*sheet.tracks, track))


def remove_tracks(sheet: LeadSheet, where: Where) -> LeadSheet:
    """Take tracks out of the score; with bars given, only their notes in those bars."""
    chosen = _chosen(where, "remove")
    if where.spans is not None:
        return clear(sheet, where)
    return sheet.with_tracks(track for number, track in enumerate(sheet.tracks) if number not in chosen)


def rename_tracks(sheet: LeadSheet, where: Where, name: str) -> LeadSheet:
    """Give tracks a name."""
    return _change(sheet, where, "rename", name=name)


def mute_tracks(sheet: LeadSheet, where: Where, muted: bool) -> LeadSheet:
    """Silence tracks, or let them sound again, without touching their notes."""
    return _change(sheet, where, "mute" if muted else "unmute", muted=muted)


def set_program(sheet: LeadSheet, where: Where, program: int) -> LeadSheet:
    """Let tracks be played by another General MIDI program (0 to 127)."""
    return _change(sheet, where, "program", program=program)


def set_singing(sheet: LeadSheet, where: Where, name: str, value: str) -> LeadSheet:
    """Change how vocal tracks are sung: their voice (in quotes), or an amount of `scoretok.singing.AMOUNTS`."""
    if where.spans is not None:
        raise ScoretokError(f"{name} works on whole tracks; leave out 'in ...'")
    vocals = [number for number, track in enumerate(sheet.tracks) if track.role == "vocal"]
    chosen = vocals if where.tracks is None else where.tracks
    if not vocals or any(number not in vocals for number in chosen):
        raise ScoretokError(f"{name} is for vocal tracks")
    return sheet.with_tracks(
        replace(track, singing=with_amount(track.singing, name, value)) if number in chosen else track
        for number, track in enumerate(sheet.tracks)
    )


def replace_tracks(sheet: LeadSheet, where: Where, role: str, program: int | None = None) -> LeadSheet:
    """Let another role play the notes of tracks; syllables stay only on vocal tracks.

    Drums take pitches as keys of a kit. As a score keeps no lengths of drum hits, a pitched role holds each until the
    next onset of the track, a quarter note at most.
    """
    tracks = list(sheet.tracks)
    for number in _whole(where, "replace"):
        track = tracks[number]
        held = _held_hits(track.notes) if track.is_drums and role != "drums" else track.notes
        notes = held if role == "vocal" else tuple(note._replace(syllable=None) for note in held)
        if track.is_drums != (role == "drums"):
            notes = tuple(_moved_whole(note, role == "drums") for note in notes)
        new_program = ROLE_PROGRAMS.get(role, 0) if program is None else program
        singing = track.singing if role == "vocal" else AS_USUAL
        tracks[number] = Track(role, join_notes(notes), new_program, track.name, track.muted, singing, track.controls)
    return sheet.with_tracks(tracks)


def _moved_whole(note: Note, is_drums: bool) -> Note:
    """A note whose length off the grid is forgotten, as drums have another one."""
    if note.timing is None:
        return note
    onset = note.timing.onset_subticks
    return note._replace(timing=Timing(onset, default_end(onset, is_drums)))


def _held_hits(hits: tuple[Note, ...]) -> tuple[Note, ...]:
    """Drum hits as notes with lengths."""
    onsets = sorted({hit.start_ticks for hit in hits})
    following = dict(pairwise(onsets))
    return tuple(
        hit._replace(duration_ticks=min(following.get(hit.start_ticks, hit.end_ticks + 24) - hit.start_ticks, 24))
        for hit in hits
    )


def _change(sheet: LeadSheet, where: Where, verb: str, **fields: object) -> LeadSheet:
    chosen = _whole(where, verb)
    return sheet.with_tracks(
        replace(track, **fields) if number in chosen else track  # type: ignore[arg-type]
        for number, track in enumerate(sheet.tracks)
    )


def _whole(where: Where, verb: str) -> tuple[int, ...]:
    if where.spans is not None:
        raise ScoretokError(f"{verb} works on whole tracks; leave out 'in ...'")
    return _chosen(where, verb)


def _chosen(where: Where, verb: str) -> tuple[int, ...]:
    if where.tracks is None:
        raise ScoretokError(f"{verb} needs a track, for example: {verb} piano")
    return where.tracks
