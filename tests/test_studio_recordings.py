"""Recordings, voices and files in the studio, with stand-ins: looked at first, written down, corrected, inpainted."""

import io
import json

import numpy as np
import pytest
import soundfile
from studio_stand_ins import stand_in_engines, stand_in_writers, wave
from test_studio_server import Page

from editing.studio.opening import open_project
from editing.studio.project import Project, pack, unpack
from editing.studio.recorded_jobs import write_down_new
from editing.studio.recordings import RecordingStore
from editing.studio.session import Session
from editing.studio.uploads import Uploads
from mir.constant_q import LOWEST_PITCH, spectrogram
from scoretok import ScoretokError, read

ODE, SAINTS = "examples/ode-to-joy.lead", "examples/when-the-saints.lead"


@pytest.fixture
def page(tmp_path):
    project = Project.create(tmp_path / "song.studio", read(SAINTS))
    made = Page(Session(project, stand_in_engines(), stand_in_writers(), 1, False))
    yield made
    made.session.close()


def send(page, name, data, status=200):
    answer = page.http.post(f"/api/upload/{name}", content=data)
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.fixture
def recorded(page):
    """A page with a recording of the ode, written down."""
    sent = send(page, "take.wav", wave(read(ODE).duration_s + 1))
    page.post("open", upload=sent["upload"], what="recording")
    page.wait()
    return page


def test_a_score_is_looked_at_before_it_takes_the_place_of_another(page):
    sent = send(page, "ode.lead", open(ODE, "rb").read())  # noqa: PTH123, SIM115
    sheet = read(ODE)
    assert (sent["kind"], sent["bars"], sent["notes"]) == ("score", sheet.bar_count, sheet.note_count)
    assert page.look()["history"]["steps"] == []
    page.post("open", upload=sent["upload"], what="score")
    assert page.look()["history"]["steps"] == ["open ode.lead"]
    assert page.sheet == sheet
    page.post("undo")
    page.look()
    assert page.sheet == read(SAINTS)


def test_what_a_file_would_lose_is_said_before_it_is_opened(page):
    abc = "X:1\nM:4/4\nL:1/4\nK:C\n!trill!C D E F |\n"
    assert send(page, "tune.abc", abc.encode())["said"]
    assert page.look()["history"]["steps"] == []


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("song.exe", b"MZ", "neither a score, a recording nor a voice"),
        ("song.mid", b"no midi at all", "song.mid"),
        ("take.wav", b"RIFF no wave", "take.wav cannot be read as audio"),
        ("song.lead", b"nonsense", "song.lead, line 1"),
        ("empty.wav", b"", "'empty.wav' is empty"),
        ("silence.wav", wave(2, 0), "silence.wav is silent"),
        ("short.wav", wave(0.2), "short.wav"),
        ("long.wav", None, "long.wav"),
    ],
)
def test_what_is_not_what_its_name_says_is_refused_and_not_kept(page, name, data, said):
    if data is None:  # two hours, at a rate that makes a small file
        file = io.BytesIO()
        soundfile.write(file, np.ones(7200 * 100, np.int16), 100, format="WAV", subtype="PCM_16")
        data = file.getvalue()
    before = page.state["text"]
    assert said in send(page, name, data, 400)["error"]
    assert page.look()["text"] == before
    assert [path for path in page.session.project.folder.rglob("*.*") if path.name != "history.jsonl"] in (
        [],
        [page.session.uploads.folder],
    )


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path):
    class Full:
        def __init__(self, file):
            self.file = file

        def write(self, part):
            return self.file.write(part[: len(part) // 2])

        def __getattr__(self, name):
            return getattr(self.file, name)

    uploads = Uploads(tmp_path)

    def send():
        with uploads.incoming("take.wav") as incoming:
            incoming.write(b"1234")
            incoming.file = Full(incoming.file)
            incoming.write(b"5678")

    with pytest.raises(ScoretokError, match="No space left"):
        send()
    assert list(uploads.folder.iterdir()) == []


def test_the_last_few_uploads_are_kept(page):
    sent = [send(page, f"{number}.lead", open(ODE, "rb").read())["upload"] for number in range(6)]  # noqa: PTH123, SIM115
    assert "not kept any more" in page.post("open", upload=sent[0], what="score", status=400)["error"]
    page.post("open", upload=sent[-1], what="score")
    assert len(list(page.session.uploads.folder.iterdir())) == 4


def test_a_recording_is_written_down_and_lies_under_the_score(recorded):
    state, sheet = recorded.state, read(ODE)
    assert state["history"]["steps"] == ["write down take"]
    assert recorded.sheet == sheet
    view = state["recording"]
    assert (view["name"], view["beats"], view["changed"]) == ("take", 0.9, [])
    assert view["bars"][0] == pytest.approx(sheet.bar_span_s(range(1)), abs=1e-9)
    assert dict(map(tuple, view["chords"])) == {chord.start_ticks: 0.25 for chord in sheet.chords}
    recorded.post("undo")
    assert recorded.look()["recording"] is None
    recorded.post("redo")
    assert recorded.look()["recording"]["id"] == view["id"]


def test_its_samples_are_heard_bar_by_bar_under_a_score_that_moves(recorded):
    def heard(bar):
        answer = recorded.http.get(f"/api/recording/{bar}")
        assert answer.status_code == 200, answer.text
        return np.frombuffer(answer.content, "<f4")

    second = heard(1)
    start_s, stop_s = read(ODE).bar_span_s(range(1, 2))
    expected = 0.5 * np.sin(np.arange(round(start_s * 44100), round(stop_s * 44100)) / 20)
    assert np.allclose(second, expected, atol=1e-6)
    recorded.post("edit", phrases=["insert 1 bar before 1", 'chords "C" in bars 3-3'])
    view = recorded.look()["recording"]
    assert view["bars"][0] is None
    assert (heard(2) == second).all()
    assert "does not play bar 1" in recorded.get("recording/0", status=400)["error"]
    ticks = [tick for tick, _ in view["chords"]]
    start, stop = recorded.sheet.bar_starts[2:4]
    assert ticks
    assert not [tick for tick in ticks if start <= tick < stop]  # what was corrected is not doubted


def test_its_spectrogram_has_a_row_a_semitone(recorded):
    answer = recorded.http.get("/api/spectrogram/0")
    levels = np.frombuffer(answer.content, np.uint8).reshape(int(answer.headers["x-pitches"]), -1)
    hz = 44100 / 20 / (2 * np.pi)
    pitch = round(69 + 12 * np.log2(hz / 440))
    assert int(answer.headers["x-lowest"]) + levels.mean(1).argmax() == pitch


def test_blocks_of_a_spectrogram_join(tmp_path):
    path = tmp_path / "a.wav"
    samples = np.sin(2 * np.pi * 440 * np.arange(44100 * 30) / 44100)
    soundfile.write(path, samples, 44100)
    levels = spectrogram(path, 22.0, 26.0)  # a block ends at 23.8 s
    assert levels.shape[1] == pytest.approx(4 * 22050 / 512, abs=1)
    assert (levels.argmax(0) == 69 - LOWEST_PITCH).all()
    assert levels.max(0).min() > 240


def test_a_recording_is_written_down_anew_with_what_is_known(recorded):
    first = recorded.state["recording"]["id"]
    recorded.post("transcribe", tempo_bpm=66, meter=[4, 4], downbeat_s=1.5)
    state = recorded.wait()
    assert state["history"]["steps"][-1] == "write down take with tempo 66, meter 4/4, downbeat 1.5"
    assert recorded.sheet.tempos[0].bpm == 66
    assert state["recording"]["given"] == {"tempo_bpm": 66, "meter": [4, 4], "downbeat_s": 1.5}
    recorded.post("undo")
    assert recorded.look()["recording"]["id"] == first
    assert recorded.sheet == read(ODE)
    assert "tempo_bpm" in recorded.post("transcribe", tempo_bpm=1, status=400)["error"]


def test_an_edit_is_inpainted_and_every_other_sample_stays(recorded):
    store = recorded.session.recordings
    assert "change it first" in recorded.post("inpaint", status=400)["error"]
    before = soundfile.read(store.folder / store.get(recorded.state["recording"]["id"]).file)[0]
    track = recorded.sheet.track_ids[0].removesuffix(".1")
    recorded.post("edit", phrases=[f"transpose +2 in bars 2-3 of {track}"])
    changed = recorded.look()["recording"]["changed"]
    assert changed == [[recorded.sheet.track_ids[0], 1], [recorded.sheet.track_ids[0], 2]]
    recorded.post("inpaint", seed=3)
    state = recorded.wait()
    assert state["recording"]["changed"] == []
    assert state["recording"]["name"] == "take, inpainted"
    after = soundfile.read(store.folder / store.get(state["recording"]["id"]).file)[0]
    start_s, stop_s = recorded.sheet.bar_span_s(range(1, 3))
    differs = np.flatnonzero(before != after)
    assert round(start_s * 44100) <= differs.min()
    assert differs.max() < round(stop_s * 44100)
    recorded.post("undo")
    assert recorded.look()["recording"]["name"] == "take"


def test_an_inpainting_that_fails_leaves_the_recording(recorded):
    recorded.session.engines.inpaint.side_effect = ScoretokError("the disk is full")
    recorded.post("edit", phrases=["transpose +2 in bars 2-3"])
    files = sorted(path.name for path in recorded.session.recordings.folder.iterdir())
    recorded.post("inpaint")
    state = recorded.wait()
    assert state["jobs"][-1]["said"] == ["the disk is full"]
    assert state["recording"]["name"] == "take"
    assert sorted(path.name for path in recorded.session.recordings.folder.iterdir()) == files


def test_a_voice_sings_a_vocal_track_only_with_consent(page):
    sent = send(page, "anna lee.wav", wave(3))["upload"]
    assert "whose voice" in page.post("open", upload=sent, what="sing", track="vocal.1", status=400)["error"]
    asked = {"upload": sent, "what": "sing", "consent": "Anna Lee; agreed"}
    assert "no vocal track" in page.post("open", **asked, track="bass.1", status=400)["error"]
    page.post("open", **asked, track="vocal.1")
    page.wait()
    assert page.sheet.tracks_by_id["vocal.1"].singing.voice == "voices/anna-lee.voice"
    assert page.session.engines.enrol.call_args.args[2] == "Anna Lee; agreed"
    assert (page.session.project.folder / "voices" / "anna-lee.voice").exists()


def test_the_voice_of_a_recording_is_converted(recorded):
    sent = send(recorded, "anna.wav", wave(3))["upload"]
    recorded.post("open", upload=sent, what="convert", consent="Anna Lee; agreed")
    state = recorded.wait()
    assert state["recording"]["name"] == "take, in the voice of anna"
    assert state["recording"]["changed"] == []
    assert state["history"]["steps"][-1] == "convert take to anna"


def test_without_a_recording_it_is_said(page):
    for path in ("transcribe", "inpaint"):
        assert "drop one on the page" in page.post(path, status=400)["error"]


def test_a_project_of_a_recording_goes_on_after_a_crash(tmp_path):
    path = tmp_path / "song.wav"
    path.write_bytes(wave(5))
    project = open_project(str(path))
    project.close()
    session = Session(open_project(str(path)), stand_in_engines(), stand_in_writers(), 1, False)
    write_down_new(session)
    page = Page(session)
    page.wait()
    assert page.sheet == read(ODE)
    write_down_new(session)
    assert len(session.jobs.jobs) == 1
    session.close()


def test_recordings_go_along_when_a_project_is_packed(recorded, tmp_path):
    pack(recorded.session.project, tmp_path / "song.studio.zip")
    unpack(tmp_path / "song.studio.zip", tmp_path / "other.studio")
    store = RecordingStore(tmp_path / "other.studio" / "recordings")
    (kept,) = store.recordings.values()
    assert kept == recorded.session.recordings.get(kept.recording_id)
    assert json.loads(json.dumps(kept.given)) == {}
    assert not (tmp_path / "other.studio" / ".uploads").exists()
