"""Numbers that people write: as large as a score needs, and no larger."""

import json
import math
import re
from typing import NoReturn

from scoretok.errors import ScoretokError, quoted

MAX_WHOLE = 10**9


def whole(text: str) -> int:
    """A whole number written in digits. Raises ScoretokError for other text and for one beyond MAX_WHOLE."""
    if not re.fullmatch(r"[0-9]+", text):
        raise ScoretokError(f"{quoted(text)} is not a whole number")
    if len(text.lstrip("0")) > 9:
        raise ScoretokError(f"{quoted(text)} is too large a number")
    return int(text)


def signed_whole(text: str) -> int:
    """A whole number written in digits, with a sign or without. Raises ScoretokError as `whole` does."""
    return -whole(text[1:]) if text[:1] == "-" else whole(text.removeprefix("+"))


def parse_json(text: str, where: str) -> object:
    """What JSON text says. Raises ScoretokError, naming `where`, when it is none, too deep, or has odd numbers."""

    def number(written: str) -> float:
        value = float(written)
        if not math.isfinite(value) or abs(value) > 1e15:
            raise ScoretokError(f"{where}: {quoted(written)} is too large a number")
        return value

    def whole_number(written: str) -> int:
        number(written[:400])
        return int(written)

    def constant(written: str) -> NoReturn:
        raise ScoretokError(f"{where}: {written} is no number")

    try:
        return json.loads(text, parse_float=number, parse_int=whole_number, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise ScoretokError(f"{where}, line {error.lineno}, column {error.colno}: not JSON: {error.msg}") from None
    except RecursionError:
        raise ScoretokError(f"{where} is nested too deeply to be a score") from None
