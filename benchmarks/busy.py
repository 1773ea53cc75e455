"""Speed beside busy processes: OpenMP threads that spin while they wait, that sleep, and one thread alone.

python -m benchmarks.busy [--repeats 2]

Renders four bars of a band and composes eight, with 0, 1 and 2 processes beside that keep a core busy each.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.common import save, table

BAND = str(Path(__file__).parent.parent / "examples" / "when-the-saints.lead")
JOBS = {
    "render, 4 bars of 5 tracks": ("render", BAND, "--bars", "1-4", "-o", "x.wav", "-q"),
    "compose, 8 bars of 4 tracks": ("compose", "--bars", "8", "--key", "C", "--tempo", "100", "-o", "x.lead", "-q"),
}
WAYS = {
    "threads that spin": {"OMP_WAIT_POLICY": "ACTIVE"},
    "threads that sleep (default)": {},
    "one thread": {"SCORETOK_THREADS": "1"},
}
BESIDE = (0, 1, 2)


@contextmanager
def busy(count: int) -> Iterator[None]:
    """So many processes that do nothing but keep a core busy."""
    beside = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for one in beside:
            one.kill()
            one.wait()


def seconds(arguments: tuple[str, ...], variables: dict[str, str]) -> float:
    """How long a command takes."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "SCORETOK_"))}
    with tempfile.TemporaryDirectory() as folder:
        began = perf_counter()
        command = [sys.executable, "-m", "editing.cli", *arguments]
        subprocess.run(command, cwd=folder, env={**inherited, **variables}, check=True)
        return perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=2)
    given = parser.parse_args()
    rows: list[list[object]] = []
    for job, arguments in JOBS.items():
        took: dict[str, list[float]] = {}
        for count in BESIDE:
            with busy(count):
                for way, variables in WAYS.items():
                    runs = [seconds(arguments, variables) for _ in range(given.repeats)]
                    took.setdefault(way, []).append(median(runs))
        alone = took["threads that sleep (default)"][0]
        rows += [[job, way, *times, times[-1] / alone] for way, times in took.items()]
    heads = ["", "", *(f"{count} busy beside, s" for count in BESIDE), "2 beside, times the default alone"]
    formats = ["{}", "{}", "{:.1f}", "{:.1f}", "{:.1f}", "{:.2f}"]
    save("busy", [table(heads, rows, formats)])


if __name__ == "__main__":
    main()
