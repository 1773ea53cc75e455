"""The voice of a singer from a file, for the singer's model."""

from pathlib import Path

from editing.voice.conversion import VOICE_SUFFIXES, reference_features
from renderer.codec.mel import SAMPLE_RATE
from renderer.singing.phoneme_singer import SingerModels
from renderer.singing.voices import shipped_voice, voice_digest, voice_names
from renderer.voice.profile import VoiceProfile, enrol_voice, load_voice
from scoretok.audio import open_audio
from scoretok.errors import ScoretokError, quoted
from scoretok.sheet import LeadSheet


def voice_from_file(path: str | Path, models: SingerModels) -> VoiceProfile:
    """A voice that was enrolled (.voice), or that of a recording of some seconds. Raises ScoretokError."""
    if Path(path).suffix.lower() in VOICE_SUFFIXES:
        return load_voice(path, models.dit, voice_digest())
    file = open_audio(path)
    features = reference_features(file.blocks(SAMPLE_RATE), str(path), file.sample_rate)
    return enrol_voice(models.dit, features, Path(path).stem)


def read_voice(name: str, models: SingerModels, folder: str | Path = "") -> VoiceProfile:
    """A voice by the name of one that ships, or from a file, which lies in `folder`. Raises ScoretokError."""
    if name in voice_names():
        return shipped_voice(name, models.dit)
    path = Path(folder) / name
    if not path.exists():
        raise ScoretokError(f"there is no voice {quoted(name)} and no such file; voices are {', '.join(voice_names())}")
    return voice_from_file(path, models)


def named_voices(
    sheet: LeadSheet, models: SingerModels, folder: str | Path = "", known: dict[str, VoiceProfile] | None = None
) -> dict[str, VoiceProfile]:
    """Voices by track id of the tracks that name a file, which lies in `folder`. Raises ScoretokError.

    Files that were read already are `known` by their names, and those that are read become so.
    """
    chosen: dict[str, VoiceProfile] = {}
    known = {} if known is None else known
    for track_id, track in sheet.tracks_by_id.items():
        name = track.singing.voice
        if name and name not in voice_names():
            try:
                if name not in known:
                    known[name] = read_voice(name, models, folder)
                chosen[track_id] = known[name]
            except ScoretokError as error:
                raise ScoretokError(f"{track_id} is to be sung by {quoted(name)}: {error}") from None
    return chosen
