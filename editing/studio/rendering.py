"""Rendering a track of the studio: all of it at first, later only what changed or what another take is asked of.

Axes: n samples, mono, at 44.1 kHz.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

import numpy as np

from editing.inpainting.regions import join_cells
from editing.inpainting.spans import plan_spans
from editing.studio.engines import Engines, TakeStems
from editing.studio.takes import Take, TakeStore, as_heard, bar_samples, bars_played
from scoretok.sheet import LeadSheet


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
        if heard is None:
            states.append(BarState.DRAFT if wanted.notes else BarState.EMPTY)
        elif heard.digest == wanted.digest:
            states.append(BarState.RENDERED if wanted.notes else BarState.EMPTY)
        else:
            states.append(BarState.CHANGED)
    return states


def render_changes(
    sheet: LeadSheet, number: int, store: TakeStore, take_ids: Sequence[str], engines: Engines, seed: int = 0
) -> Iterator[Take]:
    """Takes to be laid over those of a track, one by one, after which all its bars are rendered."""
    states = bar_states(sheet, number, store, take_ids)
    bars = [bar for bar, state in enumerate(states) if state in (BarState.DRAFT, BarState.CHANGED)]
    if not bars:
        return
    if sheet.tracks[number].role == "vocal":
        yield from _sung(sheet, number, store, take_ids, engines, seed, bars, "render")
    elif not take_ids:
        yield from _whole(sheet, number, store, engines, seed)
    else:
        yield from _filled(sheet, number, store, take_ids, engines, seed, bars, "render")


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


def _whole(sheet: LeadSheet, number: int, store: TakeStore, engines: Engines, seed: int) -> Iterator[Take]:
    """A played track, block after block, up to the end of the song."""
    end, size = bar_samples(sheet, sheet.bar_count - 1).stop, engines.block_samples
    spans = [range(start, min(end, start + size)) for start in range(0, end, size)]
    blocks = engines.render_blocks(sheet, number, seed)
    for span, bars in zip(spans, bars_by_span(sheet, range(sheet.bar_count), spans), strict=True):
        block = next(blocks, np.zeros(size, np.float32))
        yield _keep(sheet, number, store, "render", seed, span.start, block[: len(span)], bars)


def _filled(
    sheet: LeadSheet,
    number: int,
    store: TakeStore,
    take_ids: Sequence[str],
    engines: Engines,
    seed: int,
    bars: Sequence[int],
    name: str,
) -> Iterator[Take]:
    """Bars of a played track made anew in their context, span after span."""
    track_id, ids = sheet.track_ids[number], list(take_ids)
    heard = as_heard(sheet, number, store.played(take_ids))
    regions = join_cells((track_id, bar) for bar in bars)
    for span in plan_spans(heard, sheet, regions, {bar: bar for bar in range(sheet.bar_count)}):
        change = engines.fill(sheet, span, TakeStems(store, ids), seed)
        new = store.read(ids, change.start, change.stop) + change.samples[0].astype(np.float32)
        take = _keep(sheet, number, store, name, seed, change.start, new, span.bars)
        ids.append(take.take_id)
        yield take


def _sung(
    sheet: LeadSheet,
    number: int,
    store: TakeStore,
    take_ids: Sequence[str],
    engines: Engines,
    seed: int,
    bars: Sequence[int],
    name: str,
) -> Iterator[Take]:
    """The phrases of a vocal track that changed or reach into some bars, one after another."""
    heard = as_heard(sheet, number, store.played(take_ids))
    phrases = engines.sing(heard, sheet, number, seed, bars)
    if not phrases:  # the bars changed, and nothing is heard otherwise
        yield _keep(sheet, number, store, name, seed, 0, np.zeros(0, np.float32), bars)
    spans = [span for span, _ in phrases]
    for (span, sing), own in zip(phrases, bars_by_span(sheet, bars, spans), strict=True):
        yield _keep(sheet, number, store, name, seed, span.start, sing(), own)


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
    sheet: LeadSheet, number: int, store: TakeStore, name: str, seed: int, start: int, samples: np.ndarray,
    bars: Iterable[int],
) -> Take:  # fmt: skip
    """Samples of a track as a take that plays some bars of it."""
    played = bars_played(sheet, number)
    return store.add(sheet.track_ids[number], name, start, samples, {bar: played[bar] for bar in bars}, seed)
