"""Laying a score along a recording of it: chroma and onsets of both, joined by dynamic time warping.

After Müller, "Fundamentals of Music Processing" (2015), chapter 3, and, for onsets in chroma, Ewert, Müller and
Grosche, "High resolution audio synchronization using chroma onset features" (2009).

Axes: n samples, f frames, d features.
"""

from dataclasses import dataclass

import numpy as np

from editing.inpainting.time_map import TimeMap
from editing.inpainting.trend_filter import trend_filter
from renderer.note_array import DRUM_PROGRAM, notes_of
from scoretok.audio import AudioFile, resample
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

# Set by hand; benchmarks.inpaint measures how far off bar lines are found.
RATE = 11025
HOP = 256  # 43 frames a second
WINDOW = 4096
FRAME_HZ = RATE / HOP
LOWEST_HZ, HIGHEST_HZ = 60.0, 2200.0
COARSE_CELLS = 3_000_000
BAND_S = 1.5
DECAY_S = 0.25
READ_S = 60
FLUX_HZ = 100
SHIFT_S, STRETCH_S, MEDIAN, SMOOTH_S = 0.15, 1.5, 5, 1.0
ONSET_WEIGHT = 1.0
# By hand after a study that was not kept (bar lines 66 to 8 ms off); benchmarks.inpaint measures it.
TREND_WEIGHTS = (20.0, 5.0)
# Set by hand; benchmarks.inpaint counts the edits that are refused.
MAX_COST_RATIO = 0.9  # what the cost must fall below, as a share of what the same score costs in wrong keys


@dataclass(frozen=True)
class Alignment:
    """A time map from score to recording, and the median distance in seconds between score onsets and flux peaks."""

    time_map: TimeMap
    error_s: float


def align(recording: AudioFile, sheet: LeadSheet) -> Alignment:
    """Lay a score along a recording. Raises ScoretokError when the one is not a score of the other."""
    audio_features = recording_features(recording)
    score_feats = score_features(sheet)
    if not audio_features.any():
        raise ScoretokError(f"{recording.path} is silent; there is nothing that a score could be laid along")
    if len(score_feats) > 2 * len(audio_features):
        raise ScoretokError(f"the score lasts more than twice as long as {recording.path.name}; it is not its score")
    level = 1
    while len(audio_features) * len(score_feats) / level**2 > COARSE_CELLS:
        level *= 2
    path = dtw(_downsampled(score_feats, level), _downsampled(audio_features, level))
    check_match(recording, _downsampled(score_feats, level), _downsampled(audio_features, level), path)
    while level > 1:
        level //= 2
        path = dtw(
            _downsampled(score_feats, level),
            _downsampled(audio_features, level),
            2 * path,
            round(BAND_S * FRAME_HZ / level) + 4,
        )
    coarse_map = _time_map(path / FRAME_HZ)
    onsets_s = np.unique(np.concatenate([notes_of(sheet, track).start_s for track in sheet.tracks if not track.muted]))
    flux = spectral_flux(recording)
    flux_hz = recording.sample_rate / (recording.sample_rate // FLUX_HZ)
    # Stiff for what was played in time, less so for rubato; what meets more onsets is right.
    found = [
        trend_filter(refine_by_onsets(trend_filter(coarse_map, s), onsets_s, flux, flux_hz), s) for s in TREND_WEIGHTS
    ]
    time_map = max(found, key=lambda time_map: mean_flux_at(time_map.to_audio(onsets_s), flux, flux_hz))
    return Alignment(time_map, onset_error_s(time_map.to_audio(onsets_s), flux, flux_hz))


def check_match(recording: AudioFile, score_feats: np.ndarray, audio_features: np.ndarray, path: np.ndarray) -> None:
    """Raise ScoretokError unless the score fits clearly better than it does in other keys."""
    cost = _cost_along(score_feats, audio_features, path)
    others = []
    for shift in (3, 6, 9):
        transposed = np.concatenate([np.roll(part, shift, 1) for part in (score_feats[:, :12], score_feats[:, 12:])], 1)
        others.append(_cost_along(transposed, audio_features, dtw(transposed, audio_features)))
    if cost > MAX_COST_RATIO * min(others):
        raise ScoretokError(
            f"the score does not fit {recording.path.name}: it would fit about as well in another key;"
            " name the score of what is played"
        )


def recording_features(recording: AudioFile) -> np.ndarray:
    """Chroma and its onsets of a recording, (f, 24), read a minute at a time."""
    parts = [np.zeros(0, np.float32)]
    for start in range(0, recording.n_samples, READ_S * recording.sample_rate):
        stop = min(recording.n_samples, start + READ_S * recording.sample_rate)
        parts.append(resample(recording.read(start, stop).mean(0), recording.sample_rate, RATE).astype(np.float32))
    audio = np.pad(np.concatenate(parts), WINDOW // 2)
    hz = np.fft.rfftfreq(WINDOW, 1 / RATE)
    used = np.flatnonzero((hz > LOWEST_HZ) & (hz < HIGHEST_HZ))
    classes = np.rint(69 + 12 * np.log2(hz[used] / 440)).astype(int) % 12
    to_chroma = (classes[:, None] == np.arange(12)).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(audio, WINDOW)[::HOP]
    chroma = []
    for first in range(0, len(frames), 1024):
        spectrum = np.abs(np.fft.rfft(frames[first : first + 1024] * np.hanning(WINDOW), axis=1))[:, used]
        chroma.append((spectrum**2).astype(np.float32) @ to_chroma)
    return _features(np.concatenate(chroma))


def score_features(sheet: LeadSheet) -> np.ndarray:
    """Chroma and its onsets of a score, (f, 24): what its notes would give, decaying as they sound."""
    frames = int(sheet.duration_s * FRAME_HZ) + 1
    energy = np.zeros((frames + 1, 12), np.float32)
    for track in sheet.tracks:
        notes = notes_of(sheet, track)
        if track.muted or notes.program == DRUM_PROGRAM:
            continue
        for start_s, end_s, pitch, velocity in zip(
            notes.start_s, notes.end_s, notes.pitch, notes.velocity, strict=True
        ):
            first, last = int(start_s * FRAME_HZ), min(frames, int(end_s * FRAME_HZ) + 1)
            loud = (velocity / 127) ** 2 * np.exp(-np.arange(max(1, last - first)) / (2 * FRAME_HZ))
            for partial, weight in ((0, 1.0), (12, 0.5), (19, 0.25)):
                energy[first : first + len(loud), (pitch + partial) % 12] += weight * loud[: frames + 1 - first]
    if not energy.any():
        raise ScoretokError("the score has no pitched notes that a recording could be compared with")
    # A recording's frames reach half a window to either side.
    width = round(WINDOW / HOP / 2)
    kernel = np.hanning(2 * width + 1)[:, None] / np.hanning(2 * width + 1).sum()
    padded = np.pad(energy[:frames], ((width, width), (0, 0)))
    smooth = sum(padded[i : i + frames] * kernel[i] for i in range(2 * width + 1))
    return _features(np.asarray(smooth, np.float32))


def _features(chroma: np.ndarray) -> np.ndarray:
    """Compressed chroma (f, 12), and beside it its rises, which fade slowly; frames that sound have length 1."""
    loud = np.log1p(100 * chroma / max(float(np.percentile(chroma.sum(1), 95)), 1e-9))
    rises = np.maximum(np.diff(loud, axis=0, prepend=loud[:1]), 0)
    fade = np.exp(-1 / (DECAY_S * FRAME_HZ))
    onsets = np.zeros_like(rises)
    level = np.zeros(12, np.float32)
    for frame, rise in enumerate(rises):
        level = np.maximum(level * fade, rise)
        onsets[frame] = level
    both = [part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 0.05) for part in (loud, onsets)]
    return np.concatenate([both[0], ONSET_WEIGHT * both[1]], 1).astype(np.float32)


def _downsampled(features: np.ndarray, level: int) -> np.ndarray:
    """Means of `level` frames each."""
    frames = -(-len(features) // level)
    padded = np.pad(features, ((0, frames * level - len(features)), (0, 0)), mode="edge")
    return padded.reshape(frames, level, -1).mean(1)


def dtw(a: np.ndarray, b: np.ndarray, guide: np.ndarray | None = None, band: int = 0) -> np.ndarray:
    """Subsequence DTW: the cheapest path (k, 2) that aligns all of a (f, d) to a stretch of b (g, d).

    Steps are (1, 1), (1, 2) and (2, 1), so that neither runs more than twice as fast as the other; a step that
    passes over a frame of a pays for it too. With a `guide` path only cells within `band` frames of it are looked at.
    """
    rows, columns = len(a), len(b)
    low, width = np.zeros(rows, int), columns
    if guide is not None:
        low = np.interp(np.arange(rows), guide[:, 0], guide[:, 1]).astype(int) - band
        width = 2 * band + 1
    total = np.full((rows + 2, width), np.inf)
    step = np.zeros((rows, width), np.int8)
    for row in range(rows):
        at = low[row] + np.arange(width)
        cost = np.linalg.norm(b[at.clip(0, columns - 1)] - a[row], axis=1)
        cost[(at < 0) | (at >= columns)] = np.inf
        if row == 0:
            total[2] = cost
            continue
        above = _realigned(total[row + 1], low[row] - low[row - 1])
        ways = [_shifted(above, 1) + cost, _shifted(above, 2) + cost]
        if row > 1:
            earlier = _realigned(total[row], low[row] - low[row - 2])
            ways.append(_shifted(earlier, 1) + 2 * cost)
        step[row] = np.argmin(ways, axis=0)
        total[row + 2] = np.min(ways, axis=0)
    return _trace(total[2:], step, low)


def _realigned(totals: np.ndarray, moved: int) -> np.ndarray:
    """DTW totals of a band row realigned to a row whose band begins `moved` cells later."""
    out = np.full_like(totals, np.inf)
    if abs(moved) < len(totals):
        out[max(0, -moved) : len(totals) - max(0, moved)] = totals[max(0, moved) : len(totals) - max(0, -moved)]
    return out


def _shifted(totals: np.ndarray, cells: int) -> np.ndarray:
    """Totals that lie so many cells before."""
    return np.concatenate([np.full(cells, np.inf), totals])[: len(totals)]


def _trace(total: np.ndarray, step: np.ndarray, low: np.ndarray) -> np.ndarray:
    """The path back from the cheapest end."""
    row = len(total) - 1
    column = int(low[row] + total[row].argmin())
    path = [(row, column)]
    while row > 0:
        rows, columns = ((1, 1), (1, 2), (2, 1))[step[row, column - low[row]]]
        row, column = row - rows, column - columns
        path.append((row, column))
    return np.array(path[::-1])


def _cost_along(a: np.ndarray, b: np.ndarray, path: np.ndarray) -> float:
    return float(np.linalg.norm(a[path[:, 0]] - b[path[:, 1]], axis=1).mean())


def _time_map(path_s: np.ndarray) -> TimeMap:
    """A path in seconds as a clock with knots twice a second, each on the line that fits the path around it."""
    knots = np.linspace(path_s[0, 0], path_s[-1, 0], max(2, round(2 * (path_s[-1, 0] - path_s[0, 0])) + 1))
    audio_s = []
    for knot_s in knots:
        near = path_s[np.abs(path_s[:, 0] - knot_s) < SMOOTH_S]
        audio_s.append(np.polyfit(near[:, 0] - knot_s, near[:, 1], 1)[1])
    return TimeMap(knots, np.maximum.accumulate(np.array(audio_s) + 1e-3 * np.arange(len(knots))))


def refine_by_onsets(time_map: TimeMap, onsets_s: np.ndarray, flux: np.ndarray, flux_hz: float) -> TimeMap:
    """Refines a time map locally: shifts each stretch to maximise spectral flux at its onsets.

    Chroma is slow to tell when a note begins; the flux knows it to a few milliseconds, but not of which note.
    """
    shifts_s = np.arange(-SHIFT_S, SHIFT_S + 1e-9, 1 / flux_hz)
    expected = time_map.to_audio(onsets_s)
    found = []
    for knot_s in time_map.audio_s:
        near = expected[np.abs(expected - knot_s) < STRETCH_S]
        places = np.rint((near[:, None] + shifts_s) * flux_hz).astype(int)
        met = flux[places.clip(0, len(flux) - 1)].sum(0)
        found.append(shifts_s[int(met.argmax())] if len(near) else 0.0)
    padded = np.pad(found, MEDIAN // 2, mode="edge")
    shift_s = np.median(np.lib.stride_tricks.sliding_window_view(padded, MEDIAN), axis=1)
    audio_s = time_map.audio_s + shift_s
    rising = np.concatenate([[True], np.diff(np.maximum.accumulate(audio_s)) > 1e-3])
    return TimeMap(time_map.score_s[rising], audio_s[rising])


def mean_flux_at(onsets_s: np.ndarray, flux: np.ndarray, flux_hz: float) -> float:
    """Mean spectral flux at onsets, maximum over three frames."""
    frames = np.rint(onsets_s * flux_hz).astype(int).clip(1, len(flux) - 2)
    return float(np.maximum(np.maximum(flux[frames - 1], flux[frames]), flux[frames + 1]).mean())


def spectral_flux(recording: AudioFile) -> np.ndarray:
    """How much louder a recording gets in about every hundredth of a second, over all frequencies, (f,)."""
    hop, size = recording.sample_rate // FLUX_HZ, 2 * (recording.sample_rate // FLUX_HZ)
    window, last, parts = np.hanning(size), None, []
    for first in range(0, recording.n_samples, 1000 * hop):
        audio = recording.read(first - size // 2, min(first + 1000 * hop, recording.n_samples) + size // 2).mean(0)
        frames = np.lib.stride_tricks.sliding_window_view(audio, size)[::hop][:1000]
        loud = np.log1p(1000 * np.abs(np.fft.rfft(frames * window, axis=1)) / size)
        rises = np.maximum(np.diff(loud, axis=0, prepend=loud[:1] if last is None else last), 0)
        parts.append(rises.mean(1))
        last = loud[-1:]
    return np.concatenate(parts)


def onset_error_s(onsets_s: np.ndarray, flux: np.ndarray, flux_hz: float) -> float:
    """Median distance in seconds from onsets to the nearest peak of the flux."""
    peaks = np.flatnonzero((flux[1:-1] > flux[:-2]) & (flux[1:-1] >= flux[2:]) & (flux[1:-1] > 2 * flux.mean())) + 1
    if not len(peaks):
        return float("inf")
    return float(np.median([np.abs(peaks / flux_hz - onset_s).min() for onset_s in onsets_s]))
