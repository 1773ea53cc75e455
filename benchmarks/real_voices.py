"""Recordings of speech that some benchmarks are given as an archive with a manifest."""

import json
import tarfile
import tempfile
from pathlib import Path


def real_voices(voices: Path, manifest: Path) -> dict[str, list[Path]]:
    """Recordings of speech by speaker, unpacked."""
    folder = Path(tempfile.mkdtemp())
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    kinds = {Path(row["file"]).name: (row["speaker"], row["kind"]) for row in rows}
    found: dict[str, list[Path]] = {}
    with tarfile.open(voices) as archive:
        archive.extractall(folder, filter="data")
    for path in sorted(folder.rglob("*.flac")):
        speaker, kind = kinds.get(path.name, ("", ""))
        if kind == "speech":
            found.setdefault(speaker, []).append(path)
    return found
