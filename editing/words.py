"""Edits of words: set, remove and pronounce the lyrics of vocal tracks."""

from dataclasses import replace

from editing.where import Where, map_cells
from scoretok.errors import ScoretokError
from scoretok.lyrics import lay_syllables, syllabify, with_phonemes, with_phonemes_if_possible
from scoretok.parts import Note, Track
from scoretok.sheet import LeadSheet


def set_lyrics(sheet: LeadSheet, where: Where, text: str, language: str = "en") -> LeadSheet:
    """Lay words on the notes of the vocal track, one syllable an onset, with their phonemes.

    Hyphens split words where they stand ('A-ma-zing'), '_' holds a syllable for one more note. Raises
    ScoretokError when there are more syllables than onsets; warns when there are fewer.
    """
    tracks = _vocals(sheet, where)[:1]
    syllables = syllabify(text, language)
    if not syllables:
        raise ScoretokError("lyrics: there are no words")

    def change(_: Track, notes: list[Note]) -> list[Note]:
        if not notes:
            raise ScoretokError("lyrics: the vocal track has no notes there")
        return lay_syllables(notes, syllables)

    return with_phonemes_if_possible(map_cells(sheet, Where(where.spans, tracks), change), language)


def remove_lyrics(sheet: LeadSheet, where: Where) -> LeadSheet:
    """Take the words off the vocal tracks."""

    def change(_: Track, notes: list[Note]) -> list[Note]:
        return [note._replace(syllable=None) for note in notes]

    return map_cells(sheet, replace(where, tracks=_vocals(sheet, where)), change)


def pronounce_lyrics(sheet: LeadSheet, language: str = "en") -> LeadSheet:
    """Fill in phonemes where syllables have none."""
    return with_phonemes(sheet, language)


def _vocals(sheet: LeadSheet, where: Where) -> tuple[int, ...]:
    vocals = tuple(n for n in where.track_numbers(sheet) if sheet.tracks[n].role == "vocal")
    if not vocals:
        raise ScoretokError("lyrics need a vocal track; make one with: replace lead with vocal")
    return vocals
