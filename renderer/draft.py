"""The draft engine: a soundfont, played at dozens of times real time."""

import heapq
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from renderer.engine import split_blocks
from renderer.note_array import DRUM_PROGRAM, NoteArray, drum_tail_s, notes_of
from scoretok.audio import check_memory
from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.sheet import LeadSheet

# The synthesizer moves envelopes on in steps of so many samples from the start of each call. Calls that begin on one
# grid keep what an edit leaves alone bit-identical.
STEP_SAMPLES = 64
LONGEST_RELEASE_S = 3.0  # set by hand; no benchmark varies it
BEND_SEMITONES = 24  # reach of the wheel, further than any bend of an instrument
BENDS = -1  # marks the events of the wheel, which come before notes of their step
GAIN_DB = -3.0  # set by hand; no benchmark varies it


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
            import tinysoundfont
        except ImportError:
            raise ScoretokError(
                "the draft sound needs the package tinysoundfont; install it with: pip install --no-deps tinysoundfont"
            ) from None
        self._synthesizer = tinysoundfont.Synth(gain=GAIN_DB, samplerate=sample_rate)
        try:
            self._soundfont = self._synthesizer.sfload(str(path))
        except Exception as error:
            raise ScoretokError(f"{path} is not a soundfont that can be played: {error}") from None

    def track_blocks(self, sheet: LeadSheet, track: int, seed: int = 0, first_block: int = 0) -> Iterator[np.ndarray]:
        """Blocks (2, block_samples) of one track; nothing here is left to chance. Raises ScoretokError."""
        check_memory(round(sheet.duration_s * self.sample_rate) * 8 * 3, "the draft of one track")
        yield from split_blocks(self.render_track(sheet, track), self.block_samples, first_block)

    def render_track(self, sheet: LeadSheet, track: int) -> np.ndarray:
        """All samples of one track, float32 of shape (2, n), from tick 0 until its last sound has died away."""
        return self.play(notes_of(sheet, sheet.tracks[track]))

    def play(self, notes: NoteArray) -> np.ndarray:
        """All samples of notes, float32 of shape (2, n), from second 0 until the last sound has died away."""
        drums = notes.program == DRUM_PROGRAM
        self._synthesizer.sounds_off()
        self._synthesizer.program_select(0, self._soundfont, 128 if drums else 0, 0 if drums else notes.program, drums)
        events = note_events(notes, self.sample_rate) if len(notes) else []
        bends = bend_events(notes, self.sample_rate, events[-1][0]) if events and notes.bend and not drums else []
        if bends:
            self._synthesizer.pitchbend_range(0, BEND_SEMITONES)
        steps = events[-1][0] + round(LONGEST_RELEASE_S * self.sample_rate) // STEP_SAMPLES if events else 0
        samples = np.zeros((steps * STEP_SAMPLES, 2), np.float32)
        now = 0
        for step, begins, pitch, velocity in [*heapq.merge(events, bends), (steps, 0, 0, 0)]:
            if step > now:
                part = samples[now * STEP_SAMPLES : step * STEP_SAMPLES].data.cast("B")
                self._synthesizer.generate_simple((step - now) * STEP_SAMPLES, part)
                now = step
            if begins == BENDS:
                self._synthesizer.pitchbend(0, pitch)
            elif begins:
                self._synthesizer.noteon(0, pitch, velocity)
            elif step < steps:
                self._synthesizer.noteoff(0, pitch)
        if bends:
            self._synthesizer.pitchbend(0, 8192)
        audible = np.flatnonzero(np.abs(samples).max(axis=1, initial=0) > 1e-5)
        played = np.ascontiguousarray(samples[: audible[-1] + 1 if len(audible) else 0].T)
        return notes.at_gain(played, 0.0, self.sample_rate)


def bend_events(notes: NoteArray, sample_rate: int, last_step: int) -> list[tuple[int, int, int, int]]:
    """(step, BENDS, wheel, 0) for every step in which the bend of a track moves."""
    if notes.bend is None:
        return []
    cents = notes.bend.at(np.arange(last_step + 1) * STEP_SAMPLES / sample_rate)
    wheel = np.clip(np.rint(8192 + cents / (100 * BEND_SEMITONES) * 8192), 0, 16383).astype(int)
    moves = np.flatnonzero(np.diff(wheel, prepend=8192))
    return [(int(step), BENDS, int(wheel[step]), 0) for step in moves]


def note_events(notes: NoteArray, sample_rate: int) -> list[tuple[int, int, int, int]]:
    """(step, 1 where a note begins, pitch, velocity), sorted; a note ends before the next of its pitch begins."""
    end_s = notes.end_s
    if notes.program == DRUM_PROGRAM:
        end_s = notes.start_s + np.array([drum_tail_s(int(pitch)) for pitch in notes.pitch])
    per_step = sample_rate / STEP_SAMPLES
    starts = np.rint(notes.start_s * per_step).astype(int)
    stops = np.maximum(np.rint(end_s * per_step).astype(int), starts + 1)
    events: list[tuple[int, int, int, int]] = []
    last: dict[int, tuple[int, int, int, int]] = {}
    rows = np.stack([starts, stops, notes.pitch, notes.velocity], 1).tolist()
    for start, stop, pitch, velocity in sorted(rows):
        if pitch in last and last[pitch][0] > start:
            events.remove(last[pitch])
            events.append((start, 0, pitch, 0))
        last[pitch] = (stop, 0, pitch, 0)
        events += [(start, 1, pitch, velocity), last[pitch]]
    return sorted(events)
