"""What all networks share: training, weights, spectra, rotary positions. The one corner of scoretok with torch.

Only the rooms of models (mir, planner, renderer) and what trains them import it; nothing else in scoretok does.
"""
