"""The tracks of a recording that nobody has stems of, told apart by the score.

The renderer plays every track of the score as it is heard; its sound, its colour fitted to the recording, says which
share of each time-frequency cell belongs to which track (a Wiener filter, as in score-informed source separation:
Ewert, Pardo, Müller, Plumbley, "Score-informed source separation for musical audio recordings", 2014).

Axes: c channels, n samples at 44.1 kHz, q STFT bins, f STFT frames, k mel bands, s tracks.
"""

import numpy as np
import torch
from torch import Tensor

from editing.inpaint.clock import Clock
from editing.inpaint.recording import Recording
from editing.inpaint.splice import Change
from renderer.audio_files import resample_channels
from renderer.codec.mel import LATENT_SAMPLES, SAMPLE_RATE, istft, mel_filters, stft
from renderer.codec.model import band_interpolation
from renderer.dit.timbres import loudest_stretch
from renderer.dit_engine import DitEngine
from renderer.notes import notes_of
from renderer.pipeline import Sampling, TrackRenderer
from scoretok.sheet import LeadSheet

FIT_STEPS = 40
REST = 0.01  # what no track plays has this share of the mean spectrum
WORKING_LEVEL = 0.1  # root mean square of a track as the model was trained on
LEAST = 1e-5
MARGIN = 4 * LATENT_SAMPLES


class SeparatedStems:
    """Stems of any recording, by its score."""

    def __init__(self, recording: Recording, before: LeadSheet, clock: Clock, engine: DitEngine) -> None:
        self.recording, self.engine = recording, engine
        self.players: dict[str, TrackRenderer] = {}
        for track_id, track in zip(before.track_ids, before.tracks, strict=True):
            if track.notes and not track.muted:
                sampling = Sampling(steps=0, name=track_id)
                self.players[track_id] = engine.pipeline.track(clock.notes(notes_of(before, track)), sampling)
        self.gains: dict[str, np.ndarray] = {}
        self.usual_gain = 0.0

    def hear(self, track_id: str, start: int, stop: int) -> np.ndarray:
        """The share of a track in the recording, (c, n)."""
        first = max(0, start - MARGIN)
        mix = self._mix(first, stop + MARGIN)
        played = np.stack([self._played(player, first, stop + MARGIN) for player in self.players.values()])
        shares, loudness = shares_of(mix, played)
        self.usual_gain = loudness
        if track_id not in self.players:
            self.gains[track_id] = np.full((mix.shape[0], 1), loudness)
            return np.zeros((mix.shape[0], stop - start))
        spectrum = stft(torch.from_numpy(mix).float()) * shares[list(self.players).index(track_id)]
        heard = istft(spectrum, mix.shape[1]).numpy()[:, start - first : stop - first].astype(np.float64)
        self.gains[track_id] = self._gain(heard)
        return heard

    def _gain(self, heard: np.ndarray) -> np.ndarray:
        """What the model's level has to be multiplied by in each channel, (c, 1)."""
        loud = loudest_stretch(heard.mean(0).astype(np.float32), 3 * SAMPLE_RATE)
        level = float(np.sqrt((loud**2).mean()))
        if level < LEAST:
            return np.full((heard.shape[0], 1), self.usual_gain)
        sides = np.sqrt((heard**2).mean(1, keepdims=True))
        return level / WORKING_LEVEL * sides / max(float(sides.mean()), 1e-12)

    def _mix(self, start: int, stop: int) -> np.ndarray:
        """The recording at 44.1 kHz, (c, n); n is made a whole number of latent frames."""
        rate = self.recording.sample_rate
        n = -(-(stop - start) // LATENT_SAMPLES) * LATENT_SAMPLES
        if rate == SAMPLE_RATE:
            return self.recording.read(start, start + n)
        begin, end = round(start * rate / SAMPLE_RATE), round((start + n) * rate / SAMPLE_RATE) + 16
        samples = resample_channels(self.recording.read(begin, end), rate, SAMPLE_RATE)
        return np.pad(samples, ((0, 0), (0, n)))[:, :n]

    def _played(self, player: TrackRenderer, start: int, stop: int) -> np.ndarray:
        """What the model makes of a track, (n,)."""
        size = self.engine.block_samples
        n = -(-(stop - start) // LATENT_SAMPLES) * LATENT_SAMPLES
        numbers = range(start // size, -(-(start + n) // size))
        return np.concatenate([player.block(number) for number in numbers])[start - numbers.start * size :][:n]

    def to_model(self, track_id: str, heard: np.ndarray) -> np.ndarray:
        """Mono, at the working level."""
        return (heard.mean(0) / max(float(self.gains[track_id].mean()), LEAST)).astype(np.float32)

    def from_model(self, track_id: str, made: np.ndarray) -> np.ndarray:
        """Where the track sits in the recording, as loud as it is there."""
        return made[None] * self.gains[track_id]

    def reference(self, track_id: str, heard: np.ndarray) -> tuple[Tensor, Tensor] | None:
        """The loudest three seconds of what is heard around the span."""
        if np.abs(heard).max(initial=0.0) < 1e-3:
            return None
        return self.engine.pipeline.encode_reference(heard)

    def into_mix(self, track_id: str, change: Change) -> Change:
        """As it is."""
        return change

    def add(self, mix: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Added; nothing exceeds full scale, or what did already."""
        limit = np.maximum(1.0, np.abs(mix))
        return np.clip(mix + change, -limit, limit)


def shares_of(mix: np.ndarray, played: np.ndarray) -> tuple[Tensor, float]:
    """Which share of a mix (c, n) each played track (s, n) has, (s, q, f), and how loud the mix is against their sum.

    One gain a track and mel band is fitted by multiplicative updates (Lee and Seung, 2001) to the mix's magnitudes.
    """
    whole = stft(torch.from_numpy(mix).float()).abs().mean(0)
    models = stft(torch.from_numpy(played).float()).abs()
    filters = mel_filters()
    target, sources = filters @ whole, filters @ models
    loudness = float(target.sum() / sources.sum().clamp(min=LEAST))
    rest = (REST * target.mean(1, keepdim=True)).clamp(min=LEAST)
    gains = torch.full((len(models), target.shape[0], 1), loudness)
    for _ in range(FIT_STEPS):
        guess = (gains * sources).sum(0) + rest
        gains *= (sources * (target / guess)).sum(-1, keepdim=True) / sources.sum(-1, keepdim=True).clamp(min=LEAST)
    to_bins = band_interpolation(target.shape[0])
    power = (models * (gains[..., 0] @ to_bins)[..., None]) ** 2
    remains = ((rest[:, 0] @ to_bins)[:, None]) ** 2
    return power / (power.sum(0) + remains).clamp(min=LEAST**2), loudness
