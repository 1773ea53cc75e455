"""Voice conversion of files and samples: builds a conversion stream from a request.

Axes: c channels, n samples.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from editing.voice.source import SourceAnalysis, analyse_features, analyse_source
from renderer.codec.mel import SAMPLE_RATE
from renderer.voice.adapter import with_adapter
from renderer.voice.envelope import FRAME_S
from renderer.voice.f0 import Melody, Pitch, flatten_expression, octave_shift
from renderer.voice.features import VoiceFeatures, extract_features
from renderer.voice.pretrained import VoiceModels
from renderer.voice.profile import MIN_VOICED_FRAMES, VoiceProfile, enrol_voice, load_voice
from renderer.voice.stream import ConversionParams, ConversionStream, WordTokens
from renderer.voice.voice_dit import STEPS
from scoretok.audio import open_audio
from scoretok.errors import ScoretokError

AUTO, MATCH = "auto", "match"
VOICE_SUFFIXES = (".voice", ".safetensors")
LONGEST_REFERENCE_S = 30  # set by hand; benchmarks.voice compares 1, 3, 10 and 30 s
# By hand, after one of six held-out pairs of benchmarks.voice came out an octave too high (card).
RANGE_BELOW, RANGE_ABOVE = (
    2 ** (-4 / 12),
    2 ** (7 / 12),
)  # of the middle of a voice, where the middle of what it sings may lie
NEPERS_A_DECIBEL = np.log(10) / 20


@dataclass(frozen=True)
class ConversionRequest:
    """A conversion request beside the target voice; the fields are the options of `scoretok voice convert`."""

    shift: str = AUTO
    keep_expression: float = 1.0
    melody: Melody | None = None
    tune: float = 1.0
    formant_semitones: float = 0.0
    breath_db: float = 0.0
    steps: int = STEPS
    seed: int = 0

    def semitones(self, median_hz: float, voice: VoiceProfile) -> float:
        """By how much the pitch moves. Raises ScoretokError."""
        if self.shift == AUTO:
            return 12.0 * octave_shift(median_hz, RANGE_BELOW * voice.median_hz, RANGE_ABOVE * voice.median_hz)
        if self.shift == MATCH:
            return 12 * float(np.log2(voice.median_hz / median_hz)) if min(median_hz, voice.median_hz) > 0 else 0.0
        try:
            semitones = float(self.shift)
        except ValueError:
            raise ScoretokError(f"--shift {self.shift}: write auto, match, or semitones such as -5 or +12") from None
        if not abs(semitones) <= 36:
            raise ScoretokError(f"--shift {self.shift}: at most 36 semitones up or down")
        return semitones

    def parameters(self, analysis: SourceAnalysis, voice: VoiceProfile) -> ConversionParams:
        """Conversion parameters for an analysed source."""
        ratio = 2 ** (self.semitones(analysis.median_hz, voice) / 12)

        def pitch_change(first_frame: int, pitch: Pitch) -> Pitch:
            if self.melody is not None:
                pitch = self.melody.tuned(first_frame, pitch, self.tune)
            kept = flatten_expression(pitch, self.keep_expression)
            return Pitch(kept.hz * ratio, kept.voicing)

        return ConversionParams(
            analysis.nominal_log_power,
            pitch_change,
            2 ** (self.formant_semitones / 12),
            self.breath_db * NEPERS_A_DECIBEL,
            self.steps,
            seed=self.seed,
        )


def reference_voice(models: VoiceModels, path: str | Path, name: str = "", note: str = "") -> VoiceProfile:
    """A voice from a file: one that was enrolled, or a recording of some seconds. Raises ScoretokError."""
    if Path(path).suffix.lower() in VOICE_SUFFIXES:
        if not Path(path).is_file():
            raise ScoretokError(f"{path} does not exist; make it with: scoretok voice enrol")
        return load_voice(path, models.dit, models.digest)
    file = open_audio(path)
    features = reference_features(file.blocks(SAMPLE_RATE), str(path), file.sample_rate)
    return enrol_voice(models.dit, features, name or Path(path).stem, note)


def reference_features(blocks: Iterable[np.ndarray], name: str, rate: int) -> VoiceFeatures:
    """Features of a reference recording (at most LONGEST_REFERENCE_S), from blocks (n,) at 44.1 kHz.

    Raises ScoretokError where too little of a voice is in it.
    """
    samples = first_seconds(blocks, LONGEST_REFERENCE_S)
    features = extract_features(samples)
    features = replace(features, bandwidth_hz=analyse_features(samples, features, name, rate).bandwidth_hz)
    if features.pitch.is_voiced.sum() < MIN_VOICED_FRAMES:
        sung_s = features.pitch.is_voiced.sum() * FRAME_S
        raise ScoretokError(
            f"{name} holds {sung_s:.1f} s of a voice with pitch; a reference needs 0.5 s of it, better 3 to 30 s"
        )
    return features


def first_seconds(blocks: Iterable[np.ndarray], seconds: float) -> np.ndarray:
    """The first seconds of blocks (n,) of samples at 44.1 kHz."""
    parts, wanted = [np.zeros(0, np.float32)], round(seconds * SAMPLE_RATE)
    for block in blocks:
        parts.append(block[:wanted])
        wanted -= len(parts[-1])
        if wanted <= 0:
            break
    return np.concatenate(parts)


def convert_blocks(
    models: VoiceModels, voice: VoiceProfile, params: ConversionParams, blocks: Iterable[np.ndarray],
    words: WordTokens | None = None,
) -> Iterator[np.ndarray]:  # fmt: skip
    """Blocks (n,) in the voice, as many samples as come in; `words` are those of `editing.voice.known_words`."""
    stream = ConversionStream(with_adapter(models.dit, voice.adapter), models.decoder, voice, params, words)
    for block in blocks:
        yield stream.push(block)
    yield stream.finish()


def convert_samples(
    models: VoiceModels, samples: np.ndarray, voice: VoiceProfile, request: ConversionRequest | None = None
) -> np.ndarray:
    """Mono samples (n,) at 44.1 kHz in another voice, (n,). Raises ScoretokError where there is no voice in them."""
    request = request or ConversionRequest()
    analysis = analyse_source([samples], "the source")
    return np.concatenate(list(convert_blocks(models, voice, request.parameters(analysis, voice), [samples])))
