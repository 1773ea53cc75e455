"""Threads beside other programs: they wait without spinning, and their number is the user's choice.

OpenMP threads that spin while they wait for one another take the time of those they wait for, once other programs (a
DAW, a browser) keep the cores busy (benchmarks.busy measures by how much). OpenMP reads its variables when torch is
loaded, so they are set before. The number is not chosen by what is free: results of torch depend on it in their last
bits, and the same seed on the same machine shall give the same bytes, whatever runs beside.
"""

import os

VARIABLE = "SCORETOK_THREADS"
OPENMP_THREADS, OPENMP_WAIT = "OMP_NUM_THREADS", "OMP_WAIT_POLICY"


def wait_passively() -> None:
    """Let OpenMP threads sleep while they wait, unless the user chose otherwise. Call it before torch is loaded."""
    os.environ.setdefault(OPENMP_WAIT, "PASSIVE")


def use_threads(threads: int | None = None) -> None:
    """Compute with so many threads, else with those of SCORETOK_THREADS; without either, as OpenMP chooses."""
    asked = str(threads) if threads else os.environ.get(VARIABLE, "")
    if asked.isascii() and asked.isdecimal() and len(asked) < 5 and int(asked):
        os.environ[OPENMP_THREADS] = asked
