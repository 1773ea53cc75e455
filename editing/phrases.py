"""The edit phrases: a verb, its arguments, then where ('in bars 5-8', 'in chorus 2', 'of piano').

`parse_phrase` reads a phrase into an Edit, a pure function from score to score; `edit` applies a chain.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from editing.where import Where, find_bars, find_section, find_tracks
from scoretok.errors import ScoretokError
from scoretok.parts import SECTION_LABELS
from scoretok.sheet import LeadSheet

Apply = Callable[[LeadSheet, Where], LeadSheet]
WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')


@dataclass(frozen=True)
class PhraseWord:
    """A word of a phrase; quoted words are never keywords."""

    text: str
    quoted: bool = False


@dataclass(frozen=True)
class Edit:
    """One phrase, read and ready to apply."""

    phrase: str
    apply: Apply
    places: tuple[tuple[PhraseWord, ...], ...]

    def __call__(self, sheet: LeadSheet) -> LeadSheet:
        """Apply the edit. Raises ScoretokError naming the phrase."""
        try:
            return self.apply(sheet, resolve(sheet, self.places))
        except ScoretokError as error:
            raise ScoretokError(f"{self.phrase!r}: {error}") from None


@dataclass(frozen=True)
class Verb:
    """A verb: its form and meaning for the help, and the reader of its arguments."""

    form: str
    meaning: str
    read: Callable[["Arguments"], Apply]


class Arguments:
    """The words between a verb and its 'in' and 'of', taken one by one."""

    def __init__(self, words: list[PhraseWord]) -> None:
        self.words = words
        self.at = 0

    def word(self, what: str) -> str:
        """The next word. Raises ScoretokError when there is none."""
        if self.at >= len(self.words):
            raise ScoretokError(f"{what} is missing")
        self.at += 1
        return self.words[self.at - 1].text

    def number(self, what: str) -> float:
        """The next word as a number."""
        word = self.word(what)
        if not re.fullmatch(r"[+-]?\d{1,9}(\.\d{1,9})?", word, re.ASCII):
            raise ScoretokError(f"{word!r} is not {what}")
        return float(word)

    def whole(self, what: str, low: int, high: int) -> int:
        """The next word as a whole number within bounds."""
        value = self.number(what)
        if value != int(value) or not low <= value <= high:
            raise ScoretokError(f"{value:g} is not {what} ({low} to {high})")
        return int(value)

    def one_of(self, what: str, choices: Iterable[str]) -> str:
        """The next word, which must be one of some."""
        word = self.word(what)
        known = list(choices)
        if word not in known:
            raise ScoretokError(not_understood(word, known, what))
        return word

    def take(self, *words: str) -> bool:
        """Whether the next words are these, which are then taken."""
        found = [word.text for word in self.words[self.at : self.at + len(words)]] == list(words)
        self.at += len(words) * found
        return found

    def expect(self, word: str) -> None:
        """Take a fixed word. Raises ScoretokError when another stands there."""
        if not self.take(word):
            got = repr(self.words[self.at].text) if self.at < len(self.words) else "the end"
            raise ScoretokError(f"{word!r} is expected where {got} stands")

    def rest(self) -> list[PhraseWord]:
        """All words that are left."""
        left = self.words[self.at :]
        self.at = len(self.words)
        return left

    def finish(self) -> None:
        """Raise ScoretokError when words are left over."""
        if self.at < len(self.words):
            raise ScoretokError(f"{self.words[self.at].text!r} was not understood")


def not_understood(word: str, known: Iterable[str], what: str) -> str:
    """A sentence for an unknown word, with the nearest known ones."""
    choices = list(known)
    near = get_close_matches(word, choices, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are: {', '.join(choices)}"
    return f"{word!r} is not {what}; {hint}"


def split_words(phrase: str) -> list[PhraseWord]:
    """Words of a phrase; quotes keep spaces together."""
    if len(re.findall(r'(?<!\\)"', phrase)) % 2:
        raise ScoretokError(f"{phrase!r}: a quote is not closed")
    return [
        PhraseWord(re.sub(r"\\(.)", r"\1", quoted), True) if quoted or not plain else PhraseWord(plain)
        for quoted, plain in WORD.findall(phrase)
    ]


def parse_phrase(phrase: str) -> Edit:
    """Read one phrase. Raises ScoretokError naming the word that was not understood and the nearest ones."""
    from editing.verbs import VERBS

    words = split_words(phrase)
    if not words:
        raise ScoretokError("an edit is empty")
    verb = VERBS.get(words[0].text)
    if verb is None:
        raise ScoretokError(f"{phrase!r}: {not_understood(words[0].text, VERBS, 'an edit')}")
    arguments, places = _split_places(words[1:])
    reader = Arguments(arguments)
    try:
        apply = verb.read(reader)
        reader.finish()
        for place in places:
            _check_place(place)
    except ScoretokError as error:
        raise ScoretokError(f"{phrase!r}: {error}; the form is: {verb.form}") from None
    return Edit(phrase, apply, tuple(places))


def _split_places(words: list[PhraseWord]) -> tuple[list[PhraseWord], list[tuple[PhraseWord, ...]]]:
    """Part the arguments from the places, which begin with 'in' or 'of'."""
    arguments: list[PhraseWord] = []
    places: list[list[PhraseWord]] = []
    left = 0  # words that the place being read may still take
    for word in words:
        if not word.quoted and word.text in ("in", "of"):
            places.append([word])
            left = 8 if word.text == "of" else 1
        elif places and left and _continues(places[-1], word):
            places[-1].append(word)
        else:
            left = 0
            arguments.append(word)
    return arguments, [tuple(place) for place in places]


def _continues(place: list[PhraseWord], word: PhraseWord) -> bool:
    """Whether a word belongs to a place: 'in bars 5-8', 'in chorus 2', 'of piano 2, bass and "Rhodes"'."""
    kind, text = place[0].text, word.text
    if len(place) == 1:
        return True
    if kind == "in":
        second = place[1].text
        return len(place) == 2 and (second in ("bar", "bars") or (second in SECTION_LABELS and _is_number(text)))
    return place[-1].text.endswith(",") or text in ("and", ",") or place[-1].text in ("and", ",") or _is_number(text)


def _is_number(text: str) -> bool:
    return re.fullmatch("[0-9]{1,9}", text) is not None


def _check_place(place: tuple[PhraseWord, ...]) -> None:
    """Raise ScoretokError for places that no score could have."""
    if len(place) < 2:
        raise ScoretokError(f"a place is missing after {place[0].text!r}")
    if place[0].text == "in":
        second = place[1].text
        if second in ("bar", "bars"):
            if len(place) < 3 or not re.fullmatch(r"\d{1,6}(-\d{1,6})?(,\d{1,6}(-\d{1,6})?)*", place[2].text, re.ASCII):
                raise ScoretokError("bars are named by number, for example: in bars 5-8")
        elif second not in SECTION_LABELS:
            raise ScoretokError(not_understood(second, ("bars", *SECTION_LABELS), "a place"))


def resolve(sheet: LeadSheet, places: Iterable[tuple[PhraseWord, ...]]) -> Where:
    """The bars and tracks of a score that places name. Raises ScoretokError for what it does not have."""
    spans: tuple[range, ...] | None = None
    tracks: tuple[int, ...] | None = None
    for place in places:
        if place[0].text == "in":
            found = _bars_of(sheet, place)
            spans = found if spans is None else _both(spans, found)
            if not spans:
                raise ScoretokError("the places named have no bar in common")
        else:
            tracks = (*(tracks or ()), *_tracks_of(sheet, place))
    return Where(spans, tuple(dict.fromkeys(tracks)) if tracks is not None else None)


def _bars_of(sheet: LeadSheet, place: tuple[PhraseWord, ...]) -> tuple[range, ...]:
    if place[1].text in ("bar", "bars"):
        pairs = [part.partition("-") for part in place[2].text.split(",")]
        return tuple(find_bars(sheet, int(first), int(last or first)) for first, _, last in pairs)
    return find_section(sheet, place[1].text, int(place[2].text) if len(place) > 2 else None)


def _both(first: tuple[range, ...], second: tuple[range, ...]) -> tuple[range, ...]:
    bars = {bar for span in first for bar in span} & {bar for span in second for bar in span}
    return tuple(range(bar, bar + 1) for bar in sorted(bars))


def _tracks_of(sheet: LeadSheet, place: tuple[PhraseWord, ...]) -> tuple[int, ...]:
    names: list[str] = []
    for word in place[1:]:
        text = word.text.rstrip(",") if not word.quoted else word.text
        if word.quoted or text not in ("and", ""):
            if _is_number(text) and names and not word.quoted:
                names[-1] += f".{text}"
            elif text:
                names.append(text)
    return tuple(number for name in names for number in find_tracks(sheet, name))


def edit(sheet: LeadSheet, phrases: str | Iterable[str]) -> LeadSheet:
    """Apply edit phrases from left to right. Raises ScoretokError naming the phrase and the word.

    All phrases are read before the first is applied, so a slip in the last one changes nothing.
    """
    chain = [phrases] if isinstance(phrases, str) else phrases
    for one in [parse_phrase(phrase) for phrase in chain]:
        sheet = one(sheet)
    return sheet


def read_script(text: str) -> list[str]:
    """The phrases of a script: one a line; '#' before a space begins a comment outside quotes."""
    lines = (re.match(r'(?:"(?:[^"\\]|\\.)*"|(?!(?:^|\s)#(?:\s|$))[^"]|")*', line) for line in text.splitlines())
    return [line[0].strip() for line in lines if line and line[0].strip()]


__all__ = ["Arguments", "Edit", "edit", "parse_phrase", "read_script"]
