"""Metadata comment of converted files: that the voice was converted, to whose, and the consent note."""

import json
from pathlib import Path

from renderer.voice.profile import VoiceProfile

CONVERTED = "voice converted by scoretok: "


def conversion_comment(voice: VoiceProfile, shift_semitones: float, before: str = "") -> str:
    """The comment of a converted file, with what its comment was before."""
    fields = {"voice": voice.name, "consent": voice.consent, "shift_semitones": round(shift_semitones, 3)}
    return CONVERTED + json.dumps(fields, ensure_ascii=False) + (f" | {before}" if before else "")


def is_converted(comment: str) -> bool:
    """Whether a comment says that a voice was converted."""
    return comment.startswith(CONVERTED)


def add_to_wav(path: Path, comment: str) -> None:
    """Append a comment to a WAV file whose samples are not to be touched, as a chunk behind them (RIFF 1.0, 1991)."""
    text = comment.encode() + b"\0"
    text += b"\0" * (len(text) % 2)
    entry = b"INFOICMT" + len(text).to_bytes(4, "little") + text
    with path.open("r+b") as file:
        if file.read(4) != b"RIFF":
            return
        size = int.from_bytes(file.read(4), "little")
        padding = b"\0" * ((size + 8) % 2)
        chunk = padding + b"LIST" + len(entry).to_bytes(4, "little") + entry
        file.seek(size + 8)
        file.write(chunk)
        file.seek(4)
        file.write((size + len(chunk)).to_bytes(4, "little"))
