"""Stress of syllables and ends of lines, from words alone.

Stress is that of the pronunciation (`scoretok.lyrics`), lexical in words of several syllables; words of one are weak
where they are function words (Selkirk, "Phonology and syntax", 1984, chapter 7), else strong. Lines end with a stop, or
before a word with a capital where few words have one, as verse is printed.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from planner.language import ENDS, STRESSES, SyllableKind
from scoretok.lyrics import split_words
from scoretok.parts import Syllable

UNKNOWN, WEAK, STRONG = range(len(STRESSES))
PART, WORD, LINE = range(len(ENDS))
# Set by hand for English verse; benchmarks.planner_words reports how often real lines end as they say.
FUNCTION_WORDS = """a an the of to in on at by for from with as than but and or nor if so that which who whom whose what
when where i me my you your he him his she her it its we us our they them their thee thou thy ye is am are was were be
been has have had do does did doth hath can could shall should will would may might must 'tis 'twas i'm i've i'd i'll
you're you'll he's she's it's we're we'll they're there's that's let's there some no not o oh""".split()  # noqa: SIM905
BEFORE_A_NAME = [
    "a",
    "an",
    "the",
    "of",
    "to",
    "in",
    "on",
    "at",
    "by",
    "for",
    "from",
    "with",
    "my",
    "your",
    "his",
    "her",
    "our",
    "their",
    "thy",
    "every",
    "and",
    "le",
    "la",
    "les",
    "de",
    "des",
    "du",
]
CAPITALISED_IN_LINES = [
    "i",
    "i'm",
    "i've",
    "i'd",
    "i'll",
    "o",
    "god",
    "lord",
    "jesus",
    "christ",
    "thou",
    "thou'rt",
    "thy",
    "thee",
    "he",
    "his",
    "him",
    "who",
]
FEWEST_OF_LINE = 4  # syllables of a line that a capital ends
MOST_CAPITALS = 0.25  # of the words, where capitals begin lines


def syllable_kinds(syllables: Sequence[Syllable]) -> list[SyllableKind]:
    """Stress and end of every syllable of some words, sung one after another."""
    words = split_words(syllables)
    ends = line_ends(["".join(one.text for one in word) for word in words], [len(word) for word in words])
    found: list[SyllableKind] = []
    for word, ends_line in zip(words, ends, strict=True):
        last = LINE if ends_line else WORD if word[-1].word_end else PART
        kinds = [*[PART] * (len(word) - 1), last]
        found += [SyllableKind(stress, end) for stress, end in zip(stresses(word), kinds, strict=True)]
    return found


def stresses(word: Sequence[Syllable]) -> list[int]:
    """The stress of every syllable of a word, UNKNOWN where it is not pronounced."""
    if not any(syllable.phonemes for syllable in word):
        return [UNKNOWN] * len(word)
    marked = [any(mark in phoneme for phoneme in one.phonemes for mark in "ˈˌ") for one in word]
    if len(word) == 1:
        marked = [marked[0] and _bare(word[0].text) not in FUNCTION_WORDS]
    return [STRONG if strong else WEAK for strong in marked]


def _bare(text: str) -> str:
    """A word without punctuation around it."""
    return re.sub(r"^[^\w']+|[^\w']+$", "", text.lower().replace("’", "'"))


def line_ends(words: Sequence[str], lengths: Sequence[int]) -> list[bool]:
    """Whether each word ends a line; `lengths` are how many syllables it has."""
    capitals = [
        word[:1].isupper() and _bare(word) not in CAPITALISED_IN_LINES for word in (w.lstrip("\"'“‘(") for w in words)
    ]
    capitals_tell = sum(capitals) <= MOST_CAPITALS * len(words)
    found, since = [], 0
    for number, (word, following) in enumerate(pairwise([*words, ""])):
        since += lengths[number]
        has_stop = bool(re.search(r"[.;:!?][\"'”’)]*$", word))
        before_capital = (
            bool(following)
            and capitals_tell
            and capitals[number + 1]
            and since >= FEWEST_OF_LINE
            and _bare(word) not in BEFORE_A_NAME
        )
        found.append(has_stop or before_capital or not following)
        since = 0 if found[-1] else since
    return found
