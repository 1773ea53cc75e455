"""Notes of all instruments, and drums, by a network of our own: spectrogram, model, targets, picking."""
