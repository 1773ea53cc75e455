"""The options of all commands that sing: voices, singer, pronunciations."""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from editing.cli.common import language_option, parse_tracks, with_options
from scoretok.errors import ScoretokError, ScoretokWarning, quoted
from scoretok.extras import require
from scoretok.sheet import LeadSheet

if TYPE_CHECKING:
    from renderer.singing.phoneme_singer import SingerModels
    from renderer.singing.sung_engine import SungTracks
    from renderer.voice.profile import VoiceProfile

SINGERS = ("model", "rule", "none")


@dataclass(frozen=True)
class SingerOptions:
    """Who sings, and how words are pronounced."""

    voice: tuple[str, ...]
    singer: str
    pronounce: tuple[str, ...]
    dictionary: str | None
    language: str


singer_options = with_options(
    click.option(
        "--voice", multiple=True, metavar="[TRACK=]VOICE",
        help="Who sings: a voice that ships (low, middle, high), a .voice file, or 3 to 30 s of recording.",
    ),
    click.option(
        "--singer", type=click.Choice(SINGERS), default="model", show_default=True,
        help="Sing by the model, by rules from speech (needs the extra 'singer'), or not at all: vocals are played.",
    ),
    click.option("--pronounce", multiple=True, metavar="WORD=IPA", help="How a word is pronounced."),
    click.option("--dictionary", metavar="FILE", help="Pronunciations, a word and its IPA a line."),
    language_option,
)  # fmt: skip


def pronounced(sheet: LeadSheet, options: SingerOptions) -> LeadSheet:
    """The score with words pronounced as the options say; warns of words that it does not hold."""
    from scoretok.pronunciation import parse_pronunciation, pronounced_as, read_dictionary

    given = dict(parse_pronunciation(text) for text in options.pronounce)
    listed = read_dictionary(options.dictionary) if options.dictionary else {}
    changed, found = pronounced_as(sheet, listed | given)
    for word in sorted(given.keys() - found):
        warnings.warn(f"--pronounce: the score does not hold the word {quoted(word)}", ScoretokWarning, stacklevel=2)
    return changed


def sung_tracks(sheet: LeadSheet, options: SingerOptions, steps: int | None = None) -> "SungTracks":
    """What sings the vocal tracks of a score. Raises ScoretokError."""
    require("torch", "voice", "singing")
    from editing.voice.singing_voice import named_voices
    from renderer.singing.phoneme_singer import load_singer
    from renderer.singing.sung_engine import SungTracks
    from renderer.voice.voice_dit import STEPS

    warn_of_replaced(sheet)
    models = load_singer()
    named = named_voices(sheet, models)
    return SungTracks(
        models, named | given_voices(sheet, options.voice, models), frozenset(named), options.singer,
        STEPS if steps is None else steps, options.language,
    )  # fmt: skip


def warn_of_replaced(sheet: LeadSheet) -> None:
    """Warn of phones of the words that the singer does not know, with what is sung in their place."""
    from renderer.singing.phone_set import replaced_phones

    notes = [note for track in sheet.tracks for note in track.notes if note.syllable]
    replaced = replaced_phones(phoneme for note in notes if note.syllable for phoneme in note.syllable.phonemes)
    if replaced:
        told = ", ".join(f"{one} as {other}" for one, other in replaced.items())
        warnings.warn(f"sung by the nearest that the singer knows: {told}", ScoretokWarning, stacklevel=2)


def given_voices(sheet: LeadSheet, given: tuple[str, ...], models: "SingerModels") -> "dict[str, VoiceProfile]":
    """Voices by track id of --voice. Raises ScoretokError."""
    from editing.voice.singing_voice import read_voice

    chosen: dict[str, VoiceProfile] = {}
    for text in given:
        track_name, equals, name = text.rpartition("=")
        voice = read_voice(name, models)
        numbers = parse_tracks(track_name, sheet) if equals else range(len(sheet.tracks))
        vocals = [number for number in numbers if sheet.tracks[number].role == "vocal"]
        if equals and not vocals:
            raise ScoretokError(f"--voice {quoted(text)}: {quoted(track_name)} is no vocal track")
        chosen |= {sheet.track_ids[number]: voice for number in vocals}
    return chosen
