"""Where models compute."""

import torch

from scoretok.errors import ScoretokError, quoted


def device_of(name: str | None) -> str:
    """The device of this name, or the best there is without one. Raises ScoretokError when it cannot compute."""
    if name is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=name).cpu()
    except (RuntimeError, AssertionError, ValueError, NotImplementedError):
        raise ScoretokError(f"there is no device {quoted(name)} to compute on here; leave --device out") from None
    return name
