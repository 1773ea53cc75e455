"""Pictures of audio: log-mel spectrograms, one below the other.

Axes: c channels, n samples, f frames, k mel bands.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scoretok.audio import read_mono
from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.files import write_with

SECONDS_SHOWN = 120
DYNAMICS_DB = 70


def plot_spectrograms(paths: Sequence[str | Path], output: str | Path) -> None:
    """Draw audio files on one time axis as .png, .svg or .pdf. Raises ScoretokError."""
    require("torch", "dit", "spectrograms")
    require("matplotlib", "plot", "spectrograms")
    from renderer.codec.mel import SAMPLE_RATE

    draw_spectrograms([(str(path), read_mono(path, SAMPLE_RATE)) for path in paths], output)


def draw_spectrograms(
    sounds: Sequence[tuple[str, np.ndarray]],
    output: str | Path,
    start_s: float = 0.0,
    marks_s: Sequence[tuple[float, float]] = (),
) -> None:
    """Draw named mono signals (n,) at 44.1 kHz that begin at `start_s`, with the edges of spans marked."""
    import torch
    from matplotlib.figure import Figure

    from renderer.codec.mel import HOP_SAMPLES, SAMPLE_RATE, LogMel, mel_edges_hz

    longest = max(len(audio) for _, audio in sounds)
    if not longest:
        raise ScoretokError("there is no audio to draw")
    seconds = min(SECONDS_SHOWN, longest / SAMPLE_RATE)
    figure = Figure(figsize=(min(16.0, 6 + seconds / 6), 2.6 * len(sounds) + 0.6), layout="constrained")
    edges = mel_edges_hz()
    ticks_hz = [100, 500, 1000, 2000, 4000, 8000, 16000]
    places = np.interp(ticks_hz, edges[1:-1].numpy(), np.arange(len(edges) - 2))
    for axis, (name, audio) in zip(
        figure.subplots(len(sounds), 1, sharex=True, squeeze=False)[:, 0], sounds, strict=True
    ):
        shown = torch.from_numpy(audio[: round(seconds * SAMPLE_RATE)].astype(np.float32))
        level_db = LogMel()(shown[None])[0].numpy().T * 20 / np.log(10)
        top = level_db.max()
        end_s = start_s + level_db.shape[1] * HOP_SAMPLES / SAMPLE_RATE
        extent = (start_s, end_s, -0.5, level_db.shape[0] - 0.5)
        axis.imshow(
            level_db, origin="lower", aspect="auto", extent=extent, vmin=top - DYNAMICS_DB, vmax=top, cmap="magma"
        )
        axis.set_yticks(places, [f"{hz / 1000:g} k" if hz >= 1000 else str(hz) for hz in ticks_hz])
        axis.set_title(name, loc="left", fontsize=9)
        for edge_s in (edge for mark in marks_s for edge in mark if start_s <= edge <= end_s):
            axis.axvline(edge_s, color="white", linewidth=0.8, linestyle="--")
    axis.set_xlabel("seconds")
    write_with(lambda path: figure.savefig(path, dpi=100), output)
