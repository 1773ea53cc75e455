"""What a person does with a score: edits by phrase, and the scoretok command."""

from editing.phrases import edit, parse_phrase, read_script

__all__ = ["edit", "parse_phrase", "read_script"]
