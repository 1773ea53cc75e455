"""Weights of planner.melody_score: of a measure in standard deviations, and of its square.

Written by `python -m benchmarks.planner_melodies --fit`.
"""

MEANS = {
    "range": 9.6871,
    "repeated notes": 0.2191,
    "steps": 0.4529,
    "leaps": 0.1322,
    "largest leap": 6.3578,
    "turns": 0.5020,
    "rhythm again": 0.1878,
    "bar again": 0.0218,
    "onsets": 4.7655,
    "change of onsets": 1.8068,
    "rests": 0.1489,
    "longest note": 1.5224,
    "kinds of duration": 2.4041,
    "off the beat": 0.1090,
    "in key": 0.9304,
    "chord tones on beats": 0.7967,
}
SCALES = {
    "range": 3.9300,
    "repeated notes": 0.2296,
    "steps": 0.2266,
    "leaps": 0.1207,
    "largest leap": 3.0544,
    "turns": 0.2317,
    "rhythm again": 0.3905,
    "bar again": 0.1459,
    "onsets": 2.7302,
    "change of onsets": 1.6604,
    "rests": 0.2088,
    "longest note": 1.2102,
    "kinds of duration": 1.5514,
    "off the beat": 0.2164,
    "in key": 0.1959,
    "chord tones on beats": 0.2851,
}
WEIGHTS = {
    "range": (0.2797, 0.0765),
    "repeated notes": (-0.6909, 0.4106),
    "steps": (0.2453, -0.1186),
    "leaps": (0.4853, 0.1031),
    "largest leap": (0.2953, 0.1069),
    "turns": (-0.3781, 0.0948),
    "rhythm again": (-0.0262, -0.0419),
    "bar again": (0.0030, 0.0070),
    "onsets": (-0.3040, -0.0123),
    "change of onsets": (0.4239, -0.1755),
    "rests": (-0.0166, 0.1508),
    "longest note": (0.3498, -0.0554),
    "kinds of duration": (0.0895, 0.4244),
    "off the beat": (-0.3187, 0.3323),
    "in key": (-0.4459, 0.0686),
    "chord tones on beats": (-0.0549, -0.0053),
}
