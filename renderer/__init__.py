"""LeadSheet -> audio: engines that render one track at a time, and the mixer."""

from renderer.engine import ENGINES, Render, load_engine, render

__all__ = ["ENGINES", "Render", "load_engine", "render"]
