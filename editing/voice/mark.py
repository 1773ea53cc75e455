"""What a converted file says of itself: that its voice was converted, into whose, and with whose consent."""

import json

from editing.voice.voices import Voice
from scoretok.audio.comments import CONVERTED


def comment_of(voice: Voice, shift_semitones: float, before: str = "") -> str:
    """The comment of a converted file, with what its comment was before."""
    told = {"voice": voice.name, "consent": voice.note, "shift_semitones": round(shift_semitones, 3)}
    return CONVERTED + json.dumps(told, ensure_ascii=False) + (f" | {before}" if before else "")


def is_converted(comment: str) -> bool:
    """Whether a comment says that a voice was converted."""
    return comment.startswith(CONVERTED)
