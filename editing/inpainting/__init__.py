"""Audio inpainting: what a change of the score changes in a recording of it, and nothing else."""
