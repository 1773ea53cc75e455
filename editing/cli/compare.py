"""scoretok compare: how much of one score is in another."""

import click

from editing.cli.common import json_option, print_json
from editing.cli.reading import load
from scoretok.describe import key_in_words, mean_tempo

EPILOG = """\b
Examples:
  scoretok compare song.lead heard.lead          what a transcription got right
  scoretok compare song.lead heard.lead --json
"""
WORDS = {
    "amlt": "beats at any level", "root": "chord roots", "majmin": "chords, major or minor",
    "sevenths": "chords with sevenths", "segmentation": "chord changes", "pitched": "all notes", "openhat": "open hat",
}  # fmt: skip


@click.command(epilog=EPILOG)
@click.argument("truth")
@click.argument("found")
@json_option
def compare(truth: str, found: str, as_json: bool) -> None:
    """Say how much of the score TRUTH came back in the score FOUND, by time: beats, key, chords, notes, drums.

    Notes count where they begin within 50 ms and have the right pitch; figures are F measures or shares of the time.
    """
    from mir.compare import compare as measure
    from mir.compare import main_key

    reference, estimated = load(truth), load(found)
    measures = measure(reference, estimated)
    if as_json:
        print_json({name: round(value, 4) for name, value in measures.items()})
        return
    tempos = [mean_tempo(sheet) for sheet in (reference, estimated)]
    keys = [key_in_words(main_key(sheet)) for sheet in (reference, estimated)]
    click.echo(f"tempo {tempos[0]:g}, found {tempos[1]:g}; bars {reference.bar_count}, found {estimated.bar_count}")
    click.echo(f"key {keys[0]}, found {keys[1]}")
    for name, value in measures.items():
        if name != "key" and not name.endswith("_with_ends"):
            click.echo(f"{WORDS.get(name, name):24} {value:5.0%}")
