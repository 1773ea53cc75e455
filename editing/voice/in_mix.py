"""A voice changed inside a song: taken out of the mix, converted, put back; or only in some bars of a source.

Every sample outside the spans stays as it is stored; inside, the accompaniment is what it was.

Axes: c channels, n samples.
"""

from collections.abc import Callable, Sequence

import numpy as np

from editing.inpainting.fill_spans import add_up, at_rate, in_channels
from editing.inpainting.splice import Change, splice
from editing.voice.conversion import ConversionRequest, convert_blocks
from editing.voice.source import SourceAnalysis, analyse_source
from mir.transcription import separate_stems
from renderer.codec.mel import SAMPLE_RATE
from renderer.voice.pretrained import VoiceModels
from renderer.voice.profile import VoiceProfile
from renderer.voice.stream import WordTokens
from scoretok.audio import AudioFile, Recording, check_memory
from scoretok.errors import ScoretokError

# Set by hand; no benchmark varies them.
CONTEXT_S = 4.0  # how much beside a span is heard with it
BUFFERS_PER_SAMPLE = 12  # floats that are held at once for every sample of what changes
TimeSpan = tuple[float, float]


def convert_spans(
    models: VoiceModels,
    recording: AudioFile,
    voice: VoiceProfile,
    request: ConversionRequest,
    spans_s: Sequence[TimeSpan] | None = None,
    separator: str = "",
    advance: Callable[[float], None] = lambda share: None,
    words: Callable[[np.ndarray, float], WordTokens | None] = lambda samples, start_s: None,
) -> tuple[list[tuple[int, np.ndarray]], SourceAnalysis]:
    """New samples of a recording as (start, (c, n)), at its rate, in spans of seconds or in all of it; and what the
    voice is like.

    With a `separator` ("spleeter", or a Demucs model) the voice is taken out of a mix first. `words` is called with
    mono samples (n,) of the voice and the second that they begin at, and tells what is known of their words. Raises
    ScoretokError.
    """
    spans = _joined([(0.0, recording.duration_s)] if spans_s is None else spans_s, recording)
    length = sum(stop - start + 2 * CONTEXT_S for start, stop in spans)
    check_memory(
        round(length * SAMPLE_RATE * recording.channels * 4 * BUFFERS_PER_SAMPLE), "what changes", "convert fewer bars"
    )
    windows = [_window(recording, span) for span in spans]
    voices = [voice_in(window, separator) for _, window in windows]
    whole = np.concatenate([part.mean(0) for part in voices])
    analysis = analyse_source([whole], f"the voice of {recording.path.name}" if separator else recording.path.name)
    params = request.parameters(analysis, voice)
    changes, done = [], 0
    for span, (first, window), part in zip(spans, windows, voices, strict=True):
        made = []
        told = words(part.mean(0), first / SAMPLE_RATE)
        for block in convert_blocks(models, voice, params, [part.mean(0)], told):
            made.append(block)
            done += len(block)
            advance(min(1.0, done / len(whole)))
        new = window - part + _placed(np.concatenate(made), part)
        begin, stop = (round(at_s * SAMPLE_RATE) - first for at_s in span)
        change = splice(window, new, max(0, begin), min(stop, window.shape[1]), SAMPLE_RATE)
        changes.append(Change(change.start + first, change.samples))
    at_its_rate = [in_channels(at_rate(change, recording.sample_rate), recording.channels) for change in changes]
    return [_applied(recording, change) for change in add_up(at_its_rate)], analysis


def _joined(spans: Sequence[TimeSpan], recording: AudioFile) -> list[TimeSpan]:
    """Spans in order within the recording, those that meet as one. Raises ScoretokError where one lies outside."""
    joined: list[TimeSpan] = []
    for start, stop in sorted(spans):
        if start >= recording.duration_s:
            raise ScoretokError(
                f"{recording.path.name} lasts {recording.duration_s:.1f} s; the bars begin at {start:.1f} s"
            )
        if joined and start <= joined[-1][1] + CONTEXT_S:
            joined[-1] = joined[-1][0], max(stop, joined[-1][1])
        else:
            joined.append((start, stop))
    return [(start, min(stop, recording.duration_s)) for start, stop in joined]


def _window(recording: AudioFile, span: TimeSpan) -> tuple[int, np.ndarray]:
    """The first sample, at 44.1 kHz, and the samples (c, n) of a span and what lies around it."""
    first = max(0, round((span[0] - CONTEXT_S) * SAMPLE_RATE))
    stop = min(round(recording.duration_s * SAMPLE_RATE), round((span[1] + CONTEXT_S) * SAMPLE_RATE))
    return first, recording.read_at(SAMPLE_RATE, first, stop).astype(np.float32)


def voice_in(window: np.ndarray, separator: str) -> np.ndarray:
    """The voice (c, n) in samples (c, n): all of them without a separator."""
    if not separator:
        return window
    stereo = np.broadcast_to(window.mean(0), (2, window.shape[1])) if len(window) != 2 else window
    stem = separate_stems(Recording(np.ascontiguousarray(stereo), SAMPLE_RATE), separator, lambda share: None)["vocals"]
    return stem.samples if len(window) == 2 else np.broadcast_to(stem.samples.mean(0), window.shape)


def _placed(voice: np.ndarray, part: np.ndarray) -> np.ndarray:
    """A mono voice (n,) in the channels (c, n) as what it replaces lies in them."""
    energy = np.sqrt(np.square(part).sum(1))
    mono = float(np.sqrt(np.square(part.mean(0)).sum()))
    return voice[None] * (energy / max(mono, 1e-9)).clip(0, 2)[:, None].astype(np.float32)


def _applied(recording: AudioFile, change: Change) -> tuple[int, np.ndarray]:
    """The new samples of the recording where something changes, the stored ones where nothing does."""
    stop = min(change.stop, recording.n_samples)
    old = recording.read(change.start, stop)
    return change.start, np.clip(old + change.samples[:, : stop - change.start], -1, 1)
