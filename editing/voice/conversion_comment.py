"""Metadata comment of converted files: that the voice was converted, to whose, and the consent note."""

import json

from renderer.voice.profile import VoiceProfile
from scoretok.audio.comments import CONVERTED


def conversion_comment(voice: VoiceProfile, shift_semitones: float, before: str = "") -> str:
    """The comment of a converted file, with what its comment was before."""
    fields = {"voice": voice.name, "consent": voice.consent, "shift_semitones": round(shift_semitones, 3)}
    return CONVERTED + json.dumps(fields, ensure_ascii=False) + (f" | {before}" if before else "")


def is_converted(comment: str) -> bool:
    """Whether a comment says that a voice was converted."""
    return comment.startswith(CONVERTED)
