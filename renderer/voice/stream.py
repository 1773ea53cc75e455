"""Conversion block by block: what goes in may come in pieces of any length, and memory does not grow with it.

Blocks lie on a fixed grid. What is made of a block depends on it, on MARGIN frames beside it, and on the whole source
only by how loud it usually is, how far its pitch moves and where it ends, so a live stream that is given these yields
the same samples as a file.

Axes: n samples, f frames, k bands.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from renderer.codec.mel import HOP_SAMPLES, SAMPLE_RATE
from renderer.voice.envelope import ENVELOPE_BANDS, loudness_of, warp_formants
from renderer.voice.excitation import noise, phase_of, pulses
from renderer.voice.f0 import Pitch
from renderer.voice.features import conditioning_of, extract_features
from renderer.voice.postfilter import apply_postfilter
from renderer.voice.profile import VoiceProfile
from renderer.voice.speaker_transform import apply_speaker_transform
from renderer.voice.vocoder import RECEPTIVE_FRAMES, VoiceDecoder
from renderer.voice.voice_dit import FRAMES_PER_TOKEN, STEPS, VoiceDiT, frames_of, tokens_of

# Set by hand; benchmarks.voice_speed measures time and memory, no benchmark varies the lengths.
BLOCK_FRAMES = 344  # frames, 4 s
MARGIN_FRAMES = 86  # frames of context beside a block, 1 s
CONTEXT_FRAMES = 42  # frames beside a block that the model predicts too
TOKEN_SAMPLES = FRAMES_PER_TOKEN * HOP_SAMPLES
BLOCK_SAMPLES, MARGIN_SAMPLES = BLOCK_FRAMES * HOP_SAMPLES, MARGIN_FRAMES * HOP_SAMPLES
SILENT_LOG_POWER, SILENT_HZ = -20.0, 200.0  # log power and pitch after the end of a source
LOOKAHEAD_S = (BLOCK_FRAMES + MARGIN_FRAMES + RECEPTIVE_FRAMES) / (SAMPLE_RATE / HOP_SAMPLES)

PitchChange = Callable[[int, Pitch], Pitch]
WordTokens = Callable[[int, Pitch], Tensor]


@dataclass(frozen=True)
class ConversionParams:
    """Parameters of a conversion.

    `nominal_log_power` is the loudness it is compared with, `pitch` changes the pitch: called with a first
    frame number and the pitch from there on. `formant` moves formants by a ratio, `breath` adds nepers of noise.
    """

    nominal_log_power: float
    pitch: PitchChange = lambda first, pitch: pitch
    formant: float = 1.0
    breath: float = 0.0
    steps: int = STEPS
    seed: int = 0


@dataclass
class ConversionStream:
    """One source being converted: samples at 44.1 kHz in, as many out, late by the look-ahead.

    `words` tells what is known of them beside what is heard: called with a first frame number and the pitch from there
    on (f,), it gives what the model adds to its tokens (1, f / 2, dim).
    """

    dit: VoiceDiT
    decoder: VoiceDecoder
    voice: VoiceProfile
    params: ConversionParams
    words: WordTokens | None = None
    _input: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    _input_frame: int = 0
    _block: int = 0
    _taken: int = 0
    _given: int = 0
    _phase_turns: float = 0.0
    _frames: "list[tuple[Tensor, Pitch]]" = field(default_factory=list)
    _sources: np.ndarray = field(default_factory=lambda: np.zeros((2, 0), np.float32))
    _kept_frame: int = 0
    _end: int | None = None

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Take mono samples (n,); give those that are ready, (m,)."""
        self._taken += len(samples)
        self._input = np.concatenate([self._input, samples.astype(np.float32)])
        ready = [np.zeros(0, np.float32)]
        while self._input_frame * HOP_SAMPLES + len(self._input) >= (self._block + 1) * BLOCK_SAMPLES + MARGIN_SAMPLES:
            ready.append(self._advance())
        return np.concatenate(ready)

    def finish(self) -> np.ndarray:
        """The rest: as many samples as were taken are given in all."""
        total, ready = self._taken, [np.zeros(0, np.float32)]
        self._end = total
        quiet = np.zeros(MARGIN_SAMPLES + BLOCK_SAMPLES + RECEPTIVE_FRAMES * HOP_SAMPLES, np.float32)
        while self._given < total:
            ready.append(self.push(quiet))
        return np.concatenate(ready)[: total - (self._given - sum(map(len, ready)))]

    def _advance(self) -> np.ndarray:
        """Convert the next block, and give the samples that it completes."""
        first = self._block * BLOCK_FRAMES
        begin = max(0, first - MARGIN_FRAMES)
        left = (begin - self._input_frame) * HOP_SAMPLES
        window = self._input[left : left + (first + BLOCK_FRAMES + MARGIN_FRAMES - begin) * HOP_SAMPLES]
        envelope, pitch = self._convert(window, begin, slice(first - begin, first - begin + BLOCK_FRAMES))
        hz = upsample_frames(pitch.hz)[:BLOCK_SAMPLES]
        phase, self._phase_turns = phase_of(hz, self._phase_turns)
        sources = np.stack([pulses(hz, phase), noise(first * HOP_SAMPLES, BLOCK_SAMPLES, self.params.seed)])
        self._frames.append((envelope, pitch[:BLOCK_FRAMES]))
        self._sources = np.concatenate([self._sources, sources], 1)
        self._block += 1
        passed = max(0, self._block * BLOCK_FRAMES - MARGIN_FRAMES) - self._input_frame
        self._input, self._input_frame = self._input[passed * HOP_SAMPLES :], self._input_frame + passed
        return self._synthesise()

    @torch.no_grad()
    def _convert(self, window: np.ndarray, begin: int, inside: slice) -> tuple[Tensor, Pitch]:
        """Envelope (f, k) and pitch (f + 1,) of frames `inside` a window (n,) of the source from frame `begin` on."""
        if self._end is not None:
            window = window[: max(0, self._end - begin * HOP_SAMPLES)]
        if len(window) <= inside.start * HOP_SAMPLES:
            return _pad_to_block(torch.zeros(0, ENVELOPE_BANDS), Pitch(np.full(1, SILENT_HZ), np.zeros(1)))
        features = extract_features(np.pad(window, (0, -len(window) % TOKEN_SAMPLES)))
        pitch = self.params.pitch(begin, features.pitch)
        seen = slice(max(0, inside.start - CONTEXT_FRAMES), inside.stop + CONTEXT_FRAMES)
        conditioning = conditioning_of(self.dit, features, pitch, self.params.nominal_log_power)[:, seen]
        added = None
        if self.words:
            half = slice(seen.start // FRAMES_PER_TOKEN, (seen.start + conditioning.shape[1]) // FRAMES_PER_TOKEN)
            added = self.words(begin, pitch)[:, half]
        norm_envelope = self._predict_envelope(conditioning, added)[0, inside.start - seen.start :][:BLOCK_FRAMES]
        raw = norm_envelope * self.dit.scale + self.dit.mean
        if self.params.formant != 1:
            raw = warp_formants(raw[None], torch.tensor([self.params.formant]))[0]
        envelope = raw + (features.log_power[inside] - loudness_of(raw[None])[0])[:, None]
        return _pad_to_block(envelope, pitch[inside.start : inside.stop + 1])

    def _predict_envelope(self, conditioning: Tensor, added: Tensor | None = None) -> Tensor:
        """Normalised envelopes (1, f, k) of the target voice for conditioning (1, f, c + 3)."""
        voice = self.voice
        tokens = tokens_of(torch.cat([voice.conditioning, conditioning], 1))
        reference = tokens_of(voice.norm_envelope)
        coarse, hidden = self.dit.predict(tokens, reference, torch.ones(reference.shape[:2]), voice.timbre, added)
        sample = self.dit.refine(coarse, hidden, self.params.steps)
        return apply_postfilter(
            apply_speaker_transform(frames_of(sample), conditioning, voice.speaker_transform), self.dit.detail
        )

    @torch.no_grad()
    def _synthesise(self) -> np.ndarray:
        """Synthesises the samples whose decoder context is complete."""
        envelope = torch.cat([frames for frames, _ in self._frames])[None]
        hz = torch.from_numpy(np.concatenate([pitch.hz for _, pitch in self._frames])).float()[None]
        voicing = torch.from_numpy(np.concatenate([pitch.voicing for _, pitch in self._frames])).float()[None]
        audio = self.decoder(envelope, hz, voicing, torch.from_numpy(self._sources)[None], self.params.breath)[0]
        stop = self._block * BLOCK_FRAMES - RECEPTIVE_FRAMES
        ready = audio[self._given - self._kept_frame * HOP_SAMPLES :][: stop * HOP_SAMPLES - self._given].numpy()
        self._given += len(ready)
        drop = max(0, stop - RECEPTIVE_FRAMES - self._kept_frame)
        kept = Pitch(hz[0].numpy()[drop:], voicing[0].numpy()[drop:])
        self._frames = [(envelope[0, drop:], kept)]
        self._sources = self._sources[:, drop * HOP_SAMPLES :]
        self._kept_frame += drop
        return ready


def _pad_to_block(envelope: Tensor, pitch: Pitch) -> tuple[Tensor, Pitch]:
    """An envelope (f, k) of BLOCK frames and their pitch and the next: silence follows where the source has ended."""
    missing = BLOCK_FRAMES - len(envelope)
    rest = torch.full((missing, ENVELOPE_BANDS), SILENT_LOG_POWER)
    hz = np.pad(pitch.hz, (0, BLOCK_FRAMES + 1 - len(pitch)), mode="edge")
    return torch.cat([envelope, rest]), Pitch(hz, np.pad(pitch.voicing, (0, BLOCK_FRAMES + 1 - len(pitch))))


@torch.no_grad()
def decode_envelope(decoder: VoiceDecoder, envelope: Tensor, pitch: Pitch, seed: int = 0) -> np.ndarray:
    """Samples (512 f,) at 44.1 kHz of a whole log envelope (f, k) at once."""
    hz = upsample_frames(pitch.hz)
    sources = np.stack([pulses(hz, phase_of(hz)[0]), noise(0, len(hz), seed)]).astype(np.float32)
    arrays = (torch.from_numpy(array.astype(np.float32))[None] for array in (pitch.hz, pitch.voicing, sources))
    samples: np.ndarray = decoder(envelope[None], *arrays)[0].numpy()
    return samples


def upsample_frames(values: np.ndarray) -> np.ndarray:
    """Values of frames (f,) at samples (512 f,), linear in between."""
    return np.interp(np.arange(len(values) * HOP_SAMPLES) / HOP_SAMPLES, np.arange(len(values)), values)
