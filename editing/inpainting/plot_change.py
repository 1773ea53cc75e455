"""Before and after, one below the other."""

from collections.abc import Sequence
from pathlib import Path

from renderer.codec.mel import SAMPLE_RATE
from renderer.plot_spectrogram import SECONDS_SHOWN, draw_spectrograms
from scoretok.audio import open_audio, resample
from scoretok.extras import require

AROUND_S = 4.0


def draw_change(
    before: str | Path, after: str | Path, marks_s: Sequence[tuple[float, float]], output: str | Path
) -> None:
    """Spectrograms of two files about the first marked spans, as many as can be seen. Raises ScoretokError."""
    require("matplotlib", "plot", "--plot")
    start_s = max(0.0, min(mark[0] for mark in marks_s) - AROUND_S)
    stop_s = min(max(mark[1] for mark in marks_s) + AROUND_S, start_s + SECONDS_SHOWN)
    sounds = []
    for name, path in (("before", before), ("after", after)):
        recording = open_audio(path)
        start, stop = (round(moment_s * recording.sample_rate) for moment_s in (start_s, stop_s))
        samples = recording.read(start, min(stop, recording.n_samples)).mean(0)
        sounds.append((f"{name}: {path}", resample(samples, recording.sample_rate, SAMPLE_RATE)))
    draw_spectrograms(sounds, output, start_s, marks_s)
