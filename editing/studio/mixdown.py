"""The mix of a song of the studio as a file: the model's sound where it is rendered, the draft elsewhere.

Axes: c channels, n samples at 44.1 kHz.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from editing.studio.rendering import BarState, bar_states
from editing.studio.takes import SAMPLE_RATE, bar_samples, bars_played
from renderer.mixer import Level, limit, place_in_room
from renderer.reverb import Reverb
from scoretok.audio import check_memory, write_audio
from scoretok.errors import ScoretokError

if TYPE_CHECKING:
    from editing.studio.session import Session


SOUND_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")


def dry_track(session: "Session", number: int) -> np.ndarray:
    """A track before the mixer, (c, n), to the end of the song with what rings on there."""
    sheet, take_ids = session.sheet, session.chosen_takes(number)
    states, played = bar_states(sheet, number, session.store, take_ids), bars_played(sheet, number)
    out = np.zeros((2, bar_samples(sheet, sheet.bar_count - 1).stop), np.float32)
    for bar, (state, one) in enumerate(zip(states, played, strict=True)):
        if state in (BarState.RENDERED, BarState.EMPTY):
            out[:, one.start_sample : one.stop_sample] += session.store.read(
                take_ids, one.start_sample, one.stop_sample
            )
        if state in (BarState.DRAFT, BarState.CHANGED):
            own = session.draft.bar(sheet, number, bar)[:, : out.shape[1] - one.start_sample]
            out[:, one.start_sample : one.start_sample + own.shape[1]] += own
    return out if (out[0] != out[1]).any() else out[:1]


def mix(session: "Session") -> np.ndarray:
    """The mix, (2, n), through the mixer of the renderer. Raises ScoretokError when nothing sounds."""
    sheet = session.sheet
    heard = [number for number, track in enumerate(sheet.tracks) if track.notes and not track.muted]
    if not heard:
        raise ScoretokError("there is nothing to hear: the score has no notes on tracks that sound")
    end = bar_samples(sheet, sheet.bar_count - 1).stop
    check_memory(end * 8 * 6, "the mix", "export fewer bars, or mute tracks")
    total = np.zeros((2, end), np.float32)
    for number in heard:
        level = Level(**session.level(sheet.track_ids[number]))
        total += place_in_room(dry_track(session, number), level, Reverb(SAMPLE_RATE) if level.room > 0 else None)
    return limit(total)


def export_mix(session: "Session", path: Path) -> None:
    """Write the mix as .wav, .flac, .ogg or .mp3."""
    write_audio(mix(session), SAMPLE_RATE, path)


def room_response() -> np.ndarray:
    """What the room of the mixer makes of a single sample, (2, n)."""
    room = Reverb(SAMPLE_RATE)
    impulse = np.zeros(room.reach_samples, np.float32)
    impulse[0] = 1.0
    return room(impulse)
