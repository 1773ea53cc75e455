"""Pictures: piano rolls and engraving show what the score says."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from scoretok import LeadSheet, Note, ScoretokError, Track
from scoretok.bars import join_notes
from scoretok.engrave import engrave, readable, svg_pages
from scoretok.pianoroll import plot_roll


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_piano_rolls(saints, tmp_path, suffix, magic):
    path = tmp_path / f"roll{suffix}"
    plot_roll(saints, path)
    assert path.read_bytes().startswith(magic)


def test_the_roll_shows_chords_sections_and_words(saints, tmp_path):
    plot_roll(saints, tmp_path / "roll.svg")
    text = (tmp_path / "roll.svg").read_text()
    for word in ("chorus", "G7", "C/G", "march-", "snare", "When the Saints"):
        assert word in text


def test_the_same_score_gives_the_same_picture(grace, tmp_path):
    for name in ("a.svg", "b.svg"):
        plot_roll(grace, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_engraving_shows_the_words_chords_and_sections(saints):
    page = next(svg_pages(saints, one_page=True))
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", page)
    for word in ("saints", "march", "chorus", "G7", "♩ = 176"):
        assert word in [text.replace("\xa0", " ").strip() for text in texts], word
    assert not re.search(r"[\ue000-\uf8ff]", "".join(texts))


def test_engraving_writes_svg_and_pdf(grace, tmp_path):
    assert engrave(grace, tmp_path / "sheet.svg") == 1
    pages = engrave(grace, tmp_path / "sheet.pdf")
    assert (tmp_path / "sheet.pdf").read_bytes().count(b"/Type /Page\n") == pages


def test_free_playing_is_engraved_on_sixteenths(saints):
    from editing import edit

    rough = saints.with_tracks(
        replace(t, notes=join_notes(n._replace(start_ticks=n.start_ticks + i % 3) for i, n in enumerate(t.notes)))
        for t in saints.tracks
    )
    assert all(n.start_ticks % 6 == 0 for t in readable(rough).tracks for n in t.notes)
    assert readable(saints) is saints
    played = edit(saints, ["humanise timing 2 velocity 0 seed 1"])
    assert readable(played) is played


def test_nothing_to_draw_is_refused(tmp_path):
    with pytest.raises(ScoretokError, match="nothing to draw"):
        plot_roll(LeadSheet(4), tmp_path / "x.png")
    with pytest.raises(ScoretokError, match="nothing to engrave"):
        engrave(LeadSheet(4), tmp_path / "x.svg")
    assert not list(tmp_path.iterdir())


def test_unnamed_and_extreme_notes_are_drawn(tmp_path):
    wild = LeadSheet(2, (Track("lead", (Note(5, 0, 7, 1), Note(5, 127, 1))), Track("drums", (Note(3, 0, 1),))))
    plot_roll(wild, tmp_path / "x.png")
    engrave(wild, tmp_path / "x.pdf", exact=True)


def test_engraving_works_in_any_thread(saints):
    first = next(iter(svg_pages(saints, one_page=True)))
    with ThreadPoolExecutor(1) as thread:
        other = thread.submit(lambda: next(iter(svg_pages(saints, one_page=True)))).result()
    assert first.count("<use") == other.count("<use") > 100
