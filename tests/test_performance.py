"""Performances: what was played beside the grid is kept, edited and heard."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
from conftest import EXAMPLES, run
from hypothesis import given
from hypothesis import strategies as st
from strategies import lead_sheets

import scoretok
from editing import edit
from renderer.control_curves import StepCurve, bend_curve, gain_curve
from renderer.mixer import usual_level
from renderer.note_array import notes_of
from renderer.pedals import sounding_spans_ticks
from scoretok import Note, ScoretokError, ScoretokWarning, Tempo, Track, detokenize, diff, tokenize
from scoretok.encode import encode_score
from scoretok.formats import midi
from scoretok.formats.holds import without_performance
from scoretok.formats.lead import print_lead
from scoretok.formats.lead_parser import parse
from scoretok.formats.midi_events import META, MidiEvent, write_chunk
from scoretok.formats.midi_repair import read_file
from scoretok.grammar import GrammarError
from scoretok.performance import Control, ControlPoint, Timing, named
from scoretok.sheet import LeadSheet

END = MidiEvent(1 << 14, META, 0x2F, b"")


def event(tick, status, *data):
    return MidiEvent(tick, status, 0, bytes(data))


def file_of(*tracks, division=480):
    """The bytes of a MIDI file of format 1."""
    head = b"MThd" + b"\0\0\0\6\0\1" + len(tracks).to_bytes(2) + division.to_bytes(2)
    return head + b"".join(write_chunk([*sorted(events, key=lambda one: one.tick), END]) for events in tracks)


def read(*tracks, division=480):
    """The score of a MIDI file of format 1."""
    return midi.parse(file_of(*tracks, division=division), "test")[0]


def played(*notes, controls=(), program=0, role="piano", bars=4):
    """A score of one track at 120 quarter notes a minute: a tick lasts 1/48 s."""
    return LeadSheet(bars, (Track(role, notes, program, controls=controls),), tempos=(Tempo(0, 120.0),))


@given(lead_sheets())
def test_the_stream_of_the_written_score_is_what_it_was_without_a_performance(sheet):
    assert encode_score(sheet) == tokenize(without_performance(sheet))
    assert detokenize(tokenize(sheet)) == sheet


@given(lead_sheets(), st.data())
def test_no_other_tokens_behind_a_score_are_read(sheet, data):
    ids = tokenize(sheet)
    behind = len(encode_score(sheet))
    if behind == len(ids):
        return
    place = data.draw(st.integers(behind, len(ids) - 1))
    wrong = [*ids[:place], data.draw(st.integers(0, 2800)), *ids[place + 1 :]]
    try:
        found = detokenize(wrong)
    except GrammarError:
        return
    assert tokenize(found) == wrong


@pytest.mark.parametrize("division", [96, 120, 192, 384, 480, 960])
def test_every_tick_of_a_file_comes_back(division):
    rng = np.random.default_rng(division)
    ticks = np.sort(rng.choice(8 * division, 41, replace=False)).tolist()
    events = [
        event(tick, status, 60, 80)
        for pair in zip(ticks[:-1:2], ticks[1::2], strict=True)
        for tick, status in zip(pair, (0x90, 0x80), strict=True)
    ]
    events += [event(tick, 0xB0, 64, int(rng.integers(0, 128))) for tick in ticks]
    sheet = read(events, division=division)
    file = read_file(midi.to_bytes(sheet))
    notes, pedal = (
        [(one.tick * division / file.division, *one.data[:2]) for one in file.tracks[0] if one.command == command]
        for command in (0x90, 0xB0)
    )
    assert notes == [(one.tick, 60, 80) for one in events if one.status == 0x90]
    assert pedal == [(one.tick, 64, one.data[1]) for one in events if one.status == 0xB0]


def test_a_flam_stays_two_strokes():
    sheet = read([e for t in (100, 105) for e in (event(t, 0x99, 38, 90), event(t + 4, 0x89, 38, 0))])
    drums = sheet.tracks[0].notes
    assert [note.start_ticks for note in drums] == [5, 6]
    assert [note.played_start_ticks for note in drums] == [5.0, 5.25]


def test_controllers_act_on_their_channel_whichever_track_they_stand_in():
    notes = [event(0, 0x90, 60, 80), event(480, 0x80, 60, 0)]
    pedals = [event(240, 0xB0, 64, 127), event(960, 0xB0, 64, 0)]
    sheet = read(pedals, notes, [event(0, 0x91, 48, 70), event(480, 0x81, 48, 0)])
    pedal = Control("pedal", (ControlPoint(960, 127), ControlPoint(3840, 0)))
    assert [track.controls for track in sheet.tracks] == [(pedal,), ()]


def test_the_range_of_a_bend_is_said_by_its_parameter():
    setting = [event(0, 0xB0, number, value) for number, value in ((101, 0), (100, 0), (6, 12), (38, 0))]
    sheet = read([*setting, event(0, 0x90, 60, 80), event(240, 0xE0, 0, 96), event(480, 0x80, 60, 0)])
    assert sheet.tracks[0].controls == (Control("bend", ((960, 4096),)), Control("bend-range", ((0, 1200),)))
    curve = bend_curve(sheet, sheet.tracks[0])
    assert curve.at(np.array([0.0, 0.3])).tolist() == [0.0, 600.0]


def test_a_reset_puts_controllers_back_that_moved():
    moves = [event(0, 0xB0, 1, 90), event(0, 0xE0, 0, 0), event(0, 0xB0, 7, 90), event(480, 0xB0, 121, 0)]
    sheet = read([*moves, event(0, 0x90, 60, 80), event(960, 0x80, 60, 0)])
    values = {control.name: control.value_at(1920) for control in sheet.tracks[0].controls}
    assert values == {"bend": 0, "modulation": 0, "volume": 90}


@pytest.mark.parametrize("message", [120, 123])
def test_all_notes_off_ends_the_notes_of_its_channel(message):
    sheet = read(
        [event(0, 0x90, 60, 80), event(0, 0x91, 64, 80), event(480, 0xB0, message, 0), event(960, 0x81, 64, 0)]
    )
    assert sorted((n.pitch, n.duration_ticks) for t in sheet.tracks for n in t.notes) == [(60, 24), (64, 48)]


def test_a_note_that_nothing_ends_is_not_lost():
    with pytest.warns(ScoretokWarning, match="2 notes that nothing ends"):
        sheet = read(
            [event(0, 0x90, 60, 80), event(480, 0x90, 60, 80), event(480, 0x90, 64, 80), event(960, 0x80, 60, 0)]
        )
    spans = sorted((n.pitch, n.start_ticks, n.duration_ticks) for n in sheet.tracks[0].notes)
    assert spans == [(60, 0, 24), (60, 24, 24), (64, 24, 795)]


def test_thousands_of_events_on_a_tick_and_sysex_are_read():
    many = [event(240, 0xB0, 11, n % 128) for n in range(5000)]
    sysex = MidiEvent(240, 0xF0, 0, b"\x7e\x7f\x09\x01\xf7")
    sheet = read([event(0, 0x90, 60, 80), *many, sysex, event(480, 0x80, 60, 0)])
    curve = named(sheet.tracks[0].controls, "expression")
    assert len(curve.points) == 5000
    assert curve.value_at(960) == 4999 % 128
    assert midi.parse(midi.to_bytes(sheet), "test")[0].tracks == sheet.tracks


def test_tracks_without_notes_and_silent_ones_keep_their_controls():
    volume = Control("volume", (ControlPoint(0, 90), ControlPoint(960, 20)))
    sheet = LeadSheet(
        2, (Track("piano", (), controls=(volume,)), Track("bass", (Note(0, 40, 24),), muted=True, controls=(volume,)))
    )
    assert midi.parse(midi.to_bytes(sheet), "test")[0].tracks == sheet.tracks


def test_seventeen_tracks_keep_their_pedals_apart():
    tracks = tuple(
        Track(role, (Note(0, 60, 24),), 0, controls=(Control("pedal", (ControlPoint(80 * n, 127),)),))
        for n, role in enumerate(["piano"] * 9 + ["lead"] * 9 + ["drums"] * 2)
    )
    sheet = LeadSheet(2, tracks)
    assert midi.parse(midi.to_bytes(sheet), "test")[0].tracks == sheet.tracks


def test_lead_says_it_for_people():
    notes = (Note(0, 60, 24, 80, timing=Timing(13, -20)), Note(24, 62, 24, 80, timing=Timing(13, 13)), Note(48, 64, 24))
    sheet = played(*notes, controls=(Control("pedal", (ControlPoint(40, 127), ControlPoint(4 * 24 * 80, 0))),), bars=1)
    assert print_lead(sheet).splitlines()[-2:] == [
        "  piano   1 v80 ~+13,-20 C4 q  2 ~+13 D4 q  3 ~ E4 q",
        "  piano pedal 1+40 127  5 0",
    ]
    assert parse(print_lead(sheet)) == sheet


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("  piano   1 v80 ~13 C4 q", "column 17: '~13' does not say how a note is played"),
        ("  piano   1 ~+99999 C4 q", "column 21: piano track: note 60 at tick 0 is played 99999"),
        ("  piano pedal 1 200", "column 15: pedal 200 at subtick 0 is out of range"),
        ("  piano pedal 1", "the line ends where a value is expected"),
        ("  piano pedal 9 3\nbar 2", "line 4, column 15: position 9 lies outside the bar"),
    ],
)
def test_errors_in_lead_name_their_place(line, message):
    text = f"scoretok 1\ntrack piano program 0\nbar 1 meter 4/4 key C:maj\n{line}\n"
    with pytest.raises(ScoretokError, match=message.replace("(", r"\(").replace("+", r"\+")):
        parse(text)


def test_a_pedal_lengthens_what_sounds_and_a_half_pedal_less():
    def end_s(value, *more):
        pedal = Control("pedal", (ControlPoint(0, value), *(ControlPoint(*point) for point in more)))
        return float(notes_of(*pair(played(Note(0, 60, 24), controls=(pedal,)))).end_s[0])

    assert end_s(0) == 0.5
    assert end_s(127, (48 * 80, 0)) == 1.0
    assert end_s(127, (48 * 80, 0), (48 * 80, 127)) == 1.0  # lifted for a moment
    assert end_s(127) == 8.0  # never lifted: to the end of the score
    assert end_s(80) == pytest.approx(1.5)
    assert end_s(127, (12 * 80, 0), (18 * 80, 127), (96 * 80, 0)) == 2.0  # caught again before the key came up


def pair(sheet):
    return sheet, sheet.tracks[0]


def test_a_pedalled_note_ends_where_its_key_is_struck_again():
    sheet = played(Note(0, 60, 12), Note(48, 60, 12), controls=(Control("pedal", (ControlPoint(0, 127),)),))
    assert sounding_spans_ticks(*pair(sheet))[0] == pytest.approx((0, 48))


def test_the_sostenuto_keeps_keys_that_were_down():
    caught = Control("sostenuto", (ControlPoint(12 * 80, 127), ControlPoint(96 * 80, 0)))
    sheet = played(Note(0, 60, 24), Note(24, 64, 24), controls=(caught,))
    assert [end for _, end in sounding_spans_ticks(*pair(sheet))] == pytest.approx([96, 48])


def test_volume_and_expression_make_it_louder_by_their_squares():
    moves = (Control("expression", (ControlPoint(1920, 64),)), Control("volume", (ControlPoint(0, 50),)))
    gain = gain_curve(*pair(played(Note(0, 60, 24), controls=moves)))
    assert gain.smooth_at(np.array([0.2, 0.9])) == pytest.approx([0.25, 0.25 * (64 / 127) ** 2])


@given(st.lists(st.floats(0, 10), min_size=1, max_size=6), st.floats(0, 12))
def test_integrals_of_steps_are_sums(times, end):
    times = np.unique(times)
    curve = StepCurve(times, np.arange(1.0, len(times) + 1), 0.5)
    grid = (np.arange(4000) + 0.5) * end / 4000
    assert curve.integral(np.array([end]), lambda x: x)[0] == pytest.approx(curve.at(grid).mean() * end, abs=0.05)


def test_pan_of_a_file_is_its_place_in_the_mix():
    assert usual_level(Track("piano", controls=(Control("pan", (ControlPoint(0, 127),)),))).pan == 1.0
    assert usual_level(Track("piano", (Note(0, 60, 24),))).pan == usual_level(Track("piano")).pan


def test_a_changed_curve_is_a_changed_cell():
    sheet = played(*(Note(96 * bar, 60, 24) for bar in range(4)))
    changed = edit(sheet, ["pedal in bars 2-2 of piano"])
    assert {(cell.track, cell.after_bar) for cell in diff(sheet, changed).cells} == {("piano.1", 1)}


@pytest.mark.parametrize(
    ("phrase", "name", "values"),
    [
        ("volume 90 of piano", "volume", [90, 90, 90]),
        ("expression 20 to 100 in bars 2-3 of piano", "expression", [127, 58, 127]),
        ("pan -64 in bar 2", "pan", [64, 0, 64]),
        ("bend -100 in bar 2", "bend", [0, -4096, 0]),
        ("bend 0 to 200 in bars 2-3", "bend", [0, 4030, 0]),
        ("control cc74 5 in bar 2", "cc74", [0, 5, 0]),
        ("soft in bar 2", "soft", [0, 127, 0]),
    ],
)
def test_verbs_set_controls_where_they_say(phrase, name, values):
    sheet = played(*(Note(96 * bar, 60, 24) for bar in range(4)))
    curve = named(edit(sheet, [phrase]).tracks[0].controls, name)
    assert [curve.value_at(tick * 80) for tick in (95, 96 + 93, 96 * 3)] == pytest.approx(values, abs=3)
    off = f"{phrase.split()[0]} {'cc74 ' if 'cc74' in phrase else ''}off"
    assert edit(edit(sheet, [phrase]), [off]) == sheet


def test_a_wide_bend_widens_the_wheel_and_leaves_other_bends():
    sheet = edit(played(*(Note(96 * bar, 60, 24) for bar in range(4))), ["bend 100 in bar 1"])
    wide = edit(sheet, ["bend -700 in bar 3"])
    curve = bend_curve(wide, wide.tracks[0])
    assert curve.at(np.array([0.1, 2.5, 4.1, 6.5])) == pytest.approx([100, 0, -700, 0], abs=0.1)


def test_swing_is_played_and_written_straight():
    straight = played(*(Note(12 * n, 60 + n, 12) for n in range(8)))
    swung = edit(straight, ["swing 60%"])
    assert [note.start_ticks for note in swung.tracks[0].notes] == [12 * n for n in range(8)]
    assert [note.played_start_ticks for note in swung.tracks[0].notes][:4] == [0, pytest.approx(14.4), 24, 38.4]
    triplets = played(*(Note(8 * n, 60 + n, 8) for n in range(3)))
    assert edit(triplets, ["swing 60%"]) == triplets
    assert edit(swung, ["swing 50%"]) == edit(swung, ["quantise 1/8"]) == edit(swung, ["plain"]) == straight


def test_half_a_quantise_takes_half_of_the_timing():
    rough = played(Note(0, 60, 24, timing=Timing(40, 40)), Note(24, 62, 24, timing=Timing(-20, -20)))
    half = edit(rough, ["quantise 1/8 strength 50"])
    assert [note.timing for note in half.tracks[0].notes] == [Timing(20, 20), Timing(-10, -10)]


@given(lead_sheets())
def test_plain_leaves_what_is_written(sheet):
    if sheet.tracks:
        assert edit(sheet, ["plain"]) == without_performance(sheet)


def test_crescendo_grows():
    sheet = edit(played(*(Note(24 * n, 60, 12) for n in range(16))), ["crescendo 40 to 100 in bars 1-2"])
    loudness = [note.velocity for note in sheet.tracks[0].notes]
    assert loudness[0] == 40
    assert loudness[:8] == sorted(set(loudness[:8]))
    assert loudness[8:] == [80] * 8


def test_an_unknown_control_is_named():
    with pytest.raises(ScoretokError, match="'reverb' is not a control"):
        edit(played(Note(0, 60, 24)), ["control reverb 3"])
    with pytest.raises(ScoretokError, match="given twice"):
        replace(played(Note(0, 60, 24)).tracks[0], controls=(Control("pan", ((0, 3),)), Control("pan", ((9, 3),))))


def test_a_recorded_performance_goes_through_an_edit(tmp_path):
    """MIDI -> .lead -> one edit -> MIDI and WAV: what lies outside the edit is as it was."""
    saints = scoretok.read(EXAMPLES / "when-the-saints.lead")
    phrases = ["humanise timing 2 velocity 12 seed 3", "pedal of piano", "expression 60 to 120 in bars 3-8 of guitar"]
    scoretok.write(edit(saints, phrases), tmp_path / "played.mid")
    run("convert", tmp_path / "played.mid", tmp_path / "played.lead", "-q")
    run("edit", tmp_path / "played.lead", "-o", tmp_path / "new.lead", "transpose +12 in bars 5-6 of piano", "-q")
    for name in ("played", "new"):
        run("convert", tmp_path / f"{name}.lead", tmp_path / f"{name}-out.mid", "-q")
        run("render", tmp_path / f"{name}.lead", "-o", tmp_path / f"{name}.wav", "--engine", "draft", "-q")
    old, new = (scoretok.read(tmp_path / f"{name}-out.mid") for name in ("played", "new"))
    assert old == scoretok.read(tmp_path / "played.mid")
    bars = range(old.bar_starts[4], old.bar_starts[6])
    for before, after in zip(old.tracks, new.tracks, strict=True):
        assert before.controls == after.controls
        outside = [[note for note in one.notes if note.start_ticks not in bars] for one in (before, after)]
        assert outside[0] == outside[1]
        assert before.role == "piano" or before == after
    heard, changed = (soundfile.read(tmp_path / f"{name}.wav")[0] for name in ("played", "new"))
    start, stop = (round(44100 * old.seconds_at(tick)) for tick in (bars.start - 2, bars.stop + 4))
    length = min(len(heard), len(changed))
    different = np.flatnonzero((heard[:length] != changed[:length]).any(1))
    assert start <= different[0]
    assert different[-1] < stop + 4 * 44100  # what was played in these bars dies away


def test_plain_leaves_the_performance_out(tmp_path):
    sheet = played(Note(0, 60, 24, timing=Timing(9, 9)), controls=(Control("pedal", (ControlPoint(0, 127),)),))
    scoretok.write(sheet, tmp_path / "played.mid")
    run("convert", tmp_path / "played.mid", tmp_path / "plain.lead", "--plain", "-q")
    assert scoretok.read(tmp_path / "plain.lead") == without_performance(sheet)
    assert "~" not in (tmp_path / "plain.lead").read_text()


def test_formats_without_a_performance_say_so(tmp_path):
    sheet = played(Note(0, 60, 24, timing=Timing(9, 9)), controls=(Control("pedal", (ControlPoint(0, 127),)),))
    for suffix in ("abc", "musicxml"):
        with pytest.warns(ScoretokWarning, match="hold no performance"):
            scoretok.write(sheet, tmp_path / f"plain.{suffix}")
    assert '<pedal type="start"' in (tmp_path / "plain.musicxml").read_text()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x7dscoretok grid 12 nonsense", "'nonsense' is not a whole number"),
        (b"\x7dscoretok grid " + b"9" * 40 + b" 60 0 1", "too large a number"),
        (b"\x7dscoretok grid 1920 60 900000000 5", ""),
        (b"\x7dscoretok grid \xff\xfe", "is not a whole number"),
    ],
)
def test_a_damaged_note_to_ourselves_is_refused_or_left_out(data, message):
    file = read_file(midi.to_bytes(played(Note(24, 60, 24, timing=Timing(100, 100)))))
    file.tracks[0].insert(0, MidiEvent(0, META, 0x7F, data))
    if not message:
        assert midi.parse(file.to_bytes(everything=True), "test")[0].note_count == 1
        return
    with pytest.raises(ScoretokError, match=message):
        midi.parse(file.to_bytes(everything=True), "test")


@pytest.mark.parametrize(
    "text", ["control: 0 pan x:3", "control: q pan 0:3", "control: 0 wah 0:3", "empty track: 0 piano", "empty track: x"]
)
def test_a_damaged_marker_of_ours_is_refused_in_one_sentence(text):
    score = midi.score_from_sheet(played(Note(0, 60, 24)))
    score.markers.append(type(score.markers[0])(0, text))
    with pytest.raises(ScoretokError, match=r"^test: "):
        midi.parse(score.dumps_midi(), "test")
