"""Choosing what a request leaves open of a song's header: tempo and key."""

from dataclasses import dataclass, replace

import numpy as np

from planner.language import FIRST, KEYS, MAX_WINDOW_BARS, SIZE, TOKENS, bpm_of_step, tempo_step
from planner.sequence import header_tokens
from planner.song import PlanBar, Song
from planner.writer import Writer

SLOWEST, FASTEST = 40.0, 220.0
TEMPO, KEY = FIRST["Tempo"], FIRST["Key"]


@dataclass(frozen=True)
class Open:
    """What of a header the model chooses: the tempo, within `bpm_range`; the key, in `mode` ("maj" or "min") if any."""

    tempo: bool = False
    key: bool = False
    bpm_range: tuple[float, float] = (SLOWEST, FASTEST)
    mode: str | None = None


def choose_heading(writer: Writer, song: Song, bars: int, left: Open) -> Song:
    """The song with what is open of its header drawn by the model, in the order in which it stands there."""
    ids = header_tokens(replace(song, plan=(PlanBar(),) * min(bars, MAX_WINDOW_BARS)))
    writer.restart()
    writer.say(*ids[:2])
    if left.tempo:
        slowest, fastest = map(tempo_step, left.bpm_range)
        song = replace(song, bpm=bpm_of_step(writer.draw(_mask(range(TEMPO + slowest, TEMPO + fastest + 1))) - TEMPO))
    else:
        writer.say(ids[2])
    writer.say(ids[3])
    if left.key:
        tokens = [KEY + number for number, key in enumerate(KEYS) if left.mode in (None, key.partition(":")[2])]
        song = replace(song, key=TOKENS[writer.draw(_mask(tokens))].partition("_")[2])
    return song


def _mask(tokens: range | list[int]) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[list(tokens)] = True
    return mask
