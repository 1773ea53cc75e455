"""Voice networks: features, VoiceDiT, vocoder and their training, for voice conversion."""
