"""Samples header fields that a request leaves open: tempo and key."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from planner.language import FIRST, KEYS, MAX_WINDOW_BARS, SIZE, TOKENS, bpm_of_step, tempo_step
from planner.sequence import header_tokens
from planner.song import PlanBar, Song

if TYPE_CHECKING:
    from planner.token_sampling import TokenWriter

SLOWEST, FASTEST = 40.0, 220.0  # of tempos that the model may choose; set by hand
TEMPO, KEY = FIRST["Tempo"], FIRST["Key"]


@dataclass(frozen=True)
class OpenHeader:
    """Header fields to sample: tempo within `bpm_range`; key, in `mode` ("maj" or "min") if given."""

    tempo: bool = False
    key: bool = False
    bpm_range: tuple[float, float] = (SLOWEST, FASTEST)
    mode: str | None = None


def sample_header(writer: "TokenWriter", song: Song, bars: int, open_fields: OpenHeader) -> Song:
    """The song with what is open of its header drawn by the model, in the order in which it stands there."""
    ids = header_tokens(replace(song, plan=(PlanBar(),) * min(bars, MAX_WINDOW_BARS)))
    writer.restart()
    writer.feed(*ids[:2])
    if open_fields.tempo:
        slowest, fastest = map(tempo_step, open_fields.bpm_range)
        song = replace(song, bpm=bpm_of_step(writer.sample(_mask(range(TEMPO + slowest, TEMPO + fastest + 1))) - TEMPO))
    else:
        writer.feed(ids[2])
    writer.feed(ids[3])
    if open_fields.key:
        tokens = [KEY + number for number, key in enumerate(KEYS) if open_fields.mode in (None, key.partition(":")[2])]
        song = replace(song, key=TOKENS[writer.sample(_mask(tokens))].partition("_")[2])
    return song


def _mask(tokens: range | list[int]) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[list(tokens)] = True
    return mask
