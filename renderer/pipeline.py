"""Score to audio for one track: condition, sample, decode. Holds no weights of its own.

Axes: b batch (1), r reference frames, t latent frames, d latent dims, n samples.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from renderer.codec.exciter import excite
from renderer.codec.mel import LATENT_SAMPLES, SAMPLE_RATE, SILENCE
from renderer.codec.score_codec import ScoreCodec
from renderer.dit.conditioning import (
    DRUM_REACH_S,
    EARLY_S,
    FRAME_S,
    NOTE_REACH_S,
    collate_pairs,
    frame_centres_s,
    note_pairs,
)
from renderer.dit.score_dit import ScoreDiT
from renderer.dit.timbres import REFERENCE, TimbreBank, loudest_stretch
from renderer.dit.windows import PERIOD, Windows
from renderer.note_array import DRUM_PROGRAM, NoteArray

DECODER_HALO = 8  # latent frames on either side that the decoder's convolutions and STFT reach into
PERIOD_SAMPLES = PERIOD * LATENT_SAMPLES
# Chosen by trial on clips that were replaced since; benchmarks.renderer compares ways of sampling.
STEPS, START_NOISE, TEMPERATURE = 4, 0.5, 0.5


@dataclass(frozen=True)
class FlowSampling:
    """How the flow runs: steps, the noise level that it starts from (1 is pure noise), how strong the
    noise is against what the level says (less is smoother), the seed.

    `name` tells tracks apart, so that equal tracks of one song do not get equal noise.
    """

    steps: int = STEPS
    start_noise: float = START_NOISE
    temperature: float = TEMPERATURE
    seed: int = 0
    name: str = ""

    def generator(self, frame: int) -> torch.Generator:
        """Chance for the window that begins at a frame, whatever was rendered before it."""
        key = np.random.SeedSequence([self.seed & 0xFFFFFFFF, zlib.crc32(self.name.encode()), frame + (1 << 30)])
        return torch.Generator().manual_seed(int(key.generate_state(1, np.uint64)[0] >> 1))


@dataclass
class TrackRenderer:
    """One track being rendered, in blocks of PERIOD_SAMPLES that may be asked for in any order."""

    pipeline: "ScoreToAudio"
    notes: NoteArray
    sampling: FlowSampling
    reference: tuple[Tensor, Tensor]
    windows: Windows = field(init=False)

    def __post_init__(self) -> None:
        self.windows = Windows(self._generate, self.pipeline.codec.latent_dims)
        ends_s = (
            self.notes.start_s + DRUM_REACH_S if self.notes.program == DRUM_PROGRAM else self.notes.end_s + NOTE_REACH_S
        )
        self.end_sample = round(float(ends_s.max()) * SAMPLE_RATE) if len(self.notes) else 0

    def block(self, number: int) -> np.ndarray:
        """Samples (PERIOD_SAMPLES,) of block `number`, float32; the same whichever blocks were made before."""
        first = number * PERIOD - DECODER_HALO
        start, n_samples = first * LATENT_SAMPLES, (PERIOD + 2 * DECODER_HALO) * LATENT_SAMPLES
        if not note_gate(self.notes, first, PERIOD + 2 * DECODER_HALO).any():
            return np.zeros(PERIOD_SAMPLES, np.float32)
        latents = self.windows.around(number, DECODER_HALO)[None]
        excitation = excite(self.notes, start, n_samples, self.sampling.seed)[None]
        audio = gate_silence(self.pipeline.decode(latents, excitation)[0].numpy(), self.notes, first)
        audio = audio[DECODER_HALO * LATENT_SAMPLES : -DECODER_HALO * LATENT_SAMPLES]
        return self.notes.at_gain(audio, number * PERIOD_SAMPLES / SAMPLE_RATE, SAMPLE_RATE)

    def span(self, start: int, stop: int) -> np.ndarray:
        """Samples (stop - start,) from sample `start` on."""
        numbers = range(start // PERIOD_SAMPLES, -(-stop // PERIOD_SAMPLES))
        blocks = np.concatenate([self.block(number) for number in numbers])
        return blocks[start - numbers.start * PERIOD_SAMPLES : stop - numbers.start * PERIOD_SAMPLES]

    def _generate(self, first_frame: int, known: Tensor, keep_mask: Tensor) -> Tensor:
        """One window of latents (t, d) in a single call of the model."""
        return self.pipeline.sample(
            self.notes, first_frame, known[None], keep_mask[None], self.reference, self.sampling
        )[0]


def note_gate(notes: NoteArray, first_frame: int, frames: int) -> np.ndarray:
    """1 in latent frames (t,) that a note can be heard in, else 0: what nobody plays is silent."""
    gate = np.zeros(frames)
    gate[note_pairs(notes_near(notes, first_frame, frames), centres_s(first_frame, frames))[0]] = 1
    return gate


def notes_near(notes: NoteArray, first_frame: int, frames: int) -> NoteArray:
    """The notes that can be heard in some latent frames."""
    return notes.sounding_in(first_frame * FRAME_S - EARLY_S, (first_frame + frames) * FRAME_S + EARLY_S, DRUM_REACH_S)


def gate_silence(audio: np.ndarray, notes: NoteArray, first_frame: int) -> np.ndarray:
    """Audio (n,) multiplied by the note gate: silent where no note is in reach."""
    places = (np.arange(len(audio)) + 0.5) / LATENT_SAMPLES - 0.5
    gate = note_gate(notes, first_frame, len(audio) // LATENT_SAMPLES)
    return audio * np.interp(places, np.arange(len(gate)), gate).astype(np.float32)


def centres_s(first_frame: int, frames: int) -> np.ndarray:
    """Seconds of the centres of `frames` latent frames from `first_frame` on, (t,)."""
    return frame_centres_s(first_frame + np.arange(frames))


class SchedulerOutput(NamedTuple):
    """What a step of a scheduler gives, as in diffusers."""

    prev_sample: Tensor


class EulerScheduler:
    """Euler steps of flow matching along given noise levels, called as the schedulers of diffusers are."""

    timesteps: Tensor

    def set_timesteps(self, sigmas: Sequence[float]) -> None:
        """Noise levels from the first on, each below the one before; the last step ends at 0."""
        self.sigmas = torch.tensor([*sigmas, 0.0])
        self.timesteps = self.sigmas[:-1] * 1000
        self.done = 0

    def step(self, velocity: Tensor, timestep: Tensor, sample: Tensor) -> SchedulerOutput:
        """The sample one noise level further; `timestep` is where it is now."""
        change = self.sigmas[self.done + 1] - self.sigmas[self.done]
        self.done += 1
        return SchedulerOutput(sample + change * velocity)


class ScoreToAudio:
    """Renders the notes of one track. `renderer.hub.ScoreToAudioPipeline` is the same as a diffusers pipeline."""

    scheduler: Any  # EulerScheduler, or a scheduler of diffusers that takes sigmas

    def __init__(self, codec: ScoreCodec, dit: ScoreDiT, timbres: TimbreBank) -> None:
        self.codec, self.dit, self.timbres, self.scheduler = codec, dit, timbres, EulerScheduler()

    @property
    def device(self) -> torch.device:
        """Where the models are."""
        return next(self.dit.parameters()).device

    def to(self, device: torch.device | str) -> "ScoreToAudio":
        """Move the models to a device."""
        self.codec.to(device)
        self.dit.to(device)
        return self

    def track(
        self, notes: NoteArray, sampling: FlowSampling | None = None, reference: tuple[Tensor, Tensor] | None = None
    ) -> TrackRenderer:
        """A track to be rendered block by block; `reference` as `encode_reference` gives it."""
        chosen = reference or self.timbres.reference(notes.program)
        return TrackRenderer(self, notes, sampling or FlowSampling(), chosen)

    def __call__(
        self, notes: NoteArray, sampling: FlowSampling | None = None, reference: tuple[Tensor, Tensor] | None = None
    ) -> np.ndarray:
        """All samples of a track, (n,), until its last sound has died away."""
        track = self.track(notes, sampling, reference)
        blocks = [track.block(i) for i in range(-(-track.end_sample // PERIOD_SAMPLES))]
        return np.concatenate([np.zeros(0, np.float32), *blocks])[: track.end_sample]

    @torch.no_grad()
    def encode_reference(self, audio: np.ndarray) -> tuple[Tensor, Tensor]:
        """Mono audio (n,) at 44.1 kHz -> its loudest three seconds as latents (1, r, d), and their mask (1, r)."""
        stretch = loudest_stretch(audio, REFERENCE * LATENT_SAMPLES)
        latents = self.codec.encode(torch.from_numpy(stretch.astype(np.float32))[None].to(self.device)).cpu()
        return latents, torch.ones(latents.shape[:2])

    @torch.no_grad()
    def sample(
        self,
        notes: NoteArray,
        first_frame: int,
        known: Tensor,
        keep_mask: Tensor,
        reference: tuple[Tensor, Tensor],
        sampling: FlowSampling,
        begin: Tensor | None = None,
    ) -> Tensor:
        """Latents (1, t, d) from frame `first_frame` on; where `keep_mask` (1, t) is 1 they are the known ones.

        The flow starts from what the model predicts at once, with noise; or from other latents `begin` (1, t, d).
        """
        frames = known.shape[1]
        reference_latents, mask = (tensor.to(self.device) for tensor in reference)
        away = np.full(reference_latents.shape[1], -1e9)
        columns = note_pairs(
            notes_near(notes, first_frame, frames), np.concatenate([away, centres_s(first_frame, frames)])
        )
        if not len(columns[0]):
            silence = torch.full((1, frames * 4, self.codec.bands), SILENCE, device=self.device)
            return torch.where(keep_mask[..., None] > 0, known, self.codec.latent.encode(silence).cpu())
        pairs = collate_pairs([columns], reference_latents.shape[1] + frames).to(self.device)
        known, keep = known.to(self.device), keep_mask.to(self.device)
        program = torch.tensor([notes.program], device=self.device)
        coarse, hidden = self.dit.predict(pairs, program, known, keep, reference_latents, mask, torch.zeros_like(mask))
        noisy = coarse
        if sampling.steps:
            start = sampling.start_noise
            noise = torch.randn(coarse.shape, generator=sampling.generator(first_frame)).to(self.device)
            noisy = start * sampling.temperature * noise + (1 - start) * (
                coarse if begin is None else begin.to(self.device)
            )
            self.scheduler.set_timesteps(sigmas=[start * (1 - i / sampling.steps) for i in range(sampling.steps)])
            for timestep in self.scheduler.timesteps:
                velocity = self.dit(noisy, timestep.expand(1).to(self.device), coarse, hidden, known, keep)
                noisy = self.scheduler.step(velocity, timestep, noisy).prev_sample
        return torch.where(keep[..., None] > 0, known, noisy).cpu()

    @torch.no_grad()
    def decode(self, latents: Tensor, excitation: Tensor) -> Tensor:
        """Latents (1, t, d) and exciter (1, 4, n) -> samples (1, n)."""
        return self.codec.decode(latents.to(self.device), excitation.to(self.device)).cpu()
