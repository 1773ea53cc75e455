"""Writing what a request asks for: the plan bar by bar, then the cells, every token drawn among those that are legal.

Axes: v vocabulary.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from planner.language import FIRST, ID
from planner.model import Cache, PlannerModel
from planner.plans import PlanBarState
from planner.request import FREE, BarRequest, Request
from planner.sequence import given_tokens, header_tokens, plan_tokens, read_plan
from planner.song import PHRASE_BARS, PlanBar, Song
from scoretok.errors import ScoretokError


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn: `temperature` 0 takes the likeliest, `top_p` the likeliest that make up this share."""

    temperature: float = 1.0
    top_p: float = 0.95
    seed: int = 0


class Writer:
    """Feeds a model token by token, from a cache that can be wound back."""

    def __init__(self, model: PlannerModel, sampling: Sampling | None = None) -> None:
        self.model, self.sampling = model, sampling or Sampling()
        self.rng = np.random.default_rng(self.sampling.seed)
        self.cache = Cache(model.config, model.config.max_position_embeddings)
        self.pending: list[int] = []
        self.log_likelihood, self.drawn = 0.0, 0

    @property
    def length(self) -> int:
        """Tokens so far."""
        return self.cache.length + len(self.pending)

    def mark(self) -> tuple:
        """Where the sequence stands, for `rewind`."""
        return self.cache.length, list(self.pending), self.log_likelihood, self.drawn

    def rewind(self, mark: tuple) -> None:
        """Forget all tokens since a mark; chance goes on."""
        self.cache.length, pending, self.log_likelihood, self.drawn = mark
        self.pending = list(pending)

    def restart(self) -> None:
        """Begin another sequence."""
        self.cache.length, self.pending = 0, []

    def say(self, *tokens: int) -> None:
        """Take tokens as they are."""
        self.pending += tokens

    @torch.inference_mode()
    def draw(self, mask: np.ndarray) -> int:
        """Draw one of the tokens that a mask (v,) allows, and take it. Raises IndexError when there is none."""
        legal = np.flatnonzero(mask)
        if len(legal) == 1:
            token = int(legal[0])
            self.say(token)
            return token
        if self.length >= self.model.config.max_position_embeddings:
            raise ScoretokError("a bar does not fit into the context of the model; write fewer tracks at a time")
        logits = self.model(torch.tensor([self.pending]), self.cache, last_only=True)[0, -1].double().numpy()
        self.pending = []
        everything = logits - np.logaddexp.reduce(logits)
        token = int(legal[self._pick(logits[legal])])
        self.log_likelihood += float(everything[token])
        self.drawn += 1
        self.say(token)
        return token

    def _pick(self, logits: np.ndarray) -> int:
        """One of some logits, by temperature and nucleus (Holtzman et al., 2020)."""
        if self.sampling.temperature <= 0:
            return int(np.argmax(logits))
        scaled = (logits - logits.max()) / self.sampling.temperature
        chances = np.exp(scaled) / np.exp(scaled).sum()
        order = np.argsort(-chances, kind="stable")
        kept = order[: int(np.searchsorted(np.cumsum(chances[order]), self.sampling.top_p)) + 1]
        return int(self.rng.choice(kept, p=chances[kept] / chances[kept].sum()))


def write_plan(writer: Writer, request: Request, advance: Callable[[int], None] = lambda bar: None) -> Song:
    """The song of a request with a whole plan; its cells are those that are given."""
    song = replace(request.song, plan=tuple(PlanBar() for _ in request.bars))
    if is_whole(request.bars, len(song.parts)):
        return replace(song, plan=tuple(plan_of(bar) for bar in request.bars))
    writer.restart()
    writer.say(*header_tokens(song), *given_tokens(song, request.given), ID["Plan"])
    plan: list[PlanBar] = []
    since: int | None = None
    meter, played = song.meter, [False] * len(song.parts)
    for bar, asked in enumerate(request.bars):
        meter = asked.meter or meter
        writer.say(FIRST["Bar"] + bar)
        known = [FIRST["Bar"] + bar + 1] if bar + 1 < len(request.bars) else [ID["Notes"]]
        state = PlanBarState(
            96 * meter[0] // meter[1], 96 // meter[1], since, len(request.bars) - bar,
            asked.label_token(), asked.densities or [None] * len(song.parts), must_play(request, bar, played),
            None if asked.chords is None else plan_tokens(PlanBar(asked.chords)), request.controls.scale,
        )  # fmt: skip
        ids = plan_tokens(PlanBar((), meter=asked.meter, key=asked.key))
        writer.say(*ids)
        while (token := writer.draw(state.mask(known[0]))) != known[0]:
            state.advance(token)
        writer.pending.pop()  # it is said when the next bar begins
        plan.append(read_plan([*ids, *state.ids], len(song.parts)))
        since = 1 if plan[-1].label is not None else (since or 0) + 1
        played = [
            one or bool(level) for one, level in zip(played, plan[-1].densities or [0] * len(played), strict=True)
        ]
        advance(bar)
    return replace(song, plan=tuple(plan))


def must_play(request: Request, bar: int, played: list[bool]) -> list[bool]:
    """Parts that have to play in a section that begins here: those that have not yet, when it may be the last one."""
    left = len(request.bars) - bar
    later = any(asked.label not in (None, FREE) for asked in request.bars[bar + 1 :])
    return [not one and not later and left < 2 * PHRASE_BARS for one in played]


def is_whole(bars: tuple[BarRequest, ...], parts: int) -> bool:
    """Whether nothing of a plan is left to the model."""
    return all(
        bar.chords is not None
        and bar.label != FREE
        and (bar.label is None or (len(bar.densities) == parts and None not in bar.densities))
        for bar in bars
    )


def plan_of(bar: BarRequest) -> PlanBar:
    """The plan of a bar that is given whole."""
    densities = tuple(level or 0 for level in bar.densities) if bar.label is not None else None
    return PlanBar(bar.chords or (), bar.label, densities, bar.meter, bar.key)
