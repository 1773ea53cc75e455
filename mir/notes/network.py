"""The transcription network: note onsets and frames by role, drum hits, beats.

Axes: b recordings, w windows, f spectrogram bins, p pitches, c channels, t frames.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mir.notes.log_spectrogram import BINS, BINS_PER_SEMITONE, WINDOWS
from mir.notes.targets import DRUM_CLASSES, NOTE_ROLES, PITCHES
from scoretok.errors import ScoretokError
from scoretok.nn.weights import build, first_line, read_weights, write_weights

HARMONICS = (0.5, 1, 2, 3, 4, 5, 6, 8)
SHIFTS = (-36, 0, 36, 57, 72, 84, 93, 108)  # of these harmonics, in bins
DILATIONS = ((1, 1), (1, 2), (12, 1), (1, 4), (12, 2), (1, 8))  # of the blocks, in pitches and frames


class MatrixWeight:
    """Mixin: a convolution that stores its kernel as a matrix (out, in * kernel), as Muon needs it."""

    weight: Any
    bias: Any
    _conv_forward: Any

    def __init__(self, *sizes: Any, **options: Any) -> None:
        super().__init__(*sizes, **options)
        self.shape = self.weight.shape
        self.weight = nn.Parameter(self.weight.detach().flatten(1))

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, ...) to as many channels as the matrix has rows."""
        return self._conv_forward(x, self.weight.view(self.shape), self.bias)


class Conv2d(MatrixWeight, nn.Conv2d):
    """A convolution over pitches and frames."""


class Conv1d(MatrixWeight, nn.Conv1d):
    """A convolution over frames."""


class TranscriptionNet(nn.Module):
    """Spectrogram in, logits out: `notes` (b, 2 * roles, p, t), `drums` (b, d, t), `beats` (b, 2, t).

    Every pitch sees the levels around its harmonics (as in Bittner et al., "A lightweight instrument-agnostic model",
    2022), convolutions over pitches, octaves and frames follow. A second tower without pitch hears rhythm and timbre:
    it yields drums and beats, and tells the first one which instruments play.
    Notes are ordered (lead onset, lead frame, piano onset, ...); beats are beat, downbeat.
    """

    def __init__(self, channels: int = 48, context: int = 160, context_blocks: int = 8) -> None:
        super().__init__()
        self.config = {"channels": channels, "context": context, "context_blocks": context_blocks}
        taps = len(WINDOWS) * len(HARMONICS) * BINS_PER_SEMITONE
        self.stem = nn.Sequential(Conv2d(taps, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))
        self.register = nn.Parameter(torch.zeros(channels, PITCHES, 1))
        self.hints = nn.ModuleList(Conv1d(context, channels, 1) for _ in DILATIONS)
        self.blocks = nn.ModuleList(PitchBlock(channels, dilation) for dilation in DILATIONS)
        self.notes = nn.Conv2d(channels, 2 * len(NOTE_ROLES), 1)
        self.rhythm = Conv1d(len(WINDOWS) * BINS // BINS_PER_SEMITONE, context, 5, padding=2)
        self.rhythm_blocks = nn.ModuleList(RhythmBlock(context, 2**i) for i in range(context_blocks))
        self.drums = nn.Conv1d(context, len(DRUM_CLASSES), 1)
        self.beats = nn.Conv1d(context, 2, 1)
        for head in (self.notes, self.drums, self.beats):
            assert head.bias is not None
            nn.init.constant_(head.bias, -4.0)  # nearly all frames are without onsets

    def forward(self, spectrogram: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of levels (b, w, f, t)."""
        rhythm = spectrogram.unflatten(2, (-1, BINS_PER_SEMITONE)).mean(3).flatten(1, 2)  # (b, w * semitones, t)
        rhythm = self.rhythm(rhythm)
        for block in self.rhythm_blocks:
            rhythm = block(rhythm)
        x = self.stem(harmonic_stack(spectrogram)).relu() + self.register
        for hint, block in zip(self.hints, self.blocks, strict=True):
            x = block(x + hint(rhythm).unsqueeze(2))
        return self.notes(x), self.drums(rhythm), self.beats(rhythm)

    def save(self, folder: str | Path, half: bool = False) -> None:
        """Write weights and config to a folder, as half floats if asked."""
        write_weights(self, self.config, folder, torch.float16 if half else torch.float32)

    @classmethod
    def load(cls, folder: str | Path) -> "TranscriptionNet":
        """The network of a folder, ready to be used. Raises ScoretokError."""
        try:
            config, tensors = read_weights(folder)
            model = build(cls, config, tensors)
        except (OSError, ValueError) as error:
            raise ScoretokError(
                f"{folder} does not hold weights of the transcription network: {first_line(error)}"
            ) from None
        return model.eval()


class PitchBlock(nn.Module):
    """Two convolutions over (b, c, p, t), the first one dilated, added to what came in."""

    def __init__(self, channels: int, dilation: tuple[int, int]) -> None:
        super().__init__()
        self.wide = Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False)
        self.near = Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, p, t) to the same."""
        change = self.norms[0](self.wide(x)).relu()
        return (x + self.norms[1](self.near(change))).relu()


class RhythmBlock(nn.Module):
    """A dilated convolution over frames and one within them, added to what came in."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.wide = Conv1d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.near = Conv1d(channels, channels, 1)
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, t) to the same."""
        return x + self.near(nn.functional.gelu(self.wide(self.norm(x))))


def harmonic_stack(spectrogram: Tensor) -> Tensor:
    """Levels (b, w, f, t) around every harmonic of every pitch, (b, w * harmonics * 3, p, t)."""
    bins = PITCHES * BINS_PER_SEMITONE
    padded = nn.functional.pad(spectrogram, (0, 0, -SHIFTS[0], bins + SHIFTS[-1] - BINS))
    shifted = [padded[:, :, shift - SHIFTS[0] : shift - SHIFTS[0] + bins] for shift in SHIFTS]
    stack = torch.cat(shifted, 1).unflatten(2, (PITCHES, BINS_PER_SEMITONE))  # (b, w * h, p, 3, t)
    return stack.transpose(2, 3).flatten(1, 2)
