"""How long notes sound under the pedals of a piano.

The sustain pedal keeps what sounds when a key is released until it comes up; half down it damps slowly. The sostenuto
keeps the keys that were down when it went down. Axes: m notes.
"""

from functools import lru_cache

import numpy as np

from renderer.control_curves import StepCurve, step_curve
from scoretok.parts import Track
from scoretok.performance import PEDAL_DOWN, named
from scoretok.sheet import LeadSheet

# A pedal at PEDAL_DOWN damps a string within HALF_DAMPING_S, one at FULL_PEDAL not at all; in between in proportion.
# Set by hand: synthesizers differ, and most know up and down alone.
FULL_PEDAL, HALF_DAMPING_S = 96, 0.5
SOFT_VELOCITY = 0.8  # of that of a key struck under the soft pedal; set by hand


def sounding_ends_s(
    sheet: LeadSheet, track: Track, start_s: np.ndarray, end_s: np.ndarray, pitch: np.ndarray
) -> np.ndarray:
    """When notes (m,) end that are released at `end_s`: not before the pedals let go, or their key is struck again."""
    pedals = [named(track.controls, name) for name in ("pedal", "sostenuto")]
    if not any(control.points for control in pedals):
        return end_s
    last_s = max(sheet.duration_s, float(end_s.max(initial=0.0)))
    sustain, sostenuto = (step_curve(sheet, control) for control in pedals)
    held_s = np.array(
        [
            _released_s(sustain, _sostenuto_end_s(sostenuto, begin, end, last_s), last_s)
            for begin, end in zip(start_s.tolist(), end_s.tolist(), strict=True)
        ]
    )
    return np.minimum(np.maximum(held_s, end_s), np.maximum(_struck_again_s(start_s, pitch), end_s))


def sounding_spans_ticks(sheet: LeadSheet, track: Track) -> list[tuple[float, float]]:
    """When each note of a track begins and ends to sound, in ticks of the score, pedals included."""
    played = [(note.played_start_ticks, note.played_end_ticks) for note in track.notes]
    if not any(control.name in ("pedal", "sostenuto") for control in track.controls) or track.is_drums:
        return played
    return list(_pedalled_spans_ticks(sheet, track))


@lru_cache(maxsize=64)  # inpainting asks bar by bar
def _pedalled_spans_ticks(sheet: LeadSheet, track: Track) -> tuple[tuple[float, float], ...]:
    """The same of a track with pedals."""
    played = [(note.played_start_ticks, note.played_end_ticks) for note in track.notes]
    start_s, end_s = np.array([[sheet.seconds_at(tick) for tick in span] for span in played]).reshape(-1, 2).T
    pitch = np.array([note.pitch for note in track.notes])
    held_s = sounding_ends_s(sheet, track, start_s, end_s, pitch)
    return tuple(
        (start, max(end, sheet.ticks_at(held) if held > released else end))
        for (start, end), held, released in zip(played, held_s.tolist(), end_s.tolist(), strict=True)
    )


def _released_s(pedal: StepCurve, end_s: float, last_s: float) -> float:
    """When a string is damped whose key is released at `end_s`."""
    damping_left = 1.0
    place = int(np.searchsorted(pedal.times_s, end_s, side="right"))
    now_s, value = end_s, pedal.values[place - 1] if place else pedal.before
    while value >= PEDAL_DOWN and now_s < last_s:
        following_s = pedal.times_s[place] if place < len(pedal.times_s) else last_s
        rate = max(0.0, (FULL_PEDAL - value) / (FULL_PEDAL - PEDAL_DOWN)) / HALF_DAMPING_S
        if rate * (following_s - now_s) >= damping_left:
            return float(now_s + damping_left / rate)
        damping_left -= rate * (following_s - now_s)
        now_s = following_s
        if place >= len(pedal.times_s):
            break
        value, place = pedal.values[place], place + 1
    return float(now_s)


def _sostenuto_end_s(pedal: StepCurve, start_s: float, end_s: float, last_s: float) -> float:
    """When the sostenuto lets a note go that it caught while its key was down, else when its key is released."""
    was_down = False
    for at_s, value in zip(pedal.times_s.tolist(), pedal.values.tolist(), strict=True):
        if at_s > end_s:
            break
        is_down = value >= PEDAL_DOWN
        if is_down and not was_down and start_s <= at_s < end_s:
            ups = pedal.times_s[(pedal.times_s > at_s) & (pedal.values < PEDAL_DOWN)]
            return max(end_s, float(ups[0]) if len(ups) else last_s)
        was_down = is_down
    return end_s


def _struck_again_s(start_s: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """When the pitch of each note begins again."""
    order = np.lexsort((start_s, pitch))
    begins = np.full(len(start_s), np.inf)
    same = pitch[order][1:] == pitch[order][:-1]
    begins[order[:-1][same]] = start_s[order][1:][same]
    return begins


def struck_velocity(sheet: LeadSheet, track: Track, start_s: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """Velocities (m,) of notes as they sound, softer under the soft pedal."""
    control = named(track.controls, "soft")
    if not control.points:
        return velocity
    is_soft = step_curve(sheet, control).at(start_s) >= PEDAL_DOWN
    return np.where(is_soft, np.maximum(1, np.rint(velocity * SOFT_VELOCITY)), velocity).astype(velocity.dtype)
