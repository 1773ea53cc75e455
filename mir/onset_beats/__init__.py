"""Beats of performances from the onsets of their notes alone."""
