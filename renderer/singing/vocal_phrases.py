"""A vocal track as phrases of syllables on notes, in seconds: what is sung between two breaths.

A phrase knows nothing of its neighbours but how far away they are, so that it sounds the same whatever they sing.
"""

import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from renderer.singing.phone_set import SONORANTS, StressedPhone, phones_of
from scoretok.parts import Note, Track
from scoretok.sheet import LeadSheet

# Set by hand; benchmarks.singing_words measures what comes out.
LEGATO_S = 0.12  # a shorter gap between notes is not heard as a rest
PHRASE_REST_S = 0.3  # a rest that ends a phrase
BREATH_ROOM_S = 0.28  # what a breath takes from the note before it where no rest is written
SHORTEST_BEFORE_BREATH_S = 0.3  # of that note
CLAUSE_NOTE_S = 0.5  # a note at least this long with a comma or full stop is followed by a breath
# Where no rest or clause ends a phrase: seconds around within which a breath follows the longest note, what is left at
# either end, and how long that note is at least.
BREATH_REACH_S, LEAST_PHRASE_S, LEAST_BREATH_NOTE_S = 4.0, 2.5, 0.6
FULL_VOWEL_S = 0.3  # reduced vowels on longer notes are sung in full (Adams, "A Handbook of Diction for Singers")
CLAUSE_ENDS = tuple(".,;:!?…")
OPEN_VOWEL = StressedPhone("ɑ")
SHORTEST_NOTE_S = 0.005
AudioTime = Callable[[float], Any]


@dataclass(frozen=True)
class VocalNote:
    """A note of one voice, `pitch` in MIDI numbers."""

    start_s: float
    end_s: float
    pitch: float
    velocity: int = 80


@dataclass(frozen=True)
class VocalSyllable:
    """A syllable on its notes: consonants before the nucleus, the nucleus, and consonants after it."""

    text: str
    notes: tuple[VocalNote, ...]
    onset: tuple[StressedPhone, ...]
    nucleus: StressedPhone
    coda: tuple[StressedPhone, ...]
    word_end: bool = True

    @property
    def start_s(self) -> float:
        """When its first note begins."""
        return self.notes[0].start_s

    @property
    def end_s(self) -> float:
        """When its last note ends."""
        return self.notes[-1].end_s


@dataclass(frozen=True)
class VocalPhrase:
    """Syllables between two breaths; `gap_s` seconds lie between its first note and what was sung before."""

    syllables: tuple[VocalSyllable, ...]
    gap_s: float
    begins_word: bool = True

    @property
    def start_s(self) -> float:
        """When its first note begins."""
        return self.syllables[0].start_s

    @property
    def end_s(self) -> float:
        """When its last note ends."""
        return self.syllables[-1].end_s

    @property
    def notes(self) -> tuple[VocalNote, ...]:
        """All notes in order."""
        return tuple(note for syllable in self.syllables for note in syllable.notes)


def vocal_phrases(sheet: LeadSheet, track: Track, to_audio_s: AudioTime = float) -> list[VocalPhrase]:
    """The phrases of a vocal track. Where it has no words, or none yet, "ah" is sung; of chords, the top notes.

    `to_audio_s` maps seconds of the score to those of a recording.
    """
    return list(_phrases(_with_sung_vowels(vocal_syllables(sheet, track, to_audio_s))))


def vocal_syllables(sheet: LeadSheet, track: Track, to_audio_s: AudioTime = float) -> list[VocalSyllable]:
    """The syllables of a vocal track on its notes, as the words are spoken."""
    found: list[VocalSyllable] = []
    for note, end_ticks in _melody(track.notes):
        ticks = (note.played_start_ticks, end_ticks)
        start_s, end_s = (float(to_audio_s(sheet.seconds_at(tick))) for tick in ticks)
        if end_s - start_s < SHORTEST_NOTE_S:
            continue
        sung = VocalNote(start_s, end_s, note.pitch, note.velocity)
        if note.syllable:
            onset, nucleus, coda = split_at_nucleus(phones_of(note.syllable.phonemes))
            found.append(VocalSyllable(note.syllable.text, (sung,), onset, nucleus, coda, note.syllable.word_end))
        elif found and (found[-1].text or found[-1].end_s + LEGATO_S > start_s):
            found[-1] = replace(found[-1], notes=(*found[-1].notes, sung))
        else:
            found.append(VocalSyllable("", (sung,), (), OPEN_VOWEL, ()))
    return found


def _melody(notes: Sequence[Note]) -> Iterator[tuple[Note, float]]:
    """The top note of every onset, with the syllable of that onset, and the tick where it or its room ends."""
    onsets: dict[int, list[Note]] = {}
    for note in notes:
        onsets.setdefault(note.start_ticks, []).append(note)
    tops = [max(together, key=lambda note: note.pitch) for together in onsets.values()]
    starts = [*(top.played_start_ticks for top in tops), math.inf]
    for together, top, later in zip(onsets.values(), tops, starts[1:], strict=True):
        syllable = next((note.syllable for note in together if note.syllable), None)
        yield top._replace(syllable=syllable), min(top.played_end_ticks, later)


def split_at_nucleus(
    phones: Sequence[StressedPhone],
) -> tuple[tuple[StressedPhone, ...], StressedPhone, tuple[StressedPhone, ...]]:
    """Onset, nucleus and coda. Without a vowel the last sonorant is held (humming), else a neutral vowel is put in."""
    numbers = [n for n, phone in enumerate(phones) if phone.is_vowel]
    if not numbers:
        numbers = [n for n, phone in enumerate(phones) if phone.symbol in SONORANTS][-1:]
    if numbers:
        # Of two vowels in one syllable ("fire" on one note) the stressed one is held, the other goes with the coda.
        at = max(numbers, key=lambda n: (phones[n].stress, -n))
        return tuple(phones[:at]), phones[at], tuple(phones[at + 1 :])
    return (tuple(phones), StressedPhone("ə"), ()) if phones else ((), OPEN_VOWEL, ())


def _with_sung_vowels(syllables: Sequence[VocalSyllable]) -> list[VocalSyllable]:
    """Reduced vowels on held notes as singers form them: "the" as /ðʌ/, before a vowel /ði/; "to" as /tu/."""
    out = []
    for syllable, later in zip(syllables, [*syllables[1:], None], strict=True):
        word, held_s = syllable.text.lower().strip(".,;:!?…\"'"), syllable.end_s - syllable.start_s
        vowel = syllable.nucleus
        if vowel.symbol == "ə":
            if word == "the" and later and not later.onset:
                vowel = StressedPhone("i")
            elif word == "to":
                vowel = StressedPhone("u")
            elif held_s >= FULL_VOWEL_S:
                vowel = StressedPhone("ʌ")
        out.append(replace(syllable, nucleus=vowel))
    return out


def _phrases(syllables: Sequence[VocalSyllable]) -> Iterator[VocalPhrase]:
    """Split at rests, at clause ends on long notes, and where a breath fits best."""
    runs: list[list[VocalSyllable]] = [[]]
    for syllable, later in zip(syllables, [*syllables[1:], None], strict=True):
        runs[-1].append(syllable)
        if later is None or later.start_s - syllable.end_s >= PHRASE_REST_S or _ends_clause(syllable):
            runs.append([])
    parts = [part for run in runs if run for part in _split_at_breaths(run)]
    before_s: float | None = None
    word_ended = True
    for part, later_part in zip(parts, [*parts[1:], None], strict=True):
        gap_s = part[0].start_s if before_s is None else part[0].start_s - before_s
        shortened = part if later_part is None else [*part[:-1], _leaving_room(part[-1], later_part[0].start_s)]
        yield VocalPhrase(tuple(shortened), gap_s, word_ended)
        before_s, word_ended = shortened[-1].end_s, part[-1].word_end


def _ends_clause(syllable: VocalSyllable) -> bool:
    last = syllable.notes[-1]
    return syllable.text.endswith(CLAUSE_ENDS) and last.end_s - last.start_s >= CLAUSE_NOTE_S


def _split_at_breaths(run: list[VocalSyllable]) -> list[list[VocalSyllable]]:
    """A run without rests in parts: a breath follows the longest note that ends a word within some seconds around.

    Where a breath is depends on what is near it alone (as content-defined chunking), so that an edit moves no breath
    far away; of equal notes one is chosen by what is sung there.
    """
    ends = np.array([syllable.end_s for syllable in run])
    keys = [_breath_key(syllable) if syllable.word_end else (0.0, 0) for syllable in run]
    parts: list[list[VocalSyllable]] = [[]]
    for number, syllable in enumerate(run):
        parts[-1].append(syllable)
        first, last = np.searchsorted(ends, [ends[number] - BREATH_REACH_S, ends[number] + BREATH_REACH_S])
        inside = run[0].start_s + LEAST_PHRASE_S < ends[number] < ends[-1] - LEAST_PHRASE_S
        if inside and keys[number][0] >= LEAST_BREATH_NOTE_S and keys[number] == max(keys[first:last]):
            parts.append([])
    return [part for part in parts if part]


def _breath_key(syllable: VocalSyllable) -> tuple[float, int]:
    """How well a breath follows a syllable, compared with others."""
    last = syllable.notes[-1]
    return round(last.end_s - last.start_s, 2), zlib.crc32(f"{syllable.text} {last.pitch}".encode())


def _leaving_room(syllable: VocalSyllable, next_start_s: float) -> VocalSyllable:
    """The syllable with its last note shortened for a breath where the next phrase begins too soon after it."""
    last = syllable.notes[-1]
    end_s = max(min(last.end_s, next_start_s - BREATH_ROOM_S), last.start_s + SHORTEST_BEFORE_BREATH_S)
    return replace(syllable, notes=(*syllable.notes[:-1], replace(last, end_s=min(last.end_s, end_s))))


def joined_notes(notes: Sequence[VocalNote]) -> list[VocalNote]:
    """Notes where gaps too short to be rests are closed."""
    closed = [
        replace(note, end_s=later.start_s) if later.start_s - note.end_s < LEGATO_S else note
        for note, later in pairwise(notes)
    ]
    return [*closed, notes[-1]]
