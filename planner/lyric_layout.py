"""Words that are given before their notes: which bar sings which syllables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from planner.language import SyllableKind
from planner.lyric_text import INSTRUMENTAL, LyricSection, guessed_labels
from planner.prosody import LINE, STRONG, WORD, syllable_kinds
from planner.request import NOT_SILENT, BarRequest, Controls
from planner.rules.syllables import SungCell
from planner.sequence import Place
from planner.song import PHRASE, PlanBar, Song
from planner.word_fitting import MOST_CHANGES
from scoretok.errors import ScoretokError, warn
from scoretok.lyrics import is_vowel
from scoretok.parts import Syllable

# Set by hand; no benchmark varies them.
LEAST_TICKS = 6  # a syllable lasts a sixteenth on average, at least
COMFORTABLE_TICKS = 16  # of a bar that sings at its ease
SHORT_LINE = 3  # syllables that stay in one bar
SYLLABLES_OF_BARS = {1: 4, 2: 10, 4: 20}  # a line of so many has so many bars, a longer one eight
INSTRUMENTAL_BARS = 4
LONGEST_UPBEAT = 2  # syllables


@dataclass(frozen=True)
class SungBar:
    """The syllables of a bar, and what the model is told of them."""

    syllables: tuple[Syllable, ...] = ()
    kinds: tuple[SyllableKind, ...] = ()
    upbeat: int = 0  # how many of them, at its end, lead to the line of the next bar

    def __bool__(self) -> bool:
        return bool(self.syllables)

    def __add__(self, other: "SungBar") -> "SungBar":
        return SungBar(self.syllables + other.syllables, self.kinds + other.kinds, other.upbeat)

    def __getitem__(self, span: slice) -> "SungBar":
        return SungBar(self.syllables[span], self.kinds[span])


@dataclass(frozen=True)
class LaidWords:
    """The syllables of cells, and the cells whose melody others take up."""

    syllables: Mapping[Place, tuple[Syllable, ...]]
    parallels: Mapping[Place, Place] = field(default_factory=dict)


def line_of(syllables: Sequence[Syllable]) -> SungBar:
    """A whole line."""
    kinds = syllable_kinds(syllables)
    inside = [kind._replace(end=min(kind.end, WORD)) for kind in kinds[:-1]]
    return SungBar(tuple(syllables), (*inside, *(kind._replace(end=LINE) for kind in kinds[-1:])))


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
    bars = next((bars for bars, most in SYLLABLES_OF_BARS.items() if longest <= most), 8)
    return max(2, bars * len(section.lines))


def assign_lines(lines: Sequence[Sequence[Syllable]], bar_ticks: Sequence[int]) -> tuple[list[SungBar], SungBar]:
    """Which syllables every bar sings, and with which ones the first line would rather begin in the bar before.

    Lines share the bars evenly; bars begin with a stressed syllable where one is near, and what stands before it in its
    line is sung at the end of the bar before (an upbeat). Raises ScoretokError when there are fewer bars than lines, or
    a line is too long for its bars.
    """
    if len(bar_ticks) < len(lines):
        raise ScoretokError(f"{len(lines)} lines of words need at least as many bars; there are {len(bar_ticks)}")
    found = [SungBar()] * len(bar_ticks)
    upbeat = SungBar()
    for number, (line, span) in enumerate(zip(lines, line_bars(len(lines), range(len(bar_ticks))), strict=True)):
        whole = line_of(line)
        early = _upbeat_length(whole.kinds)
        if number and early + len(found[span[0] - 1].syllables) > _comfortable(bar_ticks[span[0] - 1]):
            early = 0
        moved = replace(whole[:early], upbeat=early)
        if number == 0:
            upbeat = moved
        else:
            found[span[0] - 1] += moved
        for bar, sung in zip(span, _share(whole[early:], [bar_ticks[bar] for bar in span], number), strict=True):
            found[bar] += sung
    return found, upbeat


def _comfortable(bar_ticks: int) -> int:
    """How many syllables a bar sings at its ease."""
    return bar_ticks // COMFORTABLE_TICKS


def _upbeat_length(kinds: Sequence[SyllableKind]) -> int:
    """How many weak syllables stand before the first strong one of a line, 0 where they are too many for an upbeat."""
    first = next((at for at, kind in enumerate(kinds) if kind.stress == STRONG), 0)
    return first if first <= LONGEST_UPBEAT else 0


def _is_strong(kinds: Sequence[SyllableKind], at: int) -> bool:
    return 0 < at < len(kinds) and kinds[at].stress == STRONG


def _share(line: SungBar, bar_ticks: Sequence[int], number: int) -> list[SungBar]:
    """What of a line every bar sings."""
    found: list[SungBar] = []
    left = line
    for at, ticks in enumerate(bar_ticks):
        if len(left.syllables) > sum(bar_ticks[at:]) // LEAST_TICKS:
            raise ScoretokError(
                f"line {number + 1} has {len(line.syllables)} syllables, too many for {len(bar_ticks)}"
                f" bar{'s' * (len(bar_ticks) > 1)}; ask for more bars"
            )
        count = len(left.syllables)
        taken = count if count <= SHORT_LINE else -(-count // (len(bar_ticks) - at))
        near = [cut for cut in (taken, taken + 1, taken - 1, taken + 2) if _is_strong(left.kinds, cut)]
        room_behind = sum(bar_ticks[at + 1 :]) // LEAST_TICKS
        fits = [cut for cut in near if cut <= _comfortable(ticks) and count - cut <= room_behind]
        taken = fits[0] if fits and taken < count else taken
        found.append(left[:taken])
        left = left[taken:]
    return found


def parallel_lines(lines: Sequence[Sequence[Syllable]]) -> list[int | None]:
    """For every line the earlier one whose melody it takes up: one of the same words, one that it rhymes with, or the
    one before the last; None where none has about as many syllables."""
    texts = [" ".join(syllable.text.lower() for syllable in line) for line in lines]
    found: list[int | None] = []
    for at, line in enumerate(lines):
        earlier = [other for other in reversed(range(at)) if abs(len(lines[other]) - len(line)) <= MOST_CHANGES]
        same = [other for other in earlier if texts[other] == texts[at]]
        rhyming = [other for other in earlier if _rime(lines[other]) and _rime(lines[other]) == _rime(line)]
        alternate = [other for other in earlier if other == at - 2]
        found.append(next(iter([*same, *rhyming, *alternate]), None))
    return found


def _rime(line: Sequence[Syllable]) -> tuple[str, ...]:
    """The last vowel of a line and what follows it, without stress; nothing where it is not pronounced."""
    phonemes = [phoneme.lstrip("ˈˌ") for phoneme in line[-1].phonemes] if line else []
    vowel = max((at for at, phoneme in enumerate(phonemes) if is_vowel(phoneme)), default=None)
    return () if vowel is None else tuple(phonemes[vowel:])


def line_bars(lines: int, bars: Sequence[int]) -> list[list[int]]:
    """The bars of every line, which share them evenly."""
    return [list(bars[n * len(bars) // lines : (n + 1) * len(bars) // lines]) for n in range(lines)]


def sections_of_bars(bars: Sequence[BarRequest]) -> list[tuple[str | None, range]]:
    """The sections of asked bars with their labels; None for bars of which the model chooses the sections."""
    starts = [number for number, bar in enumerate(bars) if number == 0 or bar.label not in (None, PHRASE)]
    return [
        (bars[start].label, range(start, stop)) for start, stop in zip(starts, [*starts[1:], len(bars)], strict=True)
    ]


def lay_sections(
    sections: Sequence[LyricSection], bars: Sequence[BarRequest], bar_ticks: Sequence[int]
) -> tuple[list[SungBar], list[SungBar], dict[int, int]]:
    """What every bar sings, what others sing to it, and which bars take up the melody of which earlier ones.

    Words with labels go to the sections of the form with the same labels, in order; stanzas without to the sections
    that are not instrumental, one to each where they are as many, else line after line. Raises ScoretokError where
    they do not fit.
    """
    form = sections_of_bars(bars)
    own, backing = [SungBar()] * len(bars), [SungBar()] * len(bars)
    parallels: dict[int, int] = {}
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
        own_lines, backing_lines = [x.syllables for x in section.lines], [x.backing for x in section.lines]
        laid_bars = line_bars(len(own_lines), span_bars)
        for bars_of_line, like in zip(laid_bars, parallel_lines(own_lines), strict=True):
            parallels |= {} if like is None else dict(zip(bars_of_line, laid_bars[like], strict=False))
        for laid, lines in ((own, own_lines), (backing, backing_lines)):
            sung_bars, upbeat = assign_lines(lines, ticks)
            before = span_bars[0] - 1
            room = _comfortable(bar_ticks[before]) - len(laid[before].syllables) if before >= 0 and laid[before] else 0
            if len(upbeat.syllables) <= room:
                laid[before] += upbeat
            else:
                sung_bars[0] = replace(upbeat, upbeat=0) + sung_bars[0]
            for at, sung_bar in zip(span_bars, sung_bars, strict=True):
                laid[at] = sung_bar
    return own, backing, parallels


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
) -> tuple[tuple[BarRequest, ...], Controls, LaidWords]:
    """A request whose first vocal part sings these words and nothing else, and whose second sings the backing words;
    without a second part these are left out, which is said. Raises ScoretokError without a vocal part."""
    parts = [number for number, one in enumerate(song.parts) if one.name.startswith("vocal.")]
    if not parts:
        raise ScoretokError("words need a vocal track; add vocal to the tracks")
    ticks = replace(song, plan=tuple(PlanBar(meter=bar.meter) for bar in bars)).bar_ticks()
    own, backing, parallels = lay_sections(sections, bars, ticks)
    laid = {parts[0]: own}
    if any(backing):
        if len(parts) > 1:
            laid[parts[1]] = backing
        else:
            warn("words in brackets are left out; a second vocal track sings them (vocal.2)", "dropped")
    asked = list(bars)
    for part, sung in laid.items():
        asked = _with_densities(asked, part, sung, len(song.parts))
    words = {(part, bar): one.syllables for part, sung in laid.items() for bar, one in enumerate(sung)}
    cells = {(part, bar): _sung_cell(sung, bar, ticks) for part, sung in laid.items() for bar in range(len(bars))}
    like = {(parts[0], bar): (parts[0], source) for bar, source in parallels.items()}
    return tuple(asked), replace(controls, syllables=cells), LaidWords(words, like)


def _sung_cell(sung: Sequence[SungBar], bar: int, ticks: Sequence[int]) -> SungCell:
    """What is demanded of a bar: a line may ring into the next bar where nothing is sung there."""
    here = sung[bar]
    is_free = bool(here) and here.kinds[-1].ends_line and bar + 1 < len(sung) and not sung[bar + 1]
    return SungCell(here.kinds, here.upbeat, ticks[bar + 1] // 2 if is_free else 0)


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
