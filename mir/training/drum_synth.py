"""Drums by rule, as drum machines make them: more kits than there are soundfonts to learn from.

Sweeping sines for skins, inharmonic squares for metal, noise for snares, claps and shakers (Reid, "Synth Secrets",
Sound on Sound, 1999-2004), every kit with parameters of its own.

Axes: n samples.
"""

from collections.abc import Callable

import numpy as np
from scipy import signal

from mir.notes.targets import DRUM_CLASS_KEYS, drum_class

# Ratios that many programs use for hi-hats like the TR-808's; where they come from is not known.
METAL = np.array([1.0, 1.342, 1.2312, 1.6532, 1.9523, 2.1523])  # of the squares of a cymbal
CLAP, SIDE_STICK, PEDAL_HAT, BELL = 39, 37, 44, 53
SHAKERS, RINGING, WOOD = (54, 58, 69, 70, 73, 74, 82), (56, 67, 68, 80, 81, 83, 84), (31, 32, 33, 75, 76, 77)
# Set by hand; no benchmark varies the computed drums.
LEVELS_DB = {"kick": (-3, 0), "snare": (-9, 0), "hat": (-22, -8), "openhat": (-20, -8), "tom": (-9, -2),
             "crash": (-16, -5), "ride": (-22, -9), "other": (-22, -4)}  # fmt: skip
TOM_PITCHES = {41: 0, 43: 2, 45: 5, 47: 8, 48: 11, 50: 15}  # semitones above the lowest one


class SynthDrumKit:
    """Drums at a sample rate, 32 kHz or more, drawn anew for every kit; a key sounds alike whenever it is struck."""

    def __init__(self, rate: int, rng: np.random.Generator) -> None:
        self._rate, self._rng = rate, rng
        self._metal_hz = log_uniform(rng, 180, 700)
        self._tom_hz = log_uniform(rng, 55, 110)
        self._curve = rng.uniform(0.8, 2.5)  # of loudness over velocity
        self._sounds: dict[int, np.ndarray] = {}

    def play(self, rows: np.ndarray, duration_s: float) -> np.ndarray:
        """Samples (2, n) of strokes, rows of start, end, pitch, velocity; a closed hat ends an open one."""
        total = np.zeros(round(duration_s * self._rate), np.float32)
        closed = np.sort(rows[np.isin(rows[:, 2], DRUM_CLASS_KEYS["hat"]), 0])
        for start_s, _, key, velocity in rows:
            sound = self.sound(int(key))
            if key in DRUM_CLASS_KEYS["openhat"]:
                behind = closed[closed > start_s + 0.02]
                if len(behind):
                    sound = fade_out(sound[: max(1, round((behind[0] - start_s) * self._rate))])
            at = round(start_s * self._rate)
            room = total[at : at + len(sound)]
            level = (velocity / 127) ** self._curve * 10 ** (self._rng.normal(0, 0.7) / 20)
            room += np.float32(level) * sound[: len(room)]
        return np.stack([total, total])

    def sound(self, key: int) -> np.ndarray:
        """What a key of General MIDI sounds like, (n,), as loud as drums of its kind are beside others."""
        if key not in self._sounds:
            sound = self._maker(key)(key)
            level_db = self._rng.uniform(*LEVELS_DB[drum_class(key)])
            self._sounds[key] = (sound / np.abs(sound).max() * 10 ** (level_db / 20)).astype(np.float32)
        return self._sounds[key]

    def _maker(self, key: int) -> Callable[[int], np.ndarray]:
        makers = {"kick": self._kick, "snare": self._snare, "hat": self._hat, "openhat": self._hat, "tom": self._tom,
                  "crash": self._cymbal, "ride": self._cymbal, "other": self._hand_drum}  # fmt: skip
        special = {CLAP: self._clap, SIDE_STICK: self._wood}
        for keys, maker in ((SHAKERS, self._shaker), (RINGING, self._ringing), (WOOD, self._wood)):
            special |= dict.fromkeys(keys, maker)
        return special.get(key, makers[drum_class(key)])

    def _kick(self, key: int) -> np.ndarray:
        draw = self._rng.uniform
        body = self._skin(draw(38, 75), draw(1.5, 9), draw(0.008, 0.05), draw(0.06, 0.5))
        body = np.tanh(body * draw(0.5, 4))
        return mix_sounds(body, draw(0, 0.6) * self._noise(draw(0.002, 0.01), (draw(800, 4000), 12000)))

    def _snare(self, key: int) -> np.ndarray:
        draw = self._rng.uniform
        hz, low = draw(140, 280), log_uniform(self._rng, 300, 3000)
        body = self._skin(hz, draw(1, 2), 0.01, draw(0.03, 0.2))
        body = mix_sounds(body, draw(0, 0.8) * self._skin(hz * draw(1.4, 1.9), 1, 0.01, draw(0.02, 0.12)))
        rattle = self._noise(draw(0.05, 0.28), (low, draw(max(5000, 2 * low), 15000)))
        return mix_sounds(draw(0.1, 1) * body, draw(0.3, 1.2) * rattle)

    def _clap(self, key: int) -> np.ndarray:
        draw = self._rng.uniform
        band, total = (draw(500, 1200), draw(2000, 7000)), np.zeros(1)
        for number in range(self._rng.integers(2, 5)):
            late = np.zeros(round(number * draw(0.008, 0.014) * self._rate))
            total = mix_sounds(total, np.concatenate([late, self._noise(draw(0.005, 0.012), band)]))
        return mix_sounds(
            total, draw(0.3, 1) * np.concatenate([np.zeros(len(total) // 2), self._noise(draw(0.05, 0.2), band)])
        )

    def _hat(self, key: int) -> np.ndarray:
        draw = self._rng.uniform
        is_open = key in DRUM_CLASS_KEYS["openhat"]
        fade_s = draw(0.15, 0.8) if is_open else draw(0.012, 0.05) if key == PEDAL_HAT else draw(0.015, 0.09)
        return self._metal(fade_s, draw(4000, 9000), draw(0, 1))

    def _cymbal(self, key: int) -> np.ndarray:
        draw = self._rng.uniform
        if key in DRUM_CLASS_KEYS["crash"]:
            return self._metal(draw(0.5, 1.8), draw(800, 4500), draw(0, 0.6))
        ping = self._skin(self._metal_hz * draw(4, 9), 1, 0.01, draw(0.1, 0.6))
        wash = self._metal(draw(0.3, 1.2), draw(2000, 6000), draw(0.3, 1))
        return mix_sounds(wash, (draw(0.5, 1.5) if key == BELL else draw(0, 0.5)) * ping)

    def _tom(self, key: int) -> np.ndarray:
        draw = self._rng.uniform
        hz = self._tom_hz * 2 ** (TOM_PITCHES[key] / 12)
        return mix_sounds(
            self._skin(hz, draw(1.1, 2.2), draw(0.02, 0.08), draw(0.1, 0.5)), draw(0, 0.3) * self._stick()
        )

    def _hand_drum(self, key: int) -> np.ndarray:
        draw = self._rng.uniform
        body = self._skin(log_uniform(self._rng, 140, 700), draw(1, 1.5), 0.02, draw(0.03, 0.25))
        return mix_sounds(body, draw(0, 0.4) * self._stick())

    def _shaker(self, key: int) -> np.ndarray:
        draw = self._rng.uniform
        sound = mix_sounds(
            self._noise(draw(0.02, 0.1), (draw(2500, 6000), 15500)), draw(0, 1) * self._metal(0.1, 7000, 1)
        )
        swell = max(1, round(draw(0.001, 0.02) * self._rate))
        return sound * np.minimum(1, np.arange(len(sound)) / swell)

    def _ringing(self, key: int) -> np.ndarray:
        draw = self._rng.uniform
        hz = log_uniform(self._rng, 450, 4000)
        return mix_sounds(
            self._skin(hz, 1, 0.01, draw(0.05, 0.5)), self._skin(hz * draw(1.4, 1.6), 1, 0.01, draw(0.05, 0.3))
        )

    def _wood(self, key: int) -> np.ndarray:
        draw = self._rng.uniform
        body = self._skin(log_uniform(self._rng, 350, 2600), 1, 0.01, draw(0.008, 0.05))
        return mix_sounds(body, draw(0, 0.6) * self._stick())

    def _stick(self) -> np.ndarray:
        return self._noise(self._rng.uniform(0.002, 0.012), (1000, 12000))

    def _skin(self, hz: float, sweep: float, sweep_s: float, fade_s: float) -> np.ndarray:
        """A sine that falls from `sweep` times its pitch, and by 60 dB in about seven times `fade_s`."""
        time_s = np.arange(round(min(2.0, 7 * fade_s) * self._rate)) / self._rate
        pitch = hz * (1 + (sweep - 1) * np.exp(-time_s / sweep_s))
        return np.sin(2 * np.pi * np.cumsum(pitch) / self._rate) * np.exp(-time_s / fade_s)

    def _noise(self, fade_s: float, band_hz: tuple[float, float]) -> np.ndarray:
        """Noise of a band, fading away."""
        fade = self._fade(fade_s)
        band = signal.butter(2, band_hz, "band", fs=self._rate, output="sos")
        sound = signal.sosfilt(band, self._rng.standard_normal(len(fade)))
        return sound / np.abs(sound).max() * fade

    def _metal(self, fade_s: float, lowest_hz: float, noisy: float) -> np.ndarray:
        """Squares that agree on no pitch, and noise, above a frequency."""
        fade = self._fade(fade_s)
        time_s = np.arange(len(fade)) / self._rate
        squares = np.sign(np.sin(2 * np.pi * self._metal_hz * METAL[:, None] * time_s)).sum(0)
        sound = (1 - noisy) * squares / 2.5 + noisy * self._rng.standard_normal(len(fade))
        sound = signal.sosfilt(signal.butter(3, lowest_hz, "high", fs=self._rate, output="sos"), sound)
        return sound / np.abs(sound).max() * fade

    def _fade(self, fade_s: float) -> np.ndarray:
        """From 1 to nearly nothing, (n,), in about seven times `fade_s`."""
        length = max(64, round(min(2.5, 7 * fade_s) * self._rate))
        return np.exp(-np.arange(length) / self._rate / fade_s)


def mix_sounds(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The sum of two sounds from the same moment on."""
    longer, shorter = (first, second) if len(first) >= len(second) else (second, first)
    total = longer.copy()
    total[: len(shorter)] += shorter
    return total


def fade_out(sound: np.ndarray) -> np.ndarray:
    """A sound whose last hundred samples fall to nothing."""
    length = min(100, len(sound))
    return np.concatenate([sound[:-length], sound[-length:] * np.linspace(1, 0, length, dtype=np.float32)])


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number between two, any octave as likely as another."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
