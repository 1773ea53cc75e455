"""The words of a singer: recognised, or given and aligned; and their syllables on the notes of the melody.

Axes: w words.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from mir.estimates import NoteEstimate, WordEstimate
from scoretok.audio import Recording
from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.lyrics import clean_words, syllabify
from scoretok.parts import Syllable

RATE = 16000
SHIPPED = "shipped"
# Whisper's own: 0.6, 2.4, -1.0; two loosened by hand. benchmarks.transcription_voice has the WER.
MAX_NO_SPEECH = 0.8  # segments that are so likely no speech, or that repeat themselves so much, are left out
MAX_COMPRESSION_RATIO = 2.4
MIN_LOGPROB = -1.1
# Set by hand; benchmarks.transcription_singing measures the words and how many are in place.
EARLY_S = 0.2  # a note that begins so long before a word may carry its first syllable
SHORTEST_S = 0.08
LONGEST_WORD = 60  # in letters; what is longer is no word
LONGEST_S = 1.5  # of a word that was not recognised


@dataclass(frozen=True)
class RecognisedWords:
    """Words with their times, and the language they are in (ISO 639-1), `""` where there are none."""

    words: tuple[WordEstimate, ...] = ()
    language: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", tuple(WordEstimate(*word) for word in self.words))


def recognise_words(recording: Recording, model: str = SHIPPED, language: str = "") -> RecognisedWords:
    """The words of a voice by Whisper (Radford et al., 2023) in its faster-whisper form.

    `model` is `shipped`, a folder, or a name that faster-whisper may fetch. Raises ScoretokError.
    """
    require("faster_whisper", "mir", "recognising words")
    from scoretok.nn.whisper import shipped_model, whisper

    require("ctranslate2", "mir", "recognising words").set_random_seed(0)  # where it is unsure it samples
    try:
        network = whisper(str(shipped_model()) if model == SHIPPED else model)
        segments, info = network.transcribe(
            recording.mono_at(RATE), language=language or None, word_timestamps=True, condition_on_previous_text=False
        )
        kept = [
            segment for segment in segments
            if segment.no_speech_prob < MAX_NO_SPEECH
            and segment.compression_ratio < MAX_COMPRESSION_RATIO
            and segment.avg_logprob > MIN_LOGPROB
        ]  # fmt: skip
    except (ValueError, RuntimeError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ScoretokError(f"words cannot be recognised with the model {model}: {reason}") from None
    words = tuple(
        WordEstimate(float(word.start), float(word.end), word.word.strip(), float(word.probability))
        for segment in kept for word in segment.words or () if word.word.strip(" .,!?-\"'")
    )  # fmt: skip
    return RecognisedWords(words, info.language if words else "")


def align_lyrics(text: str, recognised_words: Sequence[WordEstimate], duration_s: float) -> tuple[WordEstimate, ...]:
    """Aligns given lyrics to recognised words by their letters; words without a match are interpolated.

    Letters are matched in order (Ratcliff and Obershelp's algorithm); a word has the times of those of its letters
    that match, and its confidence is their share.
    """
    words = clean_words(text)
    if not words:
        raise ScoretokError("the words to align are empty; give a text file with the lyrics")
    letters, owners = _letters(words)
    recognised_letters, recognised_owners = _letters([word.text for word in recognised_words])
    lengths, wanted = Counter(recognised_owners), Counter(owners)
    times: dict[int, list[float]] = {}
    for block in SequenceMatcher(None, letters, recognised_letters, autojunk=False).get_matching_blocks():
        for at in range(block.size):
            other = recognised_owners[block.b + at]
            word = recognised_words[other]
            share = (block.b + at - bisect_left(recognised_owners, other)) / lengths[other]
            times.setdefault(owners[block.a + at], []).append(word.start_s + share * (word.end_s - word.start_s))
    matched_share = np.array([len(times.get(number, ())) / max(1, wanted[number]) for number in range(len(words))])
    known = [number for number in range(len(words)) if matched_share[number] >= 0.5]
    places = np.array([-1, *known, len(words)], float)
    begin_s = recognised_words[0].start_s if recognised_words else 0.0
    end_s = recognised_words[-1].end_s if recognised_words else duration_s
    starts = np.interp(
        np.arange(len(words) + 1), places, [max(0.0, begin_s - 0.1), *(min(times[number]) for number in known), end_s]
    )
    starts = np.maximum.accumulate(starts)
    ends = np.minimum(starts[1:], starts[:-1] + LONGEST_S)
    return tuple(
        WordEstimate(float(start), float(end), word, float(share))
        for start, end, word, share in zip(starts[:-1], ends, words, matched_share, strict=True)
    )


def _letters(words: Sequence[str]) -> tuple[str, list[int]]:
    """The letters of words in small, and which word each belongs to."""
    pairs = [(letter, number) for number, word in enumerate(words) for letter in word.lower() if letter.isalnum()]
    return "".join(letter for letter, _ in pairs), [number for _, number in pairs]


def align_syllables(
    notes: Sequence[NoteEstimate], words: Sequence[WordEstimate], language: str
) -> list[tuple[NoteEstimate, Syllable | None]]:
    """Assigns syllables to melody notes by time: a monotone assignment of least total onset distance.

    A syllable goes to the note that begins nearest to it, in order; where a word has more syllables than notes, its
    longest notes are divided. Words where no note is are left out. Notes without a syllable hold the one before.
    """
    rows: list[tuple[NoteEstimate, Syllable | None]] = [(note, None) for note in sorted(notes)]
    free = 0  # the first note behind the last syllable
    for number, word in enumerate(words):
        stop_s = words[number + 1].start_s if number + 1 < len(words) else float("inf")
        syllables = _syllables(word.text, language)
        inside = [
            at for at, (note, _) in enumerate(rows[free:], free)
            if note.start_s < min(stop_s, word.end_s)
            and (note.start_s >= word.start_s - EARLY_S or note.end_s > word.start_s + SHORTEST_S)
        ]  # fmt: skip
        if not inside or not syllables:
            continue
        taken = [rows[at][0] for at in inside]
        while len(taken) < len(syllables):
            longest = max(range(len(taken)), key=lambda at: taken[at].end_s - taken[at].start_s)
            note = taken[longest]
            middle_s = (note.start_s + note.end_s) / 2
            taken[longest : longest + 1] = [note._replace(end_s=middle_s), note._replace(start_s=middle_s)]
        shares = np.arange(len(syllables)) / len(syllables)
        moments = word.start_s + shares * (word.end_s - word.start_s)
        places = _monotone_assignment(np.array([note.start_s for note in taken]), moments)
        by_place = dict(zip(places, syllables, strict=True))
        rows[inside[0] : inside[-1] + 1] = [(note, by_place.get(at)) for at, note in enumerate(taken)]
        free = inside[0] + places[-1] + 1
    return rows


def _syllables(word: str, language: str) -> list[Syllable]:
    """The syllables of a word, whole where the language has no patterns."""
    text = word.strip(' .,!?;:"“”()[]-')[:LONGEST_WORD]
    try:
        return syllabify(text, language or "en")
    except ScoretokError:
        return [Syllable(text)] if clean_words(text) else []


def _monotone_assignment(starts_s: np.ndarray, moments_s: np.ndarray) -> list[int]:
    """Monotone assignment of syllable times to notes by dynamic programming: indices (wanted,), rising."""
    count, wanted = len(starts_s), len(moments_s)
    cost = np.full((wanted + 1, count + 1), np.inf)
    cost[0] = 0.0
    for row in range(1, wanted + 1):
        for at in range(row, count + 1):
            here = cost[row - 1, at - 1] + abs(starts_s[at - 1] - moments_s[row - 1])
            cost[row, at] = min(cost[row, at - 1], here)
    places, at = [], count
    for row in range(wanted, 0, -1):
        while cost[row, at] == cost[row, at - 1]:
            at -= 1
        places.append(at - 1)
        at -= 1
    return places[::-1]
