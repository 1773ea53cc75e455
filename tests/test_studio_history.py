"""The history of the studio: steps over text and takes, undone and done again, and what a killed server leaves."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editing import edit
from editing.studio.history import History, Journal, line_change, read_journal
from editing.studio.project import Project, free_folder, pack, unpack
from scoretok import ScoretokError, read

LINES = st.lists(st.sampled_from("abc"), max_size=6)
TEXTS = st.lists(st.tuples(st.text("ab\n", max_size=8), st.sampled_from(["", "slider"])), max_size=8)


@pytest.fixture
def sheet():
    return read("examples/when-the-saints.lead")


@pytest.fixture
def project(tmp_path, sheet):
    made = Project.create(tmp_path / "song.studio", sheet)
    yield made
    made.close()


def reopened(project):
    project.close()
    return Project(project.folder)


def transpose(phrase="transpose +2"):
    return lambda sheet: edit(sheet, phrase)


@given(LINES, LINES)
def test_a_change_of_lines_leads_there_and_back(before, after):
    change = line_change(before, after)
    assert change.apply(before) == after
    assert change.inverse().apply(after) == before


@given(TEXTS, st.lists(st.integers(0, 8), max_size=4))
def test_a_history_is_the_same_when_it_is_read_again(tmp_path_factory, texts, places):
    path = tmp_path_factory.mktemp("journal") / "history.jsonl"
    history, followed, journal = History.of_text("begin"), History.of_text("begin"), Journal(path)
    for number, (text, merge) in enumerate(texts):
        sound = {"takes": {"piano.1": [f"take {number}"]}} if number % 3 == 0 else None
        journal.append(history.do(f"step {number}", text, sound, merge).to_dict())
    for place in places:
        if place <= len(history.steps):
            history.go_to(place)
            journal.append({"go_to": place})
    journal.close()
    for entry in read_journal(path):
        followed.follow(entry)
    assert followed == history


def test_undo_and_redo_name_the_steps(project):
    before = project.text
    assert project.edit("higher", transpose())
    assert project.change_sound("take 2", takes={"piano.1": ["take 2"]})
    assert project.undo() == "take 2"
    assert project.undo() == "higher"
    assert project.text == before
    assert [project.redo(), project.redo()] == ["higher", "take 2"]
    with pytest.raises(ScoretokError, match="nothing to do again"):
        project.redo()
    project.go_to(0)
    with pytest.raises(ScoretokError, match="nothing to undo"):
        project.undo()


def test_what_changes_nothing_is_no_step(project, sheet):
    assert not project.edit("nothing", lambda one: one)
    assert not project.write(project.text + "\n")
    assert project.history.steps == []


def test_a_slider_is_one_step(project, sheet):
    for _ in range(5):
        project.edit("higher", transpose("transpose +1"), merge="transpose")
    assert [step.name for step in project.history.steps] == ["higher"]
    project.undo()
    assert project.sheet == sheet


def test_a_text_with_an_error_is_a_draft_and_says_where(project):
    good = project.text
    with pytest.raises(ScoretokError, match="line 2, column"):
        project.write("scoretok 1\nnonsense\n")
    assert project.text == good
    again = reopened(project)
    assert again.draft == "scoretok 1\nnonsense\n"
    again.write(good.replace("v80", "v81"))
    assert again.draft is None
    again.close()


def test_a_second_server_is_told(project):
    with pytest.raises(ScoretokError, match="open in another studio"):
        Project(project.folder)


def test_a_killed_server_loses_nothing_that_it_acknowledged(tmp_path, sheet):
    code = f"""
import os, signal
from editing.studio.project import Project
from editing import edit
from scoretok import read
sheet = read("examples/when-the-saints.lead")
project = Project.create({str(tmp_path / "song.studio")!r}, sheet)
for _ in range(3):
    project.edit("higher", lambda sheet: edit(sheet, "transpose +1"))
project.undo()
print(project.text, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert killed.returncode == -9, killed.stderr
    project = Project(tmp_path / "song.studio")
    assert project.text == killed.stdout.removesuffix("\n")
    assert project.history.redo_name == "higher"
    project.close()


def test_half_a_last_line_is_left_out(project):
    project.edit("higher", transpose())
    with (project.folder / "history.jsonl").open("a") as file:
        file.write('{"name": "torn off in the mid')
    again = reopened(project)
    assert [step.name for step in again.history.steps] == ["higher"]
    again.edit("again", transpose())
    assert [step.name for step in reopened(again).history.steps] == ["higher", "again"]


def test_a_full_disk_changes_nothing(project, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    before, steps = project.text, len(project.history.steps)
    with monkeypatch.context() as patch:
        patch.setattr("editing.studio.history.os.fsync", full)
        with pytest.raises(ScoretokError, match="No space left"):
            project.edit("higher", transpose())
    assert (project.text, len(project.history.steps)) == (before, steps)
    project.edit("then it works", transpose())
    assert [step.name for step in reopened(project).history.steps] == ["then it works"]


def test_half_a_step_that_a_full_disk_took_is_taken_back(project):
    whole = project.journal.file

    class Short:
        def write(self, line):
            return whole.write(line[: len(line) // 2])

        def __getattr__(self, name):
            return getattr(whole, name)

    before = (project.folder / "history.jsonl").read_bytes()
    project.journal.file = Short()
    with pytest.raises(ScoretokError, match="No space left"):
        project.edit("higher", transpose())
    assert (project.folder / "history.jsonl").read_bytes() == before
    project.journal.file = whole
    project.edit("then it works", transpose())
    assert [step.name for step in reopened(project).history.steps] == ["then it works"]


BEGIN = json.dumps({"format": 1, "text": "x"}) + "\n"


@pytest.mark.parametrize(
    "damage", ["{}\n", "no json\n", BEGIN.replace("1", "99"), BEGIN + "{}\n", BEGIN + '{"go_to":9}\n']
)
def test_a_damaged_project_says_so(tmp_path, damage):
    folder = tmp_path / "bad.studio"
    folder.mkdir()
    (folder / "history.jsonl").write_text(damage)
    with pytest.raises(ScoretokError, match=r"history\.jsonl|no step 9"):
        Project(folder)
    with pytest.raises(ScoretokError, match="is not a project"):
        Project(tmp_path)


def test_a_project_goes_into_one_file_and_back(project, tmp_path):
    project.edit("higher", transpose())
    pack(project, tmp_path / "song.studio.zip")
    folder = free_folder(tmp_path / "song.studio")
    assert folder.name == "song 2.studio"
    unpack(tmp_path / "song.studio.zip", folder)
    other = Project(folder)
    assert (other.text, other.history) == (project.text, project.history)
    other.close()


def test_a_file_that_is_no_project_is_not_unpacked(tmp_path):
    import zipfile

    for name in ("../outside", "/outside", "song.lead"):
        with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
            archive.writestr(name, "text")
        with pytest.raises(ScoretokError, match="not a project"):
            unpack(tmp_path / "bad.zip", tmp_path / "made.studio")
    (tmp_path / "bad.zip").write_text("text")
    with pytest.raises(ScoretokError, match="cannot be opened"):
        unpack(tmp_path / "bad.zip", tmp_path / "made.studio")
    assert not (tmp_path / "made.studio").exists()
