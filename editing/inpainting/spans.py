"""Spans of a recording that sound anew: where regions of a score are heard, with tails and seams."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from editing.inpainting.regions import Region, held_over_s, notes_in_bar
from editing.inpainting.splice import FADE_S, SEARCH_S
from editing.inpainting.time_map import IDENTITY_MAP, TimeMap
from editing.inpainting.timeline import Timeline
from renderer.note_array import drum_tail_s
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
        start_s, bar_line_s = after.bar_span_s(region.bars)
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
