"""The score-conditioned diffusion transformer."""

from diffusers import ModelMixin

from renderer.dit.model import ScoreDiT
from renderer.dit.timbres import TimbreBank

# A saved pipeline names the module of each part. Diffusers takes what lies in a folder "dit" for its own, and looks
# for ModelMixin beside the classes that it loads.
ScoreDiT.__module__ = TimbreBank.__module__ = __name__

__all__ = ["ModelMixin", "ScoreDiT", "TimbreBank"]
