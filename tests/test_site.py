"""The documentation site: its navigation is complete, and every relative link leads to a file and a heading."""

import re
import subprocess
import sys
from importlib.util import find_spec

import pytest
import yaml
from conftest import ROOT

CONFIG = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
OUTSIDE = CONFIG["extra"]["outside"]  # page of the site: file elsewhere in the repository
LINKING = [*PAGES, *sorted({*ROOT.glob("*.md"), *(ROOT / path for path in OUTSIDE.values())})]
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def pages_of(nav):
    """The pages of a navigation, in order."""
    for item in nav:
        for value in item.values() if isinstance(item, dict) else [item]:
            yield from pages_of(value) if isinstance(value, list) else [value]


def anchors_of(text):
    """The anchors of headings, as MkDocs makes them."""
    found = {}
    without_code = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", without_code, re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)|`", r"\1", heading)
        anchor = re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", shown.lower())).strip("-")
        count = found.get(anchor, 0)
        found[anchor] = count + 1
        yield f"{anchor}_{count}" if count else anchor


def test_the_navigation_names_every_page():
    named = list(pages_of(CONFIG["nav"]))
    assert len(named) == len(set(named))
    assert set(named) == {page.relative_to(DOCS).as_posix() for page in PAGES} | set(OUTSIDE)
    for path in OUTSIDE.values():
        assert (ROOT / path).is_file(), path


def test_every_model_card_is_a_page():
    cards = {path.parent for path in ROOT.glob("*/**/weights/README.md") if ".venv" not in path.parts}
    assert {(ROOT / path).parent for path in OUTSIDE.values()} >= cards


@pytest.mark.parametrize("path", LINKING, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path):
    for target in LINK.findall(CODE.sub("", path.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        found = (path.parent / name).resolve() if name else path
        assert found.exists(), target
        assert found.is_relative_to(ROOT), target
        if anchor:
            assert anchor in set(anchors_of(found.read_text())), target


def is_there(name):
    """Whether a dotted name is a module of ours, or stands in the one that its beginning names."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:count])
        module = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if module.is_file():
            text = module.read_text()
            return all(re.search(rf"\b{part}\b", text) for part in parts[count:])
    return False


@pytest.mark.parametrize("path", ["docs/architecture.md", "docs/python.md"])
def test_every_module_that_is_named_is_there(path):
    # Of a table of names before and now, the second column.
    text = re.sub(r"^\| `[^|]+` \| (?=`)", "", (ROOT / path).read_text(), flags=re.MULTILINE)
    names = set(re.findall(r"`((?:scoretok|mir|planner|renderer|editing)(?:\.\w+)+)", text))
    assert len(names) >= 5
    assert not [name for name in sorted(names) if not is_there(name)]


@pytest.mark.parametrize("page", sorted((DOCS / "reference").glob("*.md")), ids=lambda path: path.stem)
def test_every_name_of_the_reference_is_there(page):
    names = re.findall(r"^::: (\S+)$", page.read_text(), re.MULTILINE)
    assert names
    assert len(names) == len(set(names))
    assert not [name for name in names if not is_there(name)]


def test_the_reference_lists_every_public_name():
    import editing
    import mir
    import planner
    import renderer
    import scoretok
    import scoretok.audio

    for package in (scoretok, scoretok.audio, mir, planner, renderer, editing):
        page = DOCS / "reference" / f"{package.__name__.rpartition('.')[2]}.md"
        listed = set(re.findall(r"^::: (\S+)$", page.read_text(), re.MULTILINE))
        constants = {name for name in package.__all__ if name.isupper()}
        missing = {f"{package.__name__}.{name}" for name in package.__all__ if name not in constants} - listed
        assert not missing


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("mkdocs"), reason="mkdocs is not installed")
def test_the_site_builds(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "reference" / "planner.html").is_file()
