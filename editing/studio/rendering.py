"""Rendering a track of the studio: all of it at first, later only what changed or what another take is asked of.

Axes: n samples, mono, at 44.1 kHz.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
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


def render_changes(
    sheet: LeadSheet, number: int, store: TakeStore, take_ids: Sequence[str], engines: Engines, seed: int = 0
) -> Iterator[Take]:
    """Takes, each laid over those before, after which all bars of a track are rendered."""
    over = tuple(take_ids)
    if sheet.tracks[number].role != "vocal" and _to_render(sheet, number, store, over):
        for take in _rest(sheet, number, store, over, engines, seed):
            over = take.layers
            yield take
    if bars := _to_render(sheet, number, store, over):
        make = _sung if sheet.tracks[number].role == "vocal" else _filled
        yield from make(sheet, number, store, over, engines, seed, bars)


def _to_render(sheet: LeadSheet, number: int, store: TakeStore, take_ids: Sequence[str]) -> list[int]:
    """The bars of a track that the model has not played, or not as they are."""
    states = bar_states(sheet, number, store, take_ids)
    return [bar for bar, state in enumerate(states) if state in (BarState.DRAFT, BarState.CHANGED)]


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
    if sheet.tracks[number].role == "vocal":
        yield from _sung(sheet, number, store, take_ids, engines, seed, list(bars), name)
    else:
        yield from _filled(sheet, number, store, take_ids, engines, seed, list(bars), name)


def move_takes(
    before: LeadSheet, after: LeadSheet, store: TakeStore, chosen: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """Takes of tracks for a score whose bars were moved: bars that are as long as they were sound as they did.

    `chosen` are the takes that were heard, by track id. Empty where no bar moved.
    """
    pairs = {new: old for old, new in diff(before, after).bar_pairs if new is not None and old is not None}
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


def _rest(
    sheet: LeadSheet, number: int, store: TakeStore, over: Sequence[str], engines: Engines, seed: int
) -> Iterator[Take]:
    """A played track from where its takes end to the end of the song, block after block."""
    start = max((store.get(one).stop_sample for one in over), default=0)
    end, size = bar_samples(sheet, sheet.bar_count - 1).stop, engines.block_samples
    first = start // size
    spans = [range(max(start, at), min(end, at + size)) for at in range(first * size, end, size)] if start < end else []
    blocks = engines.render_blocks(sheet, number, seed, first)
    bars = [bar for bar in range(sheet.bar_count) if bar_samples(sheet, bar).stop > start]
    layers = tuple(over)
    for span, own in zip(spans, bars_by_span(sheet, bars, spans), strict=True):
        block = next(blocks, np.zeros(size, np.float32))
        part = block[span.start % size : span.start % size + len(span)]
        take = _keep(sheet, number, store, layers, seed, span.start, part, own)
        layers = take.layers
        yield take


def _filled(
    sheet: LeadSheet,
    number: int,
    store: TakeStore,
    take_ids: Sequence[str],
    engines: Engines,
    seed: int,
    bars: Sequence[int],
    name: str = "",
) -> Iterator[Take]:
    """Bars of a played track made anew in their context, span after span."""
    track_id, over = sheet.track_ids[number], tuple(take_ids)
    heard = as_heard(sheet, number, store.played(take_ids))
    regions = join_cells((track_id, bar) for bar in bars)
    for span in plan_spans(heard, sheet, regions, {bar: bar for bar in range(sheet.bar_count)}):
        change = engines.fill(sheet, span, TakeStems(store, over), seed)
        new = store.read(over, change.start, change.stop) + change.samples[0].astype(np.float32)
        take = _keep(sheet, number, store, over, seed, change.start, new, span.bars, name)
        over = take.layers
        yield take


def _sung(
    sheet: LeadSheet,
    number: int,
    store: TakeStore,
    take_ids: Sequence[str],
    engines: Engines,
    seed: int,
    bars: Sequence[int],
    name: str = "",
) -> Iterator[Take]:
    """The phrases of a vocal track that changed or reach into some bars, one after another."""
    heard, over = as_heard(sheet, number, store.played(take_ids)), tuple(take_ids)
    phrases = engines.sing(heard, sheet, number, seed, bars)
    if not phrases:  # the bars changed, and nothing is heard otherwise
        yield _keep(sheet, number, store, over, seed, 0, np.zeros(0, np.float32), bars, name)
    spans = [span for span, _ in phrases]
    for (span, sing), own in zip(phrases, bars_by_span(sheet, bars, spans), strict=True):
        take = _keep(sheet, number, store, over, seed, span.start, sing(), own, name)
        over = take.layers
        yield take


def bars_by_span(sheet: LeadSheet, bars: Iterable[int], spans: Sequence[range]) -> list[list[int]]:
    """Which bars are done with which of some spans of samples: each with the last that reaches into it."""
    found: list[list[int]] = [[] for _ in spans]
    for bar in bars:
        own = bar_samples(sheet, bar)
        reach = [n for n, span in enumerate(spans) if span.start < own.stop and span.stop > own.start]
        if spans:
            found[max(reach, default=len(spans) - 1)].append(bar)
    return found


def _keep(
    sheet: LeadSheet, number: int, store: TakeStore, over: Sequence[str], seed: int, start: int, samples: np.ndarray,
    bars: Iterable[int], name: str = "",
) -> Take:  # fmt: skip
    """Samples of a track as a take that plays some bars of it."""
    played = bars_played(sheet, number)
    plays = {bar: played[bar] for bar in bars}
    return store.add(sheet.track_ids[number], start, samples, plays, over, seed, name)


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
