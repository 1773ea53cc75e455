"""What an edit changes of a sung track: whole phrases, from breath to breath, and nothing else.

Axes: c channels, n samples at 44.1 kHz.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from editing.inpainting.splice import Change
from editing.inpainting.timeline import AudioPiece, edge_gains
from renderer.codec.mel import HOP_SAMPLES, SAMPLE_RATE
from renderer.singing.phrase_frames import PhraseFrames
from renderer.singing.synthesis import samples_of


@dataclass(frozen=True)
class PhraseChanges:
    """Phrases that are sung anew, phrases whose sound goes, and the spans of samples in which either is heard."""

    fresh: tuple[PhraseFrames, ...]
    stale: tuple[PhraseFrames, ...]
    spans: tuple[range, ...]


def changed_phrases(
    before: Sequence[PhraseFrames], after: Sequence[PhraseFrames], pieces: Sequence[AudioPiece], all_anew: bool = False
) -> PhraseChanges:
    """Compare a track before and after an edit in a recording whose `pieces` (at 44.1 kHz) were moved.

    A phrase is kept where one piece holds all of it and it was sung there before. With `all_anew` none is, as for
    another voice.
    """
    fresh, kept = [], set()
    for phrase in after:
        number = None if all_anew else _sung_before(phrase, before, pieces)
        if number is None:
            fresh.append(phrase)
        else:
            kept.add(number)
    stale = [phrase for number, phrase in enumerate(before) if number not in kept]
    spans = [samples_of(phrase) for phrase in fresh]
    for phrase in stale:
        spans += [span for piece in pieces if len(span := _heard_in(samples_of(phrase), piece)) > 0]
    return PhraseChanges(tuple(fresh), tuple(stale), merge_ranges(spans))


def merge_ranges(spans: Sequence[range]) -> tuple[range, ...]:
    """Ranges of samples in order, those that meet as one, none before the song."""
    merged: list[range] = []
    for span in sorted(spans, key=lambda one: one.start):
        span = range(max(0, span.start), span.stop)  # noqa: PLW2901 - what lies before the song is not heard
        if merged and span.start <= merged[-1].stop:
            merged[-1] = range(merged[-1].start, max(merged[-1].stop, span.stop))
        elif span:
            merged.append(span)
    return tuple(merged)


def _sung_before(phrase: PhraseFrames, before: Sequence[PhraseFrames], pieces: Sequence[AudioPiece]) -> int | None:
    """The number of the phrase before the edit that is heard where this one is to be, if there is one."""
    offset = _offset(phrase, pieces)
    if offset is None:
        return None
    for number, old in enumerate(before):
        same_place = abs(samples_of(old).start - samples_of(phrase).start - offset) < HOP_SAMPLES
        if same_place and _equal(old, phrase, moved=offset != 0):
            return number
    return None


def _offset(phrase: PhraseFrames, pieces: Sequence[AudioPiece]) -> int | None:
    """How far away the piece that holds all of a phrase was copied from, in samples."""
    span = samples_of(phrase)
    for piece in pieces:
        whole_end = piece.is_last or span.stop <= piece.stop
        if piece.source is not None and (piece.start <= span.start or piece.start == 0) and whole_end:
            return piece.source - piece.start
    return None


def _equal(old: PhraseFrames, new: PhraseFrames, moved: bool) -> bool:
    """Whether two phrases sound alike: to the sample, or moved by less than a frame."""
    if old.seed != new.seed or len(old) != len(new):
        return False
    if moved:
        same_breath = (old.timed.breath_s is None) == (new.timed.breath_s is None)
        return same_breath and bool(np.allclose(old.dynamics, new.dynamics, atol=0.3))
    same_curves = np.array_equal(old.pitch.hz, new.pitch.hz) and np.array_equal(old.dynamics, new.dynamics)
    return old.timed == new.timed and same_curves


def _heard_in(span: range, piece: AudioPiece) -> range:
    """Where a piece plays some samples of the recording before the edit."""
    if piece.source is None:
        return range(0)
    offset = piece.start - piece.source
    start = max(span.start + offset, piece.start)
    stop = span.stop + offset if piece.is_last else min(span.stop + offset, piece.stop)
    return range(start, max(stop, start))


def sung_change(
    span: range, fresh: np.ndarray, stale: Callable[[int, int], np.ndarray], pieces: Sequence[AudioPiece]
) -> Change:
    """The change of a track (c, n) in a span: `fresh` (c, n) comes, and what pieces play of `stale` goes.

    `stale` gives samples (c, n) of what was sung before, from one sample of the recording to another.
    """
    samples = fresh.astype(np.float64)
    for piece in pieces:
        begin, end = max(span.start, piece.start), min(span.stop, span.stop if piece.is_last else piece.stop)
        if piece.source is None or begin >= end:
            continue
        offset = piece.source - piece.start
        begin = max(begin, -offset)
        old = stale(begin + offset, end + offset) * edge_gains(piece, begin, end, SAMPLE_RATE)
        samples[:, begin - span.start : end - span.start] -= old
    return Change(span.start, samples)
