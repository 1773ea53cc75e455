"""Edits: each verb does what it says, and nothing outside its place changes."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import lead_sheets, walked_sheets

from editing import edit
from editing.verbs import VERBS
from scoretok import (
    Chord,
    Key,
    LeadSheet,
    Note,
    ScoretokError,
    ScoretokWarning,
    Section,
    Tempo,
    Track,
    detokenize,
    diff,
    tokenize,
)
from scoretok.bars import rearrange_bars
from scoretok.formats.holds import within_bars
from scoretok.harmony import chord_to_symbol
from scoretok.performance import CONTROL_KINDS, SUBTICKS_PER_TICK, named
from scoretok.vocabulary import TOKENS


def changed(before, after):
    return {(cell.track, cell.after_bar) for cell in diff(before, after).cells}


@pytest.mark.parametrize(
    ("phrase", "tracks", "bars"),
    [
        ("transpose +5 in bars 9-12 of piano", {"piano.1"}, range(8, 12)),
        ("transpose -2 in bars 9-12", {"vocal.1", "piano.1", "guitar.1", "bass.1", "chords"}, range(8, 13)),
        ("octave +1 in bar 3 of bass", {"bass.1"}, range(2, 3)),
        ("clear in bars 5-6 of guitar, bass", {"guitar.1", "bass.1"}, range(4, 6)),
        ("remove drums in chorus", {"drums.1"}, range(4, 19)),
        ("quantise 1/4 in intro of drums", {"drums.1"}, range(4)),
        (
            "humanise timing 2 velocity 9 seed 4 in bars 6-7",
            {f"{r}.1" for r in ("vocal", "piano", "guitar", "bass", "drums")},
            range(5, 7),
        ),
        ("copy in bars 1-2 to 9 of piano", {"piano.1"}, range(8, 10)),
        ('chords "Am F" in bars 5-8', {"chords"}, range(4, 9)),
        ('lyrics "hal-le-lu-jah" in bars 6-7', {"vocal.1"}, range(5, 7)),
        ("tempo 90 in bars 5-8", {"tempo"}, range(4, 8)),
        ("section verse in bars 5-8", {"section"}, range(4, 19)),
    ],
)
def test_only_the_named_cells_change(saints, phrase, tracks, bars):
    found = changed(saints, edit(saints, [phrase]))
    assert found
    assert {track for track, _ in found} <= tracks
    assert {bar for _, bar in found} <= set(bars)


PLACED = ["transpose +1", "octave -1", "clear", "quantise 1/8", "humanise timing 3 velocity 20", "revoice"]


@given(walked_sheets() | lead_sheets(), st.sampled_from(PLACED), st.data())
def test_notes_outside_the_place_stay_identical(sheet, verb, data):
    if not sheet.tracks:
        sheet = replace(sheet, tracks=(Track("piano"),))
    first = data.draw(st.integers(1, sheet.bar_count))
    last = data.draw(st.integers(first, sheet.bar_count))
    number = data.draw(st.integers(0, len(sheet.tracks) - 1))
    role, index = sheet.track_ids[number].split(".")
    try:
        after = edit(sheet, [f"{verb} in bars {first}-{last} of {role} {index}"])
    except ScoretokError as error:
        assert "MIDI range" in str(error)  # noqa: PT017
        return
    start, stop = sheet.bar_starts[first - 1], sheet.bar_starts[last]
    assert replace(after, tracks=()) == replace(sheet, tracks=())
    for i, (old, new) in enumerate(zip(sheet.tracks, after.tracks, strict=True)):
        if i == number:
            old_outside, new_outside = (
                [n for n in track.notes if not start <= n.start_ticks < stop] for track in (old, new)
            )
            assert new_outside == old_outside
        else:
            assert new == old
    assert detokenize(tokenize(after)) == after


def cells_of(sheet):
    """Token sequences by (bar, track): the runs between Bar and Track tokens."""
    cells, bar, track = {}, -1, ""
    for token in (TOKENS[i] for i in tokenize(sheet)):
        if token in ("Bar_None", "EOS_None"):
            bar, track = bar + 1, ""
        elif token.startswith("Track_") and bar >= 0:
            track = token
        cells.setdefault((bar, track), []).append(token)
    return cells


def test_the_tokens_of_all_other_cells_stay_the_same(saints):
    before, after = cells_of(saints), cells_of(edit(saints, ["transpose +1 in bars 9-10 of piano"]))
    assert {cell for cell in before if before[cell] != after[cell]} == {(8, "Track_piano.1"), (9, "Track_piano.1")}


@given(lead_sheets(), st.integers(-12, 12))
def test_transposing_back_is_the_same_score(sheet, semitones):
    there = edit(sheet, [f"transpose {semitones:+d}"])
    assert edit(there, [f"transpose {-semitones:+d}"]) == sheet


def test_transpose_leaves_drums_alone_and_moves_the_key(saints):
    after = edit(saints, ["transpose +2 with key"])
    assert after.tracks[-1] == saints.tracks[-1]
    assert after.keys[0].tonic_name == "D"
    assert chord_to_symbol(after.chords[1], after.keys[0]) == "A7"


def test_diatonic_key_turns_major_into_minor(saints):
    after = edit(saints, ["key C minor diatonic"])
    assert (after.keys[0].tonic_name, after.keys[0].mode) == ("C", "min")
    assert {n.pitch % 12 for n in after.tracks[0].notes} <= {0, 2, 3, 5, 7, 8, 10}
    chromatic = edit(saints, ["key D:maj"])
    assert [n.pitch for n in chromatic.tracks[0].notes] == [n.pitch + 2 for n in saints.tracks[0].notes]


def test_bars_are_deleted_kept_repeated_moved_and_inserted(saints):
    assert edit(saints, ["delete in bars 1-4"]).bar_count == 16
    assert edit(saints, ["delete in intro"]).sections[0].label == "chorus"
    assert edit(saints, ["keep in intro"]).bar_count == 4
    twice = edit(saints, ["repeat x2 in bars 1-4"])
    assert twice.notes_in(1, 4)[0].pitch == saints.notes_in(1, 0)[0].pitch
    moved = edit(saints, ["move in bars 1-2 after 4"])
    assert [moved.notes_in(3, bar)[0].pitch for bar in range(4)] == [
        saints.notes_in(3, bar)[0].pitch for bar in (2, 3, 0, 1)
    ]
    longer = edit(saints, ["insert 3 bars before 5", "insert 1 bar at end"])
    assert longer.bar_count == 24
    assert not any(longer.notes_in(track, bar) for track in range(5) for bar in (4, 5, 6, 23))


@given(lead_sheets())
def test_repeating_and_deleting_the_copy_is_the_same_score(sheet):
    joined = replace(sheet, pickup_ticks=0) if sheet.bar_count == 1 else sheet
    count = joined.bar_count
    twice = edit(joined, [f"repeat x2 in bars 1-{count}"])
    back = edit(twice, [f"delete in bars {count + 1}-{2 * count}"])
    trimmed = within_bars(joined)
    assert [track.notes for track in back.tracks] == [track.notes for track in trimmed.tracks]
    assert (back.bar_count, back.chords) == (count, trimmed.chords)
    for before, after in zip(joined.tracks, back.tracks, strict=True):
        assert curves_inside(after, joined) == curves_inside(before, joined)


def curves_inside(track, sheet):
    """What the controls of a track do before the end of a score."""
    end = sheet.end_ticks * SUBTICKS_PER_TICK
    found = {control.name: control.between(0, end) for control in track.controls}
    return {name: points for name, points in found.items() if points}


@given(lead_sheets(), st.data())
def test_no_pedal_and_no_bend_hangs_where_bars_are_taken_apart(sheet, data):
    count = sheet.bar_count
    order = data.draw(st.lists(st.none() | st.integers(0, count - 1), min_size=1, max_size=8))
    assume(any(bar is not None for bar in order))
    made = rearrange_bars(sheet, order)
    for old, new in zip(sheet.tracks, made.tracks, strict=True):
        for control in new.controls:
            source = named(old.controls, control.name)
            for place, bar in enumerate(order):
                start = made.bar_starts[place] * SUBTICKS_PER_TICK
                if bar is not None:
                    assert control.value_at(start) == source.value_at(sheet.bar_starts[bar] * SUBTICKS_PER_TICK)
                elif CONTROL_KINDS.get(control.name) and CONTROL_KINDS[control.name].is_settled:
                    assert control.value_at(start) == control.neutral


def test_tempo_scales_sets_and_comes_back(saints):
    assert edit(saints, ["tempo x0.5"]).duration_s == pytest.approx(2 * saints.duration_s)
    after = edit(saints, ["tempo 88 in bars 5-8"])
    assert [(t.start_ticks // 96, t.bpm) for t in after.tempos] == [(0, 176), (4, 88), (8, 176)]


def test_a_track_becomes_drums_and_pitched_again(saints):
    drums = edit(saints, ["replace bass with drums"])
    place = next(i for i, track in enumerate(saints.tracks) if track.role == "bass")
    hits, notes = drums.tracks[place].notes, saints.tracks[place].notes
    assert drums.tracks[place].is_drums
    assert [(hit.start_ticks, hit.pitch) for hit in hits] == [(note.start_ticks, note.pitch) for note in notes]
    back = edit(drums, [f"replace drums.{1 + sum(t.role == 'drums' for t in saints.tracks[:place])} with bass"])
    played = back.tracks[place].notes
    assert [(note.start_ticks, note.pitch) for note in played] == [(hit.start_ticks, hit.pitch) for hit in hits]
    assert all(1 <= note.duration_ticks <= 24 for note in played)


def test_tracks_are_added_removed_renamed_muted_and_replaced(saints):
    assert edit(saints, ['add strings program 50 named "Pad"']).tracks[-1] == Track("strings", (), 50, "Pad")
    assert [t.role for t in edit(saints, ["remove piano"]).tracks] == ["vocal", "guitar", "bass", "drums"]
    assert edit(saints, ['rename bass to "Upright"']).tracks[3].name == "Upright"
    assert edit(saints, ['mute "Honky-tonk"']).tracks[1].muted
    assert edit(saints, ["mute piano", "unmute piano"]) == saints
    lead = edit(saints, ["replace vocal with lead program 56"]).tracks[0]
    assert (lead.role, lead.program, lead.notes[0].syllable) == ("lead", 56, None)
    assert edit(saints, ["program 4 of piano"]).tracks[1].program == 4


def test_chords_are_written_and_notes_follow(saints):
    after = edit(saints, ['chords "Dm,G7 C" revoice in bars 5-8'])
    bar = [(c.start_ticks - after.bar_starts[4], c.root, c.quality) for c in after.chords if 384 <= c.start_ticks < 480]
    assert bar == [(0, 2, "min"), (48, 7, "7")]
    for number in (1, 2, 3):
        for note in after.notes_in(number, 4):
            assert note.pitch % 12 in after.chord_at(note.start_ticks).pitch_classes
    assert after.notes_in(3, 4)[0].pitch % 12 == 2
    substituted = edit(saints, ["substitute G7 with Db7"])
    assert sum(c.root == 1 for c in substituted.chords) == sum(c.root == 7 for c in saints.chords)
    assert edit(saints, ["remove chords"]).chords == ()


def test_double_and_half_time_are_inverse(saints):
    half = edit(saints, ["half time in bars 5-8"])
    assert half.bar_count == 24
    assert half.notes_in(0, 4)[0].duration_ticks == 192
    back = edit(half, ["double time in bars 5-12"])
    assert back.bar_count == 20
    assert back.tracks == saints.tracks


def test_humanise_is_seeded(saints):
    one, two, three = (edit(saints, [f"humanise timing 2 seed {seed}"]) for seed in (1, 1, 2))
    assert one == two
    assert one != three


def test_quantise_reaches_the_grid(saints):
    rough = edit(saints, ["humanise timing 2 velocity 0 seed 5"])
    smooth = edit(rough, ["quantise 1/4 of bass"])
    assert all(n.start_ticks % 24 == 0 for n in smooth.tracks[3].notes)


def test_an_edited_note_gives_way_to_one_outside():
    held = LeadSheet(2, (Track("piano", (Note(0, 60, 120), Note(96, 59, 48))),))
    after = edit(held, ["transpose +1 in bar 2 of piano"])
    assert after.tracks[0].notes == (Note(0, 60, 120), Note(120, 60, 24))


HARMONIC = [
    "key D:maj",
    "key C minor diatonic",
    "transpose +3",
    "substitute C with Am",
    'chords "Em A7"',
    "remove chords",
]


@given(lead_sheets(), st.sampled_from(HARMONIC), st.data())
def test_the_harmony_outside_stays_as_it_was(sheet, verb, data):
    first = data.draw(st.integers(1, sheet.bar_count))
    last = data.draw(st.integers(first, sheet.bar_count))
    try:
        after = edit(sheet, [f"{verb} in bars {first}-{last}"])
    except ScoretokError as error:
        assert "MIDI range" in str(error)  # noqa: PT017
        return
    start, stop = sheet.bar_starts[first - 1], sheet.bar_starts[last]
    for tick in range(sheet.end_ticks):
        if not start <= tick < stop:
            assert heard(after, tick) == heard(sheet, tick)


def heard(sheet, tick):
    chord = sheet.chord_at(tick)
    return (chord.root, chord.quality, chord.bass) if chord and chord.root is not None else None


def test_a_chord_that_rings_in_is_changed_and_comes_back():
    sheet = LeadSheet(4, (Track("piano"),), chords=(Chord(0, 0),))
    for phrase in ("key D:maj in bars 2-3", "substitute C with D in bars 2-3"):
        assert [(c.start_ticks // 96, c.root) for c in edit(sheet, [phrase]).chords] == [(0, 0), (1, 2), (3, 0)]


def test_bars_without_a_chord_stay_without_one():
    sheet = LeadSheet(4, chords=(Chord(192, 5), Chord(288, 0)))
    moved = edit(sheet, ["move in bars 3-4 before 1"])
    assert [(c.start_ticks // 96, c.root) for c in moved.chords] == [(0, 5), (1, 0), (2, None)]


def test_time_changes_carry_every_map():
    sheet = LeadSheet(
        6,
        keys=(Key(0, 0), Key(2, 2)),
        tempos=(Tempo(0, 90), Tempo(192, 60), Tempo(384, 90)),
        sections=(Section(0, "verse"), Section(2, "chorus")),
    )
    double = edit(sheet, ["double time in bars 1-4"])
    assert [(t.start_ticks // 96, t.bpm) for t in double.tempos] == [(0, 90), (1, 60), (2, 90)]
    assert [(k.bar, k.fifths) for k in double.keys] == [(0, 0), (1, 2)]
    assert [(s.bar, s.label) for s in double.sections] == [(0, "verse"), (1, "chorus")]
    half = edit(sheet, ["half time in bars 1-4"])
    assert [(k.bar, k.fifths) for k in half.keys] == [(0, 0), (4, 2)]
    assert [(t.start_ticks // 96, t.bpm) for t in half.tempos] == [(0, 90), (4, 60), (8, 90)]


def test_quantise_keeps_notes_inside_and_apart():
    notes = (Note(12, 60, 12), Note(36, 60, 12), Note(84, 64, 12), Note(92, 67, 4))
    after = edit(LeadSheet(2, (Track("piano", notes),)), ["quantise 1/4 in bar 1"])
    assert [(n.start_ticks, n.pitch) for n in after.tracks[0].notes] == [(24, 60), (48, 60), (72, 64), (72, 67)]


def test_deleting_the_first_bar_of_a_second_verse_keeps_it():
    sheet = LeadSheet(4, sections=(Section(0, "verse"), Section(2, "verse")))
    assert [(s.bar, s.label) for s in edit(sheet, ["delete in bar 3"]).sections] == [(0, "verse"), (2, "verse")]


def test_a_leading_tone_survives_minor_to_major():
    sheet = LeadSheet(
        1, (Track("lead", (Note(0, 67, 24), Note(24, 68, 24))),), chords=(Chord(0, 4),), keys=(Key(0, 0, "min"),)
    )
    after = edit(sheet, ["key A:maj diatonic"])
    assert [n.pitch for n in after.tracks[0].notes] == [68, 68]
    assert (after.chords[0].root, after.chords[0].quality) == (4, "maj")


def test_a_mode_that_is_only_a_name_is_said(saints):
    with pytest.warns(ScoretokWarning, match="diatonic"):
        edit(saints, ["key A minor"])


@pytest.mark.parametrize("phrase", ["insert 1 bar at end of piano", "add bass in bar 1", "remove sections of piano"])
def test_a_place_that_makes_no_sense_is_refused(saints, phrase):
    with pytest.raises(ScoretokError, match=r"takes no|whole bars"):
        edit(saints, [phrase])


def test_lyrics_report_too_many_words(saints):
    with pytest.raises(ScoretokError, match="syllables and the notes"):
        edit(saints, ['lyrics "far too many words for one bar of song" in bar 6'])


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        ("trnspose +2", "did you mean transpose"),
        ("transpose much", "'much' is not a number"),
        ("transpose +2 in chrous", "did you mean chorus"),
        ("transpose +2 in verse", "no section 'verse'; its sections are: intro, chorus, outro"),
        ("transpose +2 in chorus 3", "1 chorus sections, not 3"),
        ("transpose +2 in bars 5-99", "not within 1-20"),
        ("transpose +2 in bars", "for example: in bars 5-8"),
        ("transpose +2 of kazoo", "no track 'kazoo'; its tracks are: vocal"),
        ("transpose +2 sideways", "'sideways' was not understood"),
        ("transpose +100", "MIDI range"),
        ("delete", "it needs bars"),
        ("delete in bars 1-20", "at least one"),
        ("tempo 0", "not a tempo"),
        ("tempo 9999", "outside 10 to 480"),
        ("key H:maj", "not a key"),
        ('chords "Am Zz"', "'Zz' is not a chord"),
        ("mute", "needs a track"),
        ("section drop in bars 1-2", "'drop' is not a section"),
        ("move in bars 5-6 before 6", "stay where it is"),
        ("double time in bars 5-7", "even number"),
        ('lyrics "la', "quote is not closed"),
        ("", "empty"),
    ],
)
def test_errors_name_the_word_and_what_is_known(saints, phrase, words):
    with pytest.raises(ScoretokError, match=words):
        edit(saints, [phrase])


def test_a_slip_in_the_last_phrase_is_found_before_the_first_is_applied(saints):
    with pytest.raises(ScoretokError, match="'fly' is not an edit"):
        edit(saints, ["transpose +100", "fly"])


def test_every_verb_teaches_its_form():
    assert all(verb.form.startswith(name) and verb.meaning for name, verb in VERBS.items())
