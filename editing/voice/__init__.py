"""Voice conversion: the same song in another singer's voice."""
