"""What the benchmarks share: data, hardware, tables."""

import json
import os
import platform
import tempfile
import zipfile
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
REPORT = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def hardware() -> str:
    """The processor and memory that figures were measured on."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    memory = next((int(line.split()[1]) >> 20 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return f"{os.cpu_count()} cores of {model or platform.processor()}, {memory} GB, Python {platform.python_version()}"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def pop909_files(path: str | None) -> list[Path]:
    """The MIDI files of POP909 from a folder or zip file; none when no path is given."""
    if path is None:
        return []
    source = Path(path)
    if source.is_file():
        folder = Path(tempfile.gettempdir()) / "scoretok-pop909"
        if not folder.is_dir():
            with zipfile.ZipFile(source) as archive:
                archive.extractall(folder)
        source = folder
    return sorted(source.glob("**/[0-9][0-9][0-9]/[0-9][0-9][0-9].mid"))


def corpus_files() -> list[Path]:
    """The MusicXML files of music21's own corpus."""
    import music21

    root = Path(music21.__file__).parent / "corpus"
    return sorted(path for suffix in ("mxl", "xml", "musicxml") for path in root.rglob(f"*.{suffix}"))


def save(name: str, lines: list[str]) -> None:
    """Keep the section of a benchmark for the report, and print it."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(
        json.dumps({"hardware": hardware(), "lines": lines}, indent=1, ensure_ascii=False)
    )
    print("\n".join(lines))


def table(heads: list[str], rows: list[list[object]]) -> list[str]:
    """A table in Markdown."""
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    return [*lines, *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)]
