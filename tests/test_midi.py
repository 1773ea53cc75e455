"""MIDI files that no one prepared."""

import numpy as np
import pytest
import symusic

import scoretok
from scoretok.formats.midi import read_with_report, sheet_from_score
from scoretok.formats.midi_text import parse_syllables
from scoretok.performance import Control


def score_of(*tracks: symusic.Track, tpq: int = 480, **maps) -> symusic.Score:
    score = symusic.Score(tpq)
    for track in tracks:
        score.tracks.append(track)
    for name, entries in maps.items():
        setattr(score, name, entries)
    return score


def track_of(notes, name="", program=0, drums=False, lyrics=()) -> symusic.Track:
    track = symusic.Track(name, program, drums)
    for note in notes:
        track.notes.append(symusic.Note(*note))
    for time, text in lyrics:
        track.lyrics.append(symusic.TextMeta(time, text))
    return track


def written(score: symusic.Score, path):
    path.write_bytes(score.dumps_midi())
    return scoretok.read(path)


def test_a_real_file(foreign_midi):
    sheet, report = read_with_report(foreign_midi)
    assert [track.role for track in sheet.tracks] == ["drums", "lead", "guitar", "bass", "strings", "piano"]
    original = symusic.Score(foreign_midi)
    assert report.notes_read == original.note_num() == 1392
    doubled = report.notes_read - len({(i, n.time, n.pitch) for i, t in enumerate(original.tracks) for n in t.notes})
    assert report.notes_kept == report.notes_read - doubled
    assert report.max_shift_ticks <= 0.5
    assert report.chords_inferred
    assert sheet.chords
    assert scoretok.detokenize(scoretok.tokenize(sheet)) == sheet


def test_notes_move_to_the_nearest_tick():
    sheet, report = sheet_from_score(score_of(track_of([(0, 480, 60, 80), (489, 240, 62, 80)])))
    assert [(n.start_ticks, n.duration_ticks) for n in sheet.tracks[0].notes] == [(0, 24), (24, 12)]
    assert report.max_shift_ticks == pytest.approx(0.45)


@pytest.mark.parametrize(
    ("name", "program", "drums", "role"),
    [
        ("", 0, False, "piano"), ("", 27, False, "guitar"), ("", 33, False, "bass"), ("", 48, False, "strings"),
        ("", 73, False, "lead"), ("x", 0, True, "drums"),
        ("Lead Vocal", 0, False, "vocal"), ("MELODY", 0, False, "vocal"),
    ],
)  # fmt: skip
def test_programs_and_names_give_roles(name, program, drums, role):
    sheet, _ = sheet_from_score(score_of(track_of([(0, 480, 60, 80)], name, program, drums)))
    assert sheet.tracks[0].role == role


def test_words_make_a_track_vocal(tmp_path):
    notes = [(480 * i, 480, 60 + i, 80) for i in range(4)]
    words = [(0, "A-"), (480, "ma-"), (960, "zing"), (1440, "grace")]
    sheet = written(score_of(track_of(notes, "Flute", 73, lyrics=words)), tmp_path / "words.mid")
    assert sheet.tracks[0].role == "vocal"
    said = [(n.syllable.text, n.syllable.word_end) for n in sheet.tracks[0].notes]
    assert said == [("A", False), ("ma", False), ("zing", True), ("grace", True)]


def test_karaoke_spaces_and_line_marks():
    parsed = parse_syllables(["\\A", "ma", "zing", " grace", "/how", " sweet"])
    assert [(s.text, s.word_end) for s in parsed] == [
        ("A", False), ("ma", False), ("zing", True), ("grace", True), ("how", True), ("sweet", True)
    ]  # fmt: skip


def test_karaoke_text_events_are_words(tmp_path):
    import mido

    words, voice = mido.MidiTrack(), mido.MidiTrack()
    words.append(mido.MetaMessage("track_name", name="Words"))
    for text in ("@KMIDI KARAOKE FILE", "@LENGL", "@Ta song"):
        words.append(mido.MetaMessage("text", text=text))
    for number, text in enumerate(["\\A", "ma", "zing", " grace", "/how", " sweet"]):
        words.append(mido.MetaMessage("text", text=text, time=480 if number else 0))
        voice.append(mido.Message("note_on", note=60 + number, velocity=80))
        voice.append(mido.Message("note_off", note=60 + number, time=480))
    mido.MidiFile(tracks=[words, voice], ticks_per_beat=480).save(tmp_path / "song.kar")
    sheet = scoretok.read(tmp_path / "song.kar")
    assert sheet.tracks[0].role == "vocal"
    assert [n.syllable.text for n in sheet.tracks[0].notes] == ["A", "ma", "zing", "grace", "how", "sweet"]
    assert [n.syllable.word_end for n in sheet.tracks[0].notes] == [False, False, True, True, True, True]


def test_bends_and_controllers_are_kept(tmp_path):
    track = track_of([(0, 480, 60, 80)])
    track.pitch_bends.append(symusic.PitchBend(0, 100))
    track.controls.append(symusic.ControlChange(240, 1, 90))
    sheet = written(score_of(track), tmp_path / "bends.mid")
    assert sheet.tracks[0].controls == (Control("bend", ((0, 100),)), Control("modulation", ((960, 90),)))


def test_markers_become_sections_and_chords(tmp_path):
    markers = [
        symusic.TextMeta(t, x) for t, x in [(0, "Verse 1"), (0, "Am7"), (960, "F"), (1920, "Refrain"), (2000, "hello")]
    ]
    score = score_of(track_of([(0, 3840, 60, 80)]), markers=markers)
    with pytest.warns(scoretok.ScoretokWarning, match="'hello'"):
        sheet = written(score, tmp_path / "markers.mid")
    assert [(s.bar, s.label) for s in sheet.sections] == [(0, "verse"), (1, "chorus")]
    assert [(c.start_ticks, c.root, c.quality) for c in sheet.chords] == [(0, 9, "min7"), (48, 5, "maj")]


def test_chords_and_key_are_inferred(tmp_path):
    progression = [(0, (57, 60, 64)), (1, (53, 57, 60)), (2, (48, 55, 64)), (3, (55, 59, 62))]
    notes = [(1920 * bar, 1900, p, 80) for bar, chord in progression * 2 for p in chord]
    notes = [(t + (1920 * 4 if i >= 12 else 0), d, p, v) for i, (t, d, p, v) in enumerate(notes)]
    sheet = written(score_of(track_of(notes)), tmp_path / "chords.mid")
    assert [(c.root, c.quality) for c in sheet.chords][:4] == [(9, "min"), (5, "maj"), (0, "maj"), (7, "maj")]
    assert sheet.keys[0].fifths == 0


def test_meter_changes_and_pickup_bars():
    signatures = [
        symusic.TimeSignature(0, 1, 4),
        symusic.TimeSignature(480, 3, 4),
        symusic.TimeSignature(480 * 7, 6, 8),
    ]
    sheet, _ = sheet_from_score(score_of(track_of([(0, 480 * 10, 60, 80)]), time_signatures=signatures))
    assert [(m.bar, m.numerator, m.denominator) for m in sheet.meters] == [(0, 3, 4), (3, 6, 8)]
    assert sheet.pickup_ticks == 24


def test_a_change_of_meter_inside_a_bar_cuts_it():
    signatures = [
        symusic.TimeSignature(0, 4, 4),
        symusic.TimeSignature(480 * 6, 4, 4),
        symusic.TimeSignature(480 * 6, 3, 4),
    ]
    sheet, _ = sheet_from_score(score_of(track_of([(0, 480 * 9, 60, 80)]), time_signatures=signatures))
    assert [(m.bar, m.numerator, m.denominator) for m in sheet.meters] == [(0, 4, 4), (1, 2, 4), (2, 3, 4)]


def test_notes_of_one_pitch_do_not_overlap():
    rng = np.random.default_rng(1)
    notes = [(int(rng.integers(0, 5000)), int(rng.integers(1, 900)), int(rng.integers(60, 63)), 80) for _ in range(80)]
    sheet, report = sheet_from_score(score_of(track_of(notes)))
    assert report.notes_read == 80
    onsets = {(t / 20, p) for t, _, p, _ in notes}
    assert {(n.played_start_ticks, n.pitch) for n in sheet.tracks[0].notes} == onsets


def test_a_track_at_volume_zero_is_muted(tmp_path):
    silent, fading = track_of([(0, 480, 60, 80)], "a"), track_of([(0, 480, 64, 80)], "b", 48)
    silent.controls.append(symusic.ControlChange(0, 7, 0))
    fading.controls.append(symusic.ControlChange(0, 7, 0))
    fading.controls.append(symusic.ControlChange(100, 7, 90))
    sheet = written(score_of(silent, fading), tmp_path / "mute.mid")
    assert [track.muted for track in sheet.tracks] == [True, False]


def test_latin1_words_are_read(tmp_path):
    raw = score_of(track_of([(0, 480, 60, 80), (480, 480, 62, 80)], lyrics=[(0, "caf@"), (480, "bleu")])).dumps_midi()
    path = tmp_path / "latin1.mid"
    path.write_bytes(raw.replace(b"caf@", b"caf\xe9"))
    assert [n.syllable.text for n in scoretok.read(path).tracks[0].notes] == ["café", "bleu"]
