"""The studio in a real browser, for tests: a server in this process with stand-ins for the models, and its pages.

Needs Chromium, as Debian packages it; tests that use it are skipped where there is none.
"""

import base64
import shutil
import socket
import threading

import pytest
import uvicorn
from conftest import EXAMPLES
from studio_stand_ins import stand_in_engines, stand_in_writers

from editing.studio.project import Project
from editing.studio.server import PAGE, make_app
from editing.studio.session import Session
from scoretok import read
from scoretok.formats.lead_parser import parse

playwright = pytest.importorskip("playwright.sync_api")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
    pytest.mark.skipif(not PAGE.is_dir(), reason="the page is not built; run make page"),
]
OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip
SAINTS = EXAMPLES / "when-the-saints.lead"


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as engine:
        started = engine.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield started
        started.close()


class Studio:
    """A server in this process, and pages of it."""

    def __init__(self, folder, browser, renders=True):
        self.browser, self.errors = browser, []
        self.session = Session(Project.create(folder, read(SAINTS)), stand_in_engines(), stand_in_writers(), 1, renders)
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{listener.getsockname()[1]}/#token=t"
        config = uvicorn.Config(make_app(self.session, "t"), log_level="error", lifespan="off")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listener]}, daemon=True)
        self.thread.start()
        self.page = self.open()

    def open(self, before="", **context):
        """A page, which runs a script before its own; `context` are options of Playwright's."""
        page = self.browser.new_page(**{"viewport": {"width": 1400, "height": 860}, **context})
        page.set_default_timeout(40_000)
        if before:
            page.add_init_script(before)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(self.address)
        page.wait_for_selector("body.ready")
        return page

    @property
    def sheet(self):
        return parse(self.session.project.text, "text")

    def steps(self):
        history = self.session.project.history
        return [step.name for step in history.steps[: history.position]]

    def wait_for(self, what):
        for _ in range(1600):
            if what():
                return
            self.page.wait_for_timeout(25)
        raise AssertionError(what)

    def stop(self):
        self.server.should_exit = True
        self.server.force_exit = True
        self.thread.join(10)

    def close(self):
        for context in self.browser.contexts:
            context.close()
        self.stop()
        self.session.close()
        assert self.errors == []


@pytest.fixture
def studio(tmp_path, browser):
    made = Studio(tmp_path / "song.studio", browser, renders=False)
    yield made
    made.close()


@pytest.fixture
def rendering(tmp_path, browser):
    made = Studio(tmp_path / "song.studio", browser)
    yield made
    made.close()


def lane(page, name):
    return page.get_by_role("application", name=name)


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def select_bars(page, rows, first, count):
    """Select bars of the track in row `rows` by the keyboard, counted from 0."""
    lane(page, "Bars of all tracks").focus()
    press(page, *["ArrowDown"] * rows, *["ArrowRight"] * first, *["Shift+ArrowRight"] * (count - 1))


def drop(page, name, data):
    """Drop a file on the page."""
    encoded = base64.b64encode(data).decode()
    page.evaluate(
        """([name, encoded]) => {
            const bytes = Uint8Array.from(atob(encoded), (one) => one.charCodeAt(0));
            const dropped = new DataTransfer();
            dropped.items.add(new File([bytes], name));
            document.dispatchEvent(new DragEvent("drop", {dataTransfer: dropped, bubbles: true, cancelable: true}));
        }""",
        [name, encoded],
    )
