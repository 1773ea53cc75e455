"""Training the ears on renders of scores whose every note is known."""
