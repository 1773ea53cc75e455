"""From regions of a score to changed samples of a recording.

Axes: c channels, n samples.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from editing.inpaint.recorded_stems import match_channels
from editing.inpaint.regions import Region, audible_notes, held_over_s, notes_in_bar
from editing.inpaint.splice import FADE_S, SEARCH_S, Change, splice
from editing.inpaint.stems import Stems
from editing.inpaint.time_map import IDENTITY_MAP, TimeMap
from editing.inpaint.timeline import Timeline
from renderer.codec.mel import LATENT_SAMPLES, SAMPLE_RATE
from renderer.dit_engine import DitEngine
from renderer.inpaint_track import AROUND_SAMPLES, AudioContext, fill
from renderer.note_array import DRUM_PROGRAM, NoteArray, drum_tail_s, notes_of
from scoretok.audio import AudioFile, common_period, resample
from scoretok.sheet import LeadSheet

# Set by hand; benchmarks.inpaint measures the seams.
RELEASE_S = 0.5  # how long the tails of notes that changed are looked after


@dataclass(frozen=True)
class InpaintSpan:
    """What sounds anew on one track: its regions, and seconds of the recording with tails and seams."""

    track_id: str
    regions: tuple[Region, ...]
    start_s: float
    stop_s: float

    @property
    def bars(self) -> list[int]:
        """Bars of the score after the edit, counted from 0."""
        return sorted({bar for region in self.regions for bar in region.bars})


@dataclass(frozen=True)
class InpaintResult:
    """New samples of a recording, as (start, samples (c, n)) that do not overlap; spans with all that changed."""

    samples: list[tuple[int, np.ndarray]]
    spans: list[InpaintSpan]


def plan_spans(
    before: LeadSheet,
    after: LeadSheet,
    regions: Iterable[Region],
    pairs: Mapping[int, int],
    time_map: TimeMap = IDENTITY_MAP,
) -> list[InpaintSpan]:
    """Where in the recording the regions are heard, with the tails of notes that changed.

    `pairs` names the bar before for bars after the edit that have one.
    """
    spans = []
    for region in regions:
        start_s, bar_line_s = region.span_s(after)
        tails_s = [end_s + RELEASE_S for end_s in _changed_ends_s(before, after, region, pairs)]
        start_s, stop_s = (float(time_map.to_audio(s)) for s in (start_s, max([bar_line_s, *tails_s])))
        spans.append(InpaintSpan(region.track_id, (region,), max(0.0, start_s), max(0.0, stop_s)))
    return join_spans(spans)


def spans_at_joints(
    before: LeadSheet, after: LeadSheet, timeline: Timeline, old_time_map: TimeMap, tracks: Iterable[str]
) -> list[InpaintSpan]:
    """What is made anew behind bar lines at which a recording is joined: what rings there on every track."""
    tracks = tuple(tracks)
    spans = []
    for bar in timeline.joints:
        line_s = max(0.0, float(timeline.time_map.to_audio(after.seconds_at(after.bar_starts[bar]))))
        shown = min(bar, after.bar_count - 1)
        for name in tracks:
            held_s = _held_over_audio_s(after, name, bar, timeline.time_map)
            if bar in timeline.kept:
                held_s = max(held_s, _held_over_audio_s(before, name, timeline.kept[bar], old_time_map))
            spans.append(
                InpaintSpan(name, (Region(name, range(shown, shown + 1)),), line_s, line_s + held_s + RELEASE_S)
            )
    return spans


def _held_over_audio_s(sheet: LeadSheet, track_id: str, bar: int, time_map: TimeMap) -> float:
    """How many seconds of the recording notes ring into a bar."""
    line_s = sheet.seconds_at(sheet.bar_starts[bar])
    audio_s = time_map.to_audio(np.array([line_s, line_s + held_over_s(sheet, track_id, bar)]))
    return float(audio_s[1] - audio_s[0])


def join_spans(spans: Iterable[InpaintSpan]) -> list[InpaintSpan]:
    """Spans in order; neighbours on a track that would meet become one."""
    joined: list[InpaintSpan] = []
    for span in sorted(spans, key=lambda span: (span.track_id, span.start_s)):
        last = joined[-1] if joined else None
        if last and last.track_id == span.track_id and span.start_s - FADE_S < last.stop_s + SEARCH_S + 2 * FADE_S:
            both = (*last.regions, *span.regions)
            joined[-1] = InpaintSpan(span.track_id, both, last.start_s, max(last.stop_s, span.stop_s))
        else:
            joined.append(span)
    return joined


def _changed_ends_s(before: LeadSheet, after: LeadSheet, region: Region, pairs: Mapping[int, int]) -> list[float]:
    """Ends in seconds of the notes of a region that are not in both scores; of all, when none differs."""
    is_drums = region.track_id.startswith("drums.")
    ends_s, changed_s = [], []
    for bar in region.bars:
        new = notes_in_bar(after, region.track_id, bar)
        old = notes_in_bar(before, region.track_id, pairs[bar]) if bar in pairs else set()
        line = after.bar_starts[bar]
        for start, end, pitch, velocity in old | new:
            end_s = after.seconds_at(line + start) + drum_tail_s(pitch) if is_drums else after.seconds_at(line + end)
            ends_s.append(end_s)
            if ((start, end, pitch, velocity) in old) != ((start, end, pitch, velocity) in new):
                changed_s.append(end_s)
    return changed_s or ends_s


def notes_in_audio_time(sheet: LeadSheet, track_id: str, time_map: TimeMap) -> NoteArray:
    """The notes of a track as they are heard in the recording; none of a track that is muted or not there."""
    if audible_notes(sheet, track_id):
        return time_map.warp_notes(notes_of(sheet, sheet.tracks_by_id[track_id]))
    nothing = np.zeros(0)
    return NoteArray(nothing, nothing, nothing.astype(int), nothing.astype(int), DRUM_PROGRAM)


def fill_span(
    span: InpaintSpan,
    notes: NoteArray,
    stems: Stems,
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
) -> "InpaintResult":
    """Make spans anew: the samples of the recording that change, with the seconds they lie in.

    `make` is called as `renderer.inpaint_track.fill` is.
    """
    changes = []
    for span in spans:
        notes = notes_in_audio_time(after, span.track_id, time_map)
        changes.append(stems.into_mix(span.track_id, fill_span(span, notes, stems, engine, seed, make)))
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
