"""Peak picking: onset activations to notes, whose ends follow the frame activations, and to drum hits.

Axes: r roles, p pitches, d drums, t frames.
"""

import numpy as np

from mir.estimates import NoteEstimate
from mir.notes.log_spectrogram import FRAMES_PER_S, LOWEST_PITCH
from mir.notes.targets import DRUM_CLASSES

# Set by hand, the first lowered from 0.4; benchmarks.transcription measures notes with ends.
FRAME_THRESHOLD = 0.25  # a note sounds as long as its frames say so with this certainty
GAP_FRAMES = 2  # or fall silent for no longer than this
SHORTEST_FRAMES = 2


def pick_peaks(levels: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, times in frames and heights of local maxima of activations (k, t) above a threshold.

    A moment is the centre of the three frames around a peak, so it is finer than a frame.
    """
    padded = np.pad(levels, ((0, 0), (2, 2)))
    around = np.stack([padded[:, at : at + levels.shape[1]] for at in range(5)])  # two frames either side
    highest = (levels >= least) & (levels >= around[[0, 1]].max(0)) & (levels > around[[3, 4]].max(0))
    rows, frames = np.nonzero(highest)
    near = around[1:4, rows, frames]
    moments = frames + (near[2] - near[0]) / np.maximum(near.sum(0), 1e-9)
    order = np.argsort(moments, kind="stable")
    return rows[order], moments[order], levels[rows, frames][order]


def pick_notes(onsets: np.ndarray, frames: np.ndarray, threshold: float) -> list[NoteEstimate]:
    """The notes of one role from the certainty (p, t) of onsets and of sounding frames."""
    rows, moments, levels = pick_peaks(onsets, threshold)
    notes = []
    following: dict[int, float] = {}
    for row, moment, level in zip(rows[::-1], moments[::-1], levels[::-1], strict=True):
        stop = min(following.get(row, float("inf")), _offset_frame(frames[row], round(moment)))
        following[row] = moment
        end_s = max(stop, moment + SHORTEST_FRAMES) / FRAMES_PER_S
        notes.append(NoteEstimate(moment / FRAMES_PER_S, end_s, int(row) + LOWEST_PITCH, confidence=float(level)))
    return notes[::-1]


def _offset_frame(sounding: np.ndarray, start: int) -> int:
    """Offset frame of a note: activation below FRAME_THRESHOLD for more than GAP_FRAMES."""
    quiet = 0
    for at in range(start + 1, len(sounding)):
        quiet = quiet + 1 if sounding[at] < FRAME_THRESHOLD else 0
        if quiet > GAP_FRAMES:
            return at - GAP_FRAMES
    return len(sounding) - quiet


def pick_drum_hits(levels: np.ndarray, least: dict[str, float]) -> dict[str, list[tuple[float, float]]]:
    """When every drum is struck, and how sure that is, from certainties (d, t)."""
    strokes = {}
    for number, drum in enumerate(DRUM_CLASSES):
        _, moments, sure = pick_peaks(levels[number : number + 1], least[drum])
        strokes[drum] = [(float(at) / FRAMES_PER_S, float(level)) for at, level in zip(moments, sure, strict=True)]
    return strokes
