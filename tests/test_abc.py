"""ABC files that others wrote."""

import pytest

import scoretok
from scoretok.formats.abc import parse
from scoretok.formats.abc_unfold import part_order
from scoretok.theory import pitch_name

HEAD = "X:1\nM:4/4\nL:1/4\nK:C\n"


def tune(body, head=HEAD):
    """Names of the notes in order."""
    return " ".join(pitch_name(note.pitch) for note in parse(head + body).tracks[0].notes)


@pytest.mark.parametrize(
    ("body", "notes"),
    [
        ("|:C4|D4:|E4|", "C4 D4 C4 D4 E4"),
        ("C4|D4:|E4|", "C4 D4 C4 D4 E4"),
        ("|:C4::D4:|", "C4 C4 D4 D4"),
        ("|:C4|1 D4:|2 E4|F4|", "C4 D4 C4 E4 F4"),
        ("|:C4|1 D4:|2 E4:|3 F4|]", "C4 D4 C4 E4 C4 F4"),
        ("|:C4|1,3 D4:|2,4 E4:|", "C4 D4 C4 E4 C4 D4 C4 E4"),
        ("|:C4|1-2 D4:|3 E4|", "C4 D4 C4 D4 C4 E4"),
        ("|:C4|1 D4:|2 E4||G4:|", "C4 D4 C4 E4 G4 G4"),
        ("C4|1 D4:|2 E4|:F4|G4:|", "C4 D4 C4 E4 F4 G4 F4 G4"),
        ("|:C4|1 D4:|E4|", "C4 D4 C4 E4"),
        ('"C"|:C4|D4:|', "C4 D4 C4 D4"),
        ("Q:1/4=100\n|:C4|D4:|", "C4 D4 C4 D4"),
        ("P:A\n|:C4:|\nP:B\n|:E4:|", "C4 C4 E4 E4"),
        ('|:C4|"G"[1 D4:|"Am"[2 E4|]', "C4 D4 C4 E4"),
        ('|:C4|D4"^fine":|', "C4 D4 C4 D4"),
        ('|:C4|D4|"G":|E4|', "C4 D4 C4 D4 E4"),
    ],
)
def test_repeats_and_endings(body, notes):
    assert tune(body) == notes


@pytest.mark.parametrize(
    ("head", "body", "notes"),
    [
        ("X:1\nL:1/4\nK:D\n", "FCGc|", "F#4 Db4 G4 Db5"),
        ("X:1\nL:1/4\nK:D ^g\n", "GGGG|", "Ab4 Ab4 Ab4 Ab4"),
        ("X:1\nL:1/4\nK:C octave=-1\n", "CCCC|", "C3 C3 C3 C3"),
        ("X:1\nL:1/4\nK:C clef=treble-8\n", "CCCC|", "C3 C3 C3 C3"),
        ("X:1\nL:1/4\nK:C\nV:1 transpose=-2\n", "DDDD|", "C4 C4 C4 C4"),
        ("X:1\nL:1/4\nK:Dm^c\n", "DEFB|c4|", "D4 E4 F4 Bb4 Db5"),
        ("X:1\nL:1/4\nK:C clef=bass ^f\n", "F,4|", "F#3"),
        ("X:1\nL:1/4\nK:Bb bass\n", "B,4|", "Bb3"),
        ("X:1\nL:1/4\nK:G\n", "F4|[K:bass]F4|[K:alto]F4|[K:clef=tenor]F4|[K:C treble]F4|", "F#4 F#4 F#4 F#4 F4"),
        (HEAD, "^FF=FF|F4|", "F#4 F#4 F4 F4 F4"),
        (HEAD, "^FfF,2|f4|", "F#4 F#5 F#3 F5"),
        ("%%propagate-accidentals octave\n" + HEAD, "^FfF2|f4|", "F#4 F5 F#4 F5"),
        (HEAD + "I:propagate-accidentals not\n", "^FfF2|f4|", "F#4 F5 F4 F5"),
        (HEAD, "C,,C'cc''|", "C2 C5 C5 C7"),
    ],
)
def test_keys_octaves_and_accidentals(head, body, notes):
    assert tune(body, head) == notes


def test_lengths_tuplets_broken_rhythm_and_ties():
    sheet = parse(HEAD + "(3CDE F>G A2-|A/2B/c2z|[CEG]2 c<c|")
    lengths = [(n.start_ticks, n.duration_ticks) for n in sheet.tracks[0].notes]
    assert lengths[:6] == [(0, 16), (16, 16), (32, 16), (48, 36), (84, 12), (96, 60)]
    assert len([n for n in sheet.tracks[0].notes if n.duration_ticks == 48]) == 4


def test_words_follow_the_bar_lines_and_the_first_verse_is_kept():
    with pytest.warns(scoretok.ScoretokWarning, match="verses after the first"):
        sheet = parse(HEAD + "CDEF|GABc|\nw:la | lo-lo_ lo\nw:uno due\n")
    said = [n.syllable.text if n.syllable else None for n in sheet.tracks[0].notes]
    assert said == ["la", None, None, None, "lo", "lo", None, "lo"]
    assert sheet.tracks[0].role == "vocal"


def test_voices_in_line_chords_and_sections():
    sheet = parse(HEAD + 'P:Verse\n[V:1] "Am7"CDEF|"F/A"G4| [V:2] C,4|D,4|\n')
    assert [len(track.notes) for track in sheet.tracks] == [5, 2]
    assert [(c.start_ticks, c.root, c.bass) for c in sheet.chords] == [(0, 9, None), (96, 5, 9)]


def test_the_tune_ends_at_an_empty_line_and_the_first_is_read():
    assert tune("CDEF|\n\nCollected by a traveller\n") == "C4 D4 E4 F4"
    with pytest.warns(scoretok.ScoretokWarning, match="of its 2 tunes the first was read"):
        parse(HEAD + "CDEF|\n" + HEAD.replace("X:1", "X:2") + "G4|\n")


def test_a_comment_line_ends_nothing_and_spacers_last_nothing():
    assert tune("C4|\n% the second half\ny0|:D2 y20 D2:|\n") == "C4 D4 D4 D4 D4"


def test_what_follows_the_last_bar_line_begins_no_bar():
    sheet = parse(HEAD + 'C4|D4|]"G"\nP:End\n')
    assert sheet.bar_count == 2


@pytest.mark.parametrize(
    ("body", "lengths"),
    [
        ("V:1\nC4|\nV:2\nL:1/8\nD8|\nV:1\nE4|\n", [[96, 96], [96]]),
        ("L:1/8\nV:1\nC8|\nV:2\nD8|\n", [[96], [96]]),
        ("V:1\nC4|\nV:2\nD4|\nL:1/8\nV:1\nC8|\nV:2\nD8|\n", [[96, 96], [96, 96]]),
        ("V:1\nC4|\nL:1/8\nC8|\nV:2\nD4|\n", [[96, 96], [96]]),
        ("[V:1] C4|\nL:1/8\n[V:2] D8|\n[V:1] C8|\n", [[96, 96], [96]]),
    ],
)
def test_a_field_behind_a_voice_is_that_voices_and_one_before_it_is_everyones(body, lengths):
    tracks = parse(HEAD + body).tracks
    assert [[note.duration_ticks for note in track.notes] for track in tracks] == lengths


def test_a_bar_split_by_a_repeat_is_one_bar():
    sheet = parse(HEAD + "G|C4|D3:|A|E4|F3|]")
    assert sheet.pickup_ticks == 24
    assert {meter.numerator for meter in sheet.meters} == {4}


def test_what_is_left_out_is_said():
    with pytest.warns(scoretok.ScoretokWarning, match="1 groups of grace notes were left out"):
        parse(HEAD + "{g}CDEF|!fine!G4|!D.C.!A4|")


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("C4|D4!fine!|E4!D.C.!|", "C4 D4 E4 C4 D4"), ("C4|!segno!D4|E4|F4!D.S.!|", "C4 D4 E4 F4 D4 E4 F4"),
        ("C4|D4!dacoda!|E4!D.C.alcoda!|!coda!F4|", "C4 D4 E4 C4 D4 F4"), ("C4|D4|!fine!E4|!D.C.!", "C4 D4 E4 C4 D4"),
        ("C4|D4!dacoda!|E4!D.C.!|", "C4 D4 E4 C4 D4 E4"),
        ('C4|D4"^Fine"|E4"^D.C. al Fine"|', "C4 D4 E4 C4 D4"), ('C4|D4|"D.C."', "C4 D4 C4 D4"), ('"Dm"C4|', "C4"),
        ("|:C4|1D4:|2E4!fine!|F4!dacapo!|", "C4 D4 C4 E4 F4 C4 E4"),
        ("C4|!coda!D4|E4!D.C.!|!coda!F4|", "C4 D4 E4 C4 D4 F4"),
    ],
)  # fmt: skip
def test_jumps_by_decorations(body, names):
    assert tune(body + "\n") == names


@pytest.mark.parametrize(
    ("order", "played"),
    [
        ("ABA", "ABA"), ("A2B", "AAB"), ("(AB)2.A", "ABABA"), ("((AB)2A)2", "ABABAABABA"), ("(A)B", "AB"), ("A", "A"),
        ("A B", "AB"), ("", ""), ("(AB", ""), ("2A", ""), ("A9999", ""), ("((((A99)99)99)99)99", ""), ("A!", ""),
    ],
)  # fmt: skip
def test_the_order_of_parts(order, played):
    assert part_order(order) == played


def test_signs_of_tune_books():
    assert tune("|::C4::|D4|\n") == "C4 C4 C4 D4"
    assert tune("|:C4::D4:|\n") == "C4 C4 D4 D4"
    assert tune("%%begintext\nSome words A B C\n%%endtext\nC4|\n%%beginps\n/x {1} def\n%%endps\nD4|\n") == "C4 D4"
    assert tune("[{a}CE]4|\n").split() == ["C4", "E4"]
    exp = parse("X:1\nL:1/4\nK:D exp _b _e ^f\nCBEF|\n").tracks[0].notes
    assert [note.pitch for note in exp] == [60, 70, 63, 66]
    tied = parse(HEAD + "[C-E]4|[CE]4|\n").tracks[0].notes
    assert [(note.pitch, note.start_ticks, note.duration_ticks) for note in tied] == [
        (60, 0, 192),
        (64, 0, 96),
        (64, 96, 96),
    ]
    broken = parse(HEAD + 'C>"Am"D"G(Em)"E2|\n')
    assert [(chord.start_ticks, chord.root) for chord in broken.chords] == [(36, 9), (48, 7)]


def test_parts_are_played_in_the_order_of_the_header():
    head = HEAD.replace("K:", "P:ABA\nK:")
    assert tune("P:A\n|:C4:|\nP:B\nD4|\n", head) == "C4 C4 D4 C4 C4"
    two = parse(head + "V:1\nP:A\nC4|\nP:B\nD4|\nV:2\nE4|F4|\n").tracks
    assert [[pitch_name(note.pitch) for note in track.notes] for track in two] == [
        ["C4", "D4", "C4"],
        ["E4", "F4", "E4"],
    ]
    with pytest.warns(scoretok.ScoretokWarning, match="order of parts 'ABC'"):
        assert tune("P:A\nC4|\nP:B\nD4|\n", HEAD.replace("K:", "P:ABC\nK:")) == "C4 D4"


@pytest.mark.parametrize(
    ("body", "sounds"),
    [
        ("^F4-|F2F2|", [(66, 6), (65, 2)]), ("^F4|F4|", [(66, 4), (65, 4)]), ("^F4-|[K:D]F4|", [(66, 8)]),
        ("[^FA]4-|[FA]4|", [(66, 8), (69, 8)]), ("^F4-|G2F2|", [(66, 4), (67, 2), (65, 2)]), ("^F4-|^F4|", [(66, 8)]),
        ("[_E=E]4-|[E_E]4|", [(63, 8), (64, 8)]), ("^F4-|f4|", [(66, 4), (77, 4)]), ("^F2-F2|F4|", [(66, 4), (65, 4)]),
    ],
)  # fmt: skip
def test_a_tie_carries_its_accidental_over_the_bar_line(body, sounds):
    notes = parse(HEAD + body + "\n").tracks[0].notes
    assert [(note.pitch, note.duration_ticks // 24) for note in notes] == sounds


def test_a_measure_of_any_length_keeps_its_notes():
    sheet = parse("X:1\nM:none\nL:1/4\nK:C\n" + "CDEF" * 101 + "C3/4\n")
    assert len(sheet.tracks[0].notes) == 405


@pytest.mark.parametrize(
    "body", ["C9999999999|", "Z999999999|", "Z99999|", "C/9999999|", "(9999999:2:2CC|", "C999999|"]
)
def test_numbers_that_no_tune_has_are_refused(body):
    with pytest.raises(scoretok.ScoretokError):
        parse(HEAD + body + "\n")
