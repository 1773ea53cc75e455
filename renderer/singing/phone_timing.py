"""When each phone of a phrase begins and ends.

The vowel begins on the note; the consonants before it take their time from the syllable before, consonants after it end
where the next syllable's begin (Sundberg, "The Science of the Singing Voice", 1987; the note's start on the vowel is
also the convention of singing synthesis, as in DiffSinger).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from renderer.singing.phone_set import CONSONANT_S, SILENCE, VOICED, StressedPhone
from renderer.singing.vocal_phrases import LEGATO_S, VocalPhrase

# Set by hand; benchmarks.singing_words measures what comes out.
ONSET_SHARE, CODA_SHARE = 0.38, 0.42  # the most that consonants take: of the syllable before, of their own
REST_SHARE = 0.7  # of a rest, the most that the consonants after it take
EARLY_CONSONANT_S = 0.06  # the least that is left for consonants before a phrase, cut from its first vowel if needed
BREATH_S, LEAST_BREATH_S = 0.25, 0.12
BREATH_SPACE_S = 0.07  # between a breath and the first phone


@dataclass(frozen=True)
class TimedPhone:
    """A phone of the set from one time to another; `syllable` counts within the phrase."""

    symbol: str
    start_s: float
    end_s: float
    stress: int = 0
    syllable: int = 0
    is_nucleus: bool = False

    @property
    def is_voiced(self) -> bool:
        """Whether the vocal folds move."""
        return self.symbol in VOICED


@dataclass(frozen=True)
class TimedPhrase:
    """The phones of a phrase in order without gaps, and the breath before it, if one is taken."""

    phones: tuple[TimedPhone, ...]
    breath_s: tuple[float, float] | None

    @property
    def start_s(self) -> float:
        """When its first phone begins."""
        return self.phones[0].start_s

    @property
    def begin_s(self) -> float:
        """When it is first heard: its breath, or its first phone."""
        return self.breath_s[0] if self.breath_s else self.start_s

    @property
    def end_s(self) -> float:
        """When its last phone ends."""
        return self.phones[-1].end_s


def time_phones(phrase: VocalPhrase, consonants: float = 1.0, breath: float = 1.0) -> TimedPhrase:
    """Times of all phones. `consonants` stretches them, `breath` scales the breath; 0 takes none."""
    syllables = phrase.syllables
    vowels_s = [syllable.start_s for syllable in syllables]
    needs_s = [_length_s(syllable.onset) * consonants for syllable in syllables]
    room_s = max(REST_SHARE * phrase.gap_s, 0.0)
    first = vowels_s[0] - min(needs_s[0], room_s)
    lacking_s = min(needs_s[0], EARLY_CONSONANT_S) - (vowels_s[0] - first)
    vowels_s[0] += min(max(0.0, lacking_s), CODA_SHARE * (syllables[0].end_s - vowels_s[0]))
    onsets_s = [first]
    for number in range(1, len(syllables)):
        before_s, gap_s = vowels_s[number - 1], vowels_s[number] - syllables[number - 1].end_s
        room_s = ONSET_SHARE * (vowels_s[number] - before_s) if gap_s < LEGATO_S else REST_SHARE * gap_s
        onsets_s.append(vowels_s[number] - min(needs_s[number], room_s))
    phones: list[TimedPhone] = []
    for number, syllable in enumerate(syllables):
        vowel_s, last = vowels_s[number], number + 1 == len(syllables)
        joined = not last and syllables[number + 1].start_s - syllable.end_s < LEGATO_S
        end_s = onsets_s[number + 1] if joined else syllable.end_s
        tail_s = min(_length_s(syllable.coda) * consonants, CODA_SHARE * (end_s - vowel_s))
        phones += _spread(syllable.onset, onsets_s[number], vowel_s, number)
        phones.append(
            TimedPhone(syllable.nucleus.symbol, vowel_s, end_s - tail_s, syllable.nucleus.stress, number, True)
        )
        phones += _spread(syllable.coda, end_s - tail_s, end_s, number)
        if not last and not joined:
            phones.append(TimedPhone(SILENCE, end_s, onsets_s[number + 1], 0, number))
    kept = tuple(phone for phone in phones if phone.end_s > phone.start_s)
    return TimedPhrase(kept, _breath(phrase, onsets_s[0], breath))


def _length_s(phones: Sequence[StressedPhone]) -> float:
    """What phones beside a nucleus last at a moderate tempo; a second vowel of the syllable as long as an 'ɹ'."""
    return sum(CONSONANT_S.get(phone.symbol, CONSONANT_S["ɹ"]) for phone in phones)


def _spread(phones: Sequence[StressedPhone], start_s: float, end_s: float, syllable: int) -> list[TimedPhone]:
    """Consonants that share a span as their usual lengths do."""
    if not phones:
        return []
    weights = np.array([CONSONANT_S.get(phone.symbol, CONSONANT_S["ɹ"]) for phone in phones])
    edges = start_s + (end_s - start_s) * np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])
    return [
        TimedPhone(phone.symbol, float(begin), float(end), phone.stress, syllable)
        for phone, begin, end in zip(phones, edges[:-1], edges[1:], strict=True)
    ]


def _breath(phrase: VocalPhrase, first_s: float, scale: float) -> tuple[float, float] | None:
    """When the breath before a phrase is taken: where there is room, and not inside a word."""
    length_s = min(BREATH_S * min(scale, 1.5), phrase.gap_s - (phrase.start_s - first_s) - 2 * BREATH_SPACE_S)
    if not phrase.begins_word or scale <= 0 or length_s < LEAST_BREATH_S:
        return None
    return first_s - BREATH_SPACE_S - length_s, first_s - BREATH_SPACE_S
