"""Music information retrieval: transcribes a recording into a lead sheet."""
