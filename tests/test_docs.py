"""The documents say what is so: their commands run as printed, their tables are complete."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, run

from editing.verbs import VERBS
from scoretok.theory import QUALITY_NAMES
from scoretok.vocabulary import BLOCKS, VOCABULARY_SIZE


def blocks(path, language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / path).read_text(), re.DOTALL)


@pytest.fixture
def workplace(tmp_path):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


def run_commands(document, workplace):
    """What the shell commands of a document leave and say, in a folder with the examples."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = "set -e\n" + "".join(blocks(document, "sh"))
    result = subprocess.run(["bash", "-c", script], cwd=workplace, env={**os.environ, "PATH": path},
                            capture_output=True, text=True, check=False)  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result


def test_every_command_of_the_readme_runs(workplace):
    result = run_commands("README.md", workplace)
    assert "guitar: changed bars 9-16" in result.stdout
    for name in (
        "new.wav",
        "new-sound.png",
        "draft.wav",
        "roll.png",
        "saints.pdf",
        "new.mid",
        "new.musicxml",
        "grace.abc",
        "mine.lead",
        "changed.wav",
        "change.png",
        "take2.wav",
        "take2-bossa.wav",
        "heard.lead",
        "heard.png",
        "converted.wav",
        "low.voice",
        "duet.wav",
        "vocal.wav",
        "ballad.wav",
        "ballad.lead",
        "other.wav",
    ):
        assert (workplace / name).stat().st_size > 500


def test_every_command_of_the_planner_runs(workplace):
    run_commands("docs/planner.md", workplace)
    for name in ("plan.txt", "waltz.lead", "varied.lead", "longer.lead", "chords.lead", "surprises.png"):
        assert (workplace / name).stat().st_size > 100


def test_every_command_and_example_of_transcription_runs(workplace, monkeypatch):
    result = run_commands("docs/transcription.md", workplace)
    assert "key C major, found C major" in result.stdout
    assert (workplace / "heard.png").stat().st_size > 500
    monkeypatch.chdir(workplace)
    exec("\n".join(blocks("docs/transcription.md", "python")), {})


def test_every_command_and_example_of_voice_conversion_runs(workplace, monkeypatch):
    run_commands("docs/voice.md", workplace)
    for name in ("converted.png", "calm.wav", "duet.wav", "between.wav"):
        assert (workplace / name).stat().st_size > 500
    monkeypatch.chdir(workplace)
    exec("\n".join(blocks("docs/voice.md", "python")), {})


@pytest.mark.parametrize(
    "path",
    ["README.md", "docs/python.md", "docs/tokens.md", "docs/renderer.md", "docs/inpainting.md", "docs/planner.md"],
)
def test_every_python_example_runs(path, workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    if path == "docs/inpainting.md":
        rendered = run("render", "examples/when-the-saints.lead", "-o", "saints.wav", "--steps", "0", cwd=workplace)
        assert rendered.returncode == 0, rendered.stderr
    exec("\n".join(blocks(path, "python")), {})


def test_tables_are_complete():
    tokens = (ROOT / "docs" / "tokens.md").read_text()
    for kind, block in BLOCKS.items():
        assert f"| `{kind}` | {block.stop - block.first} | {block.first} |" in tokens
    for quality in QUALITY_NAMES:
        assert f"| `{quality}` |" in tokens
    edits = (ROOT / "docs" / "edits.md").read_text().replace("\\|", "|")
    for verb in VERBS.values():
        assert f"| `{verb.form}` | {verb.meaning} |" in edits
    readme = (ROOT / "README.md").read_text()
    assert f"{VOCABULARY_SIZE:,}" in readme
    assert f"{len(VERBS)} verbs" in readme


def test_every_call_of_the_table_is_there():
    """In a fresh process, after nothing but `import scoretok`."""
    table = (ROOT / "docs" / "python.md").read_text().partition("## Edits")[0]
    calls = sorted(set(re.findall(r"scoretok(?:\.\w+)+", table)))
    assert len(calls) >= 15
    for call in calls:
        subprocess.run([sys.executable, "-c", f"import scoretok; {call}"], check=True)


def test_links_lead_somewhere():
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), ROOT / "examples" / "README.md"]:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
