"""The voice models as diffusers knows them; the config is the constructor's signature."""

from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config

from editing.voice.model import VoiceDiT
from editing.voice.vocoder import VoiceDecoder


class VoiceDiTModel(VoiceDiT, ModelMixin, ConfigMixin):
    """`editing.voice.model.VoiceDiT` with `save_pretrained` and `from_pretrained`."""

    __init__ = register_to_config(VoiceDiT.__init__)


class VoiceDecoderModel(VoiceDecoder, ModelMixin, ConfigMixin):
    """`editing.voice.vocoder.VoiceDecoder` with `save_pretrained` and `from_pretrained`."""

    __init__ = register_to_config(VoiceDecoder.__init__)
