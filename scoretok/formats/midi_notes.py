"""The notes of a MIDI track on the grid of a score, with how they were played beside it, and back.

Axes: m notes.
"""

from collections.abc import Iterable
from itertools import repeat

import numpy as np
from symusic import core

from scoretok.parts import MAX_DURATION_TICKS, Note, Track
from scoretok.performance import DRUM_WRITTEN_TICKS, SUBTICKS_PER_TICK, Control, Timing, default_end

_LONGEST_SUBTICKS = MAX_DURATION_TICKS * SUBTICKS_PER_TICK
_FAR = 1 << 32  # ticks between pitches that are laid one behind the other
GridPlaces = dict[tuple[int, int], tuple[int, int]]  # (onset in subticks, pitch) -> start and duration in ticks


class MidiPart:
    """The notes of one MIDI track on our grid, and how far they moved.

    `subticks` is how many a tick of the file lasts; `places` names the grid of notes that do not lie where they would
    be read; `controls` are those of its channel.
    """

    def __init__(
        self,
        track: core.TrackTick,
        subticks: float,
        places: GridPlaces | None = None,
        controls: tuple[Control, ...] = (),
    ) -> None:
        self.track, self.controls = track, controls
        arrays = track.notes.numpy()
        exact = arrays["time"] * (subticks / SUBTICKS_PER_TICK)
        onset = np.rint(arrays["time"] * subticks).astype(np.int64)
        end = np.rint((arrays["time"] + arrays["duration"]) * subticks).astype(np.int64)
        self.shift_ticks = np.abs(exact - np.rint(exact))
        pitch = arrays["pitch"].astype(np.int64) & 127
        velocity = np.clip(arrays["velocity"].astype(np.int64), 1, 127)
        kept = _without_doubles(onset, end, pitch)
        onset, end, pitch, velocity = (array[kept] for array in (onset, end, pitch, velocity))
        start, duration = on_grid(onset, end, pitch, track.is_drum)
        if places:
            start, duration = _placed(places, onset, pitch, start, duration)
        if track.is_drum:
            duration[:] = 1
        self.notes = _notes(onset, end, pitch, velocity, start, duration, track.is_drum)
        self.end_ticks = int((start + duration).max())


def _without_doubles(onset: np.ndarray, end: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Places (m,) of notes, by pitch and onset; of notes that begin together the longest."""
    order = np.lexsort((end, onset, pitch))
    onset, pitch = onset[order], pitch[order]
    return order[np.append((pitch[1:] != pitch[:-1]) | (onset[1:] != onset[:-1]), True)]


def on_grid(onset: np.ndarray, end: np.ndarray, pitch: np.ndarray, is_drums: bool) -> tuple[np.ndarray, np.ndarray]:
    """Start and duration in ticks (m,) of notes that are sorted by pitch and onset (subticks, (m,)).

    Each goes to the nearest tick; one that finds it taken by an earlier one of its pitch (a flam, a roll) goes to the
    next. A note ends where its pitch begins again.
    """
    start = np.rint(onset / SUBTICKS_PER_TICK).astype(np.int64)
    steps = np.arange(len(start))
    start = np.maximum.accumulate(start + pitch * _FAR - steps) + steps - pitch * _FAR
    stop = np.rint(end / SUBTICKS_PER_TICK).astype(np.int64)
    duration = np.ones_like(start) if is_drums else np.clip(stop - start, 1, MAX_DURATION_TICKS)
    gap = np.where(pitch[:-1] == pitch[1:], start[1:] - start[:-1], MAX_DURATION_TICKS)
    duration[:-1] = np.minimum(duration[:-1], gap)
    return start, duration


def _placed(
    places: GridPlaces, onset: np.ndarray, pitch: np.ndarray, start: np.ndarray, duration: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Starts and durations with those that are named; as they were where that makes no legal track."""
    named, lasting = start.copy(), duration.copy()
    for number, key in enumerate(zip(onset.tolist(), pitch.tolist(), strict=True)):
        if key in places:
            named[number], lasting[number] = places[key]
    same = pitch[:-1] == pitch[1:]
    is_legal = (named[1:] >= named[:-1] + lasting[:-1])[same].all() and (named >= 0).all() and (lasting > 0).all()
    return (named, np.minimum(lasting, MAX_DURATION_TICKS)) if is_legal else (start, duration)


def _notes(
    onset: np.ndarray,
    end: np.ndarray,
    pitch: np.ndarray,
    velocity: np.ndarray,
    start: np.ndarray,
    duration: np.ndarray,
    is_drums: bool,
) -> list[Note]:
    """Sorted notes; those that lie on the grid have no timing."""
    onset_off = onset - start * SUBTICKS_PER_TICK
    end_off = np.clip(end - (start + duration) * SUBTICKS_PER_TICK, -_LONGEST_SUBTICKS, _LONGEST_SUBTICKS)
    if is_drums:
        end_off = np.where(end == drum_ends(onset, pitch), onset_off + default_end(0, is_drums), end_off)
    is_plain = (onset_off == 0) & (end_off == default_end(0, is_drums))
    order = np.lexsort((pitch, start))
    columns = (array[order].tolist() for array in (start, pitch, duration, velocity))
    timings: Iterable[Timing | None] = repeat(None)
    if not is_plain.all():
        rows = zip(*(array[order].tolist() for array in (is_plain, onset_off, end_off)), strict=True)
        timings = [None if plain else Timing(onset, end) for plain, onset, end in rows]
    return list(map(Note._make, zip(*columns, repeat(None), timings, strict=False)))


def drum_ends(onset: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Where hits (m,), sorted by pitch and onset, end when nothing is said: a 16th later or at the next of the drum."""
    usual = onset + DRUM_WRITTEN_TICKS * SUBTICKS_PER_TICK
    following = np.append(np.where(pitch[1:] == pitch[:-1], onset[1:], usual[:-1]), usual[-1:])
    return np.minimum(usual, following)


def played_notes(track: Track) -> np.ndarray:
    """Onset and end in subticks, pitch and velocity (m, 4) of a track's notes, in their order, as they are written."""
    rows = np.array([note[:4] for note in track.notes], dtype=np.int64).reshape(-1, 4)
    start, pitch, duration, velocity = rows.T
    off = np.array([note.timing or (0, 0) for note in track.notes], dtype=np.int64).reshape(-1, 2)
    onset = start * SUBTICKS_PER_TICK + off[:, 0]
    end = (start + duration) * SUBTICKS_PER_TICK + off[:, 1]
    if track.is_drums:
        order = np.lexsort((onset, pitch))
        written = np.empty_like(end)
        written[order] = drum_ends(onset[order], pitch[order])
        usual = off[:, 0] + default_end(0, track.is_drums)
        is_usual = np.array([note.timing is None for note in track.notes]) | (off[:, 1] == usual)
        end = np.where(is_usual, written, end)
    return np.stack([onset, np.maximum(end, onset + 1), pitch, velocity], 1)


def strange_places(track: Track, rows: np.ndarray) -> GridPlaces:
    """The grid of notes that would be read elsewhere than they are; `rows` are those of `played_notes`."""
    kept = _without_doubles(rows[:, 0], rows[:, 1], rows[:, 2])
    onset, end, pitch = (rows[kept, column] for column in range(3))
    starts, durations = on_grid(onset, end, pitch, track.is_drums)
    places: GridPlaces = {}
    for number, start, duration in zip(kept.tolist(), starts.tolist(), durations.tolist(), strict=True):
        note = track.notes[number]
        if (note.start_ticks, note.duration_ticks) != (start, duration):
            places[int(rows[number, 0]), note.pitch] = note.start_ticks, note.duration_ticks
    return places
