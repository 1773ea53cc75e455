"""Free text to what a composition needs: key, tempo, meter, length, form, genre, tracks; by rules that say why.

A word that means nothing here is not an error; what was understood is returned beside the words it was understood from.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from planner.language import GENRES, METERS, TRACKS_PER_ROLE
from planner.prompt_instruments import ENSEMBLES, GENERIC, GROUPS, INSTRUMENTS
from scoretok.errors import ScoretokError
from scoretok.harmony import parse_key
from scoretok.parts import Key
from scoretok.roles import ROLE_PROGRAMS

MAX_CHARS = 4000
# Quarter notes a minute; set by hand, no benchmark varies them.
TEMPO_WORDS = {
    "grave": 40, "largo": 48, "lento": 54, "adagio": 66, "very slow": 56, "slow": 72, "andante": 84, "relaxed": 84,
    "laid back": 84, "laid-back": 84, "calm": 78, "moderato": 108, "moderate": 104, "mid-tempo": 104, "midtempo": 104,
    "mid tempo": 104, "medium": 108, "allegretto": 116, "upbeat": 124, "lively": 132, "allegro": 136, "energetic": 136,
    "driving": 138, "uptempo": 140, "up-tempo": 140, "very fast": 176, "fast": 150, "vivace": 160, "presto": 180,
}  # fmt: skip
GENRE_WORDS = {
    "bossa nova": "bossa", "bossa-nova": "bossa", "hip hop": "hiphop", "hip-hop": "hiphop", "rap": "hiphop",
    "r&b": "rnb", "rhythm and blues": "rnb", "trap": "hiphop", "boom bap": "hiphop", "techno": "house",
    "electronic": "house", "edm": "house", "dance": "disco", "lullaby": "waltz", "folk song": "folk", "punk": "rock",
    "hard rock": "rock", "heavy metal": "metal", "swing jazz": "swing", "big band": "swing", "reggae": "ska",
    "latin": "salsa", "carol": "hymn", "chorale": "hymn", "lied": "art song", "musical": "showtune",
    "broadway": "showtune", "video game": "game", "chiptune": "game", "rag": "ragtime", "mandopop": "mandopop",
    "c-pop": "mandopop", "cantopop": "mandopop", "singer-songwriter": "folk", "power ballad": "ballad",
}  # fmt: skip
# Set by hand; no benchmark asks for moods.
MOOD_SETTINGS = {  # mode, slowest and fastest quarter notes a minute; None and 0 where a mood says nothing
    "sad": ("min", 50, 92), "calm": (None, 50, 88), "happy": ("maj", 104, 160), "dark": ("min", 0, 0),
    "energetic": (None, 118, 176), "angry": ("min", 112, 190), "romantic": (None, 56, 104),
    "nostalgic": (None, 60, 104), "heroic": (None, 0, 0),
}  # fmt: skip
MOOD_WORDS = {
    **{mood: mood for mood in MOOD_SETTINGS}, "melancholic": "sad", "melancholy": "sad", "mournful": "sad",
    "lonely": "sad",
    "peaceful": "calm", "gentle": "calm", "cheerful": "happy", "joyful": "happy", "sunny": "happy", "gloomy": "dark",
    "scary": "dark", "mysterious": "dark", "furious": "angry", "aggressive": "angry", "tender": "romantic",
    "wistful": "nostalgic", "epic": "heroic", "triumphant": "heroic",
}  # fmt: skip
FILLER_WORD = re.compile(
    r"(an?|the|in|on|of|for|with|and|or|to|by|at|as|is|it|me|my|some|make|write|compose|create|give|song|music|piece"
    r"|tune|track|melody|bars?|short|long|please|something|like|that|about|key|tempo|sharp|flat|major|minor)"
)
DEFAULT_PROGRAMS = {**ROLE_PROGRAMS, "vocal": 53, "guitar": 25}
NUMBERS = {
    "four": 4, "eight": 8, "twelve": 12, "sixteen": 16, "twenty-four": 24, "thirty-two": 32, "sixty-four": 64,
}  # fmt: skip
SECTION_WORD = r"(?:intro|verse|pre-?chorus|chorus|bridge|solo|interlude|outro)"
BARS_PATTERN = r"[- ]?(?:bars?|measures?)"
LENGTH_PATTERN = rf"(?:[ :(]+| of )(\d{{1,3}})\b(?! ?(?:/|bpm|beats))({BARS_PATTERN})?\b\)?"
SECTION_PATTERN = rf"(?:(\d{{1,3}}){BARS_PATTERN} )?\b({SECTION_WORD})s?\b(?:{LENGTH_PATTERN})?"
FORM = re.compile(rf"{SECTION_PATTERN}(?:(?: |[,>/+–-]|\b(?:then|and|an?|followed by)\b)+{SECTION_PATTERN})*")
MAX_SECTION_NUMBER = 3  # set by hand: verse 2 is no verse of two bars
ACCIDENTAL = r"(?:[#b♯♭]|[- ](?:sharp|flat))?"
KEY_WITH_MODE = re.compile(
    rf"\b([A-G]{ACCIDENTAL})[- ]?(major|minor|maj|min|dorian|mixolydian|lydian|phrygian)\b", re.IGNORECASE
)
KEY_ALONE = re.compile(rf"\b(?:in|key of) ([A-G]{ACCIDENTAL})(m)?(?![\w#&])")
WITHOUT = re.compile(r"\b(?:no|without|minus)\s+([a-z -]+?)(?=[,.;]|\band\b|\bbut\b|\bwith\b|$)")


@dataclass
class ParsedPrompt:
    """A parsed prompt; unspecified fields are None or empty. `evidence` gives the words behind each.

    A mood says a `mode`, "maj" or "min", and a `bpm_range` where the text says no key and no tempo.
    """

    key: Key | None = None
    bpm: float | None = None
    mode: str | None = None
    bpm_range: tuple[float, float] | None = None
    meter: tuple[int, int] | None = None
    bars: int | None = None
    form: tuple[tuple[str, int | None], ...] = ()  # sections, with their bars where the text tells them
    genre: str | None = None
    parts: tuple[tuple[str, int], ...] = ()
    evidence: dict[str, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """What was understood, a line each."""
        return [f"{name}: {words}" for name, words in self.evidence.items()]


NearestFn = Callable[[str, str], str | None]


def parse_prompt(text: str, nearest: NearestFn | None = None) -> ParsedPrompt:
    """Read a prompt; `nearest(kind, text)` may name the "genre" or "mood" of a text that names none.

    Raises ScoretokError when the text is too long.
    """
    if len(text) > MAX_CHARS:
        raise ScoretokError(f"the prompt has {len(text)} characters; at most {MAX_CHARS} are read")
    found = ParsedPrompt()
    lower = " ".join(text.lower().split())
    _key(text, found)
    _tempo(lower, found)
    _meter(lower, found)
    _bars(_form(lower, found), found)
    _parts(lower, found)
    _genre(lower, found)
    rest = _unread_text(lower, found) if nearest else ""
    if nearest and rest and found.genre is None:
        found.genre = nearest("genre", rest)
        if found.genre:
            found.evidence["genre"] = f"{found.genre} (nearest in meaning)"
    word = _longest_match(lower, MOOD_WORDS)
    mood = MOOD_WORDS[word] if word else nearest("mood", rest) if nearest and rest else None
    if mood:
        _mood(mood, found)
    return found


def _unread_text(lower: str, found: ParsedPrompt) -> str:
    """What of a text no rule has read; nothing when it says nothing."""
    known = {word for words in found.evidence.values() for word in words.lower().split()}
    rest = [word for word in re.findall(r"[^\W\d_][\w'-]*", lower) if word not in known]
    return " ".join(rest) if any(len(word) > 2 and not FILLER_WORD.fullmatch(word) for word in rest) else ""


def _mood(mood: str, found: ParsedPrompt) -> None:
    mode, slowest, fastest = MOOD_SETTINGS[mood]
    if mode and not found.key:
        found.mode = mode
    if fastest and not found.bpm:
        found.bpm_range = float(slowest), float(fastest)
    details = [{"maj": "major", "min": "minor"}[found.mode]] if found.mode else []
    details += [f"{slowest} to {fastest} quarter notes a minute"] if found.bpm_range else []
    found.evidence["mood"] = f"{mood} ({', '.join(details)})" if details else mood


def _key(text: str, found: ParsedPrompt) -> None:
    match = KEY_WITH_MODE.search(text) or KEY_ALONE.search(text)
    if not match:
        return
    tonic = re.sub(r"[- ]sharp", "#", re.sub(r"[- ]flat", "b", match[1], flags=re.IGNORECASE), flags=re.IGNORECASE)
    mode = (match[2] or "major").lower()
    try:
        found.key = parse_key(f"{tonic[0].upper()}{tonic[1:]} {'minor' if mode == 'm' else mode}")
        found.evidence["key"] = match[0].strip()
    except ScoretokError:
        return


def _tempo(lower: str, found: ParsedPrompt) -> None:
    match = re.search(r"\b(\d{2,3})\s*(?:bpm|beats per minute)", lower) or re.search(
        r"\bbpm\s*(?:of|=|:)?\s*(\d{2,3})\b", lower
    )
    if match and 20 <= int(match[1]) <= 400:
        found.bpm, found.evidence["tempo"] = float(match[1]), match[0]
        return
    word = _longest_match(lower, TEMPO_WORDS)
    if word:
        found.bpm, found.evidence["tempo"] = (
            float(TEMPO_WORDS[word]),
            f"{word} ({TEMPO_WORDS[word]} quarter notes a minute)",
        )


def _meter(lower: str, found: ParsedPrompt) -> None:
    match = re.search(r"\b(\d{1,2})\s*/\s*(\d{1,2})\b", lower)
    if match and (int(match[1]), int(match[2])) in METERS:
        found.meter, found.evidence["meter"] = (int(match[1]), int(match[2])), match[0]
    elif re.search(r"\b(waltz|three-four)\b", lower):
        found.meter, found.evidence["meter"] = (3, 4), "waltz"


def _bars(lower: str, found: ParsedPrompt) -> None:
    numbers = "|".join(NUMBERS)
    match = re.search(rf"\b(\d{{1,4}}|{numbers})[- ](?:bars?|measures?)\b", lower)
    if match:
        found.bars = NUMBERS.get(match[1]) or int(match[1])
        found.evidence["length"] = match[0]


def _form(lower: str, found: ParsedPrompt) -> str:
    """Sections that are listed, or one whose length is given; the text without them."""
    for match in FORM.finditer(lower):
        sections = []
        for before, label, behind, bar_word in re.findall(SECTION_PATTERN, match[0]):
            bars = int(before or behind or 0)
            if not before and not bar_word and bars <= MAX_SECTION_NUMBER:  # verse 2 is no verse of two bars
                bars = 0
            sections.append(("pre-chorus" if label.startswith("pre") else label, bars or None))
        if len(sections) > 1 or sections[0][1]:
            found.form, found.evidence["form"] = tuple(sections), match[0]
            return lower.replace(match[0], " ")
    return lower


def _parts(lower: str, found: ParsedPrompt) -> None:
    """Instruments in the order of the roles, each once; groups stand for several; what is refused is left out."""
    refused = {role for match in WITHOUT.finditer(lower) for role in _roles_in(match[1])}
    named = WITHOUT.sub(_blanks, lower)
    because: dict[str, int] = {}  # words, and where they stand
    ensemble: tuple[tuple[str, int], ...] = ()
    usual: list[tuple[str, int]] = []  # where nothing of the role is named
    if group := _longest_match(named, {**ENSEMBLES, **GROUPS}):
        ensemble = ENSEMBLES.get(group, ())
        usual += [(role, DEFAULT_PROGRAMS[role]) for role in GROUPS.get(group, ())]
        because[group] = named.index(group)
        named = named.replace(group, " " * len(group))
    while word := _longest_match(named, INSTRUMENTS):
        because[word] = named.index(word)
        named = re.sub(rf"\b{re.escape(word)}\b", _blanks, named)
    words = [word for word in sorted(because, key=because.__getitem__) if word in INSTRUMENTS]
    usual += [INSTRUMENTS[word] for word in words if word in GENERIC]
    chosen = [*ensemble, *dict.fromkeys(INSTRUMENTS[word] for word in words if word not in GENERIC)]
    taken = {role for role, _ in chosen}
    chosen += {role: program for role, program in reversed(usual) if role not in taken}.items()
    parts = [part for role in DEFAULT_PROGRAMS if role not in refused for part in chosen if part[0] == role]
    found.parts = tuple(
        part for number, part in enumerate(parts)
        if sum(other[0] == part[0] for other in parts[:number]) < TRACKS_PER_ROLE
    )  # fmt: skip
    if because or refused:
        found.evidence["tracks"] = ", ".join(
            [*sorted(because, key=because.__getitem__), *(f"no {role}" for role in sorted(refused))]
        )


def _blanks(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _roles_in(text: str) -> set[str]:
    return {role for word, (role, _) in INSTRUMENTS.items() if re.search(rf"\b{re.escape(word)}\b", text)}


def _genre(lower: str, found: ParsedPrompt) -> None:
    words = {**GENRE_WORDS, **{genre: genre for genre in GENRES if genre != "other"}}
    others = {word: genre for word, genre in words.items() if genre != "ballad"}
    word = _longest_match(lower, others) or _longest_match(lower, words)  # a jazz ballad is jazz
    if word:
        found.genre, found.evidence["genre"] = words[word], word


def _longest_match(lower: str, words: Mapping[str, object]) -> str | None:
    """The longest of some words that a text holds."""
    held = [word for word in words if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", lower)]
    return max(held, key=lambda word: (len(word), -lower.index(word)), default=None)
