"""The codec: audio of one track to latents and back."""
