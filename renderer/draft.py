"""The draft engine: a soundfont, played at hundreds of times real time."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import symusic

from renderer.engine import blocks_of
from renderer.memory import check_memory
from renderer.notes import DRUMS, program_of
from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.parts import Track
from scoretok.sheet import LeadSheet

# The synthesizer stops a note within 3 ms of its end. Playing it several times, each take ending a little
# later, and weighting the takes makes it fade. Weights add up to 1.
TAKE_WEIGHTS = (0.40, 0.30, 0.20, 0.10)
RELEASE_S = (0.0, 0.06, 0.15, 0.30)
# Drums ring as long as their samples do, not as long as the note.
DRUM_RING_S = (0.3, 0.4, 0.5, 0.6)
LONG_RINGS_S = {
    **dict.fromkeys((49, 52, 55, 57), (0.8, 1.3, 1.8, 2.5)),  # crash, china, splash
    **dict.fromkeys((46, 51, 53, 59, 80, 81), (0.4, 0.6, 0.8, 1.0)),  # open hat, ride, bell, triangle
}


def default_soundfont() -> Path:
    """The soundfont that pretty_midi ships (TimGM6mb, GPL-2). Raises ScoretokError when it is missing."""
    package = require("pretty_midi", "audio", "the draft sound")
    path = Path(str(package.__file__)).with_name("TimGM6mb.sf2")
    if not path.is_file():
        raise ScoretokError("the soundfont of pretty_midi is missing; name one with --soundfont FILE.sf2")
    return path


class DraftEngine:
    """Plays each track with its General MIDI program, vocal tracks with a voice-like one."""

    def __init__(self, soundfont: str | Path | None = None, sample_rate: int = 44100) -> None:
        """Load a soundfont (.sf2 or .sf3). Raises ScoretokError when it cannot be read."""
        self.sample_rate, self.block_samples = sample_rate, 1 << 18
        path = Path(soundfont) if soundfont else default_soundfont()
        if not path.is_file() or path.read_bytes()[:4] != b"RIFF":
            raise ScoretokError(f"{path} is not a soundfont; name a file that ends with .sf2 or .sf3")
        try:
            self._synthesizer = symusic.Synthesizer(sf_path=str(path), sample_rate=sample_rate)
        except (RuntimeError, ValueError, OSError) as error:
            raise ScoretokError(f"{path} is not a soundfont that can be played: {error}") from None

    def track_blocks(self, sheet: LeadSheet, track: int, seed: int = 0, first_block: int = 0) -> Iterator[np.ndarray]:
        """Blocks (2, block_samples) of one track; nothing here is left to chance. Raises ScoretokError."""
        check_memory(round(sheet.duration_s * self.sample_rate) * 8 * (len(TAKE_WEIGHTS) + 1), "the draft of one track")
        yield from blocks_of(self.render_track(sheet, track), self.block_samples, first_block)

    def render_track(self, sheet: LeadSheet, track: int) -> np.ndarray:
        """All samples of one track, float32 of shape (2, n), from tick 0 until its last sound has died away."""
        played = sounding(sheet.tracks[track])
        start, end = note_samples(sheet, played, self.sample_rate)
        takes = []
        for number, weight in enumerate(TAKE_WEIGHTS):
            ring_s = [RELEASE_S[number]] * len(played.notes)
            if played.is_drums:
                ring_s = [LONG_RINGS_S.get(note.pitch, DRUM_RING_S)[number] for note in played.notes]
            ring = np.rint(np.array(ring_s) * self.sample_rate).astype(np.int64)
            takes.append((self._take(played, start, (start if played.is_drums else end) + ring), weight))
        samples = np.zeros((2, max(take.shape[1] for take, _ in takes)), np.float32)
        for take, weight in takes:
            samples[:, : take.shape[1]] += take * np.float32(weight)
        return samples

    def _take(self, track: Track, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """The notes of a track played from sample to sample; start and end have shape (notes,)."""
        score = symusic.Score(self.sample_rate // 2)
        score.tempos.append(symusic.Tempo(0, 120))  # so that a tick is a sample
        part = symusic.Track("", track.program, track.is_drums)
        pitch, velocity = (np.array([n[i] for n in track.notes], np.int8) for i in (1, 3))
        part.notes = symusic.Note.from_numpy(start.astype(np.int32), (end - start).astype(np.int32), pitch, velocity)
        score.tracks.append(part)
        return np.asarray(self._synthesizer.render(score, stereo=True), np.float32).reshape(2, -1)


def note_samples(sheet: LeadSheet, track: Track, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """First and last sample of every note of a track, each of shape (notes,)."""
    at = {tick: sheet.seconds_at(tick) for note in track.notes for tick in (note.start_ticks, note.end_ticks)}
    start = np.rint([at[note.start_ticks] * sample_rate for note in track.notes]).astype(np.int64)
    end = np.rint([at[note.end_ticks] * sample_rate for note in track.notes]).astype(np.int64)
    return start, np.maximum(end, start + 1)


def sounding(track: Track) -> Track:
    """The track as the soundfont plays it: vocals by a voice-like program."""
    program = program_of(track)
    if program in (track.program, DRUMS):
        return track
    return Track(track.role, track.notes, program, track.name, track.muted)
