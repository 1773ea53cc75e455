"""The one error class that a user can cause, and the one warning class for what a format drops."""


class ScoretokError(Exception):
    """What went wrong, where, and what to do about it, in one sentence.

    The command line prints it on standard error and exits with status 1.
    """


class ScoretokWarning(UserWarning):
    """Something was dropped, moved or guessed; the sentence names it."""


def quoted(text: str, most_chars: int = 60) -> str:
    """Input in quotes as a sentence shows it: on one line, control characters escaped, cut where it is long."""
    shown = repr(text[:most_chars])
    return shown if len(text) <= most_chars else f"{shown[:-1]}...{shown[-1]}"
