"""LeadSheet -> audio: engines that render one track at a time, the mixer, and the networks of voices."""

from typing import TYPE_CHECKING

import lazy_loader

from scoretok.threads import wait_passively

wait_passively()  # before torch is loaded

if TYPE_CHECKING:
    from renderer.engine import ENGINES as ENGINES
    from renderer.engine import AudioBlock as AudioBlock
    from renderer.engine import Engine as Engine
    from renderer.engine import Render as Render
    from renderer.engine import load_engine as load_engine
    from renderer.engine import render as render
    from renderer.engine import render_blocks as render_blocks
    from renderer.mixer import Level as Level
else:
    __getattr__, __dir__, __all__ = lazy_loader.attach(
        __name__,
        submod_attrs={
            "engine": ["ENGINES", "AudioBlock", "Engine", "Render", "load_engine", "render", "render_blocks"],
            "mixer": ["Level"],
        },
    )
