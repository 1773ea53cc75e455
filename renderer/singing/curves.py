"""Curves of what is sung, for other programs that sing."""

import numpy as np

from renderer.singing.expression import NEPERS_A_DECIBEL, dynamics, pitch_curve
from renderer.singing.vocal_phrases import vocal_phrases
from scoretok.formats.ustx import TrackCurves
from scoretok.sheet import LeadSheet

STEP_S = 0.01


def vocal_curves(sheet: LeadSheet) -> dict[int, TrackCurves]:
    """Pitch and loudness of every vocal track by its number, every 10 ms where something is sung."""
    found: dict[int, TrackCurves] = {}
    for number, track in enumerate(sheet.tracks):
        phrases = vocal_phrases(sheet, track) if track.role == "vocal" else []
        parts = []
        for seed, phrase in enumerate(phrases):
            times_s = np.arange(phrase.start_s, phrase.end_s, STEP_S)
            ticks = np.array([sheet.ticks_at(float(second)) for second in times_s])
            midi = pitch_curve(phrase, times_s, track.singing, seed)
            parts.append(TrackCurves(ticks, midi, dynamics(phrase, times_s) / NEPERS_A_DECIBEL))
        if parts:
            found[number] = TrackCurves(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    return found
