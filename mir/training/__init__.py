"""Training of the transcription network on rendered scores."""
