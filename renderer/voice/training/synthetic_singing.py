"""Synthetic singing from speech: time-stretched vowels on random melodies, resynthesised by the decoder.

There is little free singing to learn from. Axes: n samples, f frames.
"""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from renderer.codec.mel import SAMPLE_RATE
from renderer.voice.envelope import FRAME_S
from renderer.voice.f0 import Pitch
from renderer.voice.stream import decode_envelope
from renderer.voice.training.augment import Frames, speech_to_song
from renderer.voice.training.prepare import analysed_pieces, find_recordings
from renderer.voice.vocoder import VoiceDecoder
from scoretok.audio import write_audio

# 16 s; set by hand, no run varied it.
LONGEST_FRAMES = round(16 / FRAME_S)


def sing_recordings(
    folder: Path, out: Path, decoder: VoiceDecoder, every: int = 2, seed: int = 0,
    advance: Callable[[], None] = lambda: None,
) -> int:  # fmt: skip
    """Sing every so many recordings of a folder of voices into another; how many were made. Earlier ones stay."""
    made = 0
    for number, source in enumerate(find_recordings(folder)):
        path = out / source.speaker / f"{source.path.stem}-sung.flac"
        if number % every == 0 and not path.is_file():
            for _, features in islice(analysed_pieces(source, words=False), 1):
                no_content = np.zeros((len(features), 1), np.float32)
                pitch = features.pitch
                spoken = Frames(
                    features.envelope.numpy(), pitch.hz, pitch.voicing, no_content, features.known_bands.numpy()
                )
                path.parent.mkdir(parents=True, exist_ok=True)
                song = speech_to_song(spoken, np.random.default_rng([seed, number]))
                write_audio(synthesise_frames(song, decoder)[None], SAMPLE_RATE, path)
                made += 1
        advance()
    return made


def synthesise_frames(song: Frames, decoder: VoiceDecoder) -> np.ndarray:
    """Samples (n,) of frames, at most 16 s of them."""
    song = song[:LONGEST_FRAMES]
    envelope = torch.from_numpy(song.envelope.astype(np.float32))
    return decode_envelope(decoder, envelope, Pitch(song.hz, song.voicing)).clip(-1, 1)
