"""The one error class that a user can cause, and the one warning class for what a format drops."""

import re
import warnings

MAX_CHARS, MAX_QUOTED = 400, 60  # of a sentence, and of what it quotes
_QUOTE = re.compile(r"""(?<!\w)(['"])((?:(?!\1).)*)\1""")
# Control characters, and those that turn the direction of writing.
_UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def one_line(text: str, most_chars: int = MAX_CHARS) -> str:
    """A sentence as a terminal may show it: on one line, control characters escaped, cut where it is long."""
    shown = _UNSHOWN.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
    shown = _QUOTE.sub(_cut, shown)
    half = most_chars // 2
    return shown if len(shown) <= most_chars else f"{shown[:half]} ... {shown[-half:]}"


def _cut(quote: re.Match[str]) -> str:
    long = len(quote[2]) > MAX_QUOTED + 3
    return f"{quote[1]}{quote[2][:MAX_QUOTED]}...{quote[1]}" if long else quote[0]


class ScoretokError(Exception):
    """What went wrong, where, and what to do about it, in one sentence.

    The command line prints it on standard error and exits with status 1.
    """

    def __str__(self) -> str:
        return one_line(super().__str__())


class ScoretokWarning(UserWarning):
    """Something was guessed, dropped, merged or repaired (`kind`); the sentence names it."""

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind

    def __str__(self) -> str:
        return one_line(super().__str__(), 2 * MAX_CHARS)


def quoted(text: str, most_chars: int = 60) -> str:
    """Input in quotes as a sentence shows it: on one line, control characters escaped, cut where it is long."""
    shown = repr(text[:most_chars])
    return shown if len(text) <= most_chars else f"{shown[:-1]}...{shown[-1]}"


def warn(message: str, kind: str = "", stacklevel: int = 3) -> None:
    """Warn of what was "guessed", "dropped", "merged" or "repaired"."""
    warnings.warn(ScoretokWarning(message, kind), stacklevel=stacklevel)
