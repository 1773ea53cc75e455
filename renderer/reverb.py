"""The room that every track sends to: sparse echoes, heard a little differently in each ear.

Two velvet-noise filters in a row (Välimäki et al., "Late reverberation synthesis using filtered velvet noise",
2017): a few dozen early echoes, each spread by a few dozen late ones. Every output sample is a sum of earlier input
samples in a fixed order, so what a change cannot reach stays bit-identical, which no fast convolution promises.

Axes: c channels (2), n samples.
"""

import numpy as np

# Set by hand; no benchmark varies the room.
EARLY_S, LATE_S, FADE_S = 0.043, 0.9, 1.1
EARLY_ECHOES, LATE_ECHOES = 24, 40
CACHED = 8192  # samples at a time, so that all echoes of a stretch are added while it is in the cache
WALL = [(i, np.float32(0.25)) for i in range(4)]  # a gentle low-pass, as walls and air are


def velvet(echoes: int, length_s: float, fade_s: float, sample_rate: int, seed: int) -> list[tuple[int, np.float32]]:
    """Delays in samples and signed gains of evenly scattered echoes that fade by 60 dB in `fade_s`; energy 1."""
    rng = np.random.default_rng(seed)
    cell_s = length_s / echoes
    at_s = (np.arange(echoes) + rng.random(echoes)) * cell_s
    gain = rng.choice([-1.0, 1.0], echoes) * 10 ** (-3 * at_s / fade_s)
    gain /= np.sqrt((gain**2).sum())
    return [(round(float(a) * sample_rate), np.float32(g)) for a, g in zip(at_s, gain, strict=True)]


class Reverb:
    """A room with memory: mono blocks (n,) in, what comes back from the walls (c, n) out."""

    def __init__(self, sample_rate: int) -> None:
        self.early = [velvet(EARLY_ECHOES, EARLY_S, FADE_S, sample_rate, seed) for seed in (11, 12)]
        self.late = [velvet(LATE_ECHOES, LATE_S, FADE_S, sample_rate, seed) for seed in (21, 22)]
        self.before = round(0.012 * sample_rate)
        self.reach_samples = self.before + round((EARLY_S + LATE_S) * sample_rate) + len(WALL)
        self.dry = [np.zeros(round(EARLY_S * sample_rate) + self.before + 1, np.float32) for _ in range(2)]
        self.wall = [np.zeros(len(WALL) - 1, np.float32) for _ in range(2)]
        self.spread = [np.zeros(round(LATE_S * sample_rate) + 1, np.float32) for _ in range(2)]

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """The echoes of all blocks so far that fall into this one."""
        out = []
        for ear in range(2):
            early, self.dry[ear] = _echo(block, self.dry[ear], [(d + self.before, g) for d, g in self.early[ear]])
            softened, self.wall[ear] = _echo(early, self.wall[ear], WALL)
            late, self.spread[ear] = _echo(softened, self.spread[ear], self.late[ear])
            out.append(late)
        return np.stack(out)


def _echo(block: np.ndarray, past: np.ndarray, echoes: list[tuple[int, np.float32]]) -> tuple[np.ndarray, np.ndarray]:
    """Sum of delayed copies (n,), and the samples to remember."""
    line = np.concatenate([past, block])
    out = np.zeros(len(block), np.float32)
    scaled = np.empty(CACHED, np.float32)
    for start in range(0, len(block), CACHED):
        part = out[start : start + CACHED]
        for delay, gain in echoes:
            begin = len(past) - delay + start
            part += np.multiply(line[begin : begin + len(part)], gain, out=scaled[: len(part)])
    return out, line[len(line) - len(past) :]
