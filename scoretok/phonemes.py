"""The closed set of IPA symbols that a syllable may hold.

A phoneme is an optional stress mark, one base symbol, and any number of modifiers: 'ˈaɪ', 't', 'ɑː'.
"""

import re
from functools import cache

from scoretok.errors import ScoretokError

STRESS = ("ˈ", "ˌ")
AFFRICATES_AND_DIPHTHONGS = ("tʃ", "dʒ", "ts", "dz", "tɕ", "dʑ", "eɪ", "aɪ", "ɔɪ", "aʊ", "oʊ", "əʊ", "ɪə", "eə", "ʊə")
BASES = (
    *AFFRICATES_AND_DIPHTHONGS,
    *"pbtdʈɖcɟkɡqɢʔmɱnɳɲŋɴʙrʀⱱɾɽɸβfvθðszʃʒʂʐçʝxɣχʁħʕhɦɬɮʋɹɻjɰlɭʎʟwʍɥʜʢɕʑɺɧɫ",
    *"iyɨʉɯuɪʏʊeøɘɵɤoəɛœɜɞʌɔæɐaɶɑɒɚɝᵻ",
)
MODIFIERS = ("ː", "ˑ", "̃", "ʲ", "ʷ", "ʰ", "̩", "̯", "ʼ", "̪", "̥", "̬", "ˤ", "̝", "̞", "̈")
SYMBOLS = (*STRESS, *BASES, *MODIFIERS)
TIE_BAR = "\u0361"
_PHONEME = re.compile(f"[{''.join(STRESS)}]?(?:{'|'.join(BASES)})[{''.join(MODIFIERS)}]*")
_SYMBOL = re.compile(f"(?:{'|'.join(BASES)}|.)")


@cache
def is_phoneme(text: str) -> bool:
    """Whether a text is exactly one phoneme of the closed set."""
    return _PHONEME.fullmatch(text) is not None


def phoneme_symbols(phoneme: str) -> list[str]:
    """Split a phoneme into stress mark, base and modifiers. Raises ScoretokError when it is none."""
    if not is_phoneme(phoneme):
        raise ScoretokError(f"{phoneme!r} is not an IPA phoneme that is known here")
    return _SYMBOL.findall(phoneme)


def split_phonemes(ipa: str) -> tuple[str, ...]:
    """Split a transcription such as 'ɹˈeɪs' into phonemes, skipping whatever is not in the closed set."""
    return tuple(_PHONEME.findall(ipa.replace("g", "ɡ").replace(TIE_BAR, "")))
