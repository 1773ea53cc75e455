"""The ears: a recording becomes a score."""
