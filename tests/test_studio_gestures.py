"""Gestures of the studio: what a hand does to notes, chords, words and tempo, and nothing else changes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import lead_sheets

from editing.studio.gestures import (
    change_velocities,
    delete_notes,
    draw_notes,
    lay_over,
    move_notes,
    resize_notes,
    set_chord,
    set_syllable,
    set_tempo,
)
from scoretok import Chord, LeadSheet, Note, ScoretokError, Syllable, Tempo, Track, diff

NOTES = st.builds(Note, st.integers(0, 90), st.integers(60, 62), st.integers(1, 30), st.just(80), st.none(), st.none())


def song(*notes, role="piano"):
    return LeadSheet(2, (Track(role, notes), Track("bass", (Note(0, 40, 24),))))


def notes_of(sheet, number=0):
    return [tuple(note[:4]) for note in sheet.tracks[number].notes]


def words_of(sheet):
    return [note.syllable.text if note.syllable else None for note in sheet.tracks[0].notes]


@given(st.lists(NOTES, max_size=6), st.lists(NOTES, max_size=3))
def test_notes_laid_over_others_never_collide_and_are_there(old, new):
    laid = lay_over(lay_over([], old), new)
    Track("piano", tuple(laid))
    assert not new or new[-1] in laid
    free = [note for note in lay_over([], old) if all(n.pitch != note.pitch for n in new)]
    assert set(free) <= set(laid)


@given(lead_sheets(), st.data())
def test_moving_there_and_back_changes_only_the_track(sheet, data):
    number = data.draw(st.sampled_from(range(len(sheet.tracks)))) if sheet.tracks else None
    if number is None or not sheet.tracks[number].notes:
        return
    name = data.draw(st.sampled_from([note[:2] for note in sheet.tracks[number].notes]))
    track_id = sheet.track_ids[number]
    try:
        moved = move_notes(sheet, track_id, [name], data.draw(st.integers(-48, 48)), data.draw(st.integers(-12, 12)))
    except ScoretokError:
        return
    assert {cell.track for cell in diff(sheet, moved).cells} <= {track_id}
    assert replace(moved, tracks=sheet.tracks) == sheet


def test_drawing_deleting_moving_resizing():
    sheet = song(Note(0, 60, 24), Note(24, 64, 24))
    assert notes_of(draw_notes(sheet, "piano.1", [Note(12, 60, 6, 90)])) == [
        (0, 60, 12, 80),
        (12, 60, 6, 90),
        (24, 64, 24, 80),
    ]
    assert notes_of(delete_notes(sheet, "piano.1", [(0, 60)])) == [(24, 64, 24, 80)]
    assert notes_of(move_notes(sheet, "piano.1", [(0, 60), (24, 64)], 24, 4)) == [(24, 64, 24, 80), (48, 68, 24, 80)]
    assert notes_of(resize_notes(sheet, "piano.1", [(0, 60)], -40)) == [(0, 60, 1, 80), (24, 64, 24, 80)]
    assert notes_of(change_velocities(sheet, "piano.1", [(0, 60)], 100)) == [(0, 60, 24, 127), (24, 64, 24, 80)]


@pytest.mark.parametrize(
    ("gesture", "said"),
    [
        (lambda s: delete_notes(s, "piano.1", [(1, 60)]), "no note of pitch 60 there"),
        (lambda s: delete_notes(s, "piano.2", [(0, 60)]), "no track piano.2"),
        (lambda s: move_notes(s, "piano.1", [(0, 60)], -1, 0), "out of range"),
        (lambda s: move_notes(s, "piano.1", [(0, 60)], 0, 100), "out of range"),
        (lambda s: move_notes(s, "piano.1", [(0, 60)], 500, 0), "after the last bar"),
        (lambda s: set_syllable(s, "piano.1", (0, 60), "la"), "does not sing"),
        (lambda s: set_chord(s, 0, "H%"), "H%"),
        (lambda s: set_tempo(s, 0, None), "no tempo at its start"),
        (lambda s: set_tempo(s, 0, 1000.0), "outside"),
    ],
)
def test_what_cannot_be_is_said(gesture, said):
    with pytest.raises(ScoretokError, match=said):
        gesture(song(Note(0, 60, 24)))


def test_a_moved_note_takes_its_syllable_along():
    sung = [Note(0, 60, 24, 80, Syllable("hel", (), False)), Note(24, 62, 24, 80, Syllable("lo"))]
    sheet = song(*sung, role="vocal")
    assert words_of(move_notes(sheet, "vocal.1", [(24, 62)], 48, 0)) == ["hel", "lo"]
    together = draw_notes(sheet, "vocal.1", [Note(0, 55, 24)])
    assert [(note.pitch, note.syllable and note.syllable.text) for note in together.tracks[0].notes] == [
        (55, "hel"), (60, None), (62, "lo"),
    ]  # fmt: skip
    assert words_of(move_notes(sheet, "vocal.1", [(24, 62)], -24, 0)) == ["lo", None]


def test_words_go_along_to_vocal_tracks_only():
    sheet, sung = LeadSheet(2, (Track("vocal"), Track("lead"))), [Note(0, 60, 24, 80, Syllable("la"))]
    assert draw_notes(sheet, "vocal.1", sung).tracks[0].notes[0].syllable.text == "la"
    assert draw_notes(sheet, "lead.1", sung).tracks[1].notes[0].syllable is None


def test_a_syllable_is_sung_and_its_word_spoken_anew():
    pytest.importorskip("gruut")
    sheet = song(Note(0, 60, 24), Note(24, 62, 24), Note(48, 64, 24), role="vocal")
    sheet = set_syllable(sheet, "vocal.1", (0, 60), "hel-")
    sheet = set_syllable(sheet, "vocal.1", (24, 62), "lo")
    hello = [note.syllable.phonemes for note in sheet.tracks[0].notes[:2]]
    assert hello[0][0] == "h"
    assert hello[1][0] == "l"
    held = set_syllable(sheet, "vocal.1", (24, 62), "")
    assert words_of(held) == ["hel", None, None]


def test_chords_and_tempos_are_set_where_they_begin():
    sheet = set_chord(song(), 24, "Am7/G")
    assert sheet.chords == (Chord(24, 9, "min7", 7),)
    assert set_chord(sheet, 24, " ").chords == ()
    assert set_tempo(sheet, 96, 90.0).tempos == (Tempo(0, 120.0), Tempo(96, 90.0))
    assert set_tempo(set_tempo(sheet, 96, 90.0), 96, None).tempos == (Tempo(0, 120.0),)
