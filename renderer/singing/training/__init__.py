"""Training the singer: speech with known phone times, held and pitched like song."""
