"""l1 trend filtering of time maps."""

import numpy as np
from scipy.linalg import solveh_banded

from editing.inpainting.time_map import TimeMap

# Set by hand; benchmarks.inpaint measures how far off bar lines are found.
ITERATIONS = 25
LEAST_S, LEAST_BEND_S = 2e-3, 2e-4


def trend_filter(time_map: TimeMap, stiffness: float) -> TimeMap:
    """l1 trend filter of a time map with evenly spaced knots: piecewise constant tempo.

    Trend filtering with absolute deviations (Kim, Koh, Boyd, Gorinevsky, "l1 trend filtering", 2009): it minimises the
    sum of |new - old| + stiffness * |bends of new| over the knots, by weighted least squares again and again. So single
    knots that lie far off do not bend the line, and a tempo that does change is followed.
    """
    old = time_map.audio_s
    if len(old) < 4:
        return time_map
    new = old
    weights, bends = np.ones(len(old)), np.ones(len(old) - 2)
    for _ in range(ITERATIONS):
        cost = stiffness * bends
        bands = np.zeros((3, len(old)))  # diagonals of the normal equations, the main one last
        bands[2] = weights
        bands[2, :-2] += cost
        bands[2, 1:-1] += 4 * cost
        bands[2, 2:] += cost
        bands[1, 1:-1] -= 2 * cost
        bands[1, 2:] -= 2 * cost
        bands[0, 2:] = cost
        new = solveh_banded(bands, weights * old)
        weights = 1 / np.maximum(np.abs(new - old), LEAST_S)
        bends = 1 / np.maximum(np.abs(np.diff(new, 2)), LEAST_BEND_S)
    rising = np.concatenate([[True], np.diff(np.maximum.accumulate(new)) > LEAST_BEND_S])
    return TimeMap(time_map.score_s[rising], new[rising])
