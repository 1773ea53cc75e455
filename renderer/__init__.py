"""LeadSheet -> audio: engines that render one track at a time, and the mixer."""

from renderer.engine import ENGINES, Block, Engine, Render, load_engine, render, render_blocks

__all__ = ["ENGINES", "Block", "Engine", "Render", "load_engine", "render", "render_blocks"]
