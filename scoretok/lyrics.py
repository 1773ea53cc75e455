"""Words to syllables to phonemes: hyphenation, pronunciation, and laying syllables on notes.

English is pronounced by gruut's dictionary, with its grapheme-to-phoneme model for unknown words; other
languages by espeak-ng where that program is installed.
"""

import re
import shutil
import subprocess
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

from scoretok.errors import ScoretokError, ScoretokWarning
from scoretok.extras import require
from scoretok.parts import Note, Syllable
from scoretok.phonemes import phoneme_symbols, split_phonemes
from scoretok.sheet import LeadSheet
from scoretok.texts import clean_text

VOWELS = frozenset("iyɨʉɯuɪʏʊeøɘɵɤoəɛœɜɞʌɔæɐaɶɑɒɚɝᵻ")
LIQUIDS_AND_GLIDES = frozenset(("l", "ɹ", "r", "ɾ", "j", "w", "ʁ"))
OBSTRUENTS = frozenset(("p", "b", "t", "d", "k", "ɡ", "f", "v", "θ", "ʃ"))
AFTER_S = frozenset(("p", "t", "k", "m", "n", "l", "w", "f"))
HELD = "_"


def syllabify(text: str, language: str = "en") -> list[Syllable]:
    """Split words into syllables by hyphenation patterns; hyphens in the text split where they stand.

    A '_' between spaces holds the syllable before it for one more note; it comes back as a syllable
    with the text '_'. Raises ScoretokError when there are no patterns for the language.
    """
    pyphen = require("pyphen", "lyrics", "hyphenation")
    code = pyphen.language_fallback("en_US" if language == "en" else language)
    if code is None:
        raise ScoretokError(f"there are no hyphenation patterns for the language {language!r}")
    dictionary = pyphen.Pyphen(lang=code, left=1, right=1)
    syllables: list[Syllable] = []
    for word in clean_words(text):
        if word == HELD:
            syllables.append(Syllable(HELD))
            continue
        parts = [part for part in (word if "-" in word else dictionary.inserted(word)).split("-") if part]
        parts = _joined_consonants(parts)
        if language.partition("-")[0] == "en" and "-" not in word:
            parts = _checked_by_ear(word, parts)
        syllables += [Syllable(part, (), i + 1 == len(parts)) for i, part in enumerate(parts)]
    return syllables


def _checked_by_ear(word: str, parts: list[str]) -> list[str]:
    """The hyphenated parts when they are as many as the vowels spoken, else a split at the vowels written.

    Hyphenation patterns are made for line breaks and leave many syllables together.
    """
    phonemes = _pronounce_english(word.lower())
    spoken = sum(is_vowel(phoneme) for phoneme in phonemes)
    # 'fire' and 'flower' are sung on one note or on two.
    loose = sum(a.endswith(("aɪ", "aʊ")) and b in ("ɚ", "ə") for a, b in pairwise(phonemes))
    if spoken == 0 or spoken - loose <= len(parts) <= spoken:
        return parts
    written = split_at_vowels(word, spoken)
    return written if len(written) == spoken else parts


WRITTEN_VOWEL = re.compile(r"(?<=[^aeiouy])le(?=\W*$)|(?<=q)u(?=[aeiou])|[aeiouy]+", re.IGNORECASE)
HIATUS = re.compile(r"i[aeou]|e[ao]|u[aei]|o[ea]|yi", re.IGNORECASE)
SYLLABIC_END = re.compile(r"(n't|thm|sm)\W*$", re.IGNORECASE)
DIGRAPH = re.compile(r"ch|sh|th|ph|wh|gh|ck|tch|[bcdfgkpt][lr]|[a-z']", re.IGNORECASE)


def split_at_vowels(word: str, count: int) -> list[str]:
    """Split a written English word into `count` syllables at its vowel letters.

    Silent e's are dropped and two vowels that are both spoken parted as far as the count asks. One consonant
    goes to the syllable behind it, of several all but the last (or last digraph) stay. The result has another
    length when the letters do not tell.
    """
    groups = [(m.start(), m.end()) for m in WRITTEN_VOWEL.finditer(word) if word[max(m.start() - 1, 0)].lower() != "q"]
    if word[:1].lower() == "y" and groups and groups[0] == (0, 1) and len(groups) > 1:
        groups = groups[1:]
    silent = [group for group in groups[1:] if word[slice(*group)].lower() == "e"]
    while len(groups) > count and silent:
        groups.remove(silent.pop())
    ending = SYLLABIC_END.search(word)
    if len(groups) < count and ending:
        groups.append((ending.start(), ending.start()))
    for start, stop in list(groups):
        if len(groups) < count and (pair := HIATUS.search(word, start, stop)):
            groups[groups.index((start, stop))] = (start, pair.start() + 1)
            groups.append((pair.start() + 1, stop))
    groups.sort()
    cuts = [_cut(word, before[1], after) for before, after in pairwise(groups)]
    bounds = [0, *cuts, len(word)]
    return [word[a:b] for a, b in pairwise(bounds)]


def _cut(word: str, end: int, after: tuple[int, int]) -> int:
    """Where the syllable of the vowels `after` begins, its neighbour's vowels ending at `end`."""
    if word[slice(*after)].lower() == "le":
        return after[0] - 1
    units = [m.group() for m in DIGRAPH.finditer(word[end : after[0]])]
    syllabic = after[0] == after[1]
    return after[0] - (len(units[-1]) if units and not syllabic else 0)


def clean_words(text: str) -> list[str]:
    """The words of a text, without line breaks and control characters."""
    return [word for word in (clean_text(word) for word in text.split()) if word.strip("-")]


def _joined_consonants(parts: list[str]) -> list[str]:
    """Join a part without a vowel letter to the one before it: no one sings it alone."""
    joined: list[str] = []
    for part in parts:
        if joined and not re.search(r"[aeiouyäöüàâéèêëîïôûùáíóúœæøåα-ωа-я]", part, re.IGNORECASE):
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def pronounce(words: Sequence[str], language: str = "en") -> list[tuple[str, ...]]:
    """Phonemes of each word in IPA, stress marks before vowels. Raises ScoretokError when it cannot."""
    if language.partition("-")[0] == "en":
        return [_pronounce_english(word.lower()) for word in words]
    return [_pronounce_espeak(word, language) for word in words]


@cache
def _pronounce_english(word: str) -> tuple[str, ...]:
    gruut = require("gruut", "lyrics", "English pronunciation")
    letters = re.sub(r"[^\w']", "", word)
    if not letters.strip("'_"):
        return ()
    found: list[str] = []
    for sentence in gruut.sentences(letters, lang="en-us"):
        for part in sentence:
            found += part.phonemes or ()
    if not found and letters.strip("'") != letters:
        return _pronounce_english(letters.strip("'"))
    return tuple(phoneme for one in found for phoneme in split_phonemes(one))


@cache
def _pronounce_espeak(word: str, language: str) -> tuple[str, ...]:
    program = shutil.which("espeak-ng")
    if program is None:
        raise ScoretokError(
            f"pronouncing {language!r} needs the program espeak-ng (GPL-3): install it with your system's packages"
        )
    command = [program, "-q", "--ipa", "-v", language, "--", word]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode or "error" in result.stderr.lower():
        raise ScoretokError(f"espeak-ng cannot pronounce the language {language!r}: {result.stderr.strip()[:100]}")
    return split_phonemes(result.stdout)


def is_vowel(phoneme: str) -> bool:
    """Whether a phoneme is the nucleus of a syllable."""
    base = next((symbol for symbol in phoneme_symbols(phoneme) if symbol not in "ˈˌ"), "")
    return base[:1] in VOWELS or "̩" in phoneme


def split_into_syllables(phonemes: Sequence[str], count: int) -> list[tuple[str, ...]]:
    """Share the phonemes of a word among `count` syllables.

    One vowel each, consonants by the maximal onset principle (Kahn, "Syllable-based generalizations in
    English phonology", 1976). With more vowels than syllables the last ones stay together; with fewer,
    the last vowel and what follows it is sung again.
    """
    if not phonemes or count == 0:
        return [()] * count
    vowels = [i for i, phoneme in enumerate(phonemes) if is_vowel(phoneme)][:count]
    starts = [0]
    for previous, vowel in pairwise(vowels):
        starts.append(vowel - _onset_length(phonemes[previous + 1 : vowel]))
    parts = [tuple(phonemes[a:b]) for a, b in zip(starts, [*starts[1:], len(phonemes)], strict=True)]
    while len(parts) < count:
        last_vowel = max((i for i, p in enumerate(parts[-1]) if is_vowel(p)), default=0)
        tail = parts[-1][last_vowel:]
        parts[-1:] = [parts[-1][: last_vowel + 1], tuple(p.lstrip("ˈˌ") for p in tail)]
    return parts


def _onset_length(cluster: Sequence[str]) -> int:
    """How many consonants at the end of a cluster may begin a syllable."""
    longest = 0
    for length in range(1, len(cluster) + 1):
        if not _may_begin(cluster[-length:]):
            break
        longest = length
    return longest


def _may_begin(onset: Sequence[str]) -> bool:
    if len(onset) == 1:
        return onset[0] != "ŋ"
    if len(onset) == 2:
        first, second = onset
        return (first in OBSTRUENTS and second in LIQUIDS_AND_GLIDES) or (first == "s" and second in AFTER_S)
    return len(onset) == 3 and onset[0] == "s" and onset[1] in "ptk" and onset[2] in LIQUIDS_AND_GLIDES


def with_phonemes(sheet: LeadSheet, language: str = "en") -> LeadSheet:
    """Fill in the phonemes of all syllables that have none, word by word."""
    return sheet.with_tracks(
        replace(track, notes=fill_phonemes(track.notes, language)) if track.role == "vocal" else track
        for track in sheet.tracks
    )


def fill_phonemes(notes: Sequence[Note], language: str) -> tuple[Note, ...]:
    """Notes whose syllables without phonemes have them, word by word."""
    filled = list(notes)
    for word in word_places(notes):
        for at, spoken in zip(word, pronounce_syllables([notes[i].syllable for i in word], language), strict=True):
            filled[at] = filled[at]._replace(syllable=spoken)
    return tuple(filled)


def word_places(notes: Sequence[Note]) -> Iterator[list[int]]:
    """For every word, the numbers of the notes that carry its syllables; the last one may be unfinished."""
    word: list[int] = []
    for place, note in enumerate(notes):
        if note.syllable:
            word.append(place)
            if note.syllable.word_end:
                yield word
                word = []
    if word:
        yield word


def pronounce_syllables(word: Sequence[Syllable | None], language: str = "en") -> list[Syllable]:
    """The syllables of one word with their phonemes; those that have some already stay as they are."""
    syllables = [syllable for syllable in word if syllable]
    if all(syllable.phonemes for syllable in syllables):
        return syllables
    spoken = pronounce(["".join(syllable.text for syllable in syllables)], language)[0]
    parts = split_into_syllables(spoken, len(syllables))
    return [s if s.phonemes else s._replace(phonemes=part) for s, part in zip(syllables, parts, strict=True)]


def pronounced(syllables: Sequence[Syllable], language: str = "en") -> list[Syllable]:
    """Syllables, sung one after another, with their phonemes, word by word. Raises ScoretokError when it cannot."""
    return [spoken for word in split_words(syllables) for spoken in pronounce_syllables(word, language)]


def split_words(syllables: Sequence[Syllable]) -> list[list[Syllable]]:
    """Syllables, sung one after another, word by word; the last word may be unfinished."""
    words: list[list[Syllable]] = [[]]
    for syllable in syllables:
        words[-1].append(syllable)
        if syllable.word_end:
            words.append([])
    return [word for word in words if word]


def with_phonemes_if_possible(sheet: LeadSheet, language: str = "en") -> LeadSheet:
    """`with_phonemes`, or the sheet as it is with a warning when the packages for it are missing."""
    if not any(note.syllable for track in sheet.tracks if track.role == "vocal" for note in track.notes):
        return sheet
    try:
        return with_phonemes(sheet, language)
    except ScoretokError as error:
        warnings.warn(f"the words have no phonemes: {error}", ScoretokWarning, stacklevel=2)
        return sheet


def lay_syllables(notes: Sequence[Note], syllables: Sequence[Syllable]) -> list[Note]:
    """Put syllables on notes, one an onset, in order; notes beyond the last syllable continue it.

    Raises ScoretokError when there are more syllables than onsets, naming the first one left over.
    """
    onsets = sorted({note.start_ticks for note in notes})
    if len(syllables) > len(onsets):
        left = " ".join(s.text for s in syllables[len(onsets) : len(onsets) + 4])
        raise ScoretokError(
            f"the words have {len(syllables)} syllables and the notes {len(onsets)} onsets; {left!r} and what follows"
            " has no note: shorten the words, or mark which bars they are for"
        )
    if len(syllables) < len(onsets):
        warnings.warn(f"the words have {len(syllables)} syllables and the notes {len(onsets)} onsets; the last syllable"
                      " is held", ScoretokWarning, stacklevel=2)  # fmt: skip
    by_onset = dict(zip(onsets, syllables, strict=False))
    laid = []
    for note in notes:
        syllable = by_onset.pop(note.start_ticks, None)
        laid.append(note._replace(syllable=None if syllable is None or syllable.text == HELD else syllable))
    return laid
