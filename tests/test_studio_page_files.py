"""Files, recordings, instruments and browsers that can less, on the page of the studio in a real browser."""

import json

import pytest
from studio_browser import SAINTS, browser, drop, lane, needs_browser, playwright, press, rendering, select_bars, studio
from studio_stand_ins import wave

from scoretok import read

__all__ = ["browser", "rendering", "studio"]  # fixtures
pytestmark = needs_browser
ODE = SAINTS.with_name("ode-to-joy.lead")
# A keyboard that a test can play: window.midi([0x90, 60, 80]).
MIDI = """
    const input = {name: "test keys"};
    navigator.requestMIDIAccess = async () => ({inputs: new Map([["1", input]])});
    window.midi = (data) => input.onmidimessage({data: new Uint8Array(data)});
"""


def test_a_dropped_score_is_shown_before_it_is_opened(studio):
    page, before = studio.page, studio.session.project.text
    drop(page, "ode.lead", ODE.read_bytes())
    dialog = page.get_by_role("dialog", name="Open ode.lead")
    dialog.get_by_text(f"{read(ODE).bar_count} bars").wait_for()
    dialog.get_by_role("button", name="Cancel").click()
    playwright.expect(dialog).to_have_count(0)
    assert studio.session.project.text == before
    drop(page, "ode.lead", ODE.read_bytes())
    dialog.get_by_role("button", name="Open it").click()
    studio.wait_for(lambda: studio.steps() == ["open ode.lead"])
    page.get_by_role("heading", name=read(ODE).title).wait_for()


def test_a_dropped_recording_is_written_down_corrected_and_inpainted(studio):
    page, session = studio.page, studio.session
    drop(page, "take.wav", wave(read(ODE).duration_s + 1))
    page.get_by_role("dialog", name="take.wav").get_by_role("button", name="Do it").click()
    studio.wait_for(lambda: studio.steps() == ["write down take"])
    page.get_by_role("tab", name="Recording").click()
    panel = page.get_by_role("region", name="Recording")
    panel.get_by_text("beats 90 % sure").wait_for()
    panel.get_by_role("button", name="bar 1: ").first.wait_for()  # a doubtful chord
    page.get_by_role("button", name="Hear the recording").first.click()
    playwright.expect(panel.get_by_role("button", name="Hear the recording")).to_have_attribute("aria-pressed", "true")
    panel.get_by_role("button", name="Correct…").click()
    page.get_by_role("textbox", name="Tempo (quarter notes a minute; or half, double)").fill("66")
    page.get_by_role("button", name="Write it down anew").click()
    studio.wait_for(lambda: len(studio.steps()) == 2)
    assert studio.sheet.tempos[0].bpm == 66
    playwright.expect(panel.get_by_role("button", name="Inpaint…")).to_be_disabled()
    track = studio.sheet.track_ids[0]
    session.edit_phrases([f"transpose +2 in bars 2-3 of {track.removesuffix('.1')}"])
    panel.get_by_role("button", name="Inpaint…").click()
    page.get_by_role("button", name="Inpaint", exact=True).click()
    panel.get_by_role("heading", name="take, inpainted").wait_for()
    press(page, "Control+z")
    panel.get_by_role("heading", name="take", exact=True).wait_for()


def test_a_voice_is_dropped_on_a_vocal_track(studio):
    page = studio.page
    page.get_by_role("button", name="Edit vocal").click()
    drop(page, "anna.wav", wave(4))
    dialog = page.get_by_role("dialog", name="anna.wav")
    dialog.get_by_role("combobox").select_option("sing vocal in this voice")
    dialog.get_by_role("button", name="Do it").click()
    page.get_by_role("alert").filter(has_text="whose voice it is").wait_for()
    assert studio.steps() == []
    drop(page, "anna.wav", wave(4))
    dialog.get_by_role("combobox").select_option("sing vocal in this voice")
    dialog.get_by_role("textbox").fill("Anna Lee; agreed")
    dialog.get_by_role("button", name="Do it").click()
    studio.wait_for(lambda: studio.sheet.tracks_by_id["vocal.1"].singing.voice == "voices/anna.voice")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("silence.wav", wave(2, 0), "silence.wav is silent"),
        ("song.mid", b"no midi", "song.mid"),
        ("song.exe", b"MZ", "neither a score"),
        ("song.lead", b"nonsense", "line 1"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_one_sentence(studio, name, data, said):
    before = studio.session.project.text
    drop(studio.page, name, data)
    studio.page.get_by_role("alert").filter(has_text=said).wait_for()
    assert studio.session.project.text == before


def test_a_full_disk_is_said_and_the_score_stays(studio, monkeypatch):
    page, before = studio.page, studio.session.project.text

    def full(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("editing.studio.history.os.fsync", full)
        lane(page, "Piano roll").focus()
        press(page, "Enter")
        page.get_by_role("alert").filter(has_text="No space left on device").wait_for()
    assert studio.session.project.text == before
    press(page, "Enter")
    studio.wait_for(lambda: len(studio.steps()) == 1)


def test_a_midi_keyboard_writes_at_the_cursor(studio):
    page = studio.open(MIDI)
    page.get_by_role("button", name="Edit bass").click()
    page.get_by_role("button", name="MIDI keyboard").click()
    page.get_by_role("alert").filter(has_text="test keys").wait_for()
    page.get_by_role("button", name="Pen", exact=True).click()
    before = set(studio.sheet.tracks_by_id["bass.1"].notes)
    for data in ([0x90, 40, 99], [0x90, 44, 98], [0x80, 40, 0], [0x90, 44, 0], [0x90, 47, 97], [0x80, 47, 0]):
        page.evaluate(f"midi({json.dumps(data)})")
    studio.wait_for(lambda: len(studio.steps()) == 3)
    written = sorted(set(studio.sheet.tracks_by_id["bass.1"].notes) - before)
    assert [(note.pitch, note.velocity) for note in written if note.velocity > 96] == [(40, 99), (44, 98), (47, 97)]
    starts = [note.start_ticks for note in written if note.velocity > 96]
    assert starts[0] == starts[1] < starts[2]


@pytest.mark.parametrize(
    ("before", "name", "said"),
    [
        ("delete window.AudioContext; delete window.webkitAudioContext", "Play", "no Web Audio"),
        ("Object.defineProperty(navigator, 'requestMIDIAccess', {value: undefined})", "MIDI keyboard", "no MIDI"),
    ],
)
def test_a_browser_that_can_less_says_so(studio, before, name, said):
    page = studio.open(before)
    page.get_by_role("button", name=name).click()
    page.get_by_role("alert").filter(has_text=said).wait_for()
    lane(page, "Piano roll").focus()
    press(page, "Enter")
    studio.wait_for(lambda: len(studio.steps()) == 1)


def test_takes_are_compared_while_they_play(rendering):
    page, session = rendering.page, rendering.session
    rendering.wait_for(
        lambda: {kind for cells in session.state()["cells"].values() for kind, _ in cells} <= {"rendered", "empty"}
    )
    select_bars(page, 3, 0, 4)
    page.get_by_role("button", name="Another take").click()
    page.get_by_role("button", name="take 1: bass, bars 1-4").wait_for()
    page.get_by_role("button", name="Loop", exact=True).last.click()
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").wait_for()
    page.get_by_role("button", name="As rendered: bass").click()
    playwright.expect(page.get_by_role("button", name="As rendered: bass")).to_have_attribute("aria-pressed", "true")
    assert page.get_by_role("button", name="Pause").is_visible()
    page.get_by_role("button", name="take 1: bass, bars 1-4").click()
    playwright.expect(page.get_by_role("button", name="As rendered: bass")).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_light_or_dark_and_fits_a_small_screen(studio, scheme):
    page = studio.open(color_scheme=scheme, viewport={"width": 1280, "height": 800})
    shades = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)")
    assert (sum(shades) > 384) == (scheme == "light")
    sizes = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert sizes == [1280, 800]
    assert lane(page, "Piano roll").bounding_box()["height"] >= 160
    select_bars(page, 1, 2, 2)
    page.get_by_role("button", name="Delete bars").wait_for()
    below = lane(page, "Velocities").bounding_box()
    assert below["y"] + below["height"] <= 800
