"""Training the voice models: clips of many voices, what they are changed into, and the losses."""
