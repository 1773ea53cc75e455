"""The server of the studio, with stand-ins for the models: what a page can ask for, and what is refused."""

import io
import time
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from studio_stand_ins import sound, stand_in_engines, stand_in_writers

pytest.importorskip("fastapi")
from fastapi.testclient import TestClient

from editing import edit
from editing.cli.studio import listen
from editing.studio.project import Project
from editing.studio.server import make_app
from editing.studio.session import Session
from editing.studio.takes import bar_samples
from scoretok import ScoretokError, read
from scoretok.formats.lead_parser import parse

TOKEN = "a token"


class Page:
    """A page of the studio, as far as the server can see."""

    def __init__(self, session):
        self.session = session
        headers = {"X-Token": TOKEN, "Host": "127.0.0.1:8765"}
        self.http = TestClient(make_app(session, TOKEN), headers=headers, raise_server_exceptions=False)
        self.state = self.get("state")

    def get(self, path, status=200, **query):
        answer = self.http.get(f"/api/{path}", params=query)
        assert answer.status_code == status, answer.text
        return answer.json()

    def post(self, path, status=200, **body):
        answer = self.http.post(f"/api/{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def look(self):
        self.state = self.get("state")
        return self.state

    def wait(self):
        """Until no job runs."""
        for _ in range(1000):
            if all(job["state"] not in ("queued", "running") for job in self.look()["jobs"]):
                return self.state
            time.sleep(0.01)
        raise AssertionError(self.state["jobs"])

    def hear(self, track, bar):
        answer = self.http.get(f"/api/sound/{track}/{bar}")
        assert answer.status_code == 200, answer.text
        samples = np.frombuffer(answer.content, "<f4").reshape(int(answer.headers["x-channels"]), -1)
        return answer.headers["x-layer"], samples

    @property
    def sheet(self):
        return parse(self.state["text"], "state")


@pytest.fixture
def sheet():
    return read("examples/when-the-saints.lead")


def open_page(tmp_path, sheet, renders=True):
    return Page(
        Session(Project.create(tmp_path / "song.studio", sheet), stand_in_engines(), stand_in_writers(), 1, renders)
    )


@pytest.fixture
def page(tmp_path, sheet):
    made = open_page(tmp_path, sheet)
    yield made
    made.session.close()


@pytest.fixture
def quiet(tmp_path, sheet):
    made = open_page(tmp_path, sheet, renders=False)
    yield made
    made.session.close()


def test_the_state_is_the_score_and_its_parts(quiet, sheet):
    state = quiet.state
    assert parse(state["text"], "state") == sheet
    view = state["sheet"]
    assert [track["id"] for track in view["tracks"]] == list(sheet.track_ids)
    assert sum(len(track["notes"]) for track in view["tracks"]) == sheet.note_count
    assert len(view["bars"]) == sheet.bar_count
    assert view["bars"][0]["meter"] == "4/4"
    assert state["history"] == {"steps": [], "position": 0}
    assert {kind for cells in state["cells"].values() for kind, _ in cells} <= {"draft", "empty"}


def test_phrases_gestures_and_text_are_steps_that_can_be_undone(quiet, sheet):
    version = quiet.state["version"]
    answer = quiet.post("edit", phrases=["transpose +5 in bars 1-2 of piano", "tempo 100"], version=version)
    assert {track["id"] for track in answer["sheet_change"]["tracks"]} == {"piano.1"}
    name = list(sheet.tracks_by_id["bass.1"].notes[0][:2])
    version = answer["version"]
    quiet.post(
        "gesture", gesture="move_notes", track="bass.1", notes=[name], semitones=1, name="move 1 note", version=version
    )
    quiet.look()
    quiet.post(
        "text", text=quiet.state["text"].replace("title ", 'title "New" # '), version=quiet.state["version"], status=400
    )
    quiet.post("text", text=quiet.state["text"].replace('"When', '"Then'), version=quiet.state["version"])
    steps = quiet.look()["history"]["steps"]
    assert steps == ["transpose +5 in bars 1-2 of piano; tempo 100", "move 1 note", "text"]
    assert quiet.post("undo") == {"undone": "text"}
    assert quiet.post("redo") == {"done": "text"}
    quiet.post("history", position=0)
    quiet.look()
    assert quiet.sheet == sheet
    assert "nothing to undo" in quiet.post("undo", status=400)["error"]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("edit", {"phrases": ["transpos +1"]}, "did you mean transpose"),
        ("edit", {"phrases": []}, "phrases"),
        ("edit", {"phrases": ["transpose +1", "delete in bars 90-99"]}, "99"),
        ("gesture", {"gesture": "delete_notes", "track": "piano.9", "notes": [[0, 60]]}, "no track piano.9"),
        ("gesture", {"gesture": "explode"}, "gesture"),
        ("level", {"track": "piano.1", "gain_db": 99}, "gain_db"),
        ("level", {"track": "organ.1", "gain_db": 1}, "no track organ.1"),
        ("take", {"track": "organ.1", "bars": [0, 2]}, "no track organ.1"),
        ("take", {"track": "piano.1", "bars": [2, 200]}, "bars 3-200"),
        ("write", {"what": "infill", "cells": [["organ.1", 0]]}, "no track organ.1"),
        ("write", {"what": "infill", "cells": []}, "name bars and tracks"),
        ("write", {"what": "compose"}, "what is to be composed"),
        ("keep", {"variant": 7}, "no variant 7"),
        ("keep", {"track": "piano.1", "take": "x"}, "no take x"),
        ("history", {"position": 9}, "no step 9"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_changes_nothing(quiet, path, body, said):
    before = quiet.state["text"]
    assert said in quiet.post(path, status=400, **body)["error"]
    assert quiet.look()["text"] == before
    assert quiet.state["jobs"] == []


def test_a_text_with_an_error_is_kept_as_the_draft_and_says_where(quiet):
    refused = quiet.post("text", text="scoretok 1\nbar 1 metre 4/4\n", status=400)
    assert (refused["line"], refused["column"]) == (2, 7)
    assert quiet.look()["draft"] == "scoretok 1\nbar 1 metre 4/4\n"


def test_two_pages_do_not_write_over_each_other(quiet):
    other = Page(quiet.session)
    quiet.post("edit", phrases=["transpose +1"], version=quiet.state["version"])
    assert (
        "changed elsewhere"
        in other.post("edit", status=409, phrases=["tempo 90"], version=other.state["version"])["error"]
    )
    other.look()
    other.post("edit", phrases=["tempo 90"], version=other.state["version"])
    assert quiet.look()["history"]["steps"] == ["transpose +1", "tempo 90"]


def test_who_does_not_know_the_token_or_comes_from_elsewhere_is_refused(quiet):
    for headers in ({"X-Token": "guess"}, {"Host": "evil.example:80"}, {"Origin": "http://evil.example"}):
        answer = quiet.http.get("/api/state", headers=headers)
        assert answer.status_code == 403, headers
    assert quiet.http.get("/api/state", headers={"X-Token": ""}, params={"token": TOKEN}).status_code == 200
    assert quiet.http.get("/api/state", headers={"Origin": "http://127.0.0.1:8765"}).status_code == 200
    assert quiet.http.post("/api/text", content=b"x" * (17 << 20)).status_code == 413


def test_the_draft_is_heard_until_the_model_has_rendered(tmp_path, sheet):
    pytest.importorskip("tinysoundfont")
    page = open_page(tmp_path, sheet, renders=False)
    layer, samples = page.hear("piano.1", 0)
    assert (layer, samples.shape[0]) == ("draft", 2)
    assert np.abs(samples).max() > 0.01
    page.post("renders", on=True)
    page.wait()
    number, bar = sheet.track_ids.index("piano.1"), bar_samples(sheet, 0)
    layer, samples = page.hear("piano.1", 0)
    assert layer == "model"
    np.testing.assert_array_equal(samples[0], sound(sheet, number, bar.start, bar.stop))
    assert "no bar 100" in page.get("sound/piano.1/99", status=400)["error"]
    page.session.close()


def test_an_edit_is_rendered_and_nothing_else_sounds_otherwise(page, sheet):
    states = page.wait()["cells"]
    assert {kind for kind, _ in states["piano.1"]} <= {"rendered", "empty"}
    before = {(name, bar): page.hear(name, bar)[1] for name in sheet.track_ids for bar in range(sheet.bar_count)}
    page.post("edit", phrases=["transpose +5 in bars 3-4 of piano"])
    after = page.wait()["cells"]
    changed = [
        (name, bar) for name, cells in after.items() for bar, cell in enumerate(cells) if cell != states[name][bar]
    ]
    assert {name for name, _ in changed} == {"piano.1"}
    heard = {place: page.hear(*place)[1] for place in before}
    differs = {place for place, samples in heard.items() if not np.array_equal(samples, before[place])}
    assert {("piano.1", 2), ("piano.1", 3)} <= differs <= {("piano.1", bar) for bar in (1, 2, 3, 4)}
    page.post("undo")
    assert page.wait()["cells"] == states
    for place, samples in before.items():
        np.testing.assert_array_equal(page.hear(*place)[1], samples)


def test_another_take_is_listed_kept_and_undone(page):
    page.wait()
    before = page.hear("piano.1", 1)[1]
    page.post("take", track="piano.1", bars=[1, 3], seed=7)
    state = page.wait()
    assert [(take["name"], take["bars"], take["heard"]) for take in state["takes"]] == [("take 7", [1, 2], True)]
    take = page.hear("piano.1", 1)[1]
    assert not np.array_equal(take, before)
    page.post("keep", track="piano.1")
    np.testing.assert_array_equal(page.hear("piano.1", 1)[1], before)
    page.post("keep", track="piano.1", take=state["takes"][0]["id"])
    np.testing.assert_array_equal(page.hear("piano.1", 1)[1], take)
    assert page.look()["history"]["steps"] == [
        "keep take 7 of piano.1", "keep as rendered of piano.1", "keep take 7 of piano.1",
    ]  # fmt: skip


def test_cells_are_written_anew_and_both_variants_stay(quiet, sheet):
    quiet.post("write", what="infill", cells=[["piano.1", 2], ["piano.1", 3]], seed=3)
    quiet.post("edit", phrases=["transpose +1 in bars 9-10 of bass"])
    state = quiet.wait()
    assert {job["state"] for job in state["jobs"]} == {"done"}
    assert [v["name"] for v in state["variants"]] == ["before infill 3", "infill 3"]
    assert [v["stands"] for v in state["variants"]] == [False, True]
    number = sheet.track_ids.index("piano.1")
    assert [note.pitch for note in quiet.sheet.notes_in(number, 2)] == [63]
    quiet.post("keep", variant=0)
    assert quiet.look()["variants"][0]["stands"]
    assert quiet.sheet.notes_in(number, 2) == sheet.notes_in(number, 2)
    again = reopened(quiet)
    assert [v["name"] for v in again.state["variants"]] == ["before infill 3", "infill 3"]
    again.session.close()


def reopened(page):
    page.session.close()
    return Page(Session(Project(page.session.project.folder), stand_in_engines(), stand_in_writers(), 1, False))


@pytest.mark.parametrize(
    ("body", "step"),
    [
        ({"what": "continue", "bars": 2}, "continue for 2 bars"),
        ({"what": "harmonise"}, "harmonise"),
        ({"what": "vary", "cells": [["bass.1", 0]], "keep": "contour"}, "vary 1"),
    ],
)
def test_the_model_writes_and_it_is_one_step(quiet, body, step):
    quiet.post("write", **body)
    state = quiet.wait()
    assert [job["state"] for job in state["jobs"]] == ["done"]
    assert state["history"]["steps"] == [step]


def test_a_composition_streams_in_as_one_step(quiet, sheet):
    quiet.post("write", what="compose", prompt="a march", seed=1)
    quiet.wait()
    assert quiet.state["history"]["steps"] == ["compose a march"]
    assert quiet.sheet.bar_count == sheet.bar_count
    quiet.post("undo")
    quiet.look()
    assert quiet.sheet == sheet
    assert quiet.post("plan", what="compose", prompt="x", seed=4)["plan"] == "genre pop\n\nverse 4\n"


def test_events_tell_of_versions_and_jobs(quiet):
    queue = quiet.session.listen()
    quiet.post("edit", phrases=["transpose +1"])
    quiet.post("write", what="harmonise")
    quiet.wait()
    events = []
    while not queue.empty():
        events.append(queue.get())
    assert {"version": 1} in events
    assert [e["job"]["state"] for e in events if "job" in e][-1] == "done"


def test_levels_are_steps_and_come_back(quiet):
    usual = quiet.state["levels"]["piano.1"]
    for gain in (-1.0, -2.0, -3.0):
        quiet.post("level", track="piano.1", gain_db=gain)
    assert quiet.look()["levels"]["piano.1"] == usual | {"gain_db": -3.0}
    assert quiet.state["history"]["steps"] == ["gain of piano.1"]
    quiet.post("undo")
    assert quiet.look()["levels"]["piano.1"] == usual


@pytest.mark.parametrize("name", ["song.lead", "song.mid", "song.musicxml", "song.json", "song.abc"])
def test_the_score_is_exported(quiet, tmp_path, name, sheet):
    answer = quiet.http.get(f"/api/export/{name}")
    assert answer.status_code == 200
    (tmp_path / name).write_bytes(answer.content)
    assert read(tmp_path / name).note_count == sheet.note_count


def test_the_mix_and_the_project_are_exported(page, tmp_path, sheet):
    import soundfile

    page.wait()
    samples, rate = soundfile.read(io.BytesIO(page.http.get("/api/export/song.wav").content))
    assert (rate, samples.shape[1]) == (44100, 2)
    assert len(samples) == bar_samples(sheet, sheet.bar_count - 1).stop
    archive = zipfile.ZipFile(io.BytesIO(page.http.get("/api/export/song.studio.zip").content))
    assert "history.jsonl" in archive.namelist()
    assert page.get("export/song.exe", status=400)["error"]
    assert page.get("export/..%2F..%2Fsong.txt", status=404)


def test_notation_is_drawn(quiet):
    pytest.importorskip("verovio")
    answer = quiet.http.get("/api/notation.svg", params={"first": 0, "stop": 4})
    assert answer.headers["content-type"].startswith("image/svg")
    assert b"<svg" in answer.content
    assert "error" in quiet.get("notation.svg", status=400, first=4, stop=400)


def test_bars_that_are_inserted_leave_the_sound_of_the_others(page, sheet):
    page.wait()
    before = [page.hear("piano.1", bar)[1] for bar in range(sheet.bar_count)]
    page.post("edit", phrases=["insert 2 bars before 5"])
    page.wait()
    fade = 300
    for bar in (1, 2, 6, 10):
        old = before[bar]
        new = page.hear("piano.1", bar if bar < 4 else bar + 2)[1]
        middle = old[0, fade : old.shape[1] - fade]
        moved = [new[0, fade + shift : fade + shift + len(middle)] for shift in (-1, 0, 1)]  # bar lines are rounded
        assert any(np.array_equal(one, middle) for one in moved)
    page.post("undo")
    page.wait()
    assert np.array_equal(page.hear("piano.1", 6)[1], before[6])


def test_an_edited_copy_is_what_edit_would_give(quiet, sheet):
    quiet.post("edit", phrases=["octave +1 of bass", "section chorus in bars 5-8"])
    quiet.look()
    assert replace(quiet.sheet) == edit(sheet, ["octave +1 of bass", "section chorus in bars 5-8"])


def test_peaks_of_bars_are_those_of_their_samples(page, sheet):
    page.wait()
    for track in ("piano.1", "vocal.1"):
        answer = page.http.get(f"/api/peaks/{track}", params={"first": 0, "stop": sheet.bar_count})
        peaks = np.frombuffer(answer.content, "<f4").reshape(sheet.bar_count, -1)
        assert peaks.max(1) == pytest.approx(
            [abs(page.hear(track, bar)[1]).max(initial=0) for bar in range(sheet.bar_count)]
        )
    assert "no track organ.1" in page.get("peaks/organ.1", status=400, first=0, stop=1)["error"]
    assert "bar" in page.get("peaks/piano.1", status=400, first=0, stop=999)["error"]
    assert "name bars" in page.get("peaks/piano.1", status=400, first=3, stop=3)["error"]


def test_a_port_in_use_is_said():
    taken = listen(0)
    port = taken.getsockname()[1]
    with pytest.raises(ScoretokError, match=f"port {port} cannot be used"):
        listen(port)
    taken.close()
    listen(port).close()
