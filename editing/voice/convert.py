"""A take in another voice: what is asked for becomes a stream, and a file goes through it.

Axes: c channels, n samples.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from editing.voice.adapter import with_adapter
from editing.voice.envelope import FRAME_S
from editing.voice.model import STEPS
from editing.voice.models import VoiceModels
from editing.voice.pitch import Melody, Pitch, flattened, octaves_to
from editing.voice.singer import Heard, hear
from editing.voice.stream import Manner, Stream
from editing.voice.take import Survey, look_over, survey_of
from editing.voice.voices import SHORTEST_FRAMES, Voice, enrolled, load_voice
from renderer.codec.mel import SAMPLE_RATE
from scoretok.audio import open_audio
from scoretok.errors import ScoretokError

AUTO, MATCH = "auto", "match"
VOICE_SUFFIXES = (".voice", ".safetensors")
LONGEST_REFERENCE_S = 30
BELOW, ABOVE = 2 ** (-4 / 12), 2 ** (7 / 12)  # of the middle of a voice, where the middle of what it sings may lie
NEPERS_A_DECIBEL = np.log(10) / 20


@dataclass(frozen=True)
class Wish:
    """What is asked for beside the voice: see `scoretok voice convert --help`."""

    shift: str = AUTO
    keep_expression: float = 1.0
    melody: Melody | None = None
    tune: float = 1.0
    formant_semitones: float = 0.0
    breath_db: float = 0.0
    steps: int = STEPS
    seed: int = 0

    def semitones(self, median_hz: float, voice: Voice) -> float:
        """By how much the pitch moves. Raises ScoretokError."""
        if self.shift == AUTO:
            return 12.0 * octaves_to(median_hz, BELOW * voice.median_hz, ABOVE * voice.median_hz)
        if self.shift == MATCH:
            return 12 * float(np.log2(voice.median_hz / median_hz)) if min(median_hz, voice.median_hz) > 0 else 0.0
        try:
            semitones = float(self.shift)
        except ValueError:
            raise ScoretokError(f"--shift {self.shift}: write auto, match, or semitones such as -5 or +12") from None
        if not abs(semitones) <= 36:
            raise ScoretokError(f"--shift {self.shift}: at most 36 semitones up or down")
        return semitones

    def manner(self, survey: Survey, voice: Voice) -> Manner:
        """How a take is converted, when it has been looked over."""
        ratio = 2 ** (self.semitones(survey.median_hz, voice) / 12)

        def pitch_change(first_frame: int, pitch: Pitch) -> Pitch:
            if self.melody is not None:
                pitch = self.melody.tuned(first_frame, pitch, self.tune)
            kept = flattened(pitch, self.keep_expression)
            return Pitch(kept.hz * ratio, kept.voicing)

        return Manner(
            survey.usual, pitch_change, 2 ** (self.formant_semitones / 12), self.breath_db * NEPERS_A_DECIBEL,
            self.steps, seed=self.seed,
        )  # fmt: skip


def reference_voice(models: VoiceModels, path: str | Path, name: str = "", note: str = "") -> Voice:
    """A voice from a file: one that was enrolled, or a recording of some seconds. Raises ScoretokError."""
    if Path(path).suffix.lower() in VOICE_SUFFIXES:
        if not Path(path).is_file():
            raise ScoretokError(f"{path} does not exist; make it with: scoretok voice enrol")
        return load_voice(path, models.dit, models.digest)
    file = open_audio(path)
    heard = hear_reference(file.blocks(SAMPLE_RATE), str(path), file.sample_rate)
    return enrolled(models.dit, heard, name or Path(path).stem, note)


def hear_reference(blocks: Iterable[np.ndarray], name: str, rate: int) -> Heard:
    """What is heard of a reference, as much as it may last, from blocks (n,) at 44.1 kHz that were recorded at a rate.

    Raises ScoretokError where too little of a voice is in it.
    """
    samples = first_seconds(blocks, LONGEST_REFERENCE_S)
    heard = hear(samples)
    heard = replace(heard, bandwidth_hz=survey_of(samples, heard, name, rate).bandwidth_hz)
    if heard.pitch.is_voiced.sum() < SHORTEST_FRAMES:
        sung_s = heard.pitch.is_voiced.sum() * FRAME_S
        raise ScoretokError(
            f"{name} holds {sung_s:.1f} s of a voice with pitch; a reference needs 0.5 s of it, better 3 to 30 s"
        )
    return heard


def first_seconds(blocks: Iterable[np.ndarray], seconds: float) -> np.ndarray:
    """The first seconds of blocks (n,) of samples at 44.1 kHz."""
    parts, wanted = [np.zeros(0, np.float32)], round(seconds * SAMPLE_RATE)
    for block in blocks:
        parts.append(block[:wanted])
        wanted -= len(parts[-1])
        if wanted <= 0:
            break
    return np.concatenate(parts)


def converted(models: VoiceModels, voice: Voice, manner: Manner, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Blocks (n,) in the voice, as many samples as come in."""
    stream = Stream(with_adapter(models.dit, voice.adapter), models.decoder, voice, manner)
    for block in blocks:
        yield stream.push(block)
    yield stream.finish()


def convert_samples(models: VoiceModels, samples: np.ndarray, voice: Voice, wish: Wish | None = None) -> np.ndarray:
    """Mono samples (n,) at 44.1 kHz in another voice, (n,). Raises ScoretokError where there is no voice in them."""
    wish = wish or Wish()
    survey = look_over([samples], "the take")
    return np.concatenate(list(converted(models, voice, wish.manner(survey, voice), [samples])))
