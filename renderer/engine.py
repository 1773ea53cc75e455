"""The interface of all engines, and the rendering of a whole score with one of them.

Axes: c channels (2), n samples.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np

from renderer.mixer import Level, default_level, limit, place
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

MAX_DURATION_S = 2 * 3600
# name -> module and class; the default is the first.
ENGINES = {"draft": ("renderer.draft", "DraftEngine")}


class Engine(Protocol):
    """Renders tracks of a score."""

    sample_rate: int

    def render_track(self, sheet: LeadSheet, track: int, seed: int) -> np.ndarray:
        """Samples of one track, float32 of shape (c, n), from tick 0 until its last sound has died away."""
        ...


@dataclass(frozen=True)
class Render:
    """A rendered score: the mix and its stems by track id, float32 of shape (c, n)."""

    sample_rate: int
    mix: np.ndarray
    stems: Mapping[str, np.ndarray]


def load_engine(name: str, **options: object) -> Engine:
    """An engine by name. Raises ScoretokError for unknown names."""
    if name not in ENGINES:
        raise ScoretokError(f"there is no engine {name!r}; engines are: {', '.join(ENGINES)}")
    module, kind = ENGINES[name]
    engine: Engine = getattr(import_module(module), kind)(**options)
    return engine


def render_tracks(sheet: LeadSheet, engine: Engine, seed: int = 0) -> Iterator[tuple[str, np.ndarray]]:
    """Stems one by one, muted and empty tracks left out: (track id, samples of shape (c, n))."""
    if sheet.duration_s > MAX_DURATION_S:
        raise ScoretokError(
            f"the score lasts {sheet.duration_s / 3600:.1f} hours; render at most {MAX_DURATION_S // 3600} at a time,"
            " with --bars"
        )
    for number, track in enumerate(sheet.tracks):
        if track.notes and not track.muted:
            yield sheet.track_ids[number], engine.render_track(sheet, number, seed)


def render(
    sheet: LeadSheet,
    engine: str | Engine = "draft",
    levels: Mapping[str, Level] | None = None,
    keep_stems: bool = True,
    seed: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> Render:
    """Render a score: every track by the engine, placed by the mixer, summed and limited.

    `levels` gives gain and pan by track id or role over the defaults of each role. No step looks at the
    whole signal, so an edit changes only samples that its notes sound in. Raises ScoretokError when
    there is nothing to render.
    """
    player = load_engine(engine) if isinstance(engine, str) else engine
    length = round(sheet.duration_s * player.sample_rate)
    mix = np.zeros((2, length), np.float32)
    stems: dict[str, np.ndarray] = {}
    for track_id, dry in render_tracks(sheet, player, seed):
        role = track_id.partition(".")[0]
        level = (levels or {}).get(track_id) or (levels or {}).get(role) or default_level(role)
        stem = place(dry, level)
        if stem.shape[1] > mix.shape[1]:
            mix = np.pad(mix, ((0, 0), (0, stem.shape[1] - mix.shape[1])))
        mix[:, : stem.shape[1]] += stem
        if keep_stems:
            stems[track_id] = stem
        progress(track_id)
    if not mix.shape[1] or not mix.any():
        raise ScoretokError("there is nothing to hear: the score has no notes on tracks that sound")
    whole = mix.shape[1]
    stems = {name: np.pad(stem, ((0, 0), (0, whole - stem.shape[1]))) for name, stem in stems.items()}
    return Render(player.sample_rate, limit(mix), stems)
