"""Voice conversion from file to file: a whole source block by block, or spans of a song with everything else kept."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from editing.voice.conversion import ConversionRequest, convert_blocks, reference_voice
from editing.voice.conversion_comment import conversion_comment
from editing.voice.in_mix import TimeSpan, convert_spans
from editing.voice.known_words import KnownWords
from editing.voice.source import analyse_source
from renderer.codec.mel import SAMPLE_RATE
from renderer.singing.phoneme_singer import SINGER_WEIGHTS, load_singer
from renderer.singing.singing_dit import SingingDiT
from renderer.singing.voices import voice_digest
from renderer.voice.pretrained import VoiceModels, load_models
from renderer.voice.profile import VoiceProfile
from renderer.voice.stream import WordTokens
from scoretok.audio import audio_writer, check_audio_path, check_output_of, open_audio, write_changed
from scoretok.audio.comments import append_comment
from scoretok.errors import ScoretokError
from scoretok.files import whole_file

StageProgress = Callable[[str, float], None]


@dataclass(frozen=True)
class Conversion:
    """A conversion that was written: how long the file is, by how much pitch moved, which spans changed (seconds)."""

    duration_s: float
    shift_semitones: float
    changed_s: tuple[TimeSpan, ...] | None = None


def no_progress(stage: str, share: float) -> None:
    """What happens when nobody follows the progress."""


def convert_voice(
    source: str | Path,
    target: str | Path | VoiceProfile,
    output: str | Path,
    request: ConversionRequest | None = None,
    spans_s: Sequence[TimeSpan] | None = None,
    separator: str = "",
    models: VoiceModels | None = None,
    progress: StageProgress = no_progress,
    words: KnownWords | None = None,
) -> Conversion:
    """Convert a file to the voice of a recording, a .voice file or a profile, and write it. Raises ScoretokError.

    With `words` the model is told what is sung beside what it hears; `models` are then those of `models_with_words`.

    With `spans_s`, or with a `separator` that takes the voice out of a mix ("spleeter", or a Demucs model), every
    sample outside what is converted stays as it is stored.
    """
    if Path(source).resolve() == Path(output).resolve():
        raise ScoretokError(f"{output} is the source itself; name another output")
    models = models or load_models()
    voice = target if isinstance(target, VoiceProfile) else reference_voice(models, target)
    request = request or ConversionRequest()
    if separator or spans_s is not None:
        return _convert_spans(models, source, output, voice, request, spans_s, separator, progress, words)
    return _convert_whole(models, source, output, voice, request, progress, words)


def models_with_words() -> VoiceModels:
    """The models that can be told words: the singer's, for voices of voice conversion. Raises ScoretokError."""
    singer = load_singer()
    return VoiceModels(singer.dit, singer.decoder, voice_digest(), SINGER_WEIGHTS)


def tokens_of_words(
    models: VoiceModels, words: KnownWords | None, samples: Callable[[], np.ndarray], start_s: float = 0.0
) -> WordTokens | None:
    """What a model is told of words in samples (n,), None where none are known."""
    if words is None:
        return None
    assert isinstance(models.dit, SingingDiT)
    return words.tokens(models.dit, samples(), start_s)


def _convert_whole(
    models: VoiceModels, source: str | Path, output: str | Path, voice: VoiceProfile, request: ConversionRequest,
    progress: StageProgress, words: KnownWords | None,
) -> Conversion:  # fmt: skip
    check_audio_path(output)
    file = open_audio(source)
    blocks = with_progress(
        file.blocks(SAMPLE_RATE), round(file.duration_s * SAMPLE_RATE), lambda share: progress("analysing", share)
    )
    analysis = analyse_source(blocks, str(source), file.sample_rate)
    shift = request.semitones(analysis.median_hz, voice)
    told = tokens_of_words(models, words, lambda: np.concatenate(list(file.blocks(SAMPLE_RATE))))
    with audio_writer(output, SAMPLE_RATE, 1, conversion_comment(voice, shift)) as writer:
        for block in convert_blocks(models, voice, request.parameters(analysis, voice), file.blocks(SAMPLE_RATE), told):
            writer.write(block[None].clip(-1, 1))
            progress("converting", writer.n_samples / max(1, analysis.n_samples))
    return Conversion(analysis.n_samples / SAMPLE_RATE, shift)


def _convert_spans(
    models: VoiceModels, source: str | Path, output: str | Path, voice: VoiceProfile, request: ConversionRequest,
    spans_s: Sequence[TimeSpan] | None, separator: str, progress: StageProgress, words: KnownWords | None,
) -> Conversion:  # fmt: skip
    file = open_audio(source)
    check_output_of(file, output)
    spans, analysis = convert_spans(
        models, file, voice, request, spans_s, separator, lambda share: progress("converting", share),
        lambda samples, start_s: tokens_of_words(models, words, lambda: samples, start_s),
    )  # fmt: skip
    shift = request.semitones(analysis.median_hz, voice)
    comment = conversion_comment(voice, shift, file.comment)
    with whole_file(output) as temporary:
        write_changed(replace(file, comment=comment), temporary, spans)
        if temporary.suffix.lower() == ".wav":
            append_comment(temporary, comment)
    rate = file.sample_rate
    return Conversion(
        file.duration_s, shift, tuple((start / rate, (start + part.shape[1]) / rate) for start, part in spans)
    )


def with_progress(
    blocks: Iterable[np.ndarray], n_samples: int, advance: Callable[[float], None]
) -> Iterator[np.ndarray]:
    """Blocks (n,) of so many samples; `advance` is called with the share that has passed."""
    seen = 0
    for block in blocks:
        yield block
        seen += len(block)
        advance(min(1.0, seen / max(1, n_samples)))
