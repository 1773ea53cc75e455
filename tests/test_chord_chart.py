"""Chords are written one way everywhere: in edits, plans, requests and .lead files."""

import pytest

import scoretok
from editing import edit
from planner.prompt_request import PromptOptions, request_from
from scoretok import ScoretokError
from scoretok.chord_chart import parse_chart, place_chords, print_chart_bar
from scoretok.formats.lead_parser import parse
from scoretok.harmony import chord_to_symbol
from scoretok.parts import Meter

FOUR = Meter(0, 4, 4)


def placed(text, meter=FOUR):
    """Symbols of each bar with their beats from 1."""
    return [
        [(chord_to_symbol(c), 1 + c.start_ticks / meter.beat_ticks) for c in place_chords(bar, meter)]
        for bar in parse_chart(text)
    ]


@pytest.mark.parametrize(
    ("text", "bars"),
    [
        ("Am F C", [[("Am", 1)], [("F", 1)], [("C", 1)]]), ("Am, F, C", [[("Am", 1)], [("F", 1)], [("C", 1)]]),
        ("Am F | C", [[("Am", 1), ("F", 3)], [("C", 1)]]), ("| Am F | C |", [[("Am", 1), ("F", 3)], [("C", 1)]]),
        ("Am,F C", [[("Am", 1), ("F", 3)], [("C", 1)]]), ("Am,F,C", [[("Am", 1), ("F", 3), ("C", 4)]]),
        ("Am@1 F@3", [[("Am", 1), ("F", 3)]]), ("Am F@3 C", [[("Am", 1), ("F", 3)], [("C", 1)]]),
        ("Am@1 F@4 C@1 G@2:12", [[("Am", 1), ("F", 4)], [("C", 1), ("G", 2.5)]]),
        ("Am@3 | F", [[("Am", 3)], [("F", 1)]]), ("Am | | F", [[("Am", 1)], [], [("F", 1)]]),
        ("Am || F", [[("Am", 1)], [("F", 1)]]),
        ("|: Am | % :|", [[("Am", 1)], []]), ("C@48 | F", [[("C", 3)], [("F", 1)]]),
        ("A:min F:maj/3 | N", [[("Am", 1), ("F/A", 3)], [("N.C.", 1)]]), ("C/E N.C.", [[("C/E", 1)], [("N.C.", 1)]]),
    ],
)  # fmt: skip
def test_charts(text, bars):
    assert placed(text) == bars


def test_a_bar_is_shared_by_its_beats():
    assert placed("Am F | C", Meter(0, 3, 4))[0] == [("Am", 1), ("F", 3)]
    assert placed("Am F | C", Meter(0, 6, 8))[0] == [("Am", 1), ("F", 4)]


@pytest.mark.parametrize("text", ["Am F", "Am@1 F@2", "Am F C", "Am@2:5", ""])
@pytest.mark.parametrize("meter", [FOUR, Meter(0, 3, 4), Meter(0, 6, 8)])
def test_a_bar_survives_as_text(text, meter):
    (bar,) = parse_chart(f"| {text} |")
    chords = place_chords(bar, meter)
    (again,) = parse_chart(f"| {print_chart_bar(chords, meter)} |")
    assert place_chords(again, meter) == chords


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hm", "'Bm'"), ("am7", "'Am7'"), ("C F@x", "F@3"), ("Cmaj77", "'maj7'"), ("| C@3 F@1 |", "not in order"),
        ("C@9:1", "outside its bar"), ("bb7", "'Bb7'"), ("Cmin7b5", ""),
    ],
)  # fmt: skip
def test_what_was_meant_is_named(text, said):
    if not said:
        placed(text)
        return
    with pytest.raises(ScoretokError, match=said):
        placed(text)


@pytest.mark.parametrize("chart", ["Am F | C", "Am,F C", "Am@1 F@3 C", "A:min,F:maj C:maj", "| Am F | C |"])
def test_every_room_reads_every_spelling(chart, saints):
    wanted = [(0, 9), (48, 5), (96, 0)]
    edited = edit(saints, [f'chords "{chart}" in bars 2-3'])
    start = saints.bar_starts[1]
    found = [(c.start_ticks - start, c.root) for c in edited.chords if start <= c.start_ticks < saints.bar_starts[3]]
    assert found == wanted
    plan = f"genre pop\ntracks piano\nverse 2\nchords {chart}\n"
    for request in (request_from(PromptOptions("", chords=chart, bars=2)), request_from(PromptOptions("", plan=plan))):
        bars = [bar.chords or () for bar in request.bars]
        assert [(96 * i + c.start_ticks, c.root) for i, bar in enumerate(bars) for c in bar] == wanted


@pytest.mark.parametrize("line", ["1 A:min 3 F:maj", "Am F", "Am,F", "Am@1 F@3", "A:min F@3"])
def test_lead_files_read_them_too(line):
    sheet = parse(f"scoretok 1\n\nbar 1 meter 4/4 key C:maj\n  tempo 1 120\n  chords {line}\n")
    assert [(c.start_ticks, c.root) for c in sheet.chords] == [(0, 9), (48, 5)]


def test_a_lead_bar_has_the_chords_of_one_bar():
    with pytest.raises(ScoretokError, match="leave the bar lines out"):
        parse("scoretok 1\n\nbar 1 meter 4/4 key C:maj\n  tempo 1 120\n  chords Am | F\n")
    assert scoretok.Chord(0, 9, "min") == parse_chart("Am")[0][0].chord
