"""Score-informed source separation of a recording into tracks.

The renderer plays every track of the score as it is heard; its sound, its colour fitted to the recording, says which
share of each time-frequency cell belongs to which track (a Wiener filter, as in score-informed source separation:
Ewert, Pardo, Müller, Plumbley, "Score-informed source separation for musical audio recordings", 2014).

Axes: c channels, n samples at 44.1 kHz, q STFT bins, f STFT frames, k mel bands, s tracks.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from editing.inpainting.recorded_stems import MIN_RMS, RecordedStems
from editing.inpainting.time_map import TimeMap
from renderer.codec.mel import LATENT_SAMPLES, SAMPLE_RATE, istft, mel_filters, stft
from renderer.codec.score_codec import band_interpolation
from renderer.dit_engine import DitEngine
from renderer.note_array import notes_of
from renderer.pipeline import FlowSampling, TrackRenderer
from scoretok.audio import AudioFile
from scoretok.sheet import LeadSheet

# Set by hand; benchmarks.inpaint measures the level of what is made anew.
FIT_STEPS = 40
RESIDUAL_SHARE = 0.01  # what no track plays has this share of the mean spectrum
MARGIN = 4 * LATENT_SAMPLES
LOUDNESS_WINDOW_S = 6.0
CHUNK_SAMPLES = 20 * SAMPLE_RATE  # memory stays flat in the length of a span


class SeparatedStems(RecordedStems):
    """Stems of any recording, by its score."""

    def __init__(self, recording: AudioFile, before: LeadSheet, time_map: TimeMap, engine: DitEngine) -> None:
        super().__init__(engine)
        self.recording = recording
        self.players: dict[str, TrackRenderer] = {}
        for track_id, track in before.tracks_by_id.items():
            if track.notes and not track.muted:
                sampling = FlowSampling(steps=0, name=track_id)
                self.players[track_id] = engine.pipeline.track(time_map.warp_notes(notes_of(before, track)), sampling)

        starts_s = np.sort(np.concatenate([player.notes.start_s for player in self.players.values()]))
        busiest = max(
            range(len(starts_s)), key=lambda i: np.searchsorted(starts_s, starts_s[i] + LOUDNESS_WINDOW_S) - i
        )
        self.usual = round(max(0.0, float(starts_s[busiest])) * SAMPLE_RATE)

    @cached_property
    def default_gain(self) -> float:
        """How much louder the recording is than what the model makes of the score, where most notes are."""
        _, loudness, _ = self._masks(self.usual, self.usual + round(LOUDNESS_WINDOW_S * SAMPLE_RATE))
        return loudness

    def read(self, track_id: str, start: int, stop: int) -> np.ndarray:
        """The share of a track in the recording, (c, n)."""
        stem = np.zeros((self.recording.channels, stop - start))
        for begin in range(start, stop if track_id in self.players else start, CHUNK_SAMPLES):
            end = min(stop, begin + CHUNK_SAMPLES)
            stem[:, begin - start : end - start] = self.read_tracks([track_id], begin, end)[0]
        return self.measure_level(track_id, stem)

    def read_tracks(self, track_ids: Sequence[str], start: int, stop: int) -> np.ndarray:
        """The shares of tracks that play in the recording, (s, c, n), of no more than CHUNK_SAMPLES."""
        shares, _, mix = self._masks(start, stop)
        offset = start - max(0, start - MARGIN)
        names = list(self.players)
        spectrum = stft(torch.from_numpy(mix).float())
        return np.stack(
            [
                istft(spectrum * shares[names.index(track_id)], mix.shape[1]).numpy()[:, offset : offset + stop - start]
                for track_id in track_ids
            ]
        )

    def _masks(self, start: int, stop: int) -> tuple[Tensor, float, np.ndarray]:
        """Shares of all tracks (s, q, f), how loud the mix is, and the mix (c, n), MARGIN around a stretch."""
        first = max(0, start - MARGIN)
        last = first - (first - stop - MARGIN) // LATENT_SAMPLES * LATENT_SAMPLES
        mix = self.recording.read_at(SAMPLE_RATE, first, last)
        return *wiener_masks(mix, np.stack([player.span(first, last) for player in self.players.values()])), mix


def wiener_masks(mix: np.ndarray, played: np.ndarray) -> tuple[Tensor, float]:
    """Which share of a mix (c, n) each played track (s, n) has, (s, q, f), and how loud the mix is against their sum.

    One gain a track and mel band is fitted by multiplicative updates (Lee and Seung, 2001) to the mix's magnitudes.
    """
    whole = stft(torch.from_numpy(mix).float()).abs().mean(0)
    models = stft(torch.from_numpy(played).float()).abs()
    filters = mel_filters()
    target, sources = filters @ whole, filters @ models
    loudness = float(target.sum() / sources.sum().clamp(min=MIN_RMS))
    rest = (RESIDUAL_SHARE * target.mean(1, keepdim=True)).clamp(min=MIN_RMS)
    gains = torch.full((len(models), target.shape[0], 1), loudness)
    for _ in range(FIT_STEPS):
        guess = (gains * sources).sum(0) + rest
        gains *= (sources * (target / guess)).sum(-1, keepdim=True) / sources.sum(-1, keepdim=True).clamp(min=MIN_RMS)
    to_bins = band_interpolation(target.shape[0])
    power = (models * (gains[..., 0] @ to_bins)[..., None]) ** 2
    remains = ((rest[:, 0] @ to_bins)[:, None]) ** 2
    return power / (power.sum(0) + remains).clamp(min=MIN_RMS**2), loudness
