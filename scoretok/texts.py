"""The texts that a score may hold: one line, without control characters, of limited length."""

import re

from scoretok.errors import ScoretokError

MAX_TEXT_CHARS = 200
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def check_text(text: str, what: str, allow_empty: bool = False) -> None:
    """Raise ScoretokError unless `text` is one line of at most MAX_TEXT_CHARS characters without control characters."""
    if not text and not allow_empty:
        raise ScoretokError(f"{what} is empty")
    if len(text) > MAX_TEXT_CHARS:
        raise ScoretokError(f"{what} is longer than {MAX_TEXT_CHARS} characters")
    if not text.isprintable() and _CONTROL.search(text):
        raise ScoretokError(f"{what} holds a control character: {text!r}")


def clean_text(text: str) -> str:
    """The text without control characters, cut to the length that a score may hold."""
    return _CONTROL.sub("", text)[:MAX_TEXT_CHARS]
