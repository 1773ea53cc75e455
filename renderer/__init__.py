"""LeadSheet -> audio: engines that render one track at a time, and the mixer."""

from renderer.engine import ENGINES, AudioBlock, Engine, Render, load_engine, render, render_blocks

__all__ = ["ENGINES", "AudioBlock", "Engine", "Render", "load_engine", "render", "render_blocks"]
