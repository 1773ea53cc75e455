"""The singer: envelopes of a phrase from its phones, pitch and loudness, in the timbre of a voice.

Axes: f frames (86.13 Hz), k bands, c content dims.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from renderer.singing.phone_features import features_of_phrase
from renderer.singing.phrase_frames import PhraseFrames
from renderer.singing.singing_dit import EncodedPhones, SingingDiT
from renderer.voice.envelope import loudness_of
from renderer.voice.postfilter import apply_postfilter
from renderer.voice.pretrained import VOICE_WEIGHTS
from renderer.voice.profile import VoiceProfile
from renderer.voice.speaker_transform import apply_speaker_transform
from renderer.voice.stream import BLOCK_FRAMES, CONTEXT_FRAMES
from renderer.voice.vocoder import VoiceDecoder
from renderer.voice.voice_dit import STEPS, frames_of, stack_conditioning, tokens_of
from scoretok.errors import ScoretokError
from scoretok.files import weights_digest
from scoretok.nn.weights import first_line, load_module

SINGER_WEIGHTS = Path(__file__).with_name("weights")
QUIETEST = -9.0  # nepers over nominal, of phones that the encoder wants softer still


@dataclass(frozen=True)
class SingerModels:
    """The model that predicts envelopes of phones, the decoder that makes sound of them, a digest of their weights."""

    dit: SingingDiT
    decoder: VoiceDecoder
    digest: str


def load_singer(folder: str | Path | None = None) -> SingerModels:
    """The singer in a folder with `dit`, or the one that ships, with the decoder of voice conversion. Raises
    ScoretokError."""
    path = Path(folder or SINGER_WEIGHTS)
    try:
        dit = load_module(SingingDiT, path / "dit")
        decoder = load_module(VoiceDecoder, VOICE_WEIGHTS / "decoder")
    except (OSError, ValueError) as error:
        raise ScoretokError(f"{path} is not a singer's model: {first_line(error)}") from None
    return SingerModels(dit.eval(), decoder.eval(), weights_digest(str(path)))


class PhonemeSinger:
    """Sings phrases in a voice. What an adapter learned is left out: it belongs to the layers of voice conversion."""

    def __init__(self, model: SingingDiT, voice: VoiceProfile, steps: int = STEPS) -> None:
        self.model, self.voice, self.steps = model, voice, steps

    @torch.no_grad()
    def envelope(self, frames: PhraseFrames) -> Tensor:
        """Log envelopes (f, k) of a phrase; 0 nepers of loudness is the nominal one."""
        features = features_of_phrase(frames)
        ids, numbers = torch.from_numpy(features.ids)[None], torch.from_numpy(features.numbers)[None]
        encoded: EncodedPhones = self.model.encoder(ids, numbers)
        loudness = encoded.loudness[0].clamp(min=QUIETEST) + torch.from_numpy(frames.dynamics).float()
        hz, voicing = torch.from_numpy(frames.pitch.hz).float(), torch.from_numpy(frames.pitch.voicing).float()
        conditioning = stack_conditioning(encoded.content, hz[None], voicing[None], loudness[None])
        blocks = [self._block(conditioning, encoded, first) for first in range(0, len(frames), BLOCK_FRAMES)]
        raw = torch.cat(blocks)[: len(frames)] * self.model.scale + self.model.mean
        return raw + (loudness - loudness_of(raw[None])[0])[:, None]

    def _block(self, conditioning: Tensor, encoded: EncodedPhones, first: int) -> Tensor:
        """Normalised envelopes (f, k) of the block that begins at a frame, predicted with some context beside it."""
        begin = max(0, first - CONTEXT_FRAMES)
        seen = slice(begin, first + BLOCK_FRAMES + CONTEXT_FRAMES)
        own = conditioning[:, seen]
        tokens = tokens_of(torch.cat([self.voice.conditioning, own], 1))
        reference = tokens_of(self.voice.norm_envelope)
        added = encoded.added[:, begin // 2 : begin // 2 + own.shape[1] // 2]
        coarse, hidden = self.model.predict(
            tokens, reference, torch.ones(reference.shape[:2]), self.voice.timbre, added
        )
        sample = frames_of(self.model.refine(coarse, hidden, self.steps))
        shaped = apply_postfilter(apply_speaker_transform(sample, own, self.voice.speaker_transform), self.model.detail)
        return shaped[0, first - begin :][:BLOCK_FRAMES]
