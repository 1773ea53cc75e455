"""Optional packages: what each extra brings, and the sentence to say when one is missing."""

from functools import cache
from importlib import import_module, metadata
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

from scoretok.errors import ScoretokError

if TYPE_CHECKING:
    from packaging.requirements import Requirement

FOR_DEVELOPERS = ("all", "dev", "docs")


def _requirements() -> list["Requirement"]:
    from packaging.requirements import Requirement

    return [Requirement(text) for text in metadata.requires("scoretok") or ()]


@cache
def extras() -> dict[str, tuple[str, ...]]:
    """The distributions that each extra asks for, from the metadata of this package; those for developers left out."""
    found, requirements = metadata.metadata("scoretok"), _requirements()

    def names(extra: str) -> list[str]:
        chosen = [one for one in requirements if one.marker is not None and one.marker.evaluate({"extra": extra})]
        nested = [
            name for one in chosen if one.name == "scoretok" for more in sorted(one.extras) for name in names(more)
        ]
        return sorted({one.name for one in chosen if one.name != "scoretok"} | set(nested))

    return {one: tuple(names(one)) for one in found.get_all("Provides-Extra") or () if one not in FOR_DEVELOPERS}


def base() -> tuple[str, ...]:
    """The distributions that are always installed."""
    return tuple(one.name for one in _requirements() if one.marker is None)


def require(module: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional module. Raises ScoretokError saying how to install it."""
    try:
        return import_module(module)
    except ImportError:
        raise _missing(module, f"'scoretok[{extra}]'", purpose) from None


def check_installed(module: str, source: str, purpose: str) -> None:
    """Raises ScoretokError saying how to install a module that is missing, without importing it."""
    if find_spec(module) is None:
        raise _missing(module, source, purpose)


def _missing(module: str, source: str, purpose: str) -> ScoretokError:
    return ScoretokError(f"{purpose} needs the package {module}; install it with: pip install {source}")
