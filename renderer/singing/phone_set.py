"""The phones that the singer knows, and what every other phone of the score becomes.

The set is that of General American English, diphthongs and affricates as single phones. Phones of other languages
become the nearest of the set, by place and manner of articulation (IPA chart).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scoretok.phonemes import STRESS, phoneme_symbols

SILENCE = "sil"
VOWELS = ("i", "ɪ", "ɛ", "æ", "ɑ", "ʌ", "ə", "ɔ", "u", "ʊ", "ɚ", "eɪ", "aɪ", "oʊ", "aʊ", "ɔɪ")
SONORANTS = ("m", "n", "ŋ", "l", "ɹ", "w", "j")
VOICED_OBSTRUENTS = ("b", "d", "ɡ", "v", "ð", "z", "ʒ", "dʒ")
VOICELESS = ("p", "t", "k", "f", "θ", "s", "ʃ", "h", "tʃ")
PHONES = (SILENCE, *VOWELS, *SONORANTS, *VOICED_OBSTRUENTS, *VOICELESS)
PHONE_IDS = {symbol: number for number, symbol in enumerate(PHONES)}
VOICED = frozenset((*VOWELS, *SONORANTS, *VOICED_OBSTRUENTS))
DIPHTHONGS = frozenset(("eɪ", "aɪ", "oʊ", "aʊ", "ɔɪ", "ɚ"))

# Seconds that a sung consonant lasts: medians of 106 minutes of labelled English singing (labels of the AIdol public
# English dataset; statistics only).
CONSONANT_S = {
    "n": 0.073, "t": 0.078, "l": 0.076, "ɹ": 0.052, "s": 0.131, "m": 0.082, "d": 0.052, "k": 0.098, "w": 0.065,
    "ð": 0.048, "z": 0.090, "b": 0.070, "f": 0.122, "j": 0.059, "v": 0.065, "ŋ": 0.093, "h": 0.085, "p": 0.116,
    "ɡ": 0.090, "θ": 0.116, "ʃ": 0.152, "dʒ": 0.075, "tʃ": 0.141, "ʒ": 0.090,
}  # fmt: skip

NEAREST: dict[str, tuple[str, ...]] = {
    "ts": ("t", "s"), "dz": ("d", "z"), "tɕ": ("tʃ",), "dʑ": ("dʒ",), "əʊ": ("oʊ",), "ɪə": ("ɪ", "ə"),
    "eə": ("ɛ", "ə"), "ʊə": ("ʊ", "ə"),
    "ʈ": ("t",), "ɖ": ("d",), "c": ("k",), "ɟ": ("ɡ",), "q": ("k",), "ɢ": ("ɡ",), "ʔ": (),
    "ɱ": ("m",), "ɳ": ("n",), "ɲ": ("n", "j"), "ɴ": ("ŋ",), "ʙ": ("b",), "r": ("ɹ",), "ʀ": ("ɹ",), "ⱱ": ("v",),
    "ɾ": ("d",), "ɽ": ("ɹ",), "ɸ": ("f",), "β": ("v",), "ʂ": ("ʃ",), "ʐ": ("ʒ",), "ç": ("ʃ",), "ʝ": ("j",),
    "x": ("h",), "ɣ": ("ɡ",), "χ": ("h",), "ʁ": ("ɹ",), "ħ": ("h",), "ʕ": ("h",), "ɦ": ("h",), "ɬ": ("l",),
    "ɮ": ("l",), "ʋ": ("v",), "ɻ": ("ɹ",), "ɰ": ("w",), "ɭ": ("l",), "ʎ": ("l", "j"), "ʟ": ("l",), "ʍ": ("w",),
    "ɥ": ("w",), "ʜ": ("h",), "ʢ": ("h",), "ɕ": ("ʃ",), "ʑ": ("ʒ",), "ɺ": ("l",), "ɧ": ("ʃ",), "ɫ": ("l",),
    "y": ("i",), "ɨ": ("ɪ",), "ʉ": ("u",), "ɯ": ("u",), "ʏ": ("ɪ",), "e": ("ɛ",), "ø": ("ɛ",), "ɘ": ("ə",),
    "ɵ": ("ʊ",), "ɤ": ("ʌ",), "o": ("ɔ",), "œ": ("ɛ",), "ɜ": ("ʌ",), "ɞ": ("ʌ",), "ɐ": ("ʌ",), "a": ("ɑ",),
    "ɶ": ("æ",), "ɒ": ("ɑ",), "ɝ": ("ɚ",), "ᵻ": ("ɪ",),
}  # fmt: skip


@dataclass(frozen=True)
class StressedPhone:
    """A phone of the set and its stress: 2 primary, 1 secondary, 0 none."""

    symbol: str
    stress: int = 0

    @property
    def is_vowel(self) -> bool:
        """Whether it can be held as the nucleus of a syllable by itself."""
        return self.symbol in VOWELS


def phones_of(phonemes: Sequence[str]) -> tuple[StressedPhone, ...]:
    """Phones of the set for IPA phonemes of the score. Raises ScoretokError for what is no phoneme."""
    found: list[StressedPhone] = []
    for phoneme in phonemes:
        symbols = phoneme_symbols(phoneme)
        stress = {"ˈ": 2, "ˌ": 1}.get(symbols[0], 0)
        base = next(symbol for symbol in symbols if symbol not in STRESS)
        found += [StressedPhone(one, stress) for one in nearest(base)]
    return tuple(found)


def nearest(base: str) -> tuple[str, ...]:
    """The phones of the set that an IPA base symbol becomes: itself, or the nearest; none for some, as the glottal
    stop."""
    return (base,) if base in PHONE_IDS else NEAREST.get(base, ())


def replaced_phones(phonemes: Iterable[str]) -> dict[str, str]:
    """IPA base symbols that are not of the set, with what is sung in their place."""
    bases = {next(s for s in phoneme_symbols(one) if s not in STRESS) for one in phonemes}
    return {base: " ".join(nearest(base)) or "nothing" for base in sorted(bases) if base not in PHONE_IDS}
