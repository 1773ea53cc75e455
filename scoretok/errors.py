"""The one error class that a user can cause, and the one warning class for what a format drops."""


class ScoretokError(Exception):
    """What went wrong, where, and what to do about it, in one sentence.

    The command line prints it on standard error and exits with status 1.
    """


class ScoretokWarning(UserWarning):
    """Something was dropped, moved or guessed; the sentence names it."""
