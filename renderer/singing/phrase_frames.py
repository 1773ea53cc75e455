"""A phrase on the grid of frames: what is sung when, at which pitch and how loud.

Axes: f frames (86.13 Hz), p phones.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from renderer.singing.expression import dynamics, hz_of, pitch_curve
from renderer.singing.phone_timing import TimedPhone, TimedPhrase, time_phones
from renderer.singing.vocal_phrases import VocalPhrase
from renderer.voice.envelope import FRAME_S
from renderer.voice.f0 import Pitch
from scoretok.singing import AS_USUAL, Singing

PAD_FRAMES = 24  # of silence around a phrase, in which its sound dies away
DrawnPitch = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class PhraseFrames:
    """A phrase from frame `first_frame` of the song on: its phones with times in seconds from there, `pitch`, and
    `dynamics` (f,), nepers of power over the usual."""

    phrase: VocalPhrase
    timed: TimedPhrase
    first_frame: int
    pitch: Pitch
    dynamics: np.ndarray
    seed: int

    def __len__(self) -> int:
        return len(self.pitch)

    @property
    def start_s(self) -> float:
        """The time of its first frame in the song."""
        return self.first_frame * FRAME_S

    @property
    def spans_s(self) -> list[tuple[float, float]]:
        """Begin and end of every phone in seconds from the first frame."""
        return [(phone.start_s - self.start_s, phone.end_s - self.start_s) for phone in self.timed.phones]

    @property
    def phone_numbers(self) -> np.ndarray:
        """The number of the phone that is sung in each frame, -1 before and after, (f,)."""
        times_s = self.start_s + np.arange(len(self)) * FRAME_S
        starts = np.array([phone.start_s for phone in self.timed.phones])
        number = np.searchsorted(starts, times_s, side="right") - 1
        return np.where(times_s < self.timed.end_s, number, -1)


def frames_of_phrase(
    phrase: VocalPhrase, style: Singing = AS_USUAL, drawn: DrawnPitch | None = None, voice_number: int = 0
) -> PhraseFrames:
    """A phrase as it will be sung. `drawn` gives MIDI pitches (f,) at times (f,) in place of the rules, NaN where they
    hold; `voice_number` tells singers of the same part, and takes of one, apart."""
    timed = time_phones(phrase, style.consonants, style.breath)
    first_frame = int(np.floor(timed.begin_s / FRAME_S)) - PAD_FRAMES
    frames = int(np.ceil(timed.end_s / FRAME_S)) + PAD_FRAMES - first_frame
    frames += frames % 2
    times_s = (first_frame + np.arange(frames)) * FRAME_S
    seed = _seed(phrase, voice_number)
    midi = pitch_curve(phrase, times_s, style, seed)
    if drawn:
        asked = drawn(times_s)
        midi = np.where(np.isnan(asked), midi, asked)
    voicing = _voicing(timed.phones, times_s)
    return PhraseFrames(phrase, timed, first_frame, Pitch(hz_of(midi), voicing), dynamics(phrase, times_s), seed)


def _voicing(phones: tuple[TimedPhone, ...], times_s: np.ndarray) -> np.ndarray:
    """1 in frames (f,) whose phone is voiced."""
    number = np.searchsorted([phone.start_s for phone in phones], times_s, side="right") - 1
    voiced = np.array([phone.is_voiced for phone in phones])
    inside = (number >= 0) & (times_s < phones[-1].end_s)
    return np.where(inside, voiced[np.clip(number, 0, None)], False).astype(float)


def _seed(phrase: VocalPhrase, voice_number: int) -> int:
    """Chance that depends on what the phrase is, and not on where it stands."""
    begin_s = phrase.start_s
    notes = [(round(n.start_s - begin_s, 3), round(n.end_s - begin_s, 3), n.pitch, n.velocity) for n in phrase.notes]
    phones = [[p.symbol for p in (*s.onset, s.nucleus, *s.coda)] for s in phrase.syllables]
    return zlib.crc32(repr((notes, phones, voice_number)).encode())
