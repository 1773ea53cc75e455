"""Beats heard by BeatNet's networks (Heydari et al., "BeatNet: CRNN and particle filtering for online joint beat,
downbeat and meter tracking", 2021), whose weights may be used freely (CC BY 4.0)."""
