"""MIDI files that say little or oddly what plays: kits, programs, patterns, tempos, words."""

import mido
import pytest

import scoretok
from scoretok.formats.midi_events import MidiEvent, read_events, track_chunks, write_chunk

KIT = (36, 42, 38, 42)


def played(keys, channel=0, name="", before=()):
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)] if name else [])
    track.extend(before)
    for key in keys:
        track.append(mido.Message("note_on", channel=channel, note=key, velocity=80))
        track.append(mido.Message("note_off", channel=channel, note=key, time=480))
    return track


def read(tmp_path, *tracks, kind=1):
    path = tmp_path / "song.mid"
    mido.MidiFile(type=kind, ticks_per_beat=480, tracks=list(tracks)).save(path)
    return scoretok.read(path)


def roles(sheet):
    return [(track.role, track.program) for track in sheet.tracks]


@pytest.mark.parametrize(
    ("name", "keys", "role", "program"),
    [
        ("Bajo", (36, 43), "bass", 33), ("E-Gitarre", (60, 64), "guitar", 27), ("Streicher", (60, 64), "strings", 48),
        ("ピアノ", (60, 64), "piano", 0), ("Гитара", (60, 64), "guitar", 24), ("小提琴", (60, 64), "strings", 40),
        ("Violoncelle", (48, 50), "strings", 42), ("Batterie", KIT, "drums", 0), ("Batería", KIT, "drums", 0),
        ("ドラム", KIT, "drums", 0), ("Ударные", KIT, "drums", 0), ("Steel Drums", (60, 72), "piano", 114),
        ("Percussion", (60, 61, 64), "drums", 0), ("Drum solo", (90, 95, 100), "lead", 81),
        ("Gesang", (60, 62), "vocal", 0), ("MIDI 01", KIT, "piano", 0),
    ],
)  # fmt: skip
def test_tracks_without_a_program_are_told_by_their_names(tmp_path, name, keys, role, program):
    path = tmp_path / "song.mid"
    mido.MidiFile(tracks=[played(keys, name=name)], charset="utf-8").save(path)
    assert roles(scoretok.read(path)) == [(role, program)]


def test_a_program_counts_more_than_a_name(tmp_path):
    organ = [mido.Message("program_change", program=0)]
    assert roles(read(tmp_path, played((60, 62), name="Bass", before=organ))) == [("piano", 0)]


def test_what_was_told_by_names_is_said(tmp_path):
    with pytest.warns(scoretok.ScoretokWarning, match="told by their names: 'Bass' is bass"):
        read(tmp_path, played((36, 38), name="Bass"))


def test_programs_in_a_track_of_their_own_hold_for_the_others(tmp_path):
    setup = mido.MidiTrack([mido.Message("program_change", channel=c, program=p) for c, p in ((0, 40), (1, 33))])
    assert roles(read(tmp_path, setup, played((60,)), played((40,), 1))) == [("strings", 40), ("bass", 33)]


def sysex(*data):
    return mido.Message("sysex", data=data)


GS_KIT = sysex(0x41, 0x10, 0x42, 0x12, 0x40, 0x1B, 0x15, 0x02, 0x00)  # block 11 is channel 12
GS_NO_KIT = sysex(0x41, 0x10, 0x42, 0x12, 0x40, 0x10, 0x15, 0x00, 0x00)
XG_KIT = sysex(0x43, 0x10, 0x4C, 0x08, 0x0B, 0x07, 0x02)


@pytest.mark.parametrize(
    ("channel", "before", "drums"),
    [
        (9, [], True), (11, [], False), (11, [GS_KIT], True), (11, [XG_KIT], True), (9, [GS_NO_KIT], False),
        (11, [mido.Message("control_change", channel=11, control=0, value=127)], True),
        (11, [mido.Message("control_change", channel=11, control=0, value=120)], True),
        (9, [mido.Message("control_change", channel=9, control=0, value=121)], False),
        (11, [GS_NO_KIT, mido.Message("control_change", channel=11, control=0, value=127)], False),
    ],
)  # fmt: skip
def test_kits_on_any_channel(tmp_path, channel, before, drums):
    program = [mido.Message("program_change", channel=channel, program=0)]
    sheet = read(tmp_path, played(KIT, channel, before=[*before, *program]))
    assert sheet.tracks[0].is_drums == drums


def test_patterns_are_read_one_after_the_other(tmp_path):
    with pytest.warns(scoretok.ScoretokWarning, match="one after the other"):
        sheet = read(tmp_path, played((60, 62)), played((64,)), kind=2)
    assert [[n.start_ticks for n in track.notes] for track in sheet.tracks] == [[0, 24], [48]]


def onsets_s(sheet):
    onsets = []
    for note in sheet.tracks[0].notes:
        at = 0.0
        tempos = [t for t in sheet.tempos if t.start_ticks <= note.start_ticks]
        for tempo, end in zip(tempos, [*[t.start_ticks for t in tempos[1:]], note.start_ticks], strict=True):
            at += (end - tempo.start_ticks) / 24 * 60 / tempo.bpm
        onsets.append(at)
    return onsets


@pytest.mark.parametrize("speeds", [(900, 120), (6, 100), (960, 960), (5, 700), (4000, 30), (120, 5000)])
def test_notes_sound_when_they_should_whatever_the_tempo(tmp_path, speeds):
    changes = zip(speeds, (0, 1920), strict=True)
    tempos = mido.MidiTrack(mido.MetaMessage("set_tempo", tempo=round(60e6 / bpm), time=time) for bpm, time in changes)
    sheet = read(tmp_path, tempos, played([60 + i for i in range(8)]))
    right = [i * 60 / speeds[0] if i <= 4 else 4 * 60 / speeds[0] + (i - 4) * 60 / speeds[1] for i in range(8)]
    assert onsets_s(sheet) == pytest.approx(right, abs=0.03, rel=0.01)


@pytest.mark.parametrize(("bpm", "meter"), [(4, (7, 4)), (3000, (3, 8)), (900, (5, 16)), (5, (2, 2))])
def test_meters_that_have_no_bar_in_other_values_are_read_too(tmp_path, bpm, meter):
    setup = mido.MidiTrack([
        mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1]),
        mido.MetaMessage("set_tempo", tempo=round(60e6 / bpm)),
    ])  # fmt: skip
    sheet = read(tmp_path, setup, played([60 + i for i in range(8)]))
    assert onsets_s(sheet) == pytest.approx([i * 60 / bpm for i in range(8)], abs=0.03, rel=0.01)


def test_bars_stay_where_notes_are_read_in_other_values(tmp_path):
    tempos = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=round(60e6 / 900))])
    sheet = read(tmp_path, tempos, played([60] * 8))
    assert (sheet.bar_count, sheet.meters[0].numerator, sheet.meters[0].denominator) == (2, 4, 8)


def sung(*texts, kind="lyrics", times=None):
    steps = times or [0] + [480] * (len(texts) - 1)
    return mido.MidiTrack(
        [mido.MetaMessage("track_name", name="Words")]
        + [mido.MetaMessage(kind, text=text, time=time) for text, time in zip(texts, steps, strict=True)]
    )


def said(sheet):
    return [[n.syllable.text for n in track.notes if n.syllable] for track in sheet.tracks]


TUNE = (60, 62, 64, 65, 67)


def test_karaoke_without_any_tag(tmp_path):
    words = sung("\\Twin", "kle ", "twin", "kle ", "star", kind="text")
    assert said(read(tmp_path, words, played(TUNE))) == [["Twin", "kle", "twin", "kle", "star"]]


def test_remarks_are_no_words(tmp_path):
    remarks = sung(*["Sequenced by somebody for his own pleasure"] * 5, kind="text")
    assert said(read(tmp_path, remarks, played(TUNE))) == [[]]


def test_words_never_go_to_drums_and_never_twice(tmp_path):
    words = sung("Look ", "at ", "that ", "bright ", "star")
    sheet = read(tmp_path, words, played((*KIT, 36), 9), played(TUNE, name="Tune"), played(TUNE, 2, name="Flute"))
    assert sorted(map(len, said(sheet))) == [0, 0, 5]
    assert said(sheet)[[track.is_drums for track in sheet.tracks].index(True)] == []


def test_words_near_a_note_go_to_it(tmp_path):
    words = sung("Look ", "at ", "that ", "bright ", "star", times=[0, 480, 480, 580, 380])
    assert said(read(tmp_path, words, played(TUNE))) == [["Look", "at", "that", "bright", "star"]]


def test_tags_of_rp_026_are_no_syllables(tmp_path):
    words = sung("{#Title=Star}{@LATIN}", "{@LATIN}Stra", "\xdfe", "hier", "so", "oh", times=[0, 0, 480, 480, 480, 480])
    assert said(read(tmp_path, words, played(TUNE))) == [["Stra", "ße", "hier", "so", "oh"]]


@pytest.mark.parametrize("key", [b"\xf8\x00", b"\x00\x02", b"\x30\x00"])
def test_odd_keys_beside_old_encodings_are_read(tmp_path, key):
    path = tmp_path / "song.mid"
    mido.MidiFile(tracks=[sung("fr\xfch", "und", "sp\xe4t", "im", "Jahr"), played(TUNE)], charset="latin1").save(path)
    data = path.read_bytes()
    event = b"\0\xff\x59\x02" + key
    length = int.from_bytes(data[18:22]) + len(event)
    path.write_bytes(data[:18] + length.to_bytes(4) + event + data[22:])
    assert said(scoretok.read(path)) == [["früh", "und", "spät", "im", "Jahr"]]


def test_chords_alone_are_a_score(tmp_path):
    chords = mido.MidiTrack(
        [
            mido.MetaMessage("marker", text=text, time=1920 * (number > 0))
            for number, text in enumerate(("Am7", "F", "G7"))
        ]
        + [mido.MetaMessage("end_of_track", time=1920)]
    )
    sheet = read(tmp_path, chords)
    assert (sheet.bar_count, len(sheet.chords), sheet.tracks) == (3, 3, ())


def test_events_come_back_from_bytes(foreign_midi):
    chunks = list(track_chunks(foreign_midi.read_bytes()))
    for chunk in chunks:
        events = read_events(chunk)
        assert read_events(write_chunk(events)[8:]) == events
    end = b"\0\xff\x2f\0"
    assert read_events(end + b"\0\0\x90") == [MidiEvent(0, 0xFF, 0x2F, b"")]


@pytest.mark.parametrize(
    "chunk", [b"\x00\x90\x3c", b"\x00\x3c\x40", b"\x00\xf4\x00", b"\x00\xff\x03\x09ab", b"\x00\xff"]
)
def test_what_is_no_event_is_refused_where_it_stands(chunk):
    with pytest.raises(scoretok.ScoretokError, match="cannot be read at byte"):
        read_events(chunk)


def test_events_that_no_score_needs_do_not_reach_other_readers(tmp_path):
    events = [
        MidiEvent(0, 0xF7, 0, b"\xc9\x10"),
        MidiEvent(0, 0xFF, 0x51, b"\x01" * 200),
        MidiEvent(0, 0xFF, 0x58, b"\x03"),
    ]
    notes = [MidiEvent(0, 0x90, 0, b"\x3c\x40"), MidiEvent(96, 0x80, 0, b"\x3c\x40")]
    path = tmp_path / "odd.mid"
    path.write_bytes(b"MThd" + bytes([0, 0, 0, 6, 0, 1, 0, 1, 0, 96]) + write_chunk([*events, *notes]))
    assert scoretok.read(path).note_count == 1
