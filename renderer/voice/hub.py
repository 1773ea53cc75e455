"""The voice models as diffusers knows them; the config is the constructor's signature."""

# From the modules that define them: to a type checker, those of the package itself are placeholders.
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin

from renderer.voice.vocoder import VoiceDecoder
from renderer.voice.voice_dit import VoiceDiT

# To diffusers' types `config_name` is None in ConfigMixin and text in ModelMixin, so every model is an error.


class VoiceDiTModel(VoiceDiT, ModelMixin, ConfigMixin):  # type: ignore[misc]
    """`renderer.voice.voice_dit.VoiceDiT` with `save_pretrained` and `from_pretrained`."""

    __init__ = register_to_config(VoiceDiT.__init__)


class VoiceDecoderModel(VoiceDecoder, ModelMixin, ConfigMixin):  # type: ignore[misc]
    """`renderer.voice.vocoder.VoiceDecoder` with `save_pretrained` and `from_pretrained`."""

    __init__ = register_to_config(VoiceDecoder.__init__)
