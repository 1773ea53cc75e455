"""The entry of the scoretok command: Ctrl-C and SIGTERM end it in one line, its imports included.

Nothing but the standard library is imported before the handlers stand; before that, in the first hundredths of a
second, it is Python that is interrupted.
"""

import os
import signal
import sys
from types import FrameType

NAMES = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


class Stopped(SystemExit):
    """A signal that ends the command; what is being written is cleared away on its way out."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number


def _stop(number: int, _: FrameType | None) -> None:
    for one in NAMES:
        signal.signal(one, signal.SIG_IGN)
    raise Stopped(number)


def main() -> None:
    """Run the command. Exit status 0, 1 (the input or the request), 2 (usage), 130 (Ctrl-C) or 143 (SIGTERM)."""
    for number in NAMES:
        signal.signal(number, _stop)
    try:
        from editing.cli.main import run

        status = run()
        sys.stdout.flush() if sys.stdout else None
    except Stopped as stopped:
        _say(f"scoretok: {NAMES[signal.Signals(stopped.number)]}; nothing was written half")
        status = 128 + stopped.number
    except BrokenPipeError:
        status = 0
    except OSError as error:
        _say(f"scoretok: {error.filename or 'standard output'} cannot be written: {error.strerror}")
        status = 1
    _leave(status)


def _say(sentence: str) -> None:
    try:
        sys.stderr.write(f"{sentence}\n")
        sys.stderr.flush()
    except (OSError, AttributeError, ValueError):  # standard error is full or closed
        return


def _leave(status: int) -> None:
    """Exit without a word about streams that cannot be flushed."""
    try:
        sys.stdout.flush() if sys.stdout else None
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(status)


if __name__ == "__main__":
    main()
