"""The models of voice conversion, loaded together."""

from dataclasses import dataclass
from pathlib import Path

from renderer.voice.vocoder import VoiceDecoder
from renderer.voice.voice_dit import VoiceDiT
from scoretok.errors import ScoretokError
from scoretok.files import weights_digest
from scoretok.nn.weights import first_line, load_module

VOICE_WEIGHTS = Path(__file__).with_name("weights")


@dataclass(frozen=True)
class VoiceModels:
    """The model that predicts envelopes, the decoder that makes sound of them, a digest of their weights, and their
    folder."""

    dit: VoiceDiT
    decoder: VoiceDecoder
    digest: str
    folder: Path


def load_models(folder: str | Path | None = None) -> VoiceModels:
    """The models in a folder with `dit` and `decoder`, or those that ship. Raises ScoretokError."""
    path = Path(folder or VOICE_WEIGHTS)
    try:
        dit, decoder = load_module(VoiceDiT, path / "dit"), load_module(VoiceDecoder, path / "decoder")
    except (OSError, ValueError) as error:
        raise ScoretokError(f"{path} is not a voice model: {first_line(error)}") from None
    return VoiceModels(dit, decoder, weights_digest(str(path)), path)
