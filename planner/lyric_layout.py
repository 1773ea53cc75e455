"""Words that are given before their notes: which bar sings which syllables."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from planner.lyric_text import INSTRUMENTAL, LyricSection, guessed_labels
from planner.request import NOT_SILENT, BarRequest, Controls
from planner.rules.syllables import LINE_END
from planner.sequence import Place
from planner.song import PHRASE, PlanBar, Song
from scoretok.errors import ScoretokError, warn
from scoretok.parts import Syllable

# Set by hand; no benchmark varies them.
LEAST_TICKS = 6  # a syllable lasts a sixteenth on average, at least
COMFORTABLE_TICKS = 18  # of a bar that sings at its ease
SYLLABLES_A_BAR = 6  # of a line that is given as many bars as it needs
INSTRUMENTAL_BARS = 4


@dataclass(frozen=True)
class SungBar:
    """The syllables of a bar, and whether the last of them ends a line."""

    syllables: tuple[Syllable, ...] = ()
    ends_line: bool = False

    def __bool__(self) -> bool:
        return bool(self.syllables)

    @property
    def demand(self) -> tuple[int, ...]:
        """What is demanded of its cell, as in `Controls.syllables`."""
        found = [1 + syllable.word_end for syllable in self.syllables]
        return (*found[:-1], LINE_END) if self.ends_line else tuple(found)


def form_of_lyrics(sections: Sequence[LyricSection]) -> tuple[tuple[str, int], ...]:
    """Labels and bars of the sections of some words; none of a single stanza without a label.

    All lines of a section have as many bars as the longest needs: 1, 2, 4.
    """
    if len(sections) == 1 and not sections[0].label:
        return ()
    labels = [section.label for section in sections] if sections and sections[0].label else guessed_labels(sections)
    return tuple((str(label), _bars_of(section)) for label, section in zip(labels, sections, strict=True))


def _bars_of(section: LyricSection) -> int:
    if not section.is_sung:
        return INSTRUMENTAL_BARS
    longest = max(len(line.syllables) for line in section.lines)
    bars = next((bars for bars in (1, 2, 4) if longest <= SYLLABLES_A_BAR * bars), 8)
    return max(2, bars * len(section.lines))


def assign_lines(lines: Sequence[Sequence[Syllable]], bar_ticks: Sequence[int]) -> list[SungBar]:
    """Which syllables every bar sings: lines share the bars evenly, and begin with a bar.

    Raises ScoretokError when there are fewer bars than lines, or a line is too long for its bars.
    """
    bars = len(bar_ticks)
    if bars < len(lines):
        raise ScoretokError(f"{len(lines)} lines of words need at least as many bars; there are {bars}")
    found = [SungBar()] * bars
    for number, line in enumerate(lines):
        span = range(number * bars // len(lines), (number + 1) * bars // len(lines))
        left, at = list(line), span.start
        while left:
            most = sum(bar_ticks[bar] for bar in range(at, span.stop)) // LEAST_TICKS
            if len(left) > most:
                raise ScoretokError(
                    f"line {number + 1} has {len(line)} syllables, too many for {len(span)} bar{'s' * (len(span) > 1)};"
                    " ask for more bars"
                )
            fair = -(-len(left) // (span.stop - at))
            taken = max(fair, min(len(left), bar_ticks[at] // COMFORTABLE_TICKS))
            found[at] = SungBar(tuple(left[:taken]), ends_line=taken == len(left))
            left = left[taken:]
            at += 1
    return found


def sections_of_bars(bars: Sequence[BarRequest]) -> list[tuple[str | None, range]]:
    """The sections of asked bars with their labels; None for bars of which the model chooses the sections."""
    starts = [number for number, bar in enumerate(bars) if number == 0 or bar.label not in (None, PHRASE)]
    return [
        (bars[start].label, range(start, stop)) for start, stop in zip(starts, [*starts[1:], len(bars)], strict=True)
    ]


def lay_sections(
    sections: Sequence[LyricSection], bars: Sequence[BarRequest], bar_ticks: Sequence[int]
) -> tuple[list[SungBar], list[SungBar]]:
    """What every bar sings, and what others sing to it.

    Words with labels go to the sections of the form with the same labels, in order; stanzas without to the sections
    that are not instrumental, one to each where they are as many, else line after line. Raises ScoretokError where
    they do not fit.
    """
    form = sections_of_bars(bars)
    own, backing = [SungBar()] * len(bars), [SungBar()] * len(bars)
    sung = [section for section in sections if section.is_sung]
    places = [list(span) for label, span in form if label not in INSTRUMENTAL] or [list(range(len(bars)))]
    pairs: list[tuple[LyricSection, list[int]]]
    if sung[0].label:
        pairs = [(section, list(span)) for section, span in _matched(sung, form)]
    elif len(places) == len(sung):
        pairs = list(zip(sung, places, strict=True))
    else:
        whole = LyricSection(None, tuple(line for section in sung for line in section.lines))
        pairs = [(whole, [bar for span in places for bar in span])]
    for section, span_bars in pairs:
        ticks = [bar_ticks[bar] for bar in span_bars]
        for laid, lines in ((own, [x.syllables for x in section.lines]), (backing, [x.backing for x in section.lines])):
            for at, sung_bar in zip(span_bars, assign_lines(lines, ticks), strict=True):
                laid[at] = sung_bar
    return own, backing


def _matched(
    sung: Sequence[LyricSection], form: Sequence[tuple[str | None, range]]
) -> list[tuple[LyricSection, range]]:
    """Each section of the words with the next bars of the form that have its label."""
    found, at = [], 0
    for number, section in enumerate(sung):
        place = next((n for n in range(at, len(form)) if form[n][0] == section.label), None)
        if place is None:
            labels = ", ".join(str(label) for label, _ in form)
            raise ScoretokError(
                f"section {number + 1} of the words is a {section.label}, and the form has none left for it ({labels});"
                " change the form, or leave it out"
            )
        found.append((section, form[place][1]))
        at = place + 1
    return found


def with_words(
    song: Song, bars: Sequence[BarRequest], controls: Controls, sections: Sequence[LyricSection]
) -> tuple[tuple[BarRequest, ...], Controls, dict[Place, tuple[Syllable, ...]]]:
    """A request whose first vocal part sings these words and nothing else, and whose second sings the backing words;
    without a second part these are left out, which is said. Raises ScoretokError without a vocal part."""
    parts = [number for number, one in enumerate(song.parts) if one.name.startswith("vocal.")]
    if not parts:
        raise ScoretokError("words need a vocal track; add vocal to the tracks")
    ticks = replace(song, plan=tuple(PlanBar(meter=bar.meter) for bar in bars)).bar_ticks()
    own, backing = lay_sections(sections, bars, ticks)
    laid = {parts[0]: own}
    if any(backing):
        if len(parts) > 1:
            laid[parts[1]] = backing
        else:
            warn("words in brackets are left out; a second vocal track sings them (vocal.2)", "dropped")
    asked = list(bars)
    for part, sung in laid.items():
        asked = _with_densities(asked, part, sung, len(song.parts))
    demanded = {(part, bar): one.demand for part, sung in laid.items() for bar, one in enumerate(sung)}
    words = {(part, bar): one.syllables for part, sung in laid.items() for bar, one in enumerate(sung)}
    return tuple(asked), replace(controls, syllables=demanded), words


def _with_densities(
    bars: Sequence[BarRequest], part: int, sung: Sequence[SungBar], part_count: int
) -> list[BarRequest]:
    """Bars in whose sections a part is silent where it has no words, and only there."""
    asked = []
    for _, span in sections_of_bars(bars):
        has_words = any(sung[bar] for bar in span)
        for bar in span:
            levels = list(bars[bar].densities or [None] * part_count)
            if has_words and levels[part] == 0:
                raise ScoretokError("the plan keeps the vocal track silent in a section, and there are words to sing")
            levels[part] = (levels[part] or NOT_SILENT) if has_words else 0
            asked.append(replace(bars[bar], densities=tuple(levels)))
    return asked
