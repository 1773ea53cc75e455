"""Bars, beats and tempo for a performance that was recorded without them, and the score on that grid.

What was played stays what it was, to a 1920th of a quarter note: notes get places on the grid, and what they are off it
is their timing. Axes: n onsets, t frames.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mir.beats import NoBeatError, network_activations, track_bars
from mir.grid import BeatGrid, empty_score
from mir.onset_beats.onset_features import FRAMES_PER_S, onset_features
from mir.rhythm_quantisation import quantise_notes
from scoretok.bars import join_notes
from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.infer import infer_missing
from scoretok.parts import DRUM_TICKS, MAX_DURATION_TICKS, TICKS_PER_QUARTER, Note, Track
from scoretok.performance import MAX_SHIFT_SUBTICKS, SUBTICKS_PER_TICK, Control, ControlPoint, Timing, default_end
from scoretok.sheet import LeadSheet

ONSET_BEAT_WEIGHTS = Path(__file__).parent / "onset_beats" / "weights"
SLOWEST_BPM, BAR_SIZES = 35.0, (2, 3, 4)  # chosen by benchmarks.find_beats --tune; more freedom of tempo helps nothing
FOLLOWED_S = 0.01  # how closely tempos follow the beats
# A swing is where offbeats lie together, late, and neither triplets nor sixteenths are played. Set by hand.
SWING_REACH, LEAST_SWING, SWING_SPREAD_TICKS, MOST_OTHERS = (10.5, 18.0), 13.0, 1.2, 0.25
LEAST_OFFBEATS = 16


@dataclass(frozen=True)
class FoundBeats:
    """A score on the beats that were found, their grid, and where the second of two eighths begins (0.5: straight)."""

    sheet: LeadSheet
    grid: BeatGrid
    swing: float


def find_beats(sheet: LeadSheet, meter: tuple[int, int] | None = None, bpm: float | None = None) -> FoundBeats:
    """The same performance on beats and bars that its notes tell. Raises NoBeatError when they tell none.

    `meter` and `bpm` (of beats) are told where they are known.
    """
    grid = track_bars(onset_activations(sheet), meter, bpm, SLOWEST_BPM, BAR_SIZES)
    return on_grid(sheet, grid)


def onset_activations(sheet: LeadSheet) -> np.ndarray:
    """Beat and downbeat activations (t, 2) at 100 Hz of the notes of a score; beats exclude downbeats."""
    torch = require("torch", "mir", "finding beats")
    rows = [
        (sheet.seconds_at(note.played_start_ticks), sheet.seconds_at(note.played_end_ticks), note.pitch, note.velocity)
        for track in sheet.tracks
        if not track.muted
        for note in track.notes
    ]
    if not rows:
        raise NoBeatError("there are no notes to find beats in")
    start_s, end_s, pitch, velocity = np.array(rows).T
    frames = int(np.ceil(start_s.max() * FRAMES_PER_S)) + FRAMES_PER_S
    features = onset_features(start_s, end_s, pitch.astype(int), velocity, frames)
    with torch.inference_mode():
        chances = torch.sigmoid(_network()(torch.from_numpy(features)[None]))[0].numpy()
    return network_activations(chances.T, FRAMES_PER_S)


@lru_cache(maxsize=1)
def _network() -> Any:  # noqa: ANN401 - of a package that may be missing
    from mir.onset_beats.beat_network import OnsetBeatNet

    return OnsetBeatNet.load(ONSET_BEAT_WEIGHTS)


def on_grid(sheet: LeadSheet, grid: BeatGrid) -> FoundBeats:
    """A performance written on a grid of beats: every note sounds when it did. Key and chords are guessed anew."""
    ends_s = [sheet.seconds_at(note.played_end_ticks) for track in sheet.tracks for note in track.notes]
    length_s = max(ends_s, default=sheet.duration_s) + 60 / grid.bpm
    empty = empty_score(grid, length_s, tolerance_s=FOLLOWED_S)
    played = [_played_ticks(sheet, empty, track) for track in sheet.tracks]
    swing = swing_share(np.concatenate([rows[:, 0] for rows in played]) if played else np.zeros(0))
    tracks = [
        replace(
            track,
            notes=_written(track, rows, grid.beat_ticks, swing),
            controls=tuple(_moved(sheet, empty, control) for control in track.controls),
        )
        for track, rows in zip(sheet.tracks, played, strict=True)
    ]
    found = _without_empty_end(replace(empty, tracks=tuple(tracks), title=sheet.title))
    return FoundBeats(infer_missing(found, key=True, chords=True), grid, swing)


def _without_empty_end(sheet: LeadSheet) -> LeadSheet:
    """The score up to the last bar in which a note begins; what rings past it goes on."""
    starts = [track.notes[-1].start_ticks for track in sheet.tracks if track.notes]
    bar_count = sheet.bar_at(max(starts)) + 1 if starts else sheet.bar_count
    end = sheet.bar_starts[bar_count]
    return replace(sheet, bar_count=bar_count, tempos=tuple(t for t in sheet.tempos if t.start_ticks < end))


def _played_ticks(sheet: LeadSheet, target: LeadSheet, track: Track) -> np.ndarray:
    """When notes (n, 2) are played, in ticks of another score."""
    ticks = [
        [target.ticks_at(sheet.seconds_at(tick)) for tick in (note.played_start_ticks, note.played_end_ticks)]
        for note in track.notes
    ]
    return np.array(ticks).reshape(-1, 2)


def _moved(sheet: LeadSheet, target: LeadSheet, control: Control) -> Control:
    points = [
        ControlPoint(round(target.ticks_at(sheet.seconds_at(at / SUBTICKS_PER_TICK)) * SUBTICKS_PER_TICK), value)
        for at, value in control.points
    ]
    return Control(control.name, tuple(points))


def _written(track: Track, played: np.ndarray, beat_ticks: int, swing: float) -> tuple[Note, ...]:
    """Notes on the grid, with how they are played (n, 2 ticks) beside it."""
    straight = _straightened(played, swing) if swing > 0.5 and beat_ticks == TICKS_PER_QUARTER else played
    starts, lengths = quantise_notes(straight[:, 0], straight[:, 1], beat_ticks)
    order = np.lexsort((played[:, 0], np.array([note.pitch for note in track.notes])))
    notes: list[Note] = []
    for number in order.tolist():
        note, start = track.notes[number], max(0, int(starts[number]))
        before = notes[-1] if notes and notes[-1].pitch == note.pitch else None
        if before is not None:
            start = max(start, before.start_ticks + 1)
            if before.end_ticks > start:
                notes[-1] = _off_grid(
                    before._replace(duration_ticks=start - before.start_ticks), before, track.is_drums
                )
        length = DRUM_TICKS if track.is_drums else min(int(lengths[number]), MAX_DURATION_TICKS)
        made = note._replace(start_ticks=start, duration_ticks=length)
        notes.append(made._replace(timing=_timing(made, played[number] * SUBTICKS_PER_TICK, note, track.is_drums)))
    return join_notes(notes)


def _off_grid(shorter: Note, before: Note, is_drums: bool) -> Note:
    """A note that is cut on the grid and ends when it did."""
    if shorter.timing is None or is_drums:
        return shorter
    cut = (before.duration_ticks - shorter.duration_ticks) * SUBTICKS_PER_TICK
    return shorter._replace(timing=shorter.timing._replace(end_subticks=shorter.timing.end_subticks + cut))


def _timing(made: Note, played_subticks: np.ndarray, note: Note, is_drums: bool) -> Timing:
    start_subticks, end_subticks = played_subticks.tolist()
    onset = round(start_subticks) - made.start_ticks * SUBTICKS_PER_TICK
    if abs(onset) > MAX_SHIFT_SUBTICKS:
        raise ScoretokError("beats were found too far from the notes; name a tempo")
    if is_drums and (note.timing is None or note.timing.end_subticks == default_end(note.timing.onset_subticks, True)):
        return Timing(onset, default_end(onset, True))
    return Timing(onset, round(end_subticks) - made.end_ticks * SUBTICKS_PER_TICK)


def swing_share(start_ticks: np.ndarray) -> float:
    """Where in a quarter note its second eighth is played (0.5 is straight), from onsets (n,) in ticks."""
    phase = start_ticks % TICKS_PER_QUARTER
    offbeats = phase[(phase >= SWING_REACH[0]) & (phase <= SWING_REACH[1])]
    if len(offbeats) < LEAST_OFFBEATS:
        return 0.5
    middle = float(np.median(offbeats))
    spread = float(np.median(np.abs(offbeats - middle)))
    others = ((phase > 4.5) & (phase < 9.5)).sum() + ((phase > 18.5) & (phase < 20.5)).sum()
    is_swing = middle >= LEAST_SWING and spread <= SWING_SPREAD_TICKS and others <= MOST_OTHERS * len(offbeats)
    return round(middle / TICKS_PER_QUARTER, 3) if is_swing else 0.5


def _straightened(ticks: np.ndarray, swing: float) -> np.ndarray:
    """Ticks with second eighths where they are written."""
    half, line = TICKS_PER_QUARTER / 2, swing * TICKS_PER_QUARTER
    beat, phase = np.divmod(ticks, TICKS_PER_QUARTER)
    late = half + (phase - line) * half / (TICKS_PER_QUARTER - line)
    return beat * TICKS_PER_QUARTER + np.where(phase <= line, phase * half / line, late)
