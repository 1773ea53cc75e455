"""The voice models as diffusers knows them; the config is the constructor's signature."""

from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config

from renderer.voice.vocoder import VoiceDecoder
from renderer.voice.voice_dit import VoiceDiT


class VoiceDiTModel(VoiceDiT, ModelMixin, ConfigMixin):
    """`renderer.voice.voice_dit.VoiceDiT` with `save_pretrained` and `from_pretrained`."""

    __init__ = register_to_config(VoiceDiT.__init__)


class VoiceDecoderModel(VoiceDecoder, ModelMixin, ConfigMixin):
    """`renderer.voice.vocoder.VoiceDecoder` with `save_pretrained` and `from_pretrained`."""

    __init__ = register_to_config(VoiceDecoder.__init__)
