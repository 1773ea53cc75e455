"""Checks of available memory before large allocations."""

import os
from pathlib import Path

from scoretok.errors import ScoretokError


def available_bytes() -> int | None:
    """Memory that can still be had, None where the system does not say."""
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as info:
            fields = dict(line.split(":") for line in info)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        try:
            return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (ValueError, OSError, AttributeError):
            return None


def check_memory(needed_bytes: int, what: str, cure: str = "render fewer bars with --bars, or mute tracks") -> None:
    """Raise ScoretokError when something surely does not fit, with the `cure`."""
    free = available_bytes()
    if free is not None and needed_bytes > free:
        raise ScoretokError(
            f"{what} needs {needed_bytes / 2**30:.1f} GB of memory and {free / 2**30:.1f} GB are free; {cure}"
        )
