"""Rendering a track of the studio: all of it at first, later only what changed or what another take is asked of.

Axes: n samples, mono, at 44.1 kHz.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from editing.inpainting.regions import join_cells
from editing.inpainting.spans import plan_spans
from editing.studio.engines import Engines, TakeStems
from editing.studio.takes import SAMPLE_RATE, Take, TakeStore, as_heard, bar_samples, bars_played
from scoretok.difference import diff
from scoretok.sheet import LeadSheet

CUT_FADE_S = 0.005


class BarState(StrEnum):
    """How a bar of a track sounds."""

    EMPTY = "empty"  # no notes, and none are heard
    DRAFT = "draft"  # never rendered
    CHANGED = "changed"  # rendered with other notes
    RENDERED = "rendered"


def bar_states(sheet: LeadSheet, number: int, store: TakeStore, take_ids: Sequence[str]) -> list[BarState]:
    """The state of every bar of a track whose takes are laid over one another."""
    played = store.played(take_ids)
    states = []
    for bar, wanted in enumerate(bars_played(sheet, number)):
        heard = played.get(bar)
        if heard is None or not heard.is_at(wanted):
            states.append(BarState.DRAFT if wanted.notes else BarState.EMPTY)
        elif heard.is_like(wanted):
            states.append(BarState.RENDERED if wanted.notes else BarState.EMPTY)
        else:
            states.append(BarState.CHANGED)
    return states


def bars_to_render(sheet: LeadSheet, number: int, store: TakeStore, take_ids: Sequence[str]) -> list[int]:
    """The bars of a track that the model has not played, or not as they are."""
    states = bar_states(sheet, number, store, take_ids)
    return [bar for bar, state in enumerate(states) if state in (BarState.DRAFT, BarState.CHANGED)]


def render_changes(
    sheet: LeadSheet, number: int, store: TakeStore, take_ids: Sequence[str], engines: Engines, seed: int = 0
) -> Iterator[Take]:
    """Takes, each laid over those before, after which all bars of a track are rendered."""
    track, over = TrackRendering(sheet, number, store, engines, seed), tuple(take_ids)
    if not track.is_sung and bars_to_render(sheet, number, store, over):
        for take in track.rest(over):
            over = take.layers
            yield take
    if bars := bars_to_render(sheet, number, store, over):
        yield from track.anew(over, bars)


def render_take(
    sheet: LeadSheet,
    number: int,
    store: TakeStore,
    take_ids: Sequence[str],
    engines: Engines,
    seed: int,
    bars: range,
    name: str,
) -> Iterator[Take]:
    """Another take of some bars of a track that is rendered; of a vocal track, of the phrases that reach into them."""
    yield from TrackRendering(sheet, number, store, engines, seed, name).anew(tuple(take_ids), bars)


@dataclass(frozen=True)
class TrackRendering:
    """A track of a score being rendered: by which engines, with which seed, under which name its takes are kept.

    `over` are the takes that what is made is laid over.
    """

    sheet: LeadSheet
    number: int
    store: TakeStore
    engines: Engines
    seed: int = 0
    name: str = ""

    @property
    def is_sung(self) -> bool:
        """Whether it is a vocal track."""
        return self.sheet.tracks[self.number].role == "vocal"

    def anew(self, over: tuple[str, ...], bars: Sequence[int]) -> Iterator[Take]:
        """Some bars, by the engine of the track."""
        return self._sung(over, bars) if self.is_sung else self._filled(over, bars)

    def rest(self, over: tuple[str, ...]) -> Iterator[Take]:
        """A played track from where its takes end to the end of the song, block after block."""
        sheet, size = self.sheet, self.engines.block_samples
        start = max((self.store.get(one).stop_sample for one in over), default=0)
        end, first = bar_samples(sheet, sheet.bar_count - 1).stop, start // size
        starts = range(first * size, end, size) if start < end else ()
        spans = [range(max(start, at), min(end, at + size)) for at in starts]
        blocks = self.engines.render_blocks(sheet, self.number, self.seed, first)
        bars = [bar for bar in range(sheet.bar_count) if bar_samples(sheet, bar).stop > start]
        for span, own in zip(spans, bars_by_span(sheet, bars, spans), strict=True):
            block = next(blocks, np.zeros(size, np.float32))
            take = self._keep(over, span.start, block[span.start % size : span.start % size + len(span)], own)
            over = take.layers
            yield take

    def _filled(self, over: tuple[str, ...], bars: Sequence[int]) -> Iterator[Take]:
        """Bars of a played track made anew in their context, span after span."""
        sheet, track_id = self.sheet, self.sheet.track_ids[self.number]
        heard = as_heard(sheet, self.number, self.store.played(over))
        regions = join_cells((track_id, bar) for bar in bars)
        for span in plan_spans(heard, sheet, regions, {bar: bar for bar in range(sheet.bar_count)}):
            change = self.engines.fill(sheet, span, TakeStems(self.store, over), self.seed)
            new = self.store.read(over, change.start, change.stop) + change.samples[0].astype(np.float32)
            take = self._keep(over, change.start, new, span.bars)
            over = take.layers
            yield take

    def _sung(self, over: tuple[str, ...], bars: Sequence[int]) -> Iterator[Take]:
        """The phrases of a vocal track that changed or reach into some bars, one after another."""
        heard = as_heard(self.sheet, self.number, self.store.played(over))
        phrases = self.engines.sing(heard, self.sheet, self.number, self.seed, bars)
        if not phrases:  # the bars changed, and nothing is heard otherwise
            yield self._keep(over, 0, np.zeros(0, np.float32), bars)
        spans = [span for span, _ in phrases]
        for (span, sing), own in zip(phrases, bars_by_span(self.sheet, bars, spans), strict=True):
            take = self._keep(over, span.start, sing(), own)
            over = take.layers
            yield take

    def _keep(self, over: tuple[str, ...], start: int, samples: np.ndarray, bars: Iterable[int]) -> Take:
        """Samples of the track as a take that plays some bars of it."""
        played = bars_played(self.sheet, self.number)
        plays, track_id = {bar: played[bar] for bar in bars}, self.sheet.track_ids[self.number]
        return self.store.add(track_id, start, samples, plays, over, self.seed, self.name)


def move_takes(
    before: LeadSheet, after: LeadSheet, store: TakeStore, chosen: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """Takes of tracks for a score whose bars were moved: bars that are as long as they were sound as they did.

    `chosen` are the takes that were heard, by track id. Empty where no bar moved.
    """
    if (before.bar_starts, before.tempos) == (after.bar_starts, after.tempos):
        return {}  # diff pairs as many bars by their numbers
    pairs = diff(before, after).old_bars
    sources = {
        new: bar_samples(before, old) for new, old in pairs.items() if _length(before, old) == _length(after, new)
    }
    if all(bar_samples(after, new).start == source.start for new, source in sources.items()):
        return {}
    moved = {}
    for track_id, take_ids in chosen.items():
        if track_id not in after.track_ids or not take_ids:
            continue
        number, played = after.track_ids.index(track_id), store.played(take_ids)
        wanted = bars_played(after, number)
        samples = np.zeros(wanted[-1].stop_sample, np.float32)
        for run in _runs(sources):
            start, stop = wanted[run[0]].start_sample, wanted[run[-1]].stop_sample
            source = sources[run[0]].start
            samples[start:stop] = faded(store.read(take_ids, source, source + stop - start))
        plays = {
            new: replace(wanted[new], digest=played[pairs[new]].digest, notes=played[pairs[new]].notes)
            for new in sources
            if pairs[new] in played
        }
        moved[track_id] = store.add(track_id, 0, samples, plays).layers
    return moved


def bars_by_span(sheet: LeadSheet, bars: Iterable[int], spans: Sequence[range]) -> list[list[int]]:
    """Which bars are done with which of some spans of samples: each with the last that reaches into it."""
    found: list[list[int]] = [[] for _ in spans]
    for bar in bars:
        own = bar_samples(sheet, bar)
        reach = [n for n, span in enumerate(spans) if span.start < own.stop and span.stop > own.start]
        if spans:
            found[max(reach, default=len(spans) - 1)].append(bar)
    return found


def _length(sheet: LeadSheet, bar: int) -> float:
    """How long a bar is, in seconds."""
    start_s, stop_s = sheet.bar_span_s(range(bar, bar + 1))
    return round(stop_s - start_s, 6)


def _runs(sources: Mapping[int, range]) -> list[list[int]]:
    """Bars whose samples followed one another and still do."""
    runs: list[list[int]] = []
    for bar in sorted(sources):
        if runs and runs[-1][-1] == bar - 1 and sources[bar - 1].stop == sources[bar].start:
            runs[-1].append(bar)
        else:
            runs.append([bar])
    return runs


def faded(samples: np.ndarray) -> np.ndarray:
    """Samples (n,) that begin and end softly, where they are cut."""
    fade = min(len(samples) // 2, round(CUT_FADE_S * SAMPLE_RATE))
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    out = samples.copy()
    out[:fade] *= ramp
    out[len(out) - fade :] *= ramp[::-1]
    return out
