"""The main states of the studio's page, beside their pictures in docs/images.

SCORETOK_NEW_SCREENS=1 draws the pictures anew.

Fonts differ from machine to machine, so what is compared is small and grey: a panel that is missing, moved or empty is
seen, a letter is not.
"""

import io
import os

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image
from studio_browser import SAINTS, browser, drop, needs_browser, press, select_bars, studio

from renderer import load_engine, render
from scoretok import read
from scoretok.audio import write_audio

__all__ = ["browser", "studio"]  # fixtures
pytestmark = needs_browser
IMAGES = ROOT / "docs" / "images"
MOST_MEAN, MOST_TILE = 6.0, 60.0  # of 255


def grey(png):
    """A picture as tiles of grey, (50, 80)."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("L").resize((80, 50), Image.Resampling.BOX), float)


def at_rest(page):
    """The picture of a page on which nothing comes any more."""
    before = b""
    for _ in range(60):
        page.wait_for_timeout(500)
        now = page.screenshot()
        if now == before:
            return now
        before = now
    raise AssertionError("the page does not come to rest")


def check(page, name):
    """Compare a page with the picture of a name, however long it takes to come to that; or draw the picture anew."""
    path = IMAGES / f"{name}.png"
    if os.environ.get("SCORETOK_NEW_SCREENS"):
        Image.open(io.BytesIO(at_rest(page))).convert("RGB").quantize(96).save(path, optimize=True)
    wanted = grey(path.read_bytes())
    for _ in range(240):
        far = np.abs(grey(page.screenshot()) - wanted)
        if far.mean() < MOST_MEAN and far.max() < MOST_TILE:
            return
        page.wait_for_timeout(500)
    raise AssertionError((far.mean(), far.max()))


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "ode.wav"
    played = render(read(SAINTS.with_name("ode-to-joy.lead")), load_engine("draft"))
    write_audio(played.mix, played.sample_rate, path)
    return path.read_bytes()


def test_bars_that_are_selected(studio):
    page = studio.open(color_scheme="dark", viewport={"width": 1280, "height": 800})
    page.get_by_role("button", name="Edit piano").click()
    select_bars(page, 1, 2, 4)
    check(page, "studio-selected")


def test_a_text_with_an_error(studio):
    page = studio.open(color_scheme="light", viewport={"width": 1280, "height": 800})
    page.get_by_role("tab", name="Text").click()
    page.get_by_role("textbox", name="Score as text").click()
    press(page, "Control+End")
    page.keyboard.type("bar 99")
    page.locator("body.stale").wait_for()
    page.get_by_role("heading").first.click()  # so that no cursor blinks
    check(page, "studio-error")


def test_a_recording_under_its_score(studio, recording):
    page = studio.open(color_scheme="dark", viewport={"width": 1280, "height": 800})
    drop(page, "ode.wav", recording)
    page.get_by_role("button", name="Do it").click()
    page.get_by_role("tab", name="Recording").click()
    page.get_by_role("region", name="Recording").get_by_text("beats 90 % sure").wait_for()
    studio.session.edit_phrases(["transpose +2 in bars 5-6 of lead"])
    check(page, "studio-recording")
