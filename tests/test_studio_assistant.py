"""The studio for assistants: its tools, with stand-ins for the models, and the command over standard streams."""

import asyncio
import json
import subprocess

import pytest
from conftest import COMMAND, EXAMPLES
from studio_stand_ins import stand_in_engines, stand_in_writers

pytest.importorskip("mcp")

from editing.studio.assistant import make_assistant
from editing.studio.project import Project
from editing.studio.session import Session
from scoretok import read
from scoretok.formats.lead_parser import parse


@pytest.fixture
def session(tmp_path):
    sheet = read(EXAMPLES / "when-the-saints.lead")
    made = Session(Project.create(tmp_path / "song.studio", sheet), stand_in_engines(), stand_in_writers(), 1, False)
    yield made
    made.close()


@pytest.fixture
def use(session):
    server = make_assistant(session)

    def call(tool, **arguments):
        found = asyncio.run(server.call_tool(tool, arguments))
        structured = found.structured_content
        return structured["result"] if set(structured) == {"result"} else structured

    return call


def test_a_score_is_read_changed_compared_and_undone(use, session):
    before = session.sheet
    assert parse(use("read_score"), "text") == before
    assert parse(use("read_score", first_bar=5, last_bar=8), "text").bar_count == 4
    assert use("describe_score")["bars"] == before.bar_count
    changed = use("edit", phrases=["transpose +2 in bars 3-4 of piano"])
    assert changed["changed_bars"] == {"piano.1": [3, 4]}
    assert use("history") == {"steps": ["transpose +2 in bars 3-4 of piano"], "position": 1}
    assert use("compare", position=0)["changed_bars"] == {"piano.1": [3, 4]}
    assert use("undo") == "transpose +2 in bars 3-4 of piano"
    assert session.sheet == before
    assert use("redo") == "transpose +2 in bars 3-4 of piano"
    assert use("write_score", text=session.project.text.replace("176", "100"))["headers"] == []


@pytest.mark.parametrize(
    ("tool", "arguments", "step"),
    [
        ("infill", {"tracks": ["piano"], "first_bar": 3, "last_bar": 4}, "infill 1"),
        ("vary", {"tracks": ["bass.1"], "first_bar": 1, "last_bar": 1, "keep": "contour"}, "vary 1"),
        ("continue_score", {"bars": 2}, "continue for 2 bars"),
        ("harmonise", {}, "harmonise"),
        ("compose", {"prompt": "a march"}, "compose a march"),
    ],
)
def test_the_models_are_waited_for(use, session, tool, arguments, step):
    assert use(tool, **arguments)["history"] == step


def test_another_take_is_kept(use, session):
    session.set_renders(True)
    session.jobs.pool.submit(lambda: None).result(30)
    use("another_take", track="bass", first_bar=2, last_bar=3, seed=4)
    assert [take["name"] for take in session.state()["takes"]] == ["take 4"]


def test_files_are_written_into_the_project_alone(use, session):
    path = use("export", name="../../song.mid")
    assert path == str(session.project.folder / "exports" / "song.mid")
    assert read(path).note_count == session.sheet.note_count


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("edit", {"phrases": ["transpos +1"]}, "did you mean transpose"),
        ("read_score", {"first_bar": 90}, "has the bars"),
        ("infill", {"tracks": ["organ"], "first_bar": 1, "last_bar": 2}, "no track organ.1"),
        ("vary", {"tracks": ["bass"], "first_bar": 1, "last_bar": 2, "keep": "pitch"}, "cannot be kept"),
        ("undo", {}, "nothing to undo"),
        ("export", {"name": "song.exe"}, "song.exe"),
    ],
)
def test_what_cannot_be_is_one_sentence(use, tool, arguments, said):
    with pytest.raises(Exception, match=said):
        use(tool, **arguments)


def test_the_command_speaks_the_protocol(tmp_path):
    song = tmp_path / "song.lead"
    song.write_text((EXAMPLES / "ode-to-joy.lead").read_text())
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
    ]
    with subprocess.Popen([COMMAND, "mcp", song], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        for line in lines:
            server.stdin.write(json.dumps(line) + "\n")
        server.stdin.flush()
        answers = [json.loads(server.stdout.readline()) for _ in range(2)]
        server.stdin.close()
        assert server.wait(30) == 0
    assert "edit phrases" in answers[0]["result"]["instructions"].lower()
    assert {"read_score", "edit", "infill", "export"} <= {tool["name"] for tool in answers[1]["result"]["tools"]}
