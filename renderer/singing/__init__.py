"""Singing: the words of a vocal track, from phonemes on notes to sound."""
