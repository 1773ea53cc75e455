"""The page of the studio in a real browser, driven by keyboard and accessible names; stand-ins make the sound."""

import os
import signal
import subprocess

import pytest
from conftest import COMMAND
from studio_browser import SAINTS, browser, lane, needs_browser, playwright, press, rendering, select_bars, studio

from editing.studio.opening import open_project
from scoretok import diff, read
from scoretok.formats.lead_parser import parse

__all__ = ["browser", "rendering", "studio"]  # fixtures
pytestmark = needs_browser


def test_what_is_on_the_page_has_a_name(studio):
    page = studio.page
    assert page.get_by_role("heading", name="When the Saints Go Marching In").is_visible()
    for name in ("Play", "Stop", "Loop", "Metronome", "Undo", "Redo", "Compose…", "Export…", "Mute bass", "Solo drums"):
        assert page.get_by_role("button", name=name).is_visible(), name
    for name in (
        "Bars and sections",
        "Chords",
        "Words",
        "Bars of all tracks",
        "Piano roll",
        "Piano keyboard",
        "Velocities",
    ):
        assert lane(page, name).is_visible(), name
    elements = "[...document.querySelectorAll('button, input, select, textarea')]"
    unnamed = page.evaluate(f"{elements}.filter(e => !e.ariaLabel && !e.textContent && !e.labels?.length).length")
    assert unnamed == 0


def test_a_note_is_drawn_moved_and_taken_out_by_keys(studio):
    page, before = studio.page, studio.sheet
    page.get_by_role("button", name="Edit bass").click()
    lane(page, "Piano roll").focus()
    press(page, "ArrowRight", "ArrowUp", "Enter")
    studio.wait_for(lambda: studio.steps() == ["draw 1 note of bass"])
    number = before.track_ids.index("bass.1")
    (new,) = set(studio.sheet.tracks[number].notes) - set(before.tracks[number].notes)
    press(page, "ArrowUp", "Shift+ArrowRight", "]")
    studio.wait_for(lambda: len(studio.steps()) == 4)
    moved = [note for note in studio.sheet.tracks[number].notes if note[:2] == (new.start_ticks, new.pitch + 1)]
    assert [(note.duration_ticks, note.velocity) for note in moved] == [(new.duration_ticks + 6, new.velocity + 8)]
    press(page, "Delete")
    studio.wait_for(lambda: len(studio.steps()) == 5)
    press(page, *["Control+z"] * 5)
    studio.wait_for(lambda: studio.steps() == [])
    assert studio.sheet == before
    press(page, "Control+Shift+z")
    studio.wait_for(lambda: studio.steps() == ["draw 1 note of bass"])


def test_a_note_is_drawn_and_dragged_by_mouse(studio):
    page = studio.page
    page.get_by_role("button", name="Edit drums").click()
    box = lane(page, "Piano roll").bounding_box()
    x, y = box["x"] + 301, box["y"] + 150
    page.mouse.dblclick(x, y)
    page.get_by_text("1 note selected").wait_for()
    assert studio.steps() == ["draw 1 note of drums"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=4)
    page.mouse.up()
    studio.wait_for(lambda: studio.steps() == ["draw 1 note of drums", "move 1 note of drums"])


def test_all_notes_of_a_track_are_copied_and_pasted(studio):
    page, before = studio.page, studio.sheet
    page.get_by_role("button", name="Edit guitar").click()
    lane(page, "Piano roll").focus()
    press(page, "Control+a", "Control+c", "Control+x")
    studio.wait_for(lambda: len(studio.steps()) == 1)
    number = before.track_ids.index("guitar.1")
    assert not studio.sheet.tracks[number].notes
    press(page, "Control+v")
    studio.wait_for(lambda: len(studio.steps()) == 2)
    assert studio.sheet == before


def test_selected_bars_are_written_anew_and_what_was_there_can_be_had_back(studio):
    page, before = studio.page, studio.sheet
    select_bars(page, 1, 2, 2)
    assert page.get_by_text("piano, bars 3-4").is_visible()
    page.get_by_role("button", name="Infill").click()
    studio.wait_for(lambda: studio.steps() == ["infill 1"])
    assert {(cell.track, cell.after_bar) for cell in diff(before, studio.sheet).cells} == {
        ("piano.1", 2),
        ("piano.1", 3),
    }
    page.get_by_role("button", name="before infill 1: piano, bars 3-4").click()
    studio.wait_for(lambda: len(studio.steps()) == 2)
    assert studio.sheet == before


def test_several_regions_are_written_at_once_by_keys(studio):
    page, before = studio.page, studio.sheet
    select_bars(page, 1, 2, 2)
    press(page, "Enter", "ArrowDown", "ArrowDown", *["ArrowRight"] * 3)
    assert page.get_by_text("piano, bars 3-4; bass, bar 7").is_visible()
    press(page, "i")
    studio.wait_for(lambda: studio.steps() == ["infill 1"])
    cells = {(cell.track, cell.after_bar) for cell in diff(before, studio.sheet).cells}
    assert cells == {("piano.1", 2), ("piano.1", 3), ("bass.1", 6)}
    lane(page, "Bars of all tracks").focus()
    press(page, "Escape")
    page.get_by_text("Drag over bars").wait_for()


def test_a_section_is_selected_and_moved(studio):
    page = studio.page
    box = lane(page, "Bars and sections").bounding_box()
    page.mouse.click(box["x"] + 20, box["y"] + box["height"] - 8)  # the intro, bars 1 to 4
    assert page.get_by_text("bars 1-4").first.is_visible()
    page.get_by_role("button", name="Duplicate").click()
    studio.wait_for(lambda: studio.steps() == ["repeat x2 in bars 1-4"])
    lane(page, "Bars and sections").focus()
    press(page, "Home", "s")
    page.get_by_role("button", name="Move…").click()
    page.get_by_role("textbox", name="Before bar").fill("end")
    page.get_by_role("button", name="Move", exact=True).click()
    studio.wait_for(lambda: studio.steps()[-1].startswith("move in bars 1-"))
    assert studio.sheet.sections[-1].label == "intro"


def test_another_take_is_compared_and_only_its_bars_differ(rendering):
    page, session = rendering.page, rendering.session
    everything = [(track, bar) for track in session.sheet.track_ids for bar in range(session.sheet.bar_count)]

    def heard():
        return {place: session.bar_sound(*place) for place in everything}

    def all_rendered():
        return {kind for cells in session.state()["cells"].values() for kind, _ in cells} <= {"rendered", "empty"}

    rendering.wait_for(all_rendered)
    before = heard()
    select_bars(page, 3, 4, 2)
    page.get_by_role("button", name="Another take").click()
    take = page.get_by_role("button", name="take 1: bass, bars 5-6")
    take.wait_for()
    changed = {place for place, (_, samples) in heard().items() if (samples != before[place][1]).any()}
    assert {("bass.1", 4), ("bass.1", 5)} <= changed <= {("bass.1", bar) for bar in (4, 5, 6)}
    page.get_by_role("button", name="As rendered: bass").click()
    rendering.wait_for(lambda: all((samples == before[place][1]).all() for place, (_, samples) in heard().items()))
    assert take.get_attribute("aria-pressed") == "false"


def test_chords_and_words_are_typed(studio):
    page = studio.page
    lane(page, "Chords").focus()
    press(page, "ArrowRight", "ArrowRight", "Enter")
    page.keyboard.type("Am7")
    press(page, "Enter")
    studio.wait_for(lambda: studio.steps() == ["chord Am7"])
    assert any((chord.start_ticks, chord.root, chord.quality) == (48, 9, "min7") for chord in studio.sheet.chords)
    lane(page, "Words").focus()
    press(page, "ArrowRight", "Enter", "Control+a")
    page.keyboard.type("hey")
    press(page, "Tab")
    page.keyboard.type("you")
    press(page, "Enter")
    studio.wait_for(lambda: len(studio.steps()) == 3)
    sung = [note.syllable.text for note in studio.sheet.tracks[0].notes if note.syllable]
    assert sung[:2] == ["hey", "you"]


def test_a_text_with_an_error_greys_the_view_and_says_where(studio):
    page = studio.page
    page.get_by_role("tab", name="Text").click()
    page.get_by_role("textbox", name="Score as text").click()
    press(page, "Control+End")
    page.keyboard.type("nonsense")
    count = studio.sheet.bar_count
    page.get_by_text("line ").filter(has_text="column 1").wait_for()
    assert page.locator("body.stale").count() == 1
    assert studio.session.project.draft.endswith("nonsense")
    press(page, *["Backspace"] * 8)
    page.keyboard.type(f"bar {count + 1}")
    studio.wait_for(lambda: studio.steps() == ["text"])
    playwright.expect(page.locator("body.stale")).to_have_count(0)
    assert studio.sheet.bar_count == count + 1


def test_two_pages_show_the_same(studio):
    other = studio.open()
    lane(studio.page, "Piano roll").focus()
    press(studio.page, "Enter")
    other.get_by_role("tab", name="History").click()
    other.get_by_role("button", name="draw 1 note of vocal").wait_for()
    other.get_by_role("button", name="as it was opened").click()
    studio.wait_for(lambda: studio.steps() == [])
    playwright.expect(studio.page.get_by_role("button", name="Undo")).to_be_disabled()


def test_playing_moves_on_and_stops(studio):
    page = studio.page
    page.get_by_role("heading").first.click()
    clock = page.get_by_role("timer", name="Position")
    start = clock.text_content()
    press(page, "Space")
    page.get_by_role("button", name="Pause").wait_for()
    playwright.expect(clock).not_to_have_text(start)
    press(page, "Space")
    page.get_by_role("button", name="Play").wait_for()
    assert clock.text_content() != start
    press(page, "Home")
    playwright.expect(clock).to_have_text(start)


def test_levels_mutes_and_tracks(studio):
    page = studio.page
    page.get_by_role("button", name="Mute bass").click()
    studio.wait_for(lambda: studio.sheet.tracks_by_id["bass.1"].muted)
    page.get_by_role("slider", name="Gain of bass").focus()
    press(page, "ArrowRight", "ArrowRight")
    studio.wait_for(lambda: studio.session.level("bass.1")["gain_db"] == -0.5)
    assert studio.steps() == ["mute bass", "gain of bass.1"]
    page.get_by_role("button", name="Add a track…").click()
    page.get_by_role("combobox", name="Role").select_option("strings")
    page.get_by_role("button", name="Add", exact=True).click()
    studio.wait_for(lambda: "strings.1" in studio.sheet.track_ids)


def test_the_newest_level_stands_however_slow_the_answers_are(studio):
    page, held = studio.page, []
    page.route("**/api/level", lambda route: held.append(route))  # noqa: PLW0108 - Playwright wraps no builtin
    page.route("**/api/edit", lambda route: held.append(route))  # noqa: PLW0108 - Playwright wraps no builtin
    page.get_by_role("button", name="Mute bass").click()
    studio.wait_for(lambda: len(held) == 1)
    gain = page.get_by_role("slider", name="Gain of bass")
    gain.focus()
    press(page, "ArrowRight")
    held[0].continue_()
    studio.wait_for(lambda: len(held) == 2)
    page.get_by_role("button", name="Mute bass", pressed=True).wait_for()
    press(page, "ArrowRight", "ArrowRight")
    held[1].continue_()
    studio.wait_for(lambda: len(held) == 3)
    held[2].continue_()
    studio.wait_for(lambda: studio.session.level("bass.1")["gain_db"] == 0)
    playwright.expect(gain).to_have_value("0")
    page.unroute_all()
    page.get_by_role("button", name="Undo").click()
    studio.wait_for(lambda: studio.session.level("bass.1")["gain_db"] != 0)
    playwright.expect(gain).to_have_value(str(studio.session.level("bass.1")["gain_db"]))


def test_a_song_is_composed_from_a_plan_that_is_shown(studio):
    page = studio.page
    page.get_by_role("button", name="Compose…").click()
    page.get_by_role("textbox", name="What, in words").fill("a march")
    page.get_by_role("button", name="Plan").click()
    plan = page.get_by_role("textbox", name="Change what you like")
    plan.wait_for()
    assert plan.input_value().startswith("genre pop")
    page.get_by_role("button", name="Write it").click()
    studio.wait_for(lambda: studio.steps() == ["compose a plan"])


def test_the_score_is_exported(studio, tmp_path):
    page = studio.page
    page.get_by_role("button", name="Export…").click()
    page.get_by_role("combobox", name="Format").select_option("mid")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export", exact=True).click()
    download.value.save_as(tmp_path / "out.mid")
    assert read(tmp_path / "out.mid").note_count == studio.sheet.note_count


def test_a_project_goes_into_one_file_and_comes_back(studio, browser, tmp_path):
    page = studio.page
    lane(page, "Piano roll").focus()
    press(page, "Enter")
    studio.wait_for(lambda: studio.steps() == ["draw 1 note of vocal"])
    page.get_by_role("button", name="Export…").click()
    page.get_by_role("combobox", name="Format").select_option("studio.zip")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export", exact=True).click()
    download.value.save_as(tmp_path / "song.studio.zip")
    project = open_project(str(tmp_path / "song.studio.zip"), is_new=True)
    assert project.text == studio.session.project.text
    project.undo()
    assert parse(project.text, "text") == read(SAINTS)
    project.close()


def test_what_is_refused_is_said_and_nothing_is_lost(studio):
    page, before = studio.page, studio.session.project.text
    select_bars(page, 4, 0, 1)
    page.get_by_role("button", name="Words…").click()
    page.get_by_role("textbox", name="Words, a syllable a note").fill("la")
    page.get_by_role("button", name="Do it").click()
    page.get_by_role("alert").filter(has_text="lyrics need a vocal track").wait_for()
    assert studio.session.project.text == before


def test_a_server_that_is_gone_is_said(studio):
    studio.stop()
    studio.page.get_by_role("alert").filter(has_text="does not answer").wait_for()


def test_an_answer_that_is_cut_off_is_no_error_of_the_page(studio):
    page = studio.page
    page.route("**/api/state*", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        studio.session.edit_phrases(["mute bass"])
    page.wait_for_timeout(100)
    page.unroute_all()


@pytest.mark.models
def test_the_command_survives_a_kill(tmp_path, browser):
    """A MIDI file is opened, changed, killed, and opened again."""
    song = tmp_path / "song.mid"
    subprocess.run([COMMAND, "convert", SAINTS, song, "-q"], check=True)

    def start():
        command = [COMMAND, "studio", song, "--port", "0", "--no-browser", "--no-render"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        page = browser.new_page()
        page.goto(server.stdout.readline().strip())
        page.wait_for_selector("body.ready")
        return server, page

    server, page = start()
    lane(page, "Piano roll").focus()
    press(page, "Enter")
    page.get_by_role("tab", name="History").click()
    page.get_by_role("button", name="draw 1 note of vocal").wait_for()
    os.kill(server.pid, signal.SIGKILL)
    page.get_by_role("alert").filter(has_text="does not answer").wait_for()
    server.wait()
    server, page = start()
    page.get_by_role("tab", name="History").click()
    page.get_by_role("button", name="draw 1 note of vocal").wait_for()
    second = subprocess.run(
        [COMMAND, "studio", song, "--port", "0", "--no-browser"], capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert "open in another studio" in second.stderr
    server.send_signal(signal.SIGINT)
    assert server.wait(20) in (0, 130)
