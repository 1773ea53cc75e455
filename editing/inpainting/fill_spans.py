"""Filling spans: what sounds anew on each track, and the samples of the recording that change by it.

Axes: c channels, n samples.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from editing.inpainting.recorded_stems import match_channels
from editing.inpainting.regions import audible_notes
from editing.inpainting.spans import InpaintSpan
from editing.inpainting.splice import FADE_S, Change, splice
from editing.inpainting.stems import Stems, TrackAudio
from editing.inpainting.sung_tracks import SungJob
from editing.inpainting.time_map import IDENTITY_MAP, TimeMap
from renderer.codec.mel import LATENT_SAMPLES, SAMPLE_RATE
from renderer.dit_engine import DitEngine
from renderer.inpaint_track import AROUND_SAMPLES, AudioContext, fill
from renderer.note_array import DRUM_PROGRAM, NoteArray, notes_of
from scoretok.audio import AudioFile, common_period, resample
from scoretok.sheet import LeadSheet


@dataclass(frozen=True)
class InpaintResult:
    """New samples of a recording, as (start, samples (c, n)) that do not overlap; spans with all that changed."""

    samples: list[tuple[int, np.ndarray]]
    spans: list[InpaintSpan]


def notes_in_audio_time(sheet: LeadSheet, track_id: str, time_map: TimeMap) -> NoteArray:
    """The notes of a track as they are heard in the recording; none of a track that is muted or not there."""
    if audible_notes(sheet, track_id):
        return time_map.warp_notes(notes_of(sheet, sheet.tracks_by_id[track_id]))
    nothing = np.zeros(0)
    return NoteArray(nothing, nothing, nothing.astype(int), nothing.astype(int), DRUM_PROGRAM)


def fill_span(
    span: InpaintSpan,
    notes: NoteArray,
    stems: TrackAudio,
    engine: DitEngine,
    seed: int,
    make: Callable[..., np.ndarray] = fill,
) -> Change:
    """One span of a track made anew in its context by `make`, as a change of what is heard of the track."""
    begin, stop = round(span.start_s * SAMPLE_RATE), round(span.stop_s * SAMPLE_RATE)
    fade = round(FADE_S * SAMPLE_RATE)
    frames = range(max(0, begin - fade) // LATENT_SAMPLES, -(-(stop + fade) // LATENT_SAMPLES))
    first = max(0, frames.start - AROUND_SAMPLES // LATENT_SAMPLES)
    end = (frames.stop + AROUND_SAMPLES // LATENT_SAMPLES) * LATENT_SAMPLES
    old = stems.read(span.track_id, first * LATENT_SAMPLES, end)
    if len(notes):
        context = stems.to_model(span.track_id, old)
        kept = np.concatenate([context[: begin - first * LATENT_SAMPLES], context[stop - first * LATENT_SAMPLES :]])
        reference = engine.reference(span.track_id) or stems.reference(span.track_id, kept)
        sampling = engine.sampling(span.track_id, seed)
        made = make(engine.pipeline, notes, AudioContext(context, first), frames, sampling, reference)
        new = stems.from_model(span.track_id, made)
    else:
        new = np.zeros_like(old)
    offset = first * LATENT_SAMPLES
    change = splice(old, new, begin - offset, stop - offset, SAMPLE_RATE)
    return Change(change.start + offset, change.samples)


def fill_spans(
    recording: AudioFile,
    after: LeadSheet,
    spans: Sequence[InpaintSpan],
    stems: Stems,
    engine: DitEngine,
    time_map: TimeMap = IDENTITY_MAP,
    seed: int = 0,
    advance: Callable[[], None] = lambda: None,
    make: Callable[..., np.ndarray] = fill,
    sung: SungJob | None = None,
) -> "InpaintResult":
    """Make spans anew: the samples of the recording that change, with the seconds they lie in.

    `make` is called as `renderer.inpaint_track.fill` is; `sung` sings what changes of the vocal tracks.
    """
    changes, spans = [], list(spans)
    for span in tuple(spans):
        notes = notes_in_audio_time(after, span.track_id, time_map)
        changes.append(stems.into_mix(span.track_id, fill_span(span, notes, stems, engine, seed, make)))
        advance()
    for span, change in sung.sing_all(seed) if sung else ():
        spans.append(span)
        changes.append(stems.into_mix(span.track_id, change))
        advance()
    changes = [in_channels(at_rate(change, recording.sample_rate), recording.channels) for change in changes]
    samples = [
        _apply_change(recording, change, stems) for change in add_up(changes) if change.start < recording.n_samples
    ]
    rate, end = recording.sample_rate, recording.n_samples
    edges_s = [(change.start / rate, min(change.stop, end) / rate) for change in changes]
    return InpaintResult(samples, [replace(s, start_s=a, stop_s=b) for s, (a, b) in zip(spans, edges_s, strict=True)])


def in_channels(change: Change, channels: int) -> Change:
    """A change with as many channels as the recording has."""
    return Change(change.start, match_channels(change.samples, channels))


def add_up(changes: Iterable[Change]) -> list[Change]:
    """Changes (c, n) that overlap as their sum."""
    sums: list[Change] = []
    for change in sorted(changes, key=lambda change: change.start):
        last = sums[-1] if sums else None
        if last is None or change.start >= last.stop:
            sums.append(change)
            continue
        total = np.zeros((last.samples.shape[0], max(last.stop, change.stop) - last.start))
        total[:, : last.samples.shape[1]] += last.samples
        total[:, change.start - last.start : change.stop - last.start] += change.samples
        sums[-1] = Change(last.start, total)
    return sums


def at_rate(change: Change, sample_rate: int) -> Change:
    """A change at 44.1 kHz as one at another rate."""
    if sample_rate == SAMPLE_RATE:
        return change
    here, there = common_period(SAMPLE_RATE, sample_rate)
    first = change.start // here
    padded = np.pad(change.samples, ((0, 0), (change.start - first * here, 0)))
    return Change(first * there, resample(padded, SAMPLE_RATE, sample_rate))


def _apply_change(recording: AudioFile, change: Change, stems: Stems) -> tuple[int, np.ndarray]:
    """The new samples of the recording where something changes, the stored ones where nothing does."""
    stop = min(change.stop, recording.n_samples)
    delta = change.samples[:, : stop - change.start]
    old = recording.read(change.start, stop)
    if stop < change.stop:
        fade = min(delta.shape[1], round(FADE_S * recording.sample_rate))
        delta = np.concatenate([delta[:, :-fade], delta[:, -fade:] * np.linspace(1, 0, fade)], axis=1)
    touched = delta.any(axis=0)
    new = old.copy()
    new[:, touched] = stems.add(old[:, touched], delta[:, touched])
    return change.start, new
