"""Singing out of speech: recordings whose vowels are held and laid on random melodies by the decoder.

There is little free singing to learn from. Axes: n samples, f frames.
"""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from editing.voice.envelope import FRAME_S
from editing.voice.excitation import noise, phase_of, pulses
from editing.voice.stream import at_samples
from editing.voice.training.augment import Frames, sung
from editing.voice.training.prepare import listened, sources
from editing.voice.vocoder import VoiceDecoder
from renderer.codec.mel import SAMPLE_RATE
from scoretok.audio import write_audio

LONGEST_FRAMES = round(16 / FRAME_S)


def make_singing(
    folder: Path, out: Path, decoder: VoiceDecoder, every: int = 2, seed: int = 0,
    advance: Callable[[], None] = lambda: None,
) -> int:  # fmt: skip
    """Sing every so many recordings of a folder of voices into another; how many were made. Earlier ones stay."""
    made = 0
    for number, source in enumerate(sources(folder)):
        path = out / source.speaker / f"{source.path.stem}-sung.flac"
        if number % every == 0 and not path.is_file():
            for _, heard in islice(listened(source, words=False), 1):
                untold = np.zeros((len(heard), 1), np.float32)
                pitch = heard.pitch
                spoken = Frames(heard.envelope.numpy(), pitch.hz, pitch.voicing, untold, heard.known_bands.numpy())
                path.parent.mkdir(parents=True, exist_ok=True)
                song = sung(spoken, np.random.default_rng([seed, number]))
                write_audio(performed(song, decoder)[None], SAMPLE_RATE, path)
                made += 1
        advance()
    return made


@torch.no_grad()
def performed(song: Frames, decoder: VoiceDecoder) -> np.ndarray:
    """Samples (n,) of frames, at most 16 s of them."""
    song = song[:LONGEST_FRAMES]
    hz = at_samples(song.hz)
    arrays = (song.envelope, song.hz, song.voicing, np.stack([pulses(hz, phase_of(hz)[0]), noise(0, len(hz), 0)]))
    return decoder(*(torch.from_numpy(array.astype(np.float32))[None] for array in arrays))[0].numpy().clip(-1, 1)
