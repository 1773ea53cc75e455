"""Prompts in other languages: which one it is, and the words of music in it that a rule can read, in English.

A language is told by its commonest words (stop words), or by its script. What is translated are words that
`planner.prompt` reads in English: instruments, tempo, form, key, mood, length.
"""

import re
from functools import cache

COMMON_WORDS = {
    "German": "der die das ein eine einen und mit für in im auf von zu ohne bitte lied nicht",
    "French": "le la les un une des et avec pour en dans de du sans chanson s'il plaît sur",
    "Spanish": "el la los las un una y con para en de del sin canción por favor sobre",
    "Italian": "il lo la gli un una e con per in di del senza canzone sul favore nella",
    "Portuguese": "o a os as um uma e com para em de do da sem canção música por favor",
}
SCRIPTS = {
    "Japanese": r"[\u3040-\u30ff]", "Korean": r"[\uac00-\ud7af]", "Chinese": r"[\u4e00-\u9fff]",
    "Russian or another language in Cyrillic": r"[\u0400-\u04ff]", "Greek": r"[\u0370-\u03ff]",
    "Arabic": r"[\u0600-\u06ff]", "Hebrew": r"[\u0590-\u05ff]", "Hindi": r"[\u0900-\u097f]",
    "Thai": r"[\u0e00-\u0e7f]",
}  # fmt: skip
LEAST_COMMON_WORDS = 2  # that tell a language, and more of them than English has
ENGLISH_WORDS = "the a an and with for in of to without song on"
# Words by language, "theirs=ours"; longer ones are read first.
MUSIC_WORDS = {
    "German": "klavier=piano gitarre=guitar schlagzeug=drums geige=violin violine=violin cello=cello bass=bass "
    "kontrabass=double_bass flöte=flute klarinette=clarinet trompete=trumpet posaune=trombone saxophon=saxophone "
    "streicher=strings orgel=organ gesang=vocals stimme=vocals harfe=harp akkordeon=accordion langsamer=slow "
    "langsame=slow langsames=slow langsam=slow schneller=fast schnelle=fast schnelles=fast schnell=fast ruhiger=calm "
    "ruhige=calm ruhiges=calm ruhig=calm fröhlicher=happy fröhliche=happy fröhliches=happy fröhlich=happy "
    "trauriger=sad traurige=sad trauriges=sad traurig=sad dunkler=dark dunkle=dark walzer=waltz ballade=ballad "
    "marsch=march takten=bars takte=bars takt=bars strophe=verse refrain=chorus überleitung=bridge dur=major "
    "moll=minor ohne=without mit=with und=and für=for",
    "French": "piano=piano guitare=guitar batterie=drums violon=violin alto=viola violoncelle=cello basse=bass "
    "contrebasse=double_bass flûte=flute clarinette=clarinet trompette=trumpet saxophone=saxophone cordes=strings "
    "orgue=organ chant=vocals voix=vocals harpe=harp accordéon=accordion lente=slow lent=slow rapide=fast calme=calm "
    "joyeuse=happy joyeux=happy triste=sad sombre=dark valse=waltz ballade=ballad marche=march mesures=bars "
    "couplet=verse refrain=chorus pont=bridge majeur=major mineur=minor sans=without avec=with et=and pour=for",
    "Spanish": "piano=piano guitarra=guitar batería=drums violín=violin viola=viola violonchelo=cello bajo=bass "
    "contrabajo=double_bass flauta=flute clarinete=clarinet trompeta=trumpet saxofón=saxophone cuerdas=strings "
    "órgano=organ voz=vocals arpa=harp acordeón=accordion lenta=slow lento=slow rápida=fast rápido=fast "
    "tranquila=calm tranquilo=calm alegre=happy triste=sad oscura=dark vals=waltz balada=ballad marcha=march "
    "compases=bars estrofa=verse estribillo=chorus coro=chorus puente=bridge mayor=major menor=minor sin=without "
    "con=with y=and para=for",
    "Italian": "pianoforte=piano chitarra=guitar batteria=drums violino=violin viola=viola violoncello=cello "
    "basso=bass contrabbasso=double_bass flauto=flute clarinetto=clarinet tromba=trumpet sassofono=saxophone "
    "archi=strings organo=organ voce=vocals arpa=harp fisarmonica=accordion lenta=slow lento=slow veloce=fast "
    "tranquilla=calm allegra=happy allegro=happy triste=sad cupa=dark valzer=waltz ballata=ballad marcia=march "
    "battute=bars strofa=verse ritornello=chorus ponte=bridge maggiore=major minore=minor senza=without con=with "
    "e=and per=for",
    "Portuguese": "piano=piano violão=guitar guitarra=guitar bateria=drums violino=violin viola=viola "
    "violoncelo=cello baixo=bass contrabaixo=double_bass flauta=flute clarinete=clarinet trompete=trumpet "
    "saxofone=saxophone cordas=strings órgão=organ voz=vocals harpa=harp acordeão=accordion lenta=slow lento=slow "
    "rápida=fast rápido=fast calma=calm alegre=happy triste=sad sombria=dark valsa=waltz balada=ballad marcha=march "
    "compassos=bars estrofe=verse refrão=chorus ponte=bridge maior=major menor=minor sem=without com=with e=and "
    "para=for",
}

GERMAN_KEY = re.compile(r"\b([A-Ha-h])(is|es|s|)[- ](Dur|Moll)\b", re.IGNORECASE)
SOLFEGE = {"do": "C", "re": "D", "ré": "D", "mi": "E", "fa": "F", "sol": "G", "la": "A", "si": "B"}
SOLFEGE_KEY = re.compile(
    r"\b(do|ré|re|mi|fa|sol|la|si)(?: (dièse|bémol|sostenido|bemolle|bemol|diesis|sustenido))?"
    r" (majeur|mineur|mayor|menor|maggiore|minore|maior)\b",
    re.IGNORECASE,
)


def prompt_language(text: str) -> str | None:
    """The language of a prompt that is not in English, None for English or when it cannot be told."""
    for language, pattern in SCRIPTS.items():
        if len(re.findall(pattern, text)) * 2 >= len(re.findall(r"[^\W\d_]", text)) > 0:
            return language
    words = set(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.lower()))
    counts = {
        language: sum(word in common.split() or word in _dictionary(language) for word in words)
        for language, common in COMMON_WORDS.items()
    }
    best = max(counts, key=lambda language: counts[language])
    english = sum(word in ENGLISH_WORDS.split() for word in words)
    return best if counts[best] >= LEAST_COMMON_WORDS and counts[best] > 2 * english else None


@cache
def _dictionary(language: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in MUSIC_WORDS.get(language, "").split())


def in_english(text: str, language: str) -> tuple[str, tuple[str, ...]]:
    """A prompt with the words that are known in English, and which those were; the others stay."""
    known = _dictionary(language)
    read: list[str] = []

    def translated(match: re.Match[str]) -> str:
        word = known.get(match[0].lower())
        if word is None:
            return match[0]
        read.append(match[0])
        return word.replace("_", " ")

    key = GERMAN_KEY if language == "German" else SOLFEGE_KEY
    with_keys = key.sub(_german_key if language == "German" else _solfege_key, text)
    return re.sub(r"[^\W\d_]+", translated, with_keys), tuple(read)


def _german_key(match: re.Match[str]) -> str:
    """'cis-Moll' as 'C# minor'; H is B, and B is Bb."""
    letter, ending, mode = match[1].upper(), match[2].lower(), match[3].lower()
    natural = {"H": "B", "B": "Bb"}.get(letter, letter) if not ending else letter.replace("H", "B")
    return f"{natural}{'#' if ending == 'is' else 'b' if ending else ''} {'minor' if mode == 'moll' else 'major'}"


def _solfege_key(match: re.Match[str]) -> str:
    """'la bémol mineur' as 'Ab minor'."""
    letter = SOLFEGE[match[1].lower()]
    accidental = "" if not match[2] else "b" if match[2].lower().startswith("b") else "#"
    return f"{letter}{accidental} {'minor' if match[3].lower().startswith(('min', 'men')) else 'major'}"
