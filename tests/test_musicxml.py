"""MusicXML files that others wrote."""

import pytest

import scoretok
from scoretok.theory import pitch_name

PARTS = '<part-list><score-part id="P1"><part-name>{name}</part-name></score-part></part-list>'


def note(name, quarters=4, extra=""):
    pitch = f"<pitch><step>{name[0]}</step><octave>{name[1]}</octave></pitch>"
    return f"<note>{pitch}<duration>{quarters}</duration>{extra}</note>"


def score(measures, tmp_path, name="Piano", attributes=""):
    meter = "<time><beats>4</beats><beat-type>4</beat-type></time>"
    head = f"<attributes><divisions>1</divisions><key><fifths>0</fifths></key>{meter}{attributes}</attributes>"
    body = "".join(
        f'<measure number="{i + 1}">{head if i == 0 else ""}{content}</measure>' for i, content in enumerate(measures)
    )
    path = tmp_path / "score.musicxml"
    text = f'<score-partwise version="4.0">{PARTS.format(name=name)}<part id="P1">{body}</part></score-partwise>'
    path.write_text(text)
    return path


def names(sheet):
    return " ".join(pitch_name(note.pitch) for note in sheet.tracks[0].notes)


FORWARD = '<barline location="left"><repeat direction="forward"/></barline>'
BACKWARD = '<barline location="right"><repeat direction="backward"/></barline>'


def test_repeats_are_unfolded(tmp_path):
    sheet = scoretok.read(score([FORWARD + note("C4"), note("D4") + BACKWARD, note("E4")], tmp_path))
    assert names(sheet) == "C4 D4 C4 D4 E4"


def test_a_bar_split_by_a_repeat_is_one_bar(tmp_path):
    measures = [note("C4"), note("D4", 3) + BACKWARD, note("E4", 1), note("F4")]
    sheet = scoretok.read(score(measures, tmp_path))
    assert [bar // 24 for bar in sheet.bar_starts] == [0, 4, 7, 11, 15, 19]


def test_transposing_instruments_sound_where_they_sound(tmp_path):
    transpose = "<transpose><chromatic>0</chromatic><octave-change>-1</octave-change></transpose>"
    assert names(scoretok.read(score([note("C4")], tmp_path, attributes=transpose))) == "C3"


def test_pickups_words_and_dynamics(tmp_path):
    said = "<lyric><syllabic>begin</syllabic><text>la</text></lyric>"
    loud = note("C4", 1, said).replace("<note>", '<note dynamics="100">')
    sheet = scoretok.read(score([loud, note("D4")], tmp_path, "Voice"))
    assert sheet.pickup_ticks == 24
    first = sheet.tracks[0].notes[0]
    assert (first.velocity, first.syllable.text, first.syllable.word_end) == (90, "la", False)
    assert sheet.tracks[0].role == "vocal"


def test_ties_chords_symbols_and_sections(tmp_path):
    harmony = "<harmony><root><root-step>A</root-step></root><kind>minor-seventh</kind></harmony>"
    mark = "<direction><direction-type><rehearsal>Chorus</rehearsal></direction-type></direction>"
    chord = note("E4").replace("<note>", "<note><chord/>")
    tied = [note("C4", 4, '<tie type="start"/>') + chord, note("C4", 4, '<tie type="stop"/>')]
    sheet = scoretok.read(score([mark + harmony + tied[0], tied[1]], tmp_path))
    assert [(n.pitch, n.duration_ticks) for n in sheet.tracks[0].notes] == [(60, 192), (64, 96)]
    assert [(c.root, c.quality) for c in sheet.chords] == [(9, "min7")]
    assert sheet.sections[0].label == "chorus"


def test_grace_notes_are_left_out_and_said(tmp_path):
    grace = "<note><grace/><pitch><step>B</step><octave>4</octave></pitch></note>"
    path = score([grace + note("C4")], tmp_path)
    with pytest.warns(scoretok.ScoretokWarning, match="1 grace notes"):
        assert names(scoretok.read(path)) == "C4"


def test_odd_headers_are_read(tmp_path):
    path = score([note("C4")], tmp_path)
    odd = (
        '<midi-instrument id="x"><midi-program>piano</midi-program><volume>loud</volume></midi-instrument></score-part>'
    )
    path.write_text(path.read_text().replace("</score-part>", odd))
    assert scoretok.read(path).tracks[0].program == 0


def words(text, sound=""):
    return f"<direction><direction-type><words>{text}</words></direction-type>{sound}</direction>"


@pytest.mark.parametrize(
    "jump",
    [words("D.C. al Fine"), '<sound dacapo="yes"/>', words("Da Capo al Fine", '<sound dacapo="yes"/>'), words("D. C.")],
)
@pytest.mark.parametrize("fine", [words("Fine"), '<sound fine="yes"/>'])
def test_jumps_go_by_words_or_by_sounds(tmp_path, jump, fine):
    measures = [note("C4"), note("D4") + fine, note("E4") + jump]
    assert names(scoretok.read(score(measures, tmp_path))) == "C4 D4 E4 C4 D4"


def test_dal_segno_al_coda_by_signs_alone(tmp_path):
    segno, coda = (f"<direction><direction-type><{sign}/></direction-type></direction>" for sign in ("segno", "coda"))
    measures = [
        note("C4"),
        segno + note("D4"),
        note("E4") + coda,
        note("F4") + words("D.S. al Coda"),
        coda + note("G4"),
    ]
    assert names(scoretok.read(score(measures, tmp_path))) == "C4 D4 E4 F4 D4 E4 G4"


def test_the_key_and_the_tempo_come_back_with_a_jump(tmp_path):
    slow, fast = (words(text, f'<sound tempo="{bpm}"/>') for text, bpm in (("slow", 60), ("fast", 180)))
    sharp = "<attributes><key><fifths>2</fifths></key></attributes>"
    measures = [slow + note("C4"), sharp + fast + note("D4") + words("D.C. al Fine"), note("E4")]
    measures[0] += words("Fine")
    sheet = scoretok.read(score(measures, tmp_path))
    assert [(key.bar, key.fifths) for key in sheet.keys] == [(0, 0), (1, 2), (2, 0)]
    assert [tempo.bpm for tempo in sheet.tempos] == [60, 180, 60]


def test_harmonies_over_one_note_share_it(tmp_path):
    harmony = "<harmony><root><root-step>{}</root-step></root><kind>major</kind>{}</harmony>"
    shared = "".join(harmony.format(root, "") for root in "CFG") + note("C4", 3) + note("C4", 1)
    placed = harmony.format("C", "") + harmony.format("F", "<offset>3</offset>") + note("C4")
    sheet = scoretok.read(score([shared, placed], tmp_path))
    assert [(chord.start_ticks, chord.root) for chord in sheet.chords] == [(0, 0), (24, 5), (48, 7), (96, 0), (168, 5)]


def unpitched(place="B4", extra=""):
    display = f"<display-step>{place[0]}</display-step><display-octave>{place[1]}</display-octave>"
    return f"<note><unpitched>{display}</unpitched><duration>2</duration>{extra}</note>"


@pytest.mark.parametrize(
    ("name", "place", "extra", "key"),
    [
        ("Große Trommel", "B4", "", 36), ("Caisse claire", "B4", "", 38), ("Triangolo", "B4", "", 81),
        ("Tambourine", "B4", "", 54), ("Drumset", "F4", "", 36), ("Drumset", "C5", "", 38), ("Kit", "C5", "", 38),
        ("Drumset", "G5", "<notehead>x</notehead>", 42), ("Drumset", "A5", "<notehead>x</notehead>", 49),
    ],
)  # fmt: skip
def test_drums_are_told_by_names_and_places(tmp_path, name, place, extra, key):
    sheet = scoretok.read(score([unpitched(place, extra) * 2], tmp_path, name))
    assert (sheet.tracks[0].role, [n.pitch for n in sheet.tracks[0].notes]) == ("drums", [key, key])


def test_drums_are_told_by_the_sound_of_their_instrument(tmp_path):
    path = score([unpitched("B4", '<instrument id="a"/>') + unpitched("B4", '<instrument id="b"/>')], tmp_path, "Perc.")
    named = "".join(
        f'<score-instrument id="{one}"><instrument-name>{name}</instrument-name>'
        f"<instrument-sound>{sound}</instrument-sound></score-instrument>"
        for one, name, sound in (("a", "", "wood.wood-block"), ("b", "Congas", ""))
    )
    path.write_text(path.read_text().replace("</score-part>", f"{named}</score-part>"))
    assert [n.pitch for n in scoretok.read(path).tracks[0].notes] == [76, 63]


@pytest.mark.parametrize(
    ("name", "role", "program"),
    [("Kontrabass", "bass", 32), ("Violon", "strings", 40), ("Guitarra", "guitar", 24), ("Музыка", "piano", 0)],
)
def test_parts_without_a_program_go_by_their_name(tmp_path, name, role, program):
    track = scoretok.read(score([note("C4")], tmp_path, name)).tracks[0]
    assert (track.role, track.program) == (role, program)


def test_keys_sign_by_sign(tmp_path):
    path = score([note("C4")], tmp_path)
    signs = "".join(f"<key-step>{s}</key-step><key-alter>{a}</key-alter>" for s, a in (("F", 1), ("C", 1), ("B", -0.5)))
    path.write_text(path.read_text().replace("<fifths>0</fifths>", signs))
    with pytest.warns(scoretok.ScoretokWarning, match="B -0.5"):
        assert scoretok.read(path).keys[0].fifths == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<beats>4", "<beats>2147483647"), ("<beat-type>4", "<beat-type>7"), ("<octave>4", "<octave>99999"),
        ("<duration>4", "<duration>" + "9" * 5000), ("<duration>4", "<duration>1e999"), ("<fifths>0", "<fifths>99999"),
        ("<divisions>1", "<divisions>-1"),
    ],
)  # fmt: skip
def test_numbers_that_no_score_has_are_refused(tmp_path, old, new):
    path = score([note("C4")], tmp_path)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(scoretok.ScoretokError) as error:
        scoretok.read(path)
    assert len(str(error.value)) < 300
