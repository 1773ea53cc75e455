"""Caches results of slow stages on disk, keyed by recording, stage and options."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from scoretok.errors import ScoretokError

Result = TypeVar("Result")
CACHE_VERSION = 1  # of what the stages find


class StageCache:
    """Keeps dataclasses of arrays, numbers and texts by recording, stage and options; without a folder, nothing."""

    def __init__(self, folder: str | Path | None, recording: str | Path) -> None:
        self._folder = Path(folder) if folder else None
        if self._folder and self._folder.exists() and not self._folder.is_dir():
            raise ScoretokError(f"{folder} cannot be written to: it is no folder; name another")
        if folder:
            with Path(recording).open("rb") as file:
                self._digest = hashlib.file_digest(file, "sha256").hexdigest()[:24]

    def get(self, kind: type[Result], stage: str, options: Any, compute: Callable[[], Result]) -> Result:  # noqa: ANN401
        """The cached result of a stage, or the computed one, which is then cached."""
        if self._folder is None:
            return compute()
        options_digest = hashlib.sha256(json.dumps([CACHE_VERSION, stage, options]).encode()).hexdigest()[:12]
        path = self._folder / f"{self._digest}-{stage}-{options_digest}.npz"
        if path.is_file():
            try:
                with np.load(path, allow_pickle=False) as kept:
                    return unpacked(kind, dict(kept))
            except Exception:  # a damaged entry, whatever is damaged, is as good as none
                path.unlink(missing_ok=True)
        result = compute()
        partial = path.with_suffix(f".{os.getpid()}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                np.savez_compressed(file, **packed(result))
            partial.replace(path)
        except OSError as error:
            raise ScoretokError(f"{self._folder} cannot be written to: {error.strerror}; name another folder") from None
        return result


def packed(result: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    """Dataclass fields as arrays; fields that are not arrays are encoded as JSON."""
    values = {field.name: getattr(result, field.name) for field in fields(result)}
    return {
        name: value if isinstance(value, np.ndarray) else np.array(json.dumps(value)) for name, value in values.items()
    }


def unpacked(kind: type[Result], arrays: dict[str, np.ndarray]) -> Result:
    """The dataclass that was packed; its lists are tuples."""

    def value(array: np.ndarray) -> Any:  # noqa: ANN401
        if array.dtype.kind != "U" or array.ndim:
            return array
        decoded = json.loads(str(array))
        return (
            tuple(tuple(row) if isinstance(row, list) else row for row in decoded)
            if isinstance(decoded, list)
            else decoded
        )

    return kind(**{name: value(array) for name, array in arrays.items()})
