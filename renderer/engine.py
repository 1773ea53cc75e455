"""The interface of all engines, and the rendering of a whole score with one of them.

Axes: c channels (1 or 2), n samples.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, runtime_checkable

import numpy as np

from renderer.mixer import HEADROOM, Level, level_of, limit, place_in_room
from renderer.reverb import Reverb
from scoretok.audio import check_memory
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

MAX_DURATION_S = 2 * 3600
ECHO_S = 1.0  # the room's echoes reach no further
UNCHANGED = Level(gain_db=-20 * np.log10(HEADROOM))  # for a mix that is finished already
# name -> module and class; the default is the first.
ENGINES = {
    "dit": ("renderer.dit_engine", "DitEngine"),
    "draft": ("renderer.draft", "DraftEngine"),
    "ace-step": ("renderer.ace_step", "AceStepEngine"),
}


class Engine(Protocol):
    """Renders tracks of a score."""

    sample_rate: int
    block_samples: int

    def track_blocks(self, sheet: LeadSheet, track: int, seed: int, first_block: int) -> Iterator[np.ndarray]:
        """Blocks of one track from number `first_block` on, until its last sound has died away.

        Each is float32 of shape (c, block_samples); block 0 begins with the song.
        """
        ...


@runtime_checkable
class MixEngine(Protocol):
    """Renders a whole score at once, for models that know no tracks."""

    sample_rate: int
    block_samples: int

    def mix_blocks(self, sheet: LeadSheet, seed: int, first_block: int) -> Iterator[np.ndarray]:
        """Blocks of the mix from number `first_block` on, float32 of shape (2, block_samples)."""
        ...


@dataclass(frozen=True)
class AudioBlock:
    """A stretch of the rendered score: the mix and its stems by track id, float32 of shape (2, n)."""

    mix: np.ndarray
    stems: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Render:
    """A rendered score: the mix and its stems by track id, float32 of shape (2, n)."""

    sample_rate: int
    mix: np.ndarray
    stems: Mapping[str, np.ndarray]


class Channel:
    """One track on its way into the mix: its blocks, its place, its echoes."""

    def __init__(self, blocks: Iterator[np.ndarray], level: Level, sample_rate: int, block_samples: int) -> None:
        self.blocks, self.level, self.block_samples = blocks, level, block_samples
        self.reverb = Reverb(sample_rate) if level.room > 0 else None
        self.silent_blocks = 0  # since the track ended; its echoes may go on

    @property
    def ended(self) -> bool:
        """Whether nothing more can be heard."""
        reach = self.reverb.reach_samples if self.reverb else 0
        return self.silent_blocks * self.block_samples > reach

    def next(self) -> np.ndarray:
        """The next block in its place with its echoes, (2, n)."""
        dry = next(self.blocks, None)
        if dry is None:
            self.silent_blocks += 1
            dry = np.zeros((1, self.block_samples), np.float32)
        return place_in_room(dry, self.level, self.reverb)


def load_engine(name: str, **options: object) -> Engine | MixEngine:
    """An engine by name. Raises ScoretokError for unknown names."""
    if name not in ENGINES:
        raise ScoretokError(f"there is no engine {name!r}; engines are: {', '.join(ENGINES)}")
    module, kind = ENGINES[name]
    engine: Engine | MixEngine = getattr(import_module(module), kind)(**options)
    return engine


def sounding_tracks(sheet: LeadSheet) -> list[int]:
    """Tracks with notes that are not muted. Raises ScoretokError when there are none, or the score is too long."""
    if sheet.duration_s > MAX_DURATION_S:
        raise ScoretokError(
            f"the score lasts {sheet.duration_s / 3600:.1f} hours; render at most {MAX_DURATION_S // 3600} at a time:"
            " cut it with scoretok edit"
        )
    tracks = [i for i, track in enumerate(sheet.tracks) if track.notes and not track.muted]
    if not tracks:
        raise ScoretokError("there is nothing to hear: the score has no notes on tracks that sound")
    return tracks


def open_channels(
    sheet: LeadSheet, engine: Engine | MixEngine, levels: Mapping[str, Level], seed: int, first_block: int
) -> dict[str, Channel]:
    """A channel for every track that sounds, by track id; a single one, "mix", for engines that know no tracks."""
    rate, size = engine.sample_rate, engine.block_samples
    tracks = sounding_tracks(sheet)
    if isinstance(engine, MixEngine):
        return {"mix": Channel(engine.mix_blocks(sheet, seed, first_block), UNCHANGED, rate, size)}
    channels = {}
    for number in tracks:
        track_id = sheet.track_ids[number]
        blocks = engine.track_blocks(sheet, number, seed, first_block)
        channels[track_id] = Channel(blocks, level_of(sheet, track_id, levels), rate, size)
    return channels


def render_blocks(
    sheet: LeadSheet,
    engine: Engine | MixEngine,
    levels: Mapping[str, Level] | None = None,
    seed: int = 0,
    start_sample: int = 0,
    stop_sample: int | None = None,
) -> Iterator[AudioBlock]:
    """The rendered score block by block: every track by the engine, placed, echoed, summed and limited.

    Without `stop_sample` it goes on until the last echo. A sample is the same whatever `start_sample` is. No step
    looks at the whole signal, so memory stays flat and an edit changes only samples that its notes sound in.
    """
    size = engine.block_samples
    first = max(0, start_sample - round(ECHO_S * engine.sample_rate)) // size
    channels = open_channels(sheet, engine, levels or {}, seed, first)
    end_sample = round(sheet.duration_s * engine.sample_rate)
    begin = first * size
    while stop_sample is None or begin < stop_sample:
        stems = {track_id: channel.next() for track_id, channel in channels.items()}
        if stop_sample is None and begin >= end_sample and all(channel.ended for channel in channels.values()):
            return
        mix = limit(np.sum(list(stems.values()), axis=0))
        span = slice(max(0, start_sample - begin), None if stop_sample is None else stop_sample - begin)
        if begin + size > start_sample:
            yield AudioBlock(mix[:, span], {name: stem[:, span] for name, stem in stems.items()})
        begin += size


def count_blocks(
    sheet: LeadSheet, engine: Engine | MixEngine, start_sample: int = 0, stop_sample: int | None = None
) -> int:
    """About how many blocks `render_blocks` will give, for progress."""
    stop = stop_sample or round(sheet.duration_s * engine.sample_rate) + engine.block_samples
    return max(1, -(-(stop - start_sample // engine.block_samples * engine.block_samples) // engine.block_samples))


def render(
    sheet: LeadSheet,
    engine: str | Engine | MixEngine = "dit",
    levels: Mapping[str, Level] | None = None,
    keep_stems: bool = True,
    seed: int = 0,
    progress: Callable[[int], None] = lambda _: None,
) -> Render:
    """Render a score into memory; `render_blocks` is the same without holding it all.

    `levels` gives gain, pan and room by track id or role over the defaults of each role. Raises ScoretokError when
    there is nothing to render, or not enough memory for it.
    """
    player = load_engine(engine) if isinstance(engine, str) else engine
    tracks = len(sounding_tracks(sheet)) if keep_stems else 0
    check_memory(round(sheet.duration_s * player.sample_rate) * 8 * (2 + 2 * tracks), "the rendered score")
    mix: list[np.ndarray] = []
    stems: dict[str, list[np.ndarray]] = {}
    blocks = render_blocks(sheet, player, levels, seed)
    for number, block in enumerate(trim_silent_blocks(blocks, round(sheet.duration_s * player.sample_rate))):
        mix.append(block.mix)
        for name, stem in block.stems.items() if keep_stems else ():
            stems.setdefault(name, []).append(stem)
        progress(number)
    joined = {name: np.concatenate(parts, axis=1) for name, parts in stems.items()}
    return Render(player.sample_rate, np.concatenate(mix, axis=1), joined)


def trim_silent_blocks(blocks: Iterator[AudioBlock], least_samples: int) -> Iterator[AudioBlock]:
    """The blocks up to the last sample that is heard, but no fewer samples than `least_samples`."""
    seen, pending = 0, []
    for block in blocks:
        pending.append(block)
        audible = np.flatnonzero(block.mix.any(axis=0))
        wanted = max(int(audible[-1]) + 1 if len(audible) else 0, min(least_samples - seen, block.mix.shape[1]))
        seen += block.mix.shape[1]
        if wanted > 0:
            yield from pending[:-1]
            head, tail = _split_block(block, wanted)
            yield head
            pending = [tail]


def _split_block(block: AudioBlock, at: int) -> tuple[AudioBlock, AudioBlock]:
    """A block before and from a sample on."""
    parts = [
        AudioBlock(block.mix[:, span], {name: stem[:, span] for name, stem in block.stems.items()})
        for span in (slice(0, at), slice(at, None))
    ]
    return parts[0], parts[1]


def split_blocks(samples: np.ndarray, block_samples: int, first_block: int = 0) -> Iterator[np.ndarray]:
    """Samples (c, n) as blocks (c, block_samples), the last one filled with zeros."""
    starts = range(first_block * block_samples, samples.shape[1], block_samples)
    for start in starts:
        block = samples[:, start : start + block_samples]
        yield np.pad(block, ((0, 0), (0, block_samples - block.shape[1])))
