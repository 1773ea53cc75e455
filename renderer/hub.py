"""The models as diffusers knows them: saved, loaded, shared on a hub, and put together as a pipeline.

They are the same modules with the same weights; the config is the constructor's signature.
"""

# From the modules that define them: to a type checker, those of the package itself are placeholders.
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler

from renderer.codec.score_codec import ScoreCodec
from renderer.dit.score_dit import ScoreDiT
from renderer.dit.timbres import TimbreBank
from renderer.pipeline import ScoreToAudio

# To diffusers' types `config_name` is None in ConfigMixin and text in ModelMixin, so every model is an error.


class ScoreCodecModel(ScoreCodec, ModelMixin, ConfigMixin):  # type: ignore[misc]
    """`renderer.codec.score_codec.ScoreCodec` with `save_pretrained` and `from_pretrained`."""

    __init__ = register_to_config(ScoreCodec.__init__)


class ScoreDiTModel(ScoreDiT, ModelMixin, ConfigMixin):  # type: ignore[misc]
    """`renderer.dit.score_dit.ScoreDiT` with `save_pretrained` and `from_pretrained`."""

    __init__ = register_to_config(ScoreDiT.__init__)


class TimbreBankModel(TimbreBank, ModelMixin, ConfigMixin):  # type: ignore[misc]
    """`renderer.dit.timbres.TimbreBank` with `save_pretrained` and `from_pretrained`."""

    __init__ = register_to_config(TimbreBank.__init__)


class ScoreToAudioPipeline(DiffusionPipeline, ScoreToAudio):
    """Renders the notes of one track; the scheduler can be swapped for any that takes sigmas."""

    model_cpu_offload_seq = "dit->codec"  # type: ignore[assignment] # None in diffusers, without a type
    codec: ScoreCodecModel
    dit: ScoreDiTModel
    timbres: TimbreBankModel

    def __init__(
        self,
        codec: ScoreCodecModel,
        dit: ScoreDiTModel,
        timbres: TimbreBankModel,
        scheduler: FlowMatchEulerDiscreteScheduler,
    ) -> None:
        self.register_modules(codec=codec, dit=dit, timbres=timbres, scheduler=scheduler)
