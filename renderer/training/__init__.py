"""Training: pairs of scores and sounds, tasks, the loop."""
