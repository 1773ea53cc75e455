"""The tag of an MP3 file (M. Nilsson, "ID3 tag version 2.4.0 - Main Structure and Native Frames", 2000)."""

UTF_8 = b"\x03"


def id3_tag(title: str, comment: str = "") -> bytes:
    """A tag with a title and a comment, in UTF-8, to be put before the frames of an MP3; nothing without either."""
    frames = b""
    if title:
        frames += _frame(b"TIT2", UTF_8 + title.encode())
    if comment:
        frames += _frame(b"COMM", UTF_8 + b"eng\0" + comment.encode())
    return b"ID3\x04\x00\x00" + _synchsafe(len(frames)) + frames if frames else b""


def _frame(name: bytes, body: bytes) -> bytes:
    return name + _synchsafe(len(body)) + b"\0\0" + body


def _synchsafe(number: int) -> bytes:
    """Four bytes of seven bits each, so that a length never looks like the beginning of a frame of sound."""
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))
