"""Reading and writing files so that a failure loses nothing."""

import errno
import glob
import hashlib
import os
import platform
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from scoretok.errors import ScoretokError

MAX_STEM_CHARS = 100  # of a name in the name of its temporary file


def read_bytes(path: str | Path, limit_bytes: int = 64 * 2**20) -> bytes:
    """The bytes of a file. Raises ScoretokError when it is missing, unreadable, empty or too large."""
    path = Path(path)
    try:
        if path.is_dir():
            raise ScoretokError(f"{path} is a folder; name a file")
        if path.stat().st_size > limit_bytes:
            raise ScoretokError(f"{path} is larger than {limit_bytes >> 20} MB; that is not a score")
        with path.open("rb") as file:  # a device has no size, and no end
            data = file.read(limit_bytes + 1)
        if len(data) > limit_bytes:
            raise ScoretokError(f"{path} is larger than {limit_bytes >> 20} MB; that is not a score")
    except FileNotFoundError:
        raise ScoretokError(f"{path} does not exist; check the name") from None
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise ScoretokError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not data:
        raise ScoretokError(f"{path} is empty")
    return data


def read_text(path: str | Path) -> str:
    """The text of a UTF-8 file. Raises ScoretokError where `read_bytes` does, and for other encodings."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScoretokError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from None


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place only when the block ends well.

    A device or pipe is written to instead of replaced. Raises ScoretokError when the folder cannot be
    written or the disk is full; `path` is then as it was.
    """
    try:
        target = Path(path).resolve()
        if target.is_dir():
            raise ScoretokError(f"{path} is a folder; name a file to write")
        device = target.exists() and not target.is_file()
        folder = None if device else target.parent
        _clear_leftovers(target)
        stem = target.stem[:MAX_STEM_CHARS]
        handle, name = tempfile.mkstemp(prefix=f".{stem}-{_process_tag()}-", suffix=target.suffix, dir=folder)
    except RuntimeError:  # a loop of symbolic links
        raise ScoretokError(f"{path} cannot be written: it is a link to itself") from None
    except (OSError, ValueError) as error:
        raise ScoretokError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        if device:
            target.write_bytes(temporary.read_bytes())
        else:
            mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
            temporary.chmod(mode)
            temporary.replace(target)
    except OSError as error:
        raise ScoretokError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)


def _process_tag() -> str:
    """What tells the temporary files of this process and machine from those of others."""
    return f"{zlib.crc32(platform.node().encode()):08x}-{os.getpid()}"


def _clear_leftovers(target: Path) -> None:
    """Remove temporary files of this output whose process on this machine has ended: it was killed."""
    machine = _process_tag().partition("-")[0]
    for path in target.parent.glob(f".{glob.escape(target.stem[:MAX_STEM_CHARS])}-{machine}-*{target.suffix}"):
        number = path.name.rpartition(f"-{machine}-")[2].partition("-")[0]
        if number.isdecimal() and not _is_running(int(number)):
            path.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_unbuffered(file: IO[bytes], data: bytes) -> None:
    """Write all of some bytes to a file without a buffer. Raises OSError when the disk takes only a part."""
    if file.write(data) < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def write_text(text: str, path: str | Path) -> None:
    """Write a UTF-8 text file whole or not at all."""
    write_with(lambda temporary: temporary.write_text(text, encoding="utf-8"), path)


def write_with(write: Callable[[Path], object], path: str | Path) -> None:
    """Let `write` make a file at a temporary path, which then takes the place of `path`."""
    with whole_file(path) as temporary:
        write(temporary)


def weights_digest(model: str | Path) -> str:
    """A short digest of the safetensors below a folder, or the name of a model on a hub."""
    files = sorted(Path(model).rglob("*.safetensors"))
    if not files:
        return str(model)
    every = hashlib.sha256()
    for path in files:
        every.update(path.read_bytes())
    return every.hexdigest()[:16]


def folder_digest(path: str | Path) -> str:
    """A short digest of a file, or of what a folder holds, by names and sizes."""
    path = Path(path)
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    rows = [f"{one.relative_to(path)} {one.stat().st_size}" for one in files]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]
