"""The voices that ship, and which of them sings a track when none is named.

They are blends of synthetic voices, nobody's own (the model card says of which).
"""

from functools import cache
from pathlib import Path

import numpy as np

from renderer.voice.pretrained import VOICE_WEIGHTS
from renderer.voice.profile import VoiceProfile, load_voice
from renderer.voice.voice_dit import VoiceDiT
from scoretok.errors import ScoretokError
from scoretok.files import weights_digest
from scoretok.parts import Track

VOICES = Path(__file__).with_name("voices")
# MIDI numbers of the middle of a melody up to which the low and the middle voice sing it: between where voices of
# these kinds lie in choral writing (bass and baritone, tenor and alto, soprano).
LOW_UP_TO, MIDDLE_UP_TO = 57, 66


def voice_names() -> list[str]:
    """The names of the voices that ship."""
    return sorted(path.stem for path in VOICES.glob("*.voice"))


def shipped_voice(name: str, model: VoiceDiT) -> VoiceProfile:
    """A voice that ships, by name. Raises ScoretokError."""
    path = VOICES / f"{name}.voice"
    if name not in voice_names():
        raise ScoretokError(f"there is no voice {name!r}; voices are {', '.join(voice_names())}, or name a file")
    return load_voice(path, model, voice_digest())


@cache
def voice_digest() -> str:
    """The digest of the weights that voices are enrolled for: those of voice conversion."""
    return weights_digest(str(VOICE_WEIGHTS))


def fitting_voice(track: Track) -> str:
    """The name of the voice that fits a melody by the middle of its pitches."""
    middle = float(np.median([note.pitch for note in track.notes])) if track.notes else 60.0
    return "low" if middle <= LOW_UP_TO else "middle" if middle <= MIDDLE_UP_TO else "high"
