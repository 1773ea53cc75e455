"""The score-conditioned diffusion transformer."""
