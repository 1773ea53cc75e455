"""Curves of what is sung, for other programs that sing."""

import numpy as np

from renderer.singing.expression import NEPERS_A_DECIBEL, midi_of
from renderer.singing.phrase_frames import frames_of_phrase
from renderer.singing.vocal_phrases import vocal_phrases
from renderer.voice.envelope import FRAME_S
from scoretok.formats.ustx import TrackCurves
from scoretok.sheet import LeadSheet


def vocal_curves(sheet: LeadSheet) -> dict[int, TrackCurves]:
    """Pitch and loudness of every vocal track by its number, at every frame in which something is sung."""
    found: dict[int, TrackCurves] = {}
    for number, track in enumerate(sheet.tracks):
        parts = []
        for phrase in vocal_phrases(sheet, track) if track.role == "vocal" else []:
            frames = frames_of_phrase(phrase, track.singing)
            times_s = frames.start_s + np.arange(len(frames)) * FRAME_S
            sung = (times_s >= phrase.start_s) & (times_s < phrase.end_s)
            ticks = np.array([sheet.ticks_at(float(second)) for second in times_s[sung]])
            parts.append(TrackCurves(ticks, midi_of(frames.pitch.hz[sung]), frames.dynamics[sung] / NEPERS_A_DECIBEL))
        if parts:
            found[number] = TrackCurves(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    return found
