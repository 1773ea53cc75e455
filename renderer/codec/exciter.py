"""The exciter: a source signal synthesised from the score (partials and noise), which the decoder filters.

Sounding notes become bare partials that start on their exact sample, so the decoder need not invent phase;
what is not periodic comes from noise, steady or set off by onsets. The idea is the source-filter model of
speech, as in the neural source-filter models of Wang et al. (2019) and DDSP (Engel et al., 2020).

Axes: n samples, m notes, p partials.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from renderer.codec.mel import SAMPLE_RATE
from renderer.control_curves import StepCurve
from renderer.note_array import DRUM_PROGRAM, NoteArray

# Set by hand; the weights were trained with them, benchmarks.renderer measures the codec.
TOP_HZ = 20000.0
MAX_PARTIALS = 128
RELEASE_S = 0.12  # time constant of the fade after a note's end
RELEASE_CUTOFF_S = 1.2  # after which the fade is cut
DRUM_CUTOFF_S = 0.8
ATTACK_SAMPLES = 64
BURST_S = 0.015
TAIL_S = 0.25
DECAYS = 6  # time constants after which a burst or tail is cut
BLOCK = 256
STEP = 64  # samples at which it is looked whether a note is bent
NOISE_BLOCK = 1 << 16
PIANOS = range(4)
SIGNALS = 4


def excite(notes: NoteArray, start_sample: int, n_samples: int, seed: int = 0) -> Tensor:
    """The exciter of a track from `start_sample` on, float32 of shape (4, n): partials, burst, tail, noise.

    A sample depends only on the notes, its own place and the seed, so any span can be made by itself.
    """
    start_s, end_s = start_sample / SAMPLE_RATE, (start_sample + n_samples) / SAMPLE_RATE
    sounding = notes.sounding_in(start_s, end_s, max(RELEASE_CUTOFF_S, DECAYS * TAIL_S))
    partials = torch.zeros(n_samples)
    for note in range(len(sounding)):
        _add_note(partials, sounding, note, start_sample)
    noise = white_noise(start_sample, n_samples, seed, 0)
    onsets = white_noise(start_sample, n_samples, seed, 1)
    burst, tail = _onset_envelopes(sounding, start_sample, n_samples)
    return torch.stack([partials, onsets * burst, onsets * tail, noise])


def white_noise(start_sample: int, n_samples: int, seed: int, stream: int) -> Tensor:
    """Gaussian noise of shape (n,) that is a function of the sample's place, the seed and the stream."""
    first, last = start_sample // NOISE_BLOCK, (start_sample + n_samples - 1) // NOISE_BLOCK
    blocks = []
    for block in range(first, last + 1):
        key = np.random.SeedSequence([seed & 0xFFFFFFFF, stream, block + (1 << 20)])
        blocks.append(np.random.default_rng(key).standard_normal(NOISE_BLOCK, dtype=np.float32))
    offset = start_sample - first * NOISE_BLOCK
    return torch.from_numpy(np.concatenate(blocks)[offset : offset + n_samples].copy()) * 0.1


@lru_cache(maxsize=1024)
def partials_of(pitch: int, program: int, detune_cents: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frequencies (Hz), amplitudes and start phases (turns) of a note's partials, each of shape (p,).

    Pianos are stretched by stiffness (Fletcher, 1964); a drum is a dense bank from which the decoder picks.
    """
    if program == DRUM_PROGRAM:
        number = np.arange(56)
        frequency = 38.0 * 2 ** ((number + (pitch * 0.381966) % 1) / 7)
        return frequency, np.full(56, 0.13), np.full(56, 0.25)
    base = 440.0 * 2 ** ((pitch - 69 + detune_cents / 100) / 12)
    number = np.arange(1, MAX_PARTIALS + 1)
    stiffness = 4e-4 * np.exp(0.083 * max(pitch - 60, -15)) if program in PIANOS else 0.0
    frequency = base * number * np.sqrt(1 + stiffness * number**2)
    keep = frequency < TOP_HZ
    keep[0] = True
    number, frequency = number[keep], frequency[keep]
    amplitude = number**-0.5
    return frequency, 0.5 * amplitude / np.sqrt((amplitude**2).sum()), number * number * 0.618034 % 1


def _add_note(out: Tensor, notes: NoteArray, index: int, start_sample: int) -> None:
    """Add one note's partials to out (n,), which begins at `start_sample`."""
    drum = notes.program == DRUM_PROGRAM
    onset = round(float(notes.start_s[index]) * SAMPLE_RATE)
    offset = max(onset + ATTACK_SAMPLES, round(float(notes.end_s[index]) * SAMPLE_RATE))
    last = onset + round(DRUM_CUTOFF_S * SAMPLE_RATE) if drum else offset + round(RELEASE_CUTOFF_S * SAMPLE_RATE)
    begin, stop = max(onset, start_sample), min(last, start_sample + len(out))
    if begin >= stop:
        return
    frequency, amplitude, phase = partials_of(int(notes.pitch[index]), notes.program, notes.detune_cents)
    level = (int(notes.velocity[index]) / 127) ** 0.8
    age = torch.arange(begin - onset, stop - onset, dtype=torch.float32)
    envelope = (0.5 - 0.5 * torch.cos(torch.pi * (age / ATTACK_SAMPLES).clamp(max=1))) * level
    if drum:
        envelope *= torch.exp(-age / (0.2 * SAMPLE_RATE))
    else:
        since_end = (age - (offset - onset)).clamp(min=0)
        envelope *= torch.exp(-since_end / (RELEASE_S * SAMPLE_RATE))
    tones = (frequency, amplitude, phase)
    if drum or notes.bend is None or not notes.bend.at(np.arange(onset, last, STEP) / SAMPLE_RATE).any():
        wave = _sinusoids(*tones, begin - onset, stop - begin)
    else:
        wave = _bent_sinusoids(*tones, notes.bend, onset, range(begin, stop))
    out[begin - start_sample : stop - start_sample] += wave * envelope


def _sinusoids(frequency: np.ndarray, amplitude: np.ndarray, phase: np.ndarray, first: int, n: int) -> Tensor:
    """Sum of sinusoids (n,) from sample `first` after their start.

    Angle addition turns the sum into one matrix product: block starts (blocks, 2p) by samples of a block (2p, BLOCK).
    """
    blocks = first // BLOCK + np.arange((first % BLOCK + n + BLOCK - 1) // BLOCK)
    turns = torch.from_numpy((blocks[:, None] * BLOCK * frequency / SAMPLE_RATE + phase) % 1 * (2 * np.pi)).float()
    steps = torch.from_numpy(np.arange(BLOCK)[None] * frequency[:, None] / SAMPLE_RATE % 1 * (2 * np.pi)).float()
    weight = torch.from_numpy(amplitude).float()
    left = torch.cat([torch.sin(turns) * weight, torch.cos(turns) * weight], 1)
    wave = left @ torch.cat([torch.cos(steps), torch.sin(steps)])
    return wave.reshape(-1)[first % BLOCK : first % BLOCK + n]


def _bent_sinusoids(
    frequency: np.ndarray, amplitude: np.ndarray, phase: np.ndarray, bend: StepCurve, onset: int, span: range
) -> Tensor:
    """Sum of sinusoids (n,) in a span of samples, begun at sample `onset`, that all follow a bend.

    A bend runs time faster or slower for a note: its phases are those of the integral of the ratio.
    """

    def ratio(cents: np.ndarray) -> np.ndarray:
        return 2 ** (cents / 1200)

    times_s = np.append(onset, np.arange(span.start, span.stop)) / SAMPLE_RATE
    elapsed = bend.integral(times_s, ratio)
    elapsed = elapsed[1:] - elapsed[0]
    highest = float(ratio(bend.at(times_s)).max())
    keep = frequency * highest < SAMPLE_RATE / 2
    out = np.zeros(len(span), np.float64)
    for begin in range(0, len(span), NOISE_BLOCK):
        part = elapsed[begin : begin + NOISE_BLOCK, None]
        turns = part * frequency[keep] + phase[keep]
        out[begin : begin + NOISE_BLOCK] = np.sin(2 * np.pi * (turns % 1)) @ amplitude[keep]
    return torch.from_numpy(out).float()


def _onset_envelopes(notes: NoteArray, start_sample: int, n_samples: int) -> tuple[Tensor, Tensor]:
    """Sharp-edged envelopes (n,) that start at every onset: a short and a longer decay, by velocity."""
    envelopes = []
    for constant_s in (BURST_S, TAIL_S):
        length = round(DECAYS * constant_s * SAMPLE_RATE)
        decay = torch.exp(-torch.arange(length) / (constant_s * SAMPLE_RATE))
        envelope = torch.zeros(n_samples)
        for onset_s, velocity in zip(notes.start_s, notes.velocity, strict=True):
            onset = round(float(onset_s) * SAMPLE_RATE) - start_sample
            begin, stop = max(onset, 0), min(onset + length, n_samples)
            if begin < stop:
                level = (int(velocity) / 127) ** 0.8
                span = envelope[begin:stop]
                torch.maximum(span, decay[begin - onset : stop - onset] * level, out=span)
        envelopes.append(envelope)
    return envelopes[0], envelopes[1]
