"""Edits of words: set, remove and pronounce the lyrics of vocal tracks."""

import warnings
from dataclasses import replace

from editing.where import Where, map_cells
from scoretok.errors import ScoretokError, ScoretokWarning
from scoretok.lyrics import HELD, fill_phonemes, lay_syllables, pronounce_syllables, syllabify
from scoretok.parts import Note, Syllable, Track
from scoretok.sheet import LeadSheet


def set_lyrics(sheet: LeadSheet, where: Where, text: str, language: str = "en") -> LeadSheet:
    """Lay words on the notes of the vocal track, one syllable an onset, with their phonemes.

    Hyphens split words where they stand ('A-ma-zing'), '_' holds a syllable for one more note. Raises
    ScoretokError when there are more syllables than onsets; warns when there are fewer.
    """
    tracks = _vocals(sheet, where)[:1]
    syllables = _pronounced(syllabify(text, language), language)
    if not syllables:
        raise ScoretokError("lyrics: there are no words")

    def change(_: Track, notes: list[Note]) -> list[Note]:
        if not notes:
            raise ScoretokError("lyrics: the vocal track has no notes there")
        return lay_syllables(notes, syllables)

    return map_cells(sheet, Where(where.spans, tracks), change)


def _pronounced(syllables: list[Syllable], language: str) -> list[Syllable]:
    """Syllables with phonemes, or as they are with a warning when the packages for it are missing."""
    spoken: list[Syllable] = []
    word: list[Syllable] = []
    try:
        for syllable in syllables:
            word.append(syllable)
            if syllable.word_end:
                spoken += word if word[0].text == HELD else pronounce_syllables(word, language)
                word = []
    except ScoretokError as error:
        warnings.warn(f"the words have no phonemes: {error}", ScoretokWarning, stacklevel=2)
        return syllables
    return spoken + word


def remove_lyrics(sheet: LeadSheet, where: Where) -> LeadSheet:
    """Take the words off the vocal tracks."""

    def change(_: Track, notes: list[Note]) -> list[Note]:
        return [note._replace(syllable=None) for note in notes]

    return map_cells(sheet, replace(where, tracks=_vocals(sheet, where)), change)


def pronounce_lyrics(sheet: LeadSheet, where: Where, language: str = "en") -> LeadSheet:
    """Fill in phonemes where syllables have none."""

    def change(_: Track, notes: list[Note]) -> list[Note]:
        return list(fill_phonemes(notes, language))

    return map_cells(sheet, replace(where, tracks=_vocals(sheet, where)), change)


def _vocals(sheet: LeadSheet, where: Where) -> tuple[int, ...]:
    vocals = tuple(n for n in where.track_numbers(sheet) if sheet.tracks[n].role == "vocal")
    if not vocals:
        raise ScoretokError("lyrics need a vocal track; make one with: replace lead with vocal")
    return vocals
