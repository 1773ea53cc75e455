"""The bar pointer model: beats and bars from how certain each frame is to be a beat or a downbeat.

The model is that of Boeck et al., "Joint beat and downbeat tracking with recurrent neural networks" (2016), with the
state space of Krebs et al., "An efficient state space model for joint tempo and meter tracking" (2015). Within a beat
nothing is chosen there, so it is decoded from beat to beat, as a semi-Markov model: the same path, many times faster.

Axes: t frames, k beats of a bar, i and j periods.
"""

from dataclasses import dataclass

import numpy as np

# As in the papers.
TRANSITION_LAMBDA = 100.0  # the higher, the steadier the tempo
OBSERVATION_PARTS = 16  # the first of so many parts of a beat is where it is struck
PERIODS = 60
THRESHOLD = 0.05  # frames before the first and behind the last activation of so much are left out


@dataclass(frozen=True)
class DecodedBars:
    """The best path: frames of beats (b,), which of its bar each is, from 0, and the log-likelihood of the path."""

    frames: np.ndarray
    numbers: np.ndarray
    log_likelihood: float


def beat_periods(min_bpm: float, max_bpm: float, frames_per_s: float) -> np.ndarray:
    """Periods in frames (i,) from the fastest to the slowest, at most PERIODS, evenly spaced in log time."""
    shortest, longest = 60 * frames_per_s / max_bpm, 60 * frames_per_s / min_bpm
    periods, count = np.arange(max(1, round(shortest)), round(longest) + 1), PERIODS
    if len(periods) <= PERIODS:
        return periods
    while len(periods := np.unique(np.round(np.geomspace(shortest, longest, count))).astype(int)) < PERIODS:
        count += 1
    return periods


def decode_bars(activations: np.ndarray, beats_per_bar: int, periods: np.ndarray) -> DecodedBars:
    """Beats and bars of activations (t, 2): beats that begin no bar, downbeats; both above 0, their sum below 1.

    `periods` (i,) are those that a beat may last, in frames, rising. Where no activation reaches THRESHOLD there are
    no beats.
    """
    loud = np.flatnonzero(activations.max(1) >= THRESHOLD)
    if not len(loud):
        return DecodedBars(np.zeros(0, int), np.zeros(0, int), -np.inf)
    heard = activations[loud[0] : loud[-1] + 1]
    frames, earliest, block = len(heard), int(periods[-1]) - 1, int(periods[0])
    sums = _log_sums(heard)
    transitions, every = tempo_transitions(periods), np.arange(len(periods))
    # Of the best path to where beat k of period i begins, the first one up to a period before there is sound.
    scores = np.full((earliest + frames, beats_per_bar, len(periods)), -np.inf)
    came_from = np.zeros(scores.shape, np.uint8)
    is_first = np.arange(earliest + 1)[:, None] > earliest - periods
    scores[: earliest + 1] = np.where(is_first, -np.log(beats_per_bar * periods.sum()), -np.inf)[:, None]
    for now in range(earliest + 1, len(scores), block):  # no beat of a block follows another one of it
        stop = min(now + block, len(scores))
        begun = np.arange(now, stop)[:, None] - periods  # (block, j)
        ended = scores[begun, :, every] + _beat_log_likelihoods(sums, begun - earliest, periods, beats_per_bar)
        ways = np.roll(ended, 1, axis=2).swapaxes(1, 2)[..., None] + transitions  # (block, k, j, i)
        came_from[now:stop] = ways.argmax(2)
        scores[now:stop] = ways.max(2)
    tail = np.arange(len(scores) - int(periods[-1]), len(scores))[:, None]
    ends = scores[tail, :, every] + _beat_log_likelihoods(sums, tail - earliest, periods, beats_per_bar)
    ends[tail + periods < len(scores)] = -np.inf
    at, period, beat = (int(index) for index in np.unravel_index(int(ends.argmax()), ends.shape))
    path = _traced((int(tail[at, 0]), beat, period), came_from, periods) - [earliest, 0, 0]
    return _struck(path, periods, heard, int(loud[0]), float(ends.max()))


def _log_sums(activations: np.ndarray) -> np.ndarray:
    """Sums of log-likelihoods of a beat, a downbeat and neither before every frame, (t + 1, 3)."""
    neither = np.log((1 - activations.sum(1, keepdims=True)) / (OBSERVATION_PARTS - 1))
    return np.pad(np.concatenate([np.log(activations), neither], 1).cumsum(0), ((1, 0), (0, 0)))


def _beat_log_likelihoods(sums: np.ndarray, begins: np.ndarray, periods: np.ndarray, beats_per_bar: int) -> np.ndarray:
    """Log-likelihoods (..., i, k) of each beat of a bar that begins at frames (..., i) or (..., 1).

    What lies before the first frame or behind the last one costs nothing.
    """
    start, struck, stop = (
        np.clip(begins + length, 0, len(sums) - 1) for length in (0 * periods, struck_frames(periods), periods)
    )
    rest = sums[stop, 2] - sums[struck, 2]
    beat, downbeat = (sums[struck, column] - sums[start, column] + rest for column in (0, 1))
    return np.stack([downbeat, *[beat] * (beats_per_bar - 1)], -1)


def struck_frames(periods: np.ndarray) -> np.ndarray:
    """How many frames from the beginning of a beat on may be where it is struck."""
    return -(-periods // OBSERVATION_PARTS)


def tempo_transitions(periods: np.ndarray) -> np.ndarray:
    """Log probabilities (j, i) that a beat of period i follows one of period j."""
    ratio = periods / periods[:, None]
    chances = np.exp(-TRANSITION_LAMBDA * np.abs(ratio - 1))
    chances[chances <= np.spacing(1)] = 0
    with np.errstate(divide="ignore"):
        return np.log(chances / chances.sum(1, keepdims=True))


def _traced(last: tuple[int, int, int], came_from: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """The path to a beat: rows of frame, beat of the bar and number of its period (b, 3)."""
    frame, beat, period = last
    path = [last]
    while frame >= int(periods[-1]):
        period = int(came_from[frame, beat, period])
        frame, beat = frame - int(periods[period]), (beat - 1) % came_from.shape[1]
        path.append((frame, beat, period))
    return np.array(path[::-1])


def _struck(
    path: np.ndarray, periods: np.ndarray, activations: np.ndarray, first: int, log_likelihood: float
) -> DecodedBars:
    """Where each beat of a path is struck: at the highest activation of its first frames."""
    frames, numbers = [], []
    for begin, number, period in path.tolist():
        span = activations[max(0, begin) : max(0, begin + int(struck_frames(periods[period])))]
        if len(span):
            frames.append(first + max(0, begin) + int(span.max(1).argmax()))
            numbers.append(number)
    return DecodedBars(np.array(frames, int), np.array(numbers, int), log_likelihood)
