"""The singer's model as diffusers knows it; the config is the constructor's signature."""

from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin

from renderer.singing.singing_dit import SingingDiT


class SingingDiTModel(SingingDiT, ModelMixin, ConfigMixin):  # type: ignore[misc] # as in renderer.voice.hub
    """`renderer.singing.singing_dit.SingingDiT` with `save_pretrained` and `from_pretrained`."""

    __init__ = register_to_config(SingingDiT.__init__)
