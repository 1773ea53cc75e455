"""The studio in a browser: how soon a page is ready, a gesture shown and heard, and what it takes to hold a long song.

python -m benchmarks.studio [--minutes 60]

Needs Chromium. The page runs without a screen and without a graphics card, so frames a second are those of the worst
machine. `--minutes` is how long somebody edits while memory is looked at.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx2
from playwright.sync_api import Page, sync_playwright

from benchmarks.common import cell, save, table
from benchmarks.renderer_speed import five_tracks, lasting
from scoretok import write
from scoretok.sheet import LeadSheet

COMMAND = str(Path(sys.executable).with_name("scoretok"))
OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-precise-memory-info",
]  # fmt: skip
# From the press of a key until the frame in which the answer of the server is drawn.
PRESS = """key => new Promise(done => {
    const undo = document.querySelector('[aria-label="Undo"]');
    const roll = document.querySelector('[aria-label="Piano roll"]');
    roll.focus();
    const begun = performance.now();
    const seen = new MutationObserver(() => {
        seen.disconnect();
        requestAnimationFrame(() => done(performance.now() - begun));
    });
    seen.observe(undo, {attributes: true});
    roll.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
})"""
# From a move of the pointer until the second frame after it, by which the first is drawn.
DRAG = """async () => {
    const roll = document.querySelector('[aria-label="Piano roll"]');
    roll.setPointerCapture = () => {};
    const send = (kind, x) => roll.dispatchEvent(new PointerEvent(kind, {bubbles: true, button: 0, pointerId: 1,
        clientX: roll.getBoundingClientRect().x + x, clientY: roll.getBoundingClientRect().y + 60}));
    const frame = () => new Promise(requestAnimationFrame);
    const times = [];
    send('pointerdown', 40);
    for (let i = 0; i < 20; i++) {
        const begun = performance.now();
        send('pointermove', 50 + 10 * i);
        await frame();
        await frame();
        times.push(performance.now() - begun);
    }
    send('pointerup', 240);
    return times;
}"""
FRAMES = """seconds => new Promise(done => {
    const roll = document.querySelector('[aria-label="Piano roll"]');
    const begun = performance.now();
    let frames = 0;
    const step = () => {
        frames++;
        const zoom = frames % 40 === 0;
        roll.dispatchEvent(new WheelEvent('wheel', {deltaX: 12, deltaY: zoom ? 30 : 0, ctrlKey: zoom, bubbles: true}));
        if (performance.now() - begun < 1000 * seconds) requestAnimationFrame(step);
        else done(frames / seconds);
    };
    requestAnimationFrame(step);
})"""


POLL_S = 0.1


class Server:
    """The real command over a song, and what it answers."""

    def __init__(self, song: Path, *options: str) -> None:
        command = [COMMAND, "studio", str(song), "--port", "0", "--no-browser", "-q", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        base, token = self.address.split("/#token=")
        self.http = httpx2.Client(base_url=f"{base}/api", headers={"X-Token": token}, timeout=600)

    def state(self) -> dict[str, Any]:
        """All that is shown."""
        found: dict[str, Any] = self.http.get("/state").json()
        return found

    def edit(self, phrase: str) -> None:
        """One edit phrase."""
        assert self.http.post("/edit", json={"phrases": [phrase]}).status_code == 200

    def megabytes(self) -> float:
        """Memory that is held."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


@contextmanager
def served(sheet: LeadSheet, *options: str) -> Iterator[Server]:
    """A server over a score in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        write(sheet, Path(folder) / "song.lead")
        server = Server(Path(folder) / "song.lead", *options)
        try:
            yield server
        finally:
            server.process.kill()
            server.process.wait()


@contextmanager
def pages() -> Iterator[Callable[[str], tuple[Page, float]]]:
    """A function that opens a page: it, and the seconds until it is ready."""
    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=shutil.which("chromium"), args=OPTIONS)

        def opened(address: str) -> tuple[Page, float]:
            page = browser.new_page(viewport={"width": 1400, "height": 860})
            began = time.perf_counter()
            page.goto(address)
            page.wait_for_selector("body.ready")
            return page, time.perf_counter() - began

        yield opened
        browser.close()


def seconds_until_ready(opened: Callable[[str], tuple[Page, float]], address: str) -> float:
    """How long a page takes, which is closed again."""
    page, seconds = opened(address)
    page.close()
    return seconds


def until(done: Callable[[], bool]) -> float:
    """Seconds until something is so."""
    began = time.perf_counter()
    while not done():
        time.sleep(POLL_S)
    return time.perf_counter() - began


def pressed(page: Page, keys: list[str]) -> list[float]:
    """Milliseconds until what keys do in the roll is drawn."""
    return [page.evaluate(PRESS, key) for key in keys]


def dragged(page: Page) -> list[float]:
    """Milliseconds until a frame shows each step of a drag over the roll."""
    times: list[float] = page.evaluate(DRAG)
    return times


def heard_after_edit(server: Server, phrase: str, track: str, bar: int) -> float:
    """Seconds from an edit until the draft sound of a changed bar is there."""
    began = time.perf_counter()
    server.edit(phrase)
    assert server.http.get(f"/sound/{track}/{bar}").headers["x-layer"] == "draft"
    return time.perf_counter() - began


def rendered(server: Server, track: str, bars: range) -> bool:
    """Whether the model has rendered some bars."""
    cells = server.state()["cells"][track]
    return all(cells[bar][0] in ("rendered", "empty") for bar in bars)


def usual_song(rows: list[list[object]]) -> None:
    """A song of three minutes."""
    sheet = lasting(five_tracks(), 3)
    with served(sheet, "--no-render") as server, pages() as opened:
        ready = [seconds_until_ready(opened, server.address) for _ in range(3)]
        page, _ = opened(server.address)
        page.get_by_role("button", name="Edit piano").click()
        times = pressed(page, ["Enter", *["ArrowUp", "ArrowRight", "]"] * 10])
        rows.append(["page ready, s", cell("{:.2f}", median(ready)), "under 2"])
        rows.append(["a drag of a note drawn, ms", cell("{:.0f}", median(dragged(page))), "under 100"])
        rows.append(
            ["a gesture sent, and drawn from the text that comes back, ms", cell("{:.0f}", median(times)), "under 200"]
        )
        rows.append(["... the slowest of 31", cell("{:.0f}", max(times)), "under 200"])
        drafts = [heard_after_edit(server, f"transpose +{n} in bars 20-20 of piano", "piano.1", 19) for n in (1, 2, 3)]
        rows.append(["draft sound of a changed bar, s", cell("{:.2f}", median(drafts)), "under 1"])
        server.http.post("/renders", json={"on": True})
        whole = until(lambda: all(rendered(server, name, range(sheet.bar_count)) for name in sheet.track_ids))
        rows.append(["all of a song of 3 minutes and 5 tracks rendered, s", cell("{:.0f}", whole), ""])
        times = []
        for shift in (2, -2, 3):
            server.edit(f"transpose {shift:+d} in bars 21-24 of piano")
            times.append(until(lambda: rendered(server, "piano.1", range(20, 24))))
        rows.append(["four bars of one track heard by the model, s", cell("{:.1f}", median(times)), "under 6"])


def long_song(rows: list[list[object]], minutes: float) -> None:
    """A song of ten minutes with ten thousand notes, edited for a while."""
    sheet = lasting(five_tracks(), 10)
    with served(sheet, "--no-render") as server, pages() as opened:
        page, ready = opened(server.address)
        rows.append(
            [f"{sheet.note_count:,} notes, {sheet.duration_s / 60:.0f} minutes: page ready, s", ready, "under 2"]
        )
        rows.append(["... frames a second while it scrolls and zooms", cell("{:.0f}", page.evaluate(FRAMES, 5)), "60"])
        page.get_by_role("button", name="Edit piano").click()
        times = pressed(page, ["Enter", *["ArrowUp", "ArrowRight", "]"] * 10])
        rows.append(["... a drag of a note drawn, ms", cell("{:.0f}", median(dragged(page))), "under 100"])
        rows.append(
            [
                "... a gesture sent, and drawn from the text that comes back, ms",
                cell("{:.0f}", median(times)),
                "under 200",
            ]
        )
        memory = [(server.megabytes(), page.evaluate("performance.memory.usedJSHeapSize / 2 ** 20"))]
        began, count = time.monotonic(), 0
        while time.monotonic() - began < 60 * minutes:
            pressed(page, ["ArrowUp", "ArrowDown"])
            count += 2
            if len(memory) == 1 and time.monotonic() - began > 6 * minutes:
                memory.append((server.megabytes(), page.evaluate("performance.memory.usedJSHeapSize / 2 ** 20")))
        memory.append((server.megabytes(), page.evaluate("performance.memory.usedJSHeapSize / 2 ** 20")))
        for name, which in (("server", 0), ("page", 1)):
            values = " / ".join(f"{one[which]:.0f}" for one in memory)
            title = f"... memory of the {name} before, after a tenth and after all of {count:,} gestures, MB"
            rows.append([title, values, "flat"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    arguments = parser.parse_args()
    rows: list[list[object]] = []
    usual_song(rows)
    long_song(rows, arguments.minutes)
    save("studio", [table(["", "measured", "goal"], rows, "{:.2f}")], [f"Edited for {arguments.minutes:g} minutes."])


if __name__ == "__main__":
    main()
