"""The voice of a singer from a file, for the singer's model."""

from pathlib import Path

from editing.voice.conversion import VOICE_SUFFIXES, reference_features
from renderer.codec.mel import SAMPLE_RATE
from renderer.singing.phoneme_singer import SingerModels
from renderer.singing.voices import voice_digest
from renderer.voice.profile import VoiceProfile, enrol_voice, load_voice
from scoretok.audio import open_audio


def voice_from_file(path: str | Path, models: SingerModels) -> VoiceProfile:
    """A voice that was enrolled (.voice), or that of a recording of some seconds. Raises ScoretokError."""
    if Path(path).suffix.lower() in VOICE_SUFFIXES:
        return load_voice(path, models.dit, voice_digest())
    file = open_audio(path)
    features = reference_features(file.blocks(SAMPLE_RATE), str(path), file.sample_rate)
    return enrol_voice(models.dit, features, Path(path).stem)
