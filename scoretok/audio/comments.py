"""Provenance: what an audio file says in its comment about how it was made."""

import json
from collections.abc import Mapping
from pathlib import Path

RENDERED = "rendered by scoretok: "
INPAINTED = "inpainted by scoretok:"  # as long as RENDERED, to take its place in a file that is changed in place
CONVERTED = "voice converted by scoretok: "


def fields_of(comment: str, mark: str) -> dict[str, object] | None:
    """The JSON fields behind a mark; None where the comment does not begin with it, or holds none."""
    if not comment.startswith(mark):
        return None
    try:
        fields = json.loads(comment.removeprefix(mark))
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None


def comment_with(mark: str, fields: Mapping[str, object]) -> str:
    """A comment that `fields_of` reads."""
    return mark + json.dumps(fields, sort_keys=True)


def append_comment(path: Path, comment: str) -> None:
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
