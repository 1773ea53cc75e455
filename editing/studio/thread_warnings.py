"""What is guessed, dropped or repaired, told to the thread in which it happens.

`warnings.catch_warnings` changes the whole process, so threads that use it at a time take each other's warnings.
"""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from scoretok.errors import ScoretokWarning

_told = threading.local()


def _show(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None,
    line: str | None = None,
) -> None:  # fmt: skip
    said = getattr(_told, "said", None)
    if said is not None and issubclass(category, ScoretokWarning):
        said.append(str(message))
    elif not issubclass(category, ScoretokWarning):
        _others(message, category, filename, lineno, file, line)


_others = warnings.showwarning


@contextmanager
def said_here() -> Iterator[list[str]]:
    """The sentences of the ScoretokWarnings of this thread, as they come."""
    if warnings.showwarning is not _show:
        warnings.showwarning = _show
        warnings.simplefilter("always", ScoretokWarning)
    before = getattr(_told, "said", None)
    _told.said = []
    try:
        yield _told.said
    finally:
        _told.said = before
