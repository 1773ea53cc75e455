"""Pronunciations that a user gives: of words, over those of dictionaries."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from scoretok.errors import ScoretokError, quoted
from scoretok.lyrics import split_into_syllables, word_places
from scoretok.parts import Note, Track
from scoretok.phonemes import split_phonemes
from scoretok.sheet import LeadSheet

Pronunciations = Mapping[str, tuple[str, ...]]
EDGES = ".,;:!?…\"()'’“”«»"


def parse_pronunciation(text: str) -> tuple[str, tuple[str, ...]]:
    """'WORD=IPA', or a line of a dictionary 'word /ipa/', as a word in small letters and phonemes. Raises
    ScoretokError."""
    word, _, spoken = text.partition("=") if "=" in text else text.strip().partition(" ")
    phonemes = split_phonemes(spoken.strip().strip("/"))
    if not word.strip() or not phonemes:
        raise ScoretokError(f"{quoted(text)} is not a pronunciation; write WORD=IPA, such as live=lˈaɪv")
    known = "".join(phonemes)
    asked = spoken.strip().strip("/").replace("g", "ɡ").replace("\u0361", "")
    lost = [character for character in asked if character not in known and character not in " ./"]
    if lost:
        raise ScoretokError(f"{quoted(text)}: {quoted(lost[0])} is not an IPA symbol that is known here")
    return word.strip().lower().strip(EDGES), phonemes


def read_dictionary(path: str | Path) -> dict[str, tuple[str, ...]]:
    """A user's dictionary: lines of a word and its IPA; '#' begins a comment. Raises ScoretokError."""
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise ScoretokError(f"{path} does not exist; name a file of lines such as 'live lˈaɪv'") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ScoretokError(f"{path} cannot be read as a dictionary: {error}") from None
    found = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                word, phonemes = parse_pronunciation(line)
            except ScoretokError as error:
                raise ScoretokError(f"{path} line {number}: {error}") from None
            found[word] = phonemes
    return found


def pronounced_as(sheet: LeadSheet, pronunciations: Pronunciations) -> tuple[LeadSheet, set[str]]:
    """The score with words pronounced as is said, and those of the words that it holds."""
    found: set[str] = set()
    tracks = [_with_words(track, pronunciations, found) if track.role == "vocal" else track for track in sheet.tracks]
    return sheet.with_tracks(tracks), found


def _with_words(track: Track, pronunciations: Pronunciations, found: set[str]) -> Track:
    notes = list(track.notes)
    for word in word_places(track.notes):
        _pronounce(notes, word, pronunciations, found)
    return replace(track, notes=tuple(notes))


def _pronounce(notes: list[Note], word: Sequence[int], pronunciations: Pronunciations, found: set[str]) -> None:
    """Change the syllables of one word, by their places, if it is one of those that were given."""
    syllables = [syllable for number in word if (syllable := notes[number].syllable)]
    text = "".join(syllable.text for syllable in syllables).lower().strip(EDGES)
    if text not in pronunciations:
        return
    found.add(text)
    parts = split_into_syllables(pronunciations[text], len(syllables))
    for number, syllable, part in zip(word, syllables, parts, strict=True):
        notes[number] = notes[number]._replace(syllable=syllable._replace(phonemes=part))
